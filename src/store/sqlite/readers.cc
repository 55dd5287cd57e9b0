#include "store/sqlite/readers.h"

namespace longhand::store::sqlite {

std::unique_ptr<Connection> ReaderPool::take() {
    {
        std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            return connection;
        }
    }
    auto connection = std::make_unique<Connection>(path_, OpenMode::read_only, busy_timeout_, vfs_);
    connection->count_into(figures_);
    return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
}

void ReaderPool::read(const std::function<void(Connection&)>& read) {
    auto connection = take();
    // A connection whose read fails is closed, and the next read opens a fresh one.
    read(*connection);
    give_back(std::move(connection));
}

}  // namespace longhand::store::sqlite
