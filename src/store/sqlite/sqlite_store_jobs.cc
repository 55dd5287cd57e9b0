// JobStore over the verbs.
#include "store/sqlite/reads_jobs.h"

#include <fmt/format.h>
#include "store/sqlite/reads_ledger.h"
#include "store/sqlite/sqlite_store_impl.h"
#include "store/sqlite/verbs_deletion.h"
#include "store/sqlite/verbs_feed.h"
#include "store/sqlite/verbs_jobs.h"
#include "store/sqlite/verbs_journal.h"
#include "store/sqlite/verbs_ledger.h"
#include "store/sqlite/verbs_milestones.h"
#include "store/sqlite/verbs_sources.h"

namespace longhand::store::sqlite {

awaitable<StoreResult<Enqueued>> SqliteStore::enqueue(NewJob request, Once<Enqueued> once) {
    return write<Enqueued>(
        "enqueue", [request = std::move(request)](Write& write) { return sqlite::enqueue(write, request); },
        std::move(once));
}

awaitable<StoreResult<std::vector<ClaimedJob>>> SqliteStore::claim(ClaimRequest request) {
    return write<std::vector<ClaimedJob>>(
        "claim", [request = std::move(request)](Write& write) { return sqlite::claim(write, request); });
}

awaitable<StoreResult<std::vector<BeatAnswer>>> SqliteStore::extend(job::WorkerId /*worker*/, Milliseconds lease,
                                                                    std::vector<Beat> beats) {
    return write<std::vector<BeatAnswer>>(
        "extend", [lease, beats = std::move(beats)](Write& write) { return sqlite::extend(write, lease, beats); });
}

awaitable<StoreResult<StepRecorded>> SqliteStore::record_step(StepRecord record) {
    return write<StepRecorded>(
        "record_step", [record = std::move(record)](Write& write) { return sqlite::record_step(write, record); });
}

awaitable<StoreResult<std::vector<JournalEntry>>> SqliteStore::journal(Uuid job) {
    return read<std::vector<JournalEntry>>([job](Connection& connection) { return sqlite::journal(connection, job); });
}

awaitable<StoreResult<void>> SqliteStore::append_text(std::vector<PartialText> texts) {
    return write<void>("append_text",
                       [texts = std::move(texts)](Write& write) { return sqlite::append_text(write, texts); });
}

awaitable<StoreResult<Uuid>> SqliteStore::reserve_call(CallIntent intent) {
    return write<Uuid>("reserve_call",
                       [intent = std::move(intent)](Write& write) { return sqlite::reserve_call(write, intent); });
}

awaitable<StoreResult<void>> SqliteStore::open_call(CallOpening opening) {
    return write<void>("open_call",
                       [opening = std::move(opening)](Write& write) { return sqlite::open_call(write, opening); });
}

awaitable<StoreResult<void>> SqliteStore::settle_call(CallEnd end) {
    return write<void>("settle_call", [end = std::move(end)](Write& write) { return sqlite::settle_call(write, end); });
}

awaitable<StoreResult<std::vector<UnsureCall>>> SqliteStore::unsure_calls(std::string provider, WallTime since,
                                                                          std::size_t limit) {
    return read<std::vector<UnsureCall>>(
        [provider = std::move(provider), since, limit](Connection& connection) -> StoreResult<std::vector<UnsureCall>> {
            return sqlite::unsure_calls(connection, provider, since, limit);
        });
}

awaitable<StoreResult<job::Job>> SqliteStore::complete(Completion completion) {
    return write<job::Job>(
        "complete", [completion = std::move(completion)](Write& write) { return sqlite::complete(write, completion); });
}

awaitable<StoreResult<job::Job>> SqliteStore::fail(Uuid job, job::Lease lease, job::Problem problem) {
    return write<job::Job>("fail", [job, lease, problem = std::move(problem)](Write& write) {
        return sqlite::fail(write, job, lease, problem);
    });
}

awaitable<StoreResult<job::Job>> SqliteStore::moderate(Uuid job, job::Lease lease, job::Problem problem) {
    return write<job::Job>("moderate", [job, lease, problem = std::move(problem)](Write& write) {
        return sqlite::moderate(write, job, lease, problem);
    });
}

awaitable<StoreResult<job::Job>> SqliteStore::pause(Uuid job, job::Lease lease, std::string data) {
    return write<job::Job>(
        "pause", [job, lease, data = std::move(data)](Write& write) { return sqlite::pause(write, job, lease, data); });
}

awaitable<StoreResult<job::Job>> SqliteStore::wait_for_provider(Uuid job, job::Lease lease, Milliseconds delay,
                                                                std::string reason) {
    return write<job::Job>("wait_for_provider", [job, lease, delay, reason = std::move(reason)](Write& write) {
        return sqlite::wait_for_provider(write, job, lease, delay, reason);
    });
}

awaitable<StoreResult<void>> SqliteStore::hand_over(std::vector<std::pair<Uuid, job::Lease>> jobs) {
    return write<void>("hand_over", [jobs = std::move(jobs)](Write& write) { return sqlite::hand_over(write, jobs); });
}

awaitable<StoreResult<std::size_t>> SqliteStore::rescue_expired() {
    // No other process has the database: a job in progress is this one's.
    co_return std::size_t{0};
}

awaitable<StoreResult<std::size_t>> SqliteStore::rescue_all(std::string reason) {
    auto rescuing = write<std::size_t>(
        "rescue_all", [reason = std::move(reason)](Write& write) { return sqlite::rescue_all(write, reason); });
    auto rescued = co_await std::move(rescuing);
    if (rescued) rescues_.fetch_add(static_cast<std::int64_t>(*rescued), std::memory_order_relaxed);
    co_return rescued;
}

awaitable<StoreResult<job::Job>> SqliteStore::rescue(Uuid job, job::Lease lease, std::string reason) {
    auto rescuing = write<job::Job>("rescue", [job, lease, reason = std::move(reason)](Write& write) {
        return sqlite::rescue(write, job, lease, reason);
    });
    auto rescued = co_await std::move(rescuing);
    if (rescued) rescues_.fetch_add(1, std::memory_order_relaxed);
    co_return rescued;
}

awaitable<StoreResult<job::Job>> SqliteStore::cancel(Uuid owner, Uuid job, Once<job::Job> once) {
    return write<job::Job>(
        "cancel", [owner, job](Write& write) { return sqlite::cancel(write, owner, job); }, std::move(once));
}

awaitable<StoreResult<Enqueued>> SqliteStore::retry(Uuid owner, Uuid job, Once<Enqueued> once) {
    return write<Enqueued>(
        "retry", [owner, job](Write& write) { return sqlite::retry(write, owner, job); }, std::move(once));
}

awaitable<StoreResult<job::Job>> SqliteStore::resume(Uuid owner, Uuid job, job::Budget raised, Once<job::Job> once) {
    return write<job::Job>(
        "resume", [owner, job, raised](Write& write) { return sqlite::resume(write, owner, job, raised); },
        std::move(once));
}

awaitable<StoreResult<job::Job>> SqliteStore::amend(Uuid owner, Uuid job, job::Amendment amendment,
                                                    Once<job::Job> once) {
    return write<job::Job>(
        "amend",
        [owner, job, amendment = std::move(amendment)](Write& write) {
            return sqlite::amend(write, owner, job, amendment);
        },
        std::move(once));
}

awaitable<StoreResult<WallTime>> SqliteStore::delete_job(Uuid owner, Uuid job, Once<WallTime> once) {
    return write<WallTime>(
        "delete_job", [owner, job](Write& write) { return sqlite::delete_job(write, owner, job); }, std::move(once));
}

awaitable<StoreResult<job::Job>> SqliteStore::undelete_job(Uuid owner, Uuid job, WallTime since, Once<job::Job> once) {
    return write<job::Job>(
        "undelete_job", [owner, job, since](Write& write) { return sqlite::undelete_job(write, owner, job, since); },
        std::move(once));
}

awaitable<StoreResult<std::vector<DeletedJob>>> SqliteStore::jobs_to_purge(WallTime before, std::size_t limit) {
    return read<std::vector<DeletedJob>>(
        [before, limit](Connection& connection) -> StoreResult<std::vector<DeletedJob>> {
            return sqlite::jobs_to_purge(connection, before, limit);
        });
}

awaitable<StoreResult<void>> SqliteStore::purge_job(Uuid job) {
    return write<void>("purge_job", [job](Write& write) { return sqlite::purge_job(write, job); });
}

awaitable<StoreResult<job::Job>> SqliteStore::go_on(Uuid owner, Uuid job, job::Budget raised, job::UserSaid said,
                                                    Once<job::Job> once) {
    return write<job::Job>(
        "go_on",
        [owner, job, raised, said = std::move(said)](Write& write) {
            return sqlite::resume(write, owner, job, raised, said);
        },
        std::move(once));
}

awaitable<StoreResult<job::Job>> SqliteStore::await_user(AwaitUser stop) {
    return write<job::Job>("await_user",
                           [stop = std::move(stop)](Write& write) { return sqlite::await_user(write, stop); });
}

awaitable<StoreResult<Draft>> SqliteStore::draft_for_owner(Uuid owner, Uuid job) {
    return read<Draft>(
        [owner, job](Connection& connection) { return sqlite::draft_for_owner(connection, owner, job); });
}

awaitable<StoreResult<job::Job>> SqliteStore::job_for_owner(Uuid owner, Uuid job) {
    return read<job::Job>(
        [owner, job](Connection& connection) { return sqlite::job_for_owner(connection, owner, job); });
}

awaitable<StoreResult<std::shared_ptr<const job::Job>>> SqliteStore::watched_job(Uuid owner, Uuid job) {
    if (auto known = known_jobs_->find(owner, job)) co_return known;
    const auto ticket = known_jobs_->ticket(job);
    auto found = co_await job_for_owner(owner, job);
    if (!found) co_return found.error();
    KnownJobs::Row row = std::make_shared<const job::Job>(std::move(*found));
    known_jobs_->keep(row, ticket);
    co_return row;
}

awaitable<StoreResult<job::Settings>> SqliteStore::settings_for_owner(Uuid owner, Uuid job) {
    return read<job::Settings>(
        [owner, job](Connection& connection) { return sqlite::settings_for_owner(connection, owner, job); });
}

awaitable<StoreResult<JobBudget>> SqliteStore::budget_for_owner(Uuid owner, Uuid job) {
    return read<JobBudget>(
        [owner, job](Connection& connection) { return sqlite::budget_for_owner(connection, owner, job); });
}

awaitable<StoreResult<Ledger>> SqliteStore::ledger_for_owner(Uuid owner, Uuid job) {
    return read<Ledger>(
        [owner, job](Connection& connection) { return sqlite::ledger_for_owner(connection, owner, job); });
}

awaitable<StoreResult<Feed>> SqliteStore::open_feed(Uuid owner) {
    return write<Feed>("open_feed", [owner](Write& write) { return sqlite::open_feed(write, owner); });
}

awaitable<StoreResult<FeedPage>> SqliteStore::feed_after(Uuid owner, std::int64_t seq, std::size_t limit) {
    return read<FeedPage>(
        [owner, seq, limit](Connection& connection) { return sqlite::feed_after(connection, owner, seq, limit); });
}

awaitable<StoreResult<std::size_t>> SqliteStore::drop_old_entries(std::size_t limit) {
    return write<std::size_t>("drop_old_entries",
                              [limit](Write& write) { return sqlite::drop_old_entries(write, limit); });
}

awaitable<StoreResult<std::vector<Usage>>> SqliteStore::usage_of_owner(Uuid owner, std::string from, std::string to) {
    return read<std::vector<Usage>>(
        [owner, from = std::move(from), to = std::move(to)](Connection& connection) -> StoreResult<std::vector<Usage>> {
            return sqlite::usage_of_owner(connection, owner, from, to);
        });
}

awaitable<StoreResult<JobsPage>> SqliteStore::jobs_of_owner(JobsQuery query) {
    return read<JobsPage>(
        [query = std::move(query)](Connection& connection) { return sqlite::jobs_of_owner(connection, query); });
}

awaitable<StoreResult<std::vector<job::Event>>> SqliteStore::events_after(Uuid owner, Uuid job, std::int64_t seq,
                                                                          std::size_t limit) {
    return read<std::vector<job::Event>>([owner, job, seq, limit](Connection& connection) {
        return sqlite::events_after(connection, owner, job, seq, limit);
    });
}

awaitable<StoreResult<std::vector<OutputRecord>>> SqliteStore::outputs_for_owner(Uuid owner, Uuid job) {
    return read<std::vector<OutputRecord>>(
        [owner, job](Connection& connection) { return sqlite::outputs_for_owner(connection, owner, job); });
}

awaitable<StoreResult<std::vector<PartialText>>> SqliteStore::partial_text_for_owner(Uuid owner, Uuid job) {
    return read<std::vector<PartialText>>(
        [owner, job](Connection& connection) { return sqlite::partial_text_for_owner(connection, owner, job); });
}

awaitable<StoreResult<std::vector<JournalEntry>>> SqliteStore::journal_for_owner(Uuid owner, Uuid job) {
    return read<std::vector<JournalEntry>>(
        [owner, job](Connection& connection) { return sqlite::journal_for_owner(connection, owner, job); });
}

awaitable<StoreResult<std::vector<JobSource>>> SqliteStore::sources_for_owner(Uuid owner, Uuid job) {
    return read<std::vector<JobSource>>(
        [owner, job](Connection& connection) { return sqlite::sources_for_owner(connection, owner, job); });
}

awaitable<StoreResult<void>> SqliteStore::add_output(Uuid owner, Uuid job, OutputRecord output) {
    return write<void>("add_output", [owner, job, output = std::move(output)](Write& write) {
        return sqlite::add_output(write, owner, job, output);
    });
}

awaitable<StoreResult<void>> SqliteStore::put_source(Uuid owner, StoredSource source, std::optional<Uuid> link_of) {
    return write<void>("put_source", [owner, source = std::move(source), link_of](Write& write) {
        return sqlite::put_source(write, owner, source, link_of);
    });
}

awaitable<StoreResult<StoredSource>> SqliteStore::source(Uuid owner, std::string sha256, std::string reading) {
    return read<StoredSource>(
        [owner, sha256 = std::move(sha256), reading = std::move(reading)](Connection& connection) {
            return sqlite::source(connection, owner, sha256, reading);
        });
}

awaitable<StoreResult<StoreStats>> SqliteStore::stats() {
    auto stats = co_await read<StoreStats>(&table_stats);
    if (!stats) co_return stats;
    stats->stale_writes = stale_->load(std::memory_order_relaxed);
    stats->rescues = rescues_.load(std::memory_order_relaxed);
    stats->writes = writes_->stats();
    if (queries_) stats->queries = queries_->by_name();
    co_return stats;
}

awaitable<StoreResult<void>> SqliteStore::writable() {
    if (!writes_->stats().problem) co_return StoreResult<void>();
    std::function<Outcome(Write&)> probe = [](Write& write) {
        // The same value again is a write of its page all the same.
        const auto version = write.connection.number("PRAGMA user_version");
        write.connection.execute(fmt::format("PRAGMA user_version = {}", version));
        return Outcome::keep;
    };
    co_return co_await submit("probe", std::move(probe));
}

}  // namespace longhand::store::sqlite
