#include "store/sqlite/checkpointer.h"

#include <sqlite3.h>

namespace longhand::store::sqlite {

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
    thread_ = std::thread([this] { work(); });
}

Checkpointer::~Checkpointer() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    woken_.notify_one();
    thread_.join();
}

void Checkpointer::wake() {
    {
        std::lock_guard lock(mutex_);
        due_ = true;
    }
    woken_.notify_one();
}

void Checkpointer::work() {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            woken_.wait(lock, [this] { return stopping_ || due_; });
            if (stopping_) return;
            due_ = false;
        }
        sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
}

}  // namespace longhand::store::sqlite
