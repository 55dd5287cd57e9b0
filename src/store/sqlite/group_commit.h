// The product's write queue: one thread that commits what has gathered while the last commit was under way.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "store/sqlite/connection.h"
#include "store/write_queue.h"

struct sqlite3;

namespace longhand::store::sqlite {

struct GroupCommitOptions {
    std::size_t most_operations = 256;               ///< in one commit
    std::chrono::microseconds longest_batch{4'000};  ///< after which a batch takes nothing more
    /// How long a batch that has nothing more to do waits for the next operation, while it has fewer than the one
    /// before it: those who were answered then come back with their next write, one after the other. So it waits after
    /// an operation that says that another is about to come of it.
    std::chrono::microseconds longest_gap{200};
    /// Pages of write-ahead log at which the writer itself works it off, between two commits: under a load that never
    /// pauses, a checkpoint beside it never comes to the end of the log, and only then does the log begin anew.
    std::int64_t most_log_pages = 16'000;
    /// Called on the writer's thread between two commits, with the size of the write-ahead log in pages.
    std::function<void(std::int64_t log_pages)> after_commit = [](std::int64_t) {};
};

/// A lone operation is committed at once; under load a commit carries all that came in during the one before it, and
/// what those bring whom that one answered.
class GroupCommit final : public WriteQueue {
public:
    GroupCommit(std::unique_ptr<Connection> connection, GroupCommitOptions options);
    /// Commits what was submitted before.
    ~GroupCommit() override;

    void submit(Operation operation) override;
    WriteStats stats() const override;

private:
    void work();
    void run_batch();
    void bound_log();
    /// SQLite's hook, called after each commit that has written.
    static int note_commit(void* self, sqlite3*, const char* database, int pages);
    std::optional<Operation> next(std::chrono::microseconds patience);

    std::unique_ptr<Connection> connection_;
    const GroupCommitOptions options_;
    // The writer's thread's own.
    std::int64_t log_pages_ = 0;
    bool has_written_ = false;  ///< in the commit that was the last
    mutable std::mutex mutex_;
    std::condition_variable submitted_;
    std::deque<Operation> waiting_;
    bool is_waited_for_ = false;  ///< the writer sleeps until something is submitted
    std::size_t last_batch_ = 0;
    WriteStats stats_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace longhand::store::sqlite
