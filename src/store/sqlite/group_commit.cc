#include "store/sqlite/group_commit.h"

#include <sqlite3.h>

#include "store/sqlite/batch.h"

namespace longhand::store::sqlite {
namespace {

int note_log_size(void* log_pages, sqlite3*, const char*, int pages) {
    *static_cast<std::int64_t*>(log_pages) = pages;
    return SQLITE_OK;
}

}  // namespace

GroupCommit::GroupCommit(std::unique_ptr<Connection> connection, GroupCommitOptions options)
    : connection_(std::move(connection)), options_(std::move(options)) {
    sqlite3_wal_hook(connection_->handle(), &note_log_size, &log_pages_);
    thread_ = std::thread([this] { work(); });
}

GroupCommit::~GroupCommit() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    submitted_.notify_one();
    thread_.join();
}

void GroupCommit::submit(Operation operation) {
    {
        std::lock_guard lock(mutex_);
        if (!stopping_) {
            waiting_.push_back(std::move(operation));
            if (is_waited_for_) submitted_.notify_one();
            return;
        }
    }
    operation.done(StoreFailure{StoreErrc::stopping, "the store is closing"});
}

WriteStats GroupCommit::stats() const {
    std::lock_guard lock(mutex_);
    return stats_;
}

std::optional<Operation> GroupCommit::next(std::chrono::microseconds patience) {
    std::unique_lock lock(mutex_);
    if (waiting_.empty() && patience.count() > 0) {
        is_waited_for_ = true;
        submitted_.wait_for(lock, patience, [this] { return stopping_ || !waiting_.empty(); });
        is_waited_for_ = false;
    }
    if (waiting_.empty()) return std::nullopt;
    Operation operation = std::move(waiting_.front());
    waiting_.pop_front();
    return operation;
}

void GroupCommit::run_batch() {
    Batch batch(*connection_);
    const auto end = std::chrono::steady_clock::now() + options_.longest_batch;
    const auto patience = [&] {
        return batch.size() < last_batch_ ? options_.longest_gap : std::chrono::microseconds{0};
    };
    while (auto operation = next(patience())) {
        batch.add(std::move(*operation));
        if (batch.size() >= options_.most_operations || std::chrono::steady_clock::now() >= end) break;
    }
    last_batch_ = batch.size();
    const auto size = static_cast<std::int64_t>(batch.size());
    {
        // Counted before the callers go on, so that who asks after an answer sees it counted.
        std::lock_guard lock(mutex_);
        stats_.commits += 1;
        stats_.operations += size;
    }
    if (batch.commit()) return;
    std::lock_guard lock(mutex_);
    stats_.commits -= 1;
    stats_.operations -= size;
}

void GroupCommit::bound_log() {
    if (log_pages_ < options_.most_log_pages) return;
    sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void GroupCommit::work() {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            is_waited_for_ = true;
            submitted_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            is_waited_for_ = false;
            if (waiting_.empty()) return;
        }
        run_batch();
        options_.after_commit(log_pages_);
        bound_log();
    }
}

}  // namespace longhand::store::sqlite
