#include "store/sqlite/group_commit.h"

#include <sqlite3.h>

#include "store/sqlite/batch.h"

namespace longhand::store::sqlite {
namespace {

void add(FiguresByName& all, const FiguresByName& more) {
    for (const auto& [name, figures] : more) {
        all[name].count += figures.count;
        all[name].time += figures.time;
    }
}

}  // namespace

int GroupCommit::note_commit(void* self, sqlite3*, const char*, int pages) {
    auto* queue = static_cast<GroupCommit*>(self);
    queue->log_pages_ = pages;
    queue->has_written_ = true;
    return SQLITE_OK;
}

GroupCommit::GroupCommit(std::unique_ptr<Connection> connection, GroupCommitOptions options)
    : connection_(std::move(connection)), options_(std::move(options)) {
    sqlite3_wal_hook(connection_->handle(), &note_commit, this);
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
    WriteStats stats = stats_;
    stats.waiting = static_cast<std::int64_t>(waiting_.size());
    return stats;
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
    FiguresByName ran;
    auto now = std::chrono::steady_clock::now();
    const auto end = now + options_.longest_batch;
    const auto patience = [&] {
        const bool is_followed = batch.expects_more() || batch.size() < last_batch_;
        return is_followed ? options_.longest_gap : std::chrono::microseconds{0};
    };
    while (auto operation = next(patience())) {
        Figures& figures = ran[operation->name];
        now = std::chrono::steady_clock::now();
        batch.add(std::move(*operation));
        const auto before = std::exchange(now, std::chrono::steady_clock::now());
        ++figures.count;
        figures.time += now - before;
        if (batch.size() >= options_.most_operations || now >= end) break;
    }
    last_batch_ = batch.size();
    const auto size = static_cast<std::int64_t>(batch.size());
    has_written_ = false;
    // Before the callers go on, so that who asks after an answer sees it counted.
    batch.commit([&](const std::optional<StoreFailure>& problem) {
        std::lock_guard lock(mutex_);
        if (problem) {
            stats_.problem = problem;
            stats_.failed_commits += 1;
            return;
        }
        stats_.commits += 1;
        stats_.operations += size;
        add(stats_.by_operation, ran);
        stats_.commit_operations.observe(static_cast<double>(size));
        stats_.commit_seconds.observe(std::chrono::duration<double>(batch.commit_time()).count());
        // A commit of nothing says nothing of the disk.
        if (has_written_) stats_.problem.reset();
    });
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
