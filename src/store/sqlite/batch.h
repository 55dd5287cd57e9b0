// Operations in one transaction: what a write queue does between taking operations and telling how they ended.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "store/sqlite/connection.h"
#include "store/write_queue.h"

namespace longhand::store::sqlite {

/// One transaction over many operations: one that fails undoes itself and no other. Savepoints are what that takes, and
/// most batches don't need them: so they come with the first operation to be undone, before which the whole batch is
/// rolled back and run again, each operation in a savepoint of its own.
/// Used by one thread. What is not committed when it goes is rolled back, and told `unavailable`.
class Batch {
public:
    /// Begins; when that fails, every operation that is added fails with the same.
    explicit Batch(Connection& connection);
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    void add(Operation operation);
    std::size_t size() const { return entries_.size(); }
    /// The operation that was added last said that another is about to come of it.
    bool expects_more() const { return expects_more_; }
    /// Of a commit: nothing when it succeeded, else why the whole transaction is lost.
    using Ended = std::function<void(const std::optional<StoreFailure>& problem)>;
    /// Commits, tells `ended`, then every operation how it ended. True when the commit succeeded.
    bool commit(const Ended& ended = {});
    /// How long the commit itself took, once it is done.
    std::chrono::nanoseconds commit_time() const { return commit_time_; }

private:
    struct Entry {
        Operation operation;
        StoreResult<void> result;
    };
    void begin();
    bool run_bare(Entry& entry);
    void run_in_savepoint(Entry& entry);
    void start_over_with_savepoints();
    void note_lost_transaction(const Entry& entry);
    void fail_all(const StoreFailure& failure);
    void tell_all();

    Connection& connection_;
    std::vector<Entry> entries_;
    std::chrono::nanoseconds commit_time_{};
    bool has_savepoints_ = false;
    bool expects_more_ = false;
    std::optional<StoreFailure> broken_;  ///< why the whole transaction is lost
};

}  // namespace longhand::store::sqlite
