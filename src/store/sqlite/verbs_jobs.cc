#include "store/sqlite/verbs_jobs.h"

#include <algorithm>

#include "store/sqlite/queue.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/transitions.h"
#include "store/sqlite/verbs_accounts.h"
#include "store/sqlite/verbs_journal.h"
#include "store/sqlite/verbs_ledger.h"
#include "store/sqlite/verbs_milestones.h"
#include "store/sqlite/verbs_projects.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

job::Creation creation_of(const Write& write, const NewJob& request) {
    job::Creation creation;
    creation.id = write.runtime.new_id();
    creation.owner = request.owner;
    creation.project = request.project;
    creation.now = write.now;
    creation.title = request.title;
    creation.provider = request.provider;
    creation.reasoning_model = unless_empty(request.settings.reasoning_model);
    creation.writing_model = unless_empty(request.settings.writing_model);
    creation.function_model = unless_empty(request.settings.function_model);
    creation.pipeline_version = request.settings.pipeline_version;
    creation.is_byok = request.is_byok;
    return creation;
}

std::optional<BusyProject> busy_job(Connection& connection, const Uuid& project) {
    auto query = connection.query("busy_job_of_project");
    query.bind(project);
    if (!query.step()) return std::nullopt;
    const Uuid job = query.id();
    return BusyProject{job, state_column(query)};
}

Enqueued busy(const BusyProject& other) {
    Enqueued answer;
    answer.busy = other;
    return answer;
}

void insert_settings(Connection& connection, const Uuid& job, const job::Settings& settings) {
    const std::string text = job::to_json(settings);
    connection.query("insert_settings").bind_all(job, text).run();
}

// All is read before anything is changed.
StoreResult<ClaimedJob> claim_one(Write& write, const ClaimRequest& request, const Uuid& id) {
    JobRow row = load_job(write.connection, id).value();
    ClaimedJob claimed{{}, job_settings(write.connection, id), job_sources(write.connection, id), {}};
    if (claimed.settings.guided) claimed.guidance = guidance_of(write.connection, id);
    row.lease_expires = write.now + request.lease;
    auto job = change_job(write, row, job::claimed(write.now, request.worker));
    if (!job) return job.error();
    claimed.job = std::move(*job);
    return claimed;
}

BeatAnswer extend_one(Write& write, Milliseconds lease, const Beat& beat) {
    auto row = load_job(write.connection, beat.job);
    if (!row) return BeatAnswer::lost;
    row->lease_expires = write.now + lease;
    if (change_job(write, *row, job::reported(write.now, beat.lease, beat.report))) return BeatAnswer::held;
    return row->job.state == job::State::cancelled ? BeatAnswer::cancelled : BeatAnswer::lost;
}

std::int64_t pages_of(const Completion& completion) {
    const auto pdf = std::ranges::find(completion.outputs, "pdf", &OutputRecord::format);
    return pdf == completion.outputs.end() ? 0 : pdf->pages;
}

}  // namespace

StoreResult<Enqueued> enqueue(Write& write, const NewJob& request) {
    Connection& connection = write.connection;
    if (user_is_removed(connection, request.owner) || !project_exists(connection, request.owner, request.project)) {
        return no_such("project");
    }
    if (const auto other = busy_job(connection, request.project)) return busy(*other);

    job::Applied submitted = job::created(creation_of(write, request));
    auto queued = job::apply(submitted.job, job::enqueued(write.now));
    if (!queued) return failure_of(write, queued.error());
    JobRow before;
    before.job = submitted.job;
    JobRow row;
    row.job = queued->job;
    place_in_queue(write, before, row);
    insert_job(connection, row);
    insert_settings(connection, row.job.id, request.settings);
    insert_budget(connection, row.job.id, request.budget);
    if (request.settings.guided) open_guided(write, row.job, request.settings.milestones);
    connection.query("copy_files_to_job").bind_all(row.job.id, row.job.project).run();
    add_to_count(connection, row.job.owner, row.job.state, 1);
    for (job::Applied* applied : {&submitted, &*queued}) {
        insert_event(connection, applied->event.value());
        const bool has_messages = tell_webhooks(write, applied->job, *applied->event);
        write.changes.push_back({applied->job, std::move(applied->event), {}, has_messages});
    }
    return Enqueued{row.job, std::nullopt};
}

