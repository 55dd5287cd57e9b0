#include "store/sqlite/transitions.h"

#include <stdexcept>

#include "store/sqlite/queue.h"
#include "store/sqlite/verbs_ledger.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {

StoreFailure stale_write(Write& write) {
    ++write.stale;
    return {StoreErrc::stale, "another holder has the job, or nobody"};
}

StoreFailure failure_of(Write& write, const Failure<job::Refusal>& refusal) {
    switch (refusal.code) {
        case job::Refusal::wrong_state:
            return {StoreErrc::wrong_state, refusal.message};
        case job::Refusal::stale_lease:
            return stale_write(write);
        case job::Refusal::not_owner:
            return no_such("job");
    }
    throw std::logic_error("unknown refusal");
}

StoreResult<JobRow> row_of(Write& write, const Uuid& job) {
    auto row = load_job(write.connection, job);
    if (!row) return no_such("job");
    return std::move(*row);
}

StoreResult<JobRow> row_of_owner(Write& write, const Uuid& owner, const Uuid& job) {
    auto row = row_of(write, job);
    if (row && (row->job.owner != owner || row->deleted_at)) return no_such("job");
    return row;
}

StoreResult<job::Job> store_change(Write& write, const JobRow& before, job::Applied applied) {
    JobRow after = before;
    after.job = std::move(applied.job);
    if (after.job.state == before.job.state) {
        if (!update_job_progress(write.connection, before.job, after)) return stale_write(write);
    } else {
        place_in_queue(write, before, after);
        if (!update_job(write.connection, before.job, after)) return stale_write(write);
        add_to_count(write.connection, after.job.owner, before.job.state, -1);
        add_to_count(write.connection, after.job.owner, after.job.state, 1);
        if (after.job.state == job::State::cancelled) mark_calls_in_flight(write.connection, after.job);
    }
    bool has_messages = false;
    if (applied.event) {
        insert_event(write.connection, *applied.event);
        has_messages = tell_webhooks(write, after.job, *applied.event);
    }
    write.changes.push_back({after.job, std::move(applied.event), {}, has_messages});
    return std::move(after.job);
}

StoreResult<job::Job> change_job(Write& write, const JobRow& before, const job::Change& change) {
    auto applied = job::apply(before.job, change);
    if (!applied) return failure_of(write, applied.error());
    return store_change(write, before, std::move(*applied));
}

StoreResult<job::Job> change_held_job(Write& write, const Uuid& job, const job::Change& change) {
    const auto row = load_job(write.connection, job);
    if (!row) return stale_write(write);
    return change_job(write, *row, change);
}

}  // namespace longhand::store::sqlite
