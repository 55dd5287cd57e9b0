#include "store/sqlite/queue.h"
#include "store/sqlite/verbs_webhooks.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace longhand::store::sqlite {
namespace {

using job::State;

struct OwnerQueue {
    std::int64_t active = 0;  ///< ready, suspect or running
    std::int64_t last_finish = 0;
    bool operator==(const OwnerQueue&) const = default;
};

OwnerQueue load_queue(Connection& connection, const Uuid& owner) {
    auto query = connection.query("owner_queue");
    query.bind(owner);
    OwnerQueue queue;
    if (query.step()) {
        queue.active = query.integer();
        queue.last_finish = query.integer();
    }
    return queue;
}

void save_queue(Connection& connection, const Uuid& owner, const OwnerQueue& queue) {
    connection.query("set_owner_queue").bind_all(owner, queue.active, queue.last_finish).run();
}

bool takes_slot(const JobRow& row) {
    return row.job.state == State::in_progress || row.place == Place::ready || row.place == Place::suspect;
}

Place claimable_place(const JobRow& row) {
    return row.job.rescues >= kSuspectRescues ? Place::suspect : Place::ready;
}

// The lowest tag among live jobs; where there is none, the time at which the last of all jobs ended, so that an owner
// who comes late to an idle queue has nothing saved up.
std::int64_t virtual_time(Connection& connection) {
    {
        auto lowest = connection.query("lowest_live_tag");
        if (lowest.step() && !lowest.is_null()) return lowest.integer();
    }
    auto highest = connection.query("highest_finish");
    return highest.step() ? highest.integer() : 0;
}

std::int64_t next_tag(Connection& connection, OwnerQueue& queue) {
    const std::int64_t tag = std::max(queue.last_finish, virtual_time(connection));
    queue.last_finish = tag + 1;
    return tag;
}

// A job that has left the queue only for a while comes back to where it stood.
bool keeps_tag(State before) {
    return before == State::in_progress || before == State::draft;
}

std::optional<Uuid> first_capped(Connection& connection, const Uuid& owner) {
    auto query = connection.query("first_capped");
    query.bind(owner);
    return query.step() ? std::optional(query.id()) : std::nullopt;
}

void move_up_one(Write& write, const Uuid& owner, OwnerQueue& queue) {
    Connection& connection = write.connection;
    while (const auto next = first_capped(connection, owner)) {
        try {
            set_place(connection, *next, claimable_place(load_job(connection, *next).value()));
            ++queue.active;
            return;
        } catch (const UnreadableRow& row) {
            fail_unreadable(write, *next, row);
        }
    }
}

void leave_slot(Write& write, const Uuid& owner) {
    OwnerQueue queue = load_queue(write.connection, owner);
    --queue.active;
    if (queue.active < write.user_cap) move_up_one(write, owner, queue);
    save_queue(write.connection, owner, queue);
}

Place place_of(const Write& write, const JobRow& before, const JobRow& after, const OwnerQueue& queue) {
    if (after.job.state != State::queued) return Place::none;
    if (after.job.not_before && *after.job.not_before > write.now) return Place::delayed;
    const bool has_slot = takes_slot(before) || queue.active < write.user_cap;
    return has_slot ? claimable_place(after) : Place::capped;
}

void wake(Write& write, const JobRow& row) {
    OwnerQueue queue = load_queue(write.connection, row.job.owner);
    const bool has_slot = queue.active < write.user_cap;
    set_place(write.connection, row.job.id, has_slot ? claimable_place(row) : Place::capped);
    queue.active += has_slot ? 1 : 0;
    save_queue(write.connection, row.job.owner, queue);
}

job::Problem unreadable(const UnreadableRow& row) {
    return {"job_unreadable",
            fmt::format("This job can't be read from the database ({}). Start a new one.", row.what())};
}

job::Event failure_event(const job::Job& job, const job::Problem& problem) {
    const boost::json::value data{{"code", problem.code}, {"message", problem.message}};
    return {.job = job.id,
            .seq = job.last_event,
            .at = job.updated_at,
            .kind = std::string(to_string(job::Transition::fail)),
            .data = boost::json::serialize(data)};
}

bool may_take(const JobRow& row, const ClaimRequest& request) {
    return row.job.state == State::queued && row.place != Place::delayed && row.job.provider == request.provider &&
           row.job.pipeline_version == request.pipeline_version;
}

bool runs_a_suspect(Connection& connection, const Uuid& worker) {
    auto query = connection.query("runs_a_suspect");
    query.bind(worker);
    return query.step() && query.flag();
}

bool runs_anything(Connection& connection, const Uuid& worker) {
    auto query = connection.query("count_running_of_worker");
    query.bind(worker);
    return query.step() && query.integer() > 0;
}

std::optional<Uuid> first_suspect(Connection& connection, const ClaimRequest& request) {
    auto query = connection.query("first_suspect");
    query.bind_all(request.provider, request.pipeline_version);
    return query.step() ? std::optional(query.id()) : std::nullopt;
}

}  // namespace

