// Moves committed pages from the write-ahead log into the database, beside the writer.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

/// A thread with a connection of its own. A passive checkpoint waits for nobody and holds nobody up; one that fails is
/// tried again when the log has grown.
class Checkpointer {
public:
    explicit Checkpointer(std::unique_ptr<Connection> connection);
    ~Checkpointer();
    /// Thread-safe; returns at once.
    void wake();

private:
    void work();

    std::unique_ptr<Connection> connection_;
    std::mutex mutex_;
    std::condition_variable woken_;
    bool due_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace longhand::store::sqlite
