#include "store/sqlite/reads_jobs.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "store/sqlite/reads_ledger.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {
namespace {

constexpr std::size_t kMostJobsOfPage = 1000;

std::int64_t sql_limit(std::size_t limit) {
    constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(limit, kMost));
}

bool wants_state(const JobsQuery& query, job::State state) {
    return query.states.empty() || std::ranges::find(query.states, state) != query.states.end();
}

void newest_first(std::vector<Uuid>& ids) {
    std::ranges::sort(ids, std::greater<>());
}

// Fills a page from ids in order: those at and past `limit` are for the next one.
JobsPage page_of(Connection& connection, const JobsQuery& query, std::span<const Uuid> ids, std::size_t limit) {
    JobsPage page;
    for (const Uuid& id : ids.first(std::min(limit, ids.size()))) {
        if (auto job = load_job_of_owner(connection, query.owner, id)) page.jobs.push_back(std::move(*job));
    }
    if (ids.size() > limit) page.next = ids[limit - 1];
    return page;
}

// Few candidates: each row is looked at.
JobsPage page_of_candidates(Connection& connection, const JobsQuery& query, std::vector<Uuid> candidates,
                            std::size_t limit) {
    std::erase_if(candidates, [&](const Uuid& id) {
        const auto job = load_job_of_owner(connection, query.owner, id);
        return !job || !wants_state(query, job->state) || (query.project && job->project != *query.project);
    });
    newest_first(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    const auto total = static_cast<std::int64_t>(candidates.size());
    if (query.before) std::erase_if(candidates, [&](const Uuid& id) { return id >= *query.before; });
    JobsPage page = page_of(connection, query, candidates, limit);
    page.total = total;
    return page;
}

std::int64_t total_of_states(Connection& connection, const JobsQuery& query) {
    auto counts = connection.query("counts_of_owner");
    counts.bind(query.owner);
    std::int64_t total = 0;
    while (counts.step()) {
        const job::State state = state_column(counts);
        const std::int64_t count = counts.integer();
        if (wants_state(query, state)) total += count;
    }
    return total;
}

// A page of each state, merged: the index gives the newest of each, whatever there is of the others.
JobsPage page_of_states(Connection& connection, const JobsQuery& query, std::size_t limit) {
    std::vector<Uuid> merged;
    const Uuid before = query.before.value_or(past_all_ids());
    for (const job::State state : job::kStates) {
        if (!wants_state(query, state)) continue;
        const auto found = job_ids_in_state(connection, query.owner, state, before, limit + 1);
        merged.insert(merged.end(), found.begin(), found.end());
    }
    newest_first(merged);
    JobsPage page = page_of(connection, query, merged, limit);
    page.total = total_of_states(connection, query);
    return page;
}

std::int64_t count_of(Connection& connection, std::string_view query) {
    auto count = connection.query(query);
    return count.step() ? count.integer() : 0;
}

// Those over their owner's cap may be many, and are what is left of all that are queued: the others are few.
Waiting waiting(Connection& connection, std::int64_t queued) {
    Waiting waiting;
    auto ready = connection.query("ready_counts");
    while (ready.step()) {
        ReadyJobs& jobs = waiting.ready.emplace_back();
        jobs.provider = ready.text();
        jobs.pipeline_version = static_cast<std::uint32_t>(ready.integer());
        jobs.count = ready.integer();
        queued -= jobs.count;
    }
    waiting.suspect = count_of(connection, "suspect_count");
    waiting.delayed = count_of(connection, "delayed_count");
    waiting.capped = queued - waiting.suspect - waiting.delayed;
    return waiting;
}

// One look at the head of each queue that a job of the page may be in, however many jobs wait behind.
void add_places(Connection& connection, JobsPage& page) {
    std::map<std::pair<std::string, std::uint32_t>, std::set<Uuid>> queues;
    for (const job::Job& job : page.jobs) {
        if (job.state == job::State::queued) queues[{job.provider, job.pipeline_version}].insert(job.id);
    }
    for (const auto& [queue, wanted] : queues) {
        auto ready = connection.query("ready_jobs");
        ready.bind_all(queue.first, queue.second, sql_limit(kFarthestPlace));
        std::int64_t place = 0;
        while (ready.step()) {
            ++place;
            if (const Uuid id = ready.id(); wanted.contains(id)) page.places.emplace(id, place);
        }
    }
}

JobsPage page_for(Connection& connection, const JobsQuery& query) {
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kMostJobsOfPage);
    if (!query.ids.empty()) return page_of_candidates(connection, query, query.ids, limit);
    if (query.project) {
        return page_of_candidates(connection, query, job_ids_of_project(connection, *query.project), limit);
    }
    return page_of_states(connection, query, limit);
}

}  // namespace

Uuid past_all_ids() {
    Uuid id;
    id.bytes.fill(0xff);
    return id;
}

std::vector<Uuid> job_ids_in_state(Connection& connection, const Uuid& owner, job::State state, const Uuid& before,
                                   std::size_t limit) {
    auto query = connection.query(job::is_terminal(state) ? "job_ids_in_ended_state" : "job_ids_in_live_state");
    query.bind_all(owner, job::to_string(state), before, sql_limit(limit));
    return read_ids(std::move(query));
}

std::vector<Uuid> job_ids_of_project(Connection& connection, const Uuid& project) {
    auto query = connection.query("job_ids_of_project");
    query.bind(project);
    return read_ids(std::move(query));
}

bool job_exists(Connection& connection, const Uuid& owner, const Uuid& job) {
    auto query = connection.query("job_exists_for_owner");
    query.bind_all(job, owner);
    return query.step();
}

StoreResult<job::Job> job_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    auto found = load_job_of_owner(connection, owner, job);
    if (!found) return no_such("job");
    return std::move(*found);
}

StoreResult<job::Settings> settings_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    if (!job_exists(connection, owner, job)) return no_such("job");
    return job_settings(connection, job);
}

StoreResult<std::vector<JobSource>> sources_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    if (!job_exists(connection, owner, job)) return no_such("job");
    return job_sources(connection, job);
}

StoreResult<std::vector<job::Event>> events_after(Connection& connection, const Uuid& owner, const Uuid& job,
                                                  std::int64_t seq, std::size_t limit) {
    const Snapshot snapshot(connection);
    if (!job_exists(connection, owner, job)) return no_such("job");
    auto query = connection.query("events_after");
    query.bind_all(job, seq, sql_limit(limit));
    std::vector<job::Event> events;
    while (query.step()) {
        job::Event& event = events.emplace_back();
        event.job = job;
        event.seq = query.integer();
        event.at = query.time();
        event.kind = query.text();
        event.data = query.text();
    }
    return events;
}

StoreResult<JobsPage> jobs_of_owner(Connection& connection, const JobsQuery& query) {
    const Snapshot snapshot(connection);
    JobsPage page = page_for(connection, query);
    add_places(connection, page);
    return page;
}

StoreResult<StoreStats> table_stats(Connection& connection) {
    const Snapshot snapshot(connection);
    StoreStats stats;
    for (const job::State state : job::kStates) stats.jobs.emplace_back(state, 0);
    auto counts = connection.query("counts");
    while (counts.step()) {
        const job::State state = state_column(counts);
        stats.jobs[static_cast<std::size_t>(state)].second = counts.integer();
    }
    stats.waiting = waiting(connection, stats.jobs[static_cast<std::size_t>(job::State::queued)].second);
    auto oldest = connection.query("oldest_queued");
    if (oldest.step()) stats.oldest_queued = oldest.optional_time();
    stats.ledger = ledger_totals(connection);
    return stats;
}

}  // namespace longhand::store::sqlite