void place_in_queue(Write& write, const JobRow& before, JobRow& after) {
    Connection& connection = write.connection;
    const Uuid& owner = after.job.owner;
    const OwnerQueue stored = load_queue(connection, owner);
    OwnerQueue queue = stored;
    const bool is_queued = after.job.state == State::queued;
    after.queued_at = is_queued ? std::optional(after.job.updated_at) : std::nullopt;
    if (after.job.state != State::in_progress) after.lease_expires.reset();
    if (is_queued && !keeps_tag(before.job.state)) after.start_tag = next_tag(connection, queue);
    after.place = place_of(write, before, after, queue);
    if (takes_slot(after) && !takes_slot(before)) ++queue.active;
    if (takes_slot(before) && !takes_slot(after)) {
        --queue.active;
        if (queue.active < write.user_cap) move_up_one(write, owner, queue);
    }
    if (queue != stored) save_queue(connection, owner, queue);
}

void fail_unreadable(Write& write, const Uuid& id, const UnreadableRow& row) {
    Connection& connection = write.connection;
    const auto bare = load_bare_job(connection, id);
    if (!bare) return;
    const job::Problem problem = unreadable(row);
    connection.query("fail_unreadable").bind_all(id, problem.code, problem.message, write.now).run();
    if (bare->state) add_to_count(connection, bare->owner, *bare->state, -1);
    add_to_count(connection, bare->owner, State::failed, 1);
    if (bare->takes_slot) leave_slot(write, bare->owner);
    const job::Job job = load_job(connection, id).value().job;
    const job::Event event = failure_event(job, problem);
    insert_event(connection, event);
    write.changes.push_back({job, event, {}, tell_webhooks(write, job, event)});
}

void wake_due_jobs(Write& write) {
    auto due = write.connection.query("due_jobs");
    due.bind_all(write.now, kLongestDelay.count());
    for (const Uuid& id : read_ids(std::move(due))) {
        try {
            wake(write, load_job(write.connection, id).value());
        } catch (const UnreadableRow& row) {
            fail_unreadable(write, id, row);
        }
    }
}

std::vector<Uuid> claimable_jobs(Write& write, const ClaimRequest& request) {
    Connection& connection = write.connection;
    if (request.limit == 0) return {};
    if (request.only_job) {
        // Asked for by its id, it need not wait for others of its owner that nobody may be running.
        const auto row = load_job(connection, *request.only_job);
        if (!row || !may_take(*row, request)) return {};
        return {*request.only_job};
    }
    if (runs_a_suspect(connection, request.worker)) return {};
    if (const auto suspect = first_suspect(connection, request)) {
        if (!runs_anything(connection, request.worker)) return {*suspect};
    }
    auto ready = connection.query("ready_jobs");
    ready.bind_all(request.provider, request.pipeline_version, static_cast<std::int64_t>(request.limit));
    return read_ids(std::move(ready));
}

}  // namespace longhand::store::sqlite
