#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "store/sqlite/checkpointer.h"
#include "store/sqlite/database.h"
#include "store/sqlite/group_commit.h"
#include "store/sqlite/sqlite_store_impl.h"
#include "store/sqlite/verbs_feed.h"

namespace longhand::store::sqlite {

SqliteStore::SqliteStore(std::shared_ptr<WriteQueue> writes, std::unique_ptr<ReadAccess> reads, Runtime& runtime,
                         SqliteOptions options, std::shared_ptr<const QueryFigures> queries)
    : runtime_(runtime),
      options_(std::move(options)),
      queries_(std::move(queries)),
      writes_(std::move(writes)),
      reads_(std::move(reads)) {}

Operation SqliteStore::operation(std::string_view name, std::function<Outcome(Write&)> run,
                                 std::function<void(StoreResult<void>)> done) {
    struct Told {
        std::vector<Committed> changes;
        std::vector<Uuid> jobs;  ///< whose rows those changes are of
        std::optional<Uuid> removed_user;
        std::int64_t stale = 0;
    };
    auto told = std::make_shared<Told>();
    Operation operation;
    operation.name = name;
    operation.run = [run = std::move(run), told, &runtime = runtime_, cap = options_.user_cap, known = known_jobs_,
                     observer = observer_, owners = webhook_owners_](Connection& connection) {
        // Of an earlier run, all of which was rolled back.
        known->changed(told->jobs);
        *told = {};
        Write write{connection, runtime, *owners, runtime.wall_now(), cap, {}, 0, {}};
        Outcome outcome = run(write);
        if (outcome != Outcome::undo) {
            add_to_feeds(write);
            told->changes = std::move(write.changes);
            told->removed_user = write.removed_user;
            for (const Committed& change : told->changes) told->jobs.push_back(change.job.id);
            known->changing(told->jobs);
            for (const Committed& change : told->changes) {
                if (observer->tell_written(change)) outcome = Outcome::keep_and_wait;
            }
        }
        told->stale = write.stale;
        return outcome;
    };
    operation.done = [done = std::move(done), told, observer = observer_, stale = stale_, known = known_jobs_,
                      users = known_users_](StoreResult<void> result) {
        known->changed(told->jobs);
        // Before anybody is told: who has read the user's row before is too late to note it.
        if (told->removed_user) users->forget(*told->removed_user);
        if (result) {
            stale->fetch_add(told->stale, std::memory_order_relaxed);
            for (const Committed& change : told->changes) observer->tell(change);
        }
        done(std::move(result));
    };
    return operation;
}

awaitable<StoreResult<void>> SqliteStore::submit(std::string_view name, std::function<Outcome(Write&)> run) {
    auto initiation = [this](auto handler, std::string_view name, std::function<Outcome(Write&)> run) {
        auto executor = asio::get_associated_executor(handler, runtime_.executor());
        // Keeps the caller's loop alive while the write is under way.
        auto guard = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto done = [shared, executor, guard](StoreResult<void> result) mutable {
            asio::post(executor, [shared = std::move(shared), result = std::move(result)]() mutable {
                std::move (*shared)(std::exception_ptr(), std::optional(std::move(result)));
            });
        };
        writes_->submit(operation(name, std::move(run), std::move(done)));
    };
    using Signature = void(std::exception_ptr, std::optional<StoreResult<void>>);
    auto result = co_await asio::async_initiate<const asio::use_awaitable_t<>&, Signature>(
        std::move(initiation), asio::use_awaitable, name, std::move(run));
    co_return std::move(*result);
}

StoreResult<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, Runtime& runtime,
                                                      SqliteOptions options) {
    auto writer = open_database(path, options.busy_timeout, options.vfs, options.older_schema);
    if (!writer) return writer.error();
    std::shared_ptr<Checkpointer> checkpointer;
    try {
        checkpointer = std::make_shared<Checkpointer>(
            std::make_unique<Connection>(path, OpenMode::existing, options.busy_timeout, options.vfs));
    } catch (const DatabaseFailure& failure) {
        return failure_of(failure);
    }
    GroupCommitOptions commit;
    commit.after_commit = [checkpointer, step = options.checkpoint_pages,
                           last = std::int64_t{0}](std::int64_t log_pages) mutable {
        last = std::min(last, log_pages);  // the log has begun anew
        if (log_pages - last < step) return;
        last = log_pages;
        checkpointer->wake();
    };
    const auto queries = std::make_shared<QueryFigures>();
    (*writer)->count_into(queries);
    auto queue = std::make_shared<GroupCommit>(std::move(*writer), std::move(commit));
    auto readers = std::make_unique<ReaderPool>(path, options.busy_timeout, options.vfs, queries);
    return std::unique_ptr<Store>(
        std::make_unique<SqliteStore>(std::move(queue), std::move(readers), runtime, std::move(options), queries));
}

}  // namespace longhand::store::sqlite