StoreResult<std::vector<ClaimedJob>> claim(Write& write, const ClaimRequest& request) {
    wake_due_jobs(write);
    std::vector<ClaimedJob> jobs;
    for (const Uuid& id : claimable_jobs(write, request)) {
        try {
            auto job = claim_one(write, request, id);
            if (!job) return job.error();
            jobs.push_back(std::move(*job));
        } catch (const UnreadableRow& row) {
            fail_unreadable(write, id, row);
        }
    }
    return jobs;
}

StoreResult<std::vector<BeatAnswer>> extend(Write& write, Milliseconds lease, const std::vector<Beat>& beats) {
    std::vector<BeatAnswer> answers;
    answers.reserve(beats.size());
    for (const Beat& beat : beats) {
        try {
            answers.push_back(extend_one(write, lease, beat));
        } catch (const UnreadableRow& row) {
            fail_unreadable(write, beat.job, row);
            answers.push_back(BeatAnswer::lost);
        }
    }
    return answers;
}

StoreResult<job::Job> complete(Write& write, const Completion& completion) {
    auto job = change_held_job(write, completion.job,
                               job::completed(write.now, completion.lease, completion.counts, completion.data));
    if (!job) return job;
    for (const OutputRecord& output : completion.outputs) insert_output(write, completion.job, output);
    delete_partial_texts(write.connection, completion.job);
    count_work(write, *job, pages_of(completion));
    return job;
}

StoreResult<job::Job> fail(Write& write, const Uuid& job, job::Lease lease, const job::Problem& problem) {
    return change_held_job(write, job, job::failed(write.now, lease, problem));
}

StoreResult<job::Job> moderate(Write& write, const Uuid& job, job::Lease lease, const job::Problem& problem) {
    return change_held_job(write, job, job::moderated(write.now, lease, problem));
}

StoreResult<job::Job> pause(Write& write, const Uuid& job, job::Lease lease, const std::string& data) {
    return change_held_job(write, job, job::paused(write.now, lease, data));
}

StoreResult<job::Job> wait_for_provider(Write& write, const Uuid& job, job::Lease lease, Milliseconds delay,
                                        const std::string& reason) {
    const WallTime not_before = write.now + std::min(delay, kLongestDelay);
    return change_held_job(write, job, job::waiting_for_provider(write.now, lease, not_before, reason));
}

StoreResult<void> hand_over(Write& write, const std::vector<std::pair<Uuid, job::Lease>>& jobs) {
    for (const auto& [job, lease] : jobs) {
        ignore_result(change_held_job(write, job, job::handed_over(write.now, lease)), "stale ones are skipped");
    }
    return {};
}

StoreResult<job::Job> cancel(Write& write, const Uuid& owner, const Uuid& job) {
    auto row = row_of_owner(write, owner, job);
    if (!row) return row.error();
    if (row->job.state == job::State::cancelled) return std::move(row->job);
    return change_job(write, *row, job::cancelled(write.now, owner));
}

StoreResult<Enqueued> retry(Write& write, const Uuid& owner, const Uuid& job) {
    if (user_is_removed(write.connection, owner)) return no_such("job");
    auto row = row_of_owner(write, owner, job);
    if (!row) return row.error();
    row->hangs = 0;
    auto applied = job::apply(row->job, job::retried(write.now, owner));
    if (!applied) return failure_of(write, applied.error());
    if (const auto other = busy_job(write.connection, row->job.project)) return busy(*other);
    auto queued = store_change(write, *row, std::move(*applied));
    if (!queued) return queued.error();
    return Enqueued{std::move(*queued), std::nullopt};
}

StoreResult<job::Job> resume(Write& write, const Uuid& owner, const Uuid& job, const job::Budget& raised,
                             const job::UserSaid& said) {
    if (user_is_removed(write.connection, owner)) return no_such("job");
    const auto row = row_of_owner(write, owner, job);
    if (!row) return row.error();
    const bool waits_for_user = row->job.stage == job::Stage::waiting_for_user;
    if (!waits_for_user && said != job::UserSaid{}) {
        return StoreFailure{StoreErrc::wrong_state, std::string(job::to_string(row->job.state))};
    }
    auto resumed = change_job(write, *row, job::resumed(write.now, owner));
    if (!resumed) return resumed;
    if (waits_for_user) take_user_word(write, *resumed, said);
    // Its budget did not stop it: the caps that it has will do.
    if (waits_for_user && raised == job::Budget{}) return resumed;
    const Caps wanted = waits_for_user ? Caps::any : Caps::higher;
    if (auto caps = raise_caps(write.connection, job, raised, wanted); !caps) return caps.error();
    return resumed;
}

}  // namespace longhand::store::sqlite
