#include "job/transition.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace longhand::job {
namespace {

namespace json = boost::json;

constexpr std::uint32_t kRunning = bit(State::in_progress);
constexpr std::uint32_t kEnded = bit(State::failed) | bit(State::cancelled) | bit(State::moderated);
constexpr std::uint32_t kCancellable =
    bit(State::draft) | bit(State::submitted) | bit(State::queued) | bit(State::in_progress);

constexpr bool kRaisesLease = true, kKeepsLease = false;
constexpr bool kEndsRun = true, kGoesOn = false;
constexpr bool kEvent = true, kEventOnStage = false;

// docs/state-machine.md shows this table, and a test compares the two.
constexpr std::array<Rule, kTransitions.size()> kTable = {{
    {Transition::enqueue, bit(State::submitted), State::queued, Stage::queued, Guard::none, kKeepsLease, kGoesOn,
     kEvent},
    {Transition::claim, bit(State::queued), State::in_progress, Stage::reading_sources, Guard::none, kRaisesLease,
     kGoesOn, kEvent},
    {Transition::report, kRunning, std::nullopt, std::nullopt, Guard::lease, kKeepsLease, kGoesOn, kEventOnStage},
    {Transition::record_step, kRunning, std::nullopt, std::nullopt, Guard::lease, kKeepsLease, kGoesOn, kEvent},
    {Transition::complete, kRunning, State::completed, Stage::done, Guard::lease, kRaisesLease, kEndsRun, kEvent},
    {Transition::fail, kRunning, State::failed, Stage::stopped, Guard::lease, kRaisesLease, kEndsRun, kEvent},
    {Transition::moderate, kRunning, State::moderated, Stage::stopped, Guard::lease, kRaisesLease, kEndsRun, kEvent},
    {Transition::cancel, kCancellable, State::cancelled, Stage::stopped, Guard::owner, kRaisesLease, kEndsRun, kEvent},
    {Transition::pause, kRunning, State::draft, Stage::waiting_for_budget, Guard::lease, kRaisesLease, kGoesOn, kEvent},
    {Transition::await_user, kRunning, State::draft, Stage::waiting_for_user, Guard::lease, kRaisesLease, kGoesOn,
     kEvent},
    {Transition::resume, bit(State::draft), State::queued, Stage::queued, Guard::owner, kKeepsLease, kGoesOn, kEvent},
    {Transition::wait_for_provider, kRunning, State::queued, Stage::waiting_for_provider, Guard::lease, kRaisesLease,
     kGoesOn, kEvent},
    {Transition::hand_over, kRunning, State::queued, Stage::queued, Guard::lease, kRaisesLease, kGoesOn, kEvent},
    {Transition::rescue, kRunning, State::queued, Stage::queued, Guard::lease, kRaisesLease, kGoesOn, kEvent},
    {Transition::give_up, kRunning, State::failed, Stage::stopped, Guard::lease, kRaisesLease, kEndsRun, kEvent},
    {Transition::retry, kEnded, State::queued, Stage::queued, Guard::owner, kKeepsLease, kGoesOn, kEvent},
}};

// Below 100, which comes with `completed` alone.
constexpr double kHighestWhileRunning = 99.9;

double raised(double current, double reported) {
    return std::clamp(reported, current, std::max(current, kHighestWhileRunning));
}

Counts raised(const Counts& current, const Counts& reported) {
    return {.words_done = std::max(current.words_done, reported.words_done),
            .words_planned = std::max(current.words_planned, reported.words_planned),
            .prompt_tokens = std::max(current.prompt_tokens, reported.prompt_tokens),
            .completion_tokens = std::max(current.completion_tokens, reported.completion_tokens)};
}

std::string problem_data(const Problem& problem) {
    return json::serialize(json::value{{"code", problem.code}, {"message", problem.message}});
}

std::optional<Refusal> refusal(const Job& job, const Change& change, const Rule& rule) {
    if (rule.guard == Guard::owner && change.owner != job.owner) return Refusal::not_owner;
    if ((rule.from & bit(job.state)) == 0) {
        // For a holder, a job that has left in_progress is a job that it has lost.
        return rule.guard == Guard::lease ? Refusal::stale_lease : Refusal::wrong_state;
    }
    if (rule.guard == Guard::lease && change.lease != job.lease) return Refusal::stale_lease;
    // A draft that never began has nothing to go on with.
    if (change.transition == Transition::resume && !job.has_begun) return Refusal::wrong_state;
    return std::nullopt;
}

// What is particular to one transition, beyond its line in the table.
void set_particulars(Job& job, const Change& change) {
    switch (change.transition) {
        case Transition::claim:
            job.worker = change.worker;
            job.has_begun = true;
            job.not_before.reset();
            if (!job.started_at) job.started_at = job.updated_at;
            break;
        case Transition::complete:
            job.progress = 100;
            // Of the work as it is: fitting it to its pages may have taken words away.
            job.counts.words_done = change.counts.value_or(job.counts).words_done;
            job.counts.words_planned = change.counts.value_or(job.counts).words_planned;
            break;
        case Transition::fail:
        case Transition::moderate:
        case Transition::give_up:
            job.problem = change.problem;
            break;
        case Transition::wait_for_provider:
            job.not_before = change.not_before;
            break;
        case Transition::rescue:
            ++job.rescues;
            break;
        case Transition::record_step:
            job.rescues = 0;
            break;
        case Transition::retry:
            ++job.run;
            job.rescues = 0;
            job.problem.reset();
            job.finished_at.reset();
            break;
        case Transition::cancel:
            job.not_before.reset();
            break;
        case Transition::enqueue:
        case Transition::report:
        case Transition::pause:
        case Transition::await_user:
        case Transition::resume:
        case Transition::hand_over:
            break;
    }
}

Event next_event(Job& job, std::string_view kind, std::string data) {
    return {.job = job.id,
            .seq = ++job.last_event,
            .at = job.updated_at,
            .kind = std::string(kind),
            .data = std::move(data)};
}

Change with(Transition transition, WallTime now) {
    Change change;
    change.transition = transition;
    change.now = now;
    return change;
}

Change held(Transition transition, WallTime now, Lease lease) {
    Change change = with(transition, now);
    change.lease = lease;
    return change;
}

Change owned(Transition transition, WallTime now, Uuid owner) {
    Change change = with(transition, now);
    change.owner = owner;
    return change;
}

Change ended_badly(Transition transition, WallTime now, Lease lease, Problem problem) {
    Change change = held(transition, now, lease);
    change.data = problem_data(problem);
    change.problem = std::move(problem);
    return change;
}

void take(Change& change, const Report& report) {
    change.stage = report.stage;
    change.progress = report.progress;
    change.counts = report.counts;
    change.title = report.title;
}

}  // namespace

std::string_view to_string(Transition transition) {
    switch (transition) {
        case Transition::enqueue:
            return "queued";
        case Transition::claim:
            return "claimed";
        case Transition::report:
            return "stage";
        case Transition::record_step:
            return "step";
        case Transition::complete:
            return "completed";
        case Transition::fail:
            return "failed";
        case Transition::moderate:
            return "moderated";
        case Transition::cancel:
            return "cancelled";
        case Transition::pause:
            return "paused";
        case Transition::await_user:
            return "waiting_for_user";
        case Transition::resume:
            return "resumed";
        case Transition::wait_for_provider:
            return "waiting_for_provider";
        case Transition::hand_over:
            return "handed_over";
        case Transition::rescue:
            return "rescued";
        case Transition::give_up:
            return "given_up";
        case Transition::retry:
            return "retried";
    }
    return "";
}

const Rule& rule_of(Transition transition) {
    return kTable[static_cast<std::size_t>(transition)];
}

bool may_leave(Transition transition, State from) {
    return (rule_of(transition).from & bit(from)) != 0;
}

Change enqueued(WallTime now) {
    return with(Transition::enqueue, now);
}

Change claimed(WallTime now, WorkerId worker) {
    Change change = with(Transition::claim, now);
    change.worker = worker;
    return change;
}

Change reported(WallTime now, Lease lease, const Report& report) {
    Change change = held(Transition::report, now, lease);
    take(change, report);
    return change;
}

Change step_recorded(WallTime now, Lease lease, std::string_view key, const Report& report, const Told& told) {
    Change change = held(Transition::record_step, now, lease);
    take(change, report);
    json::object data{{"key", key}};
    for (const auto& [word, text] : told) data[word] = text;
    change.data = json::serialize(data);
    return change;
}

Change completed(WallTime now, Lease lease, const Counts& counts, std::string data) {
    Change change = held(Transition::complete, now, lease);
    change.counts = counts;
    change.data = std::move(data);
    return change;
}

Change failed(WallTime now, Lease lease, Problem problem) {
    return ended_badly(Transition::fail, now, lease, std::move(problem));
}

Change moderated(WallTime now, Lease lease, Problem problem) {
    return ended_badly(Transition::moderate, now, lease, std::move(problem));
}

Change cancelled(WallTime now, Uuid owner) {
    return owned(Transition::cancel, now, owner);
}

Change paused(WallTime now, Lease lease, std::string data) {
    Change change = held(Transition::pause, now, lease);
    change.data = std::move(data);
    return change;
}

Change awaits_user(WallTime now, Lease lease, Milestone milestone, std::string_view key) {
    Change change = held(Transition::await_user, now, lease);
    change.data = json::serialize(json::value{{"milestone", to_string(milestone)}, {"key", key}});
    return change;
}

Change resumed(WallTime now, Uuid owner) {
    return owned(Transition::resume, now, owner);
}

Change waiting_for_provider(WallTime now, Lease lease, WallTime not_before, std::string_view reason) {
    Change change = held(Transition::wait_for_provider, now, lease);
    change.not_before = not_before;
    change.data = json::serialize(json::value{{"reason", reason}, {"not_before", format_wall_time(not_before)}});
    return change;
}

Change handed_over(WallTime now, Lease lease) {
    return held(Transition::hand_over, now, lease);
}

Change rescued(WallTime now, Lease lease, std::string_view reason) {
    Change change = held(Transition::rescue, now, lease);
    change.data = json::serialize(json::value{{"reason", reason}});
    return change;
}

Change given_up(WallTime now, Lease lease, Problem problem) {
    return ended_badly(Transition::give_up, now, lease, std::move(problem));
}

Change retried(WallTime now, Uuid owner) {
    return owned(Transition::retry, now, owner);
}

Result<Applied, Refusal> apply(const Job& job, const Change& change) {
    const Rule& rule = rule_of(change.transition);
    if (const auto refused = refusal(job, change, rule)) {
        return Failure<Refusal>{*refused, std::string(to_string(job.state))};
    }
    Applied applied{.job = job, .event = std::nullopt};
    Job& next = applied.job;
    next.updated_at = std::max(change.now, job.updated_at + Milliseconds{1});
    next.state = rule.to.value_or(job.state);
    next.stage = rule.stage.value_or(change.stage.value_or(job.stage));
    if (rule.raises_lease) ++next.lease;
    if (next.state != State::in_progress) next.worker = {};
    if (rule.ends_run) next.finished_at = next.updated_at;
    if (change.progress) next.progress = raised(job.progress, *change.progress);
    if (change.counts) next.counts = raised(job.counts, *change.counts);
    if (change.title && !next.title) next.title = change.title;
    set_particulars(next, change);
    if (rule.appends_event) {
        applied.event = next_event(next, to_string(change.transition), change.data);
    } else if (next.stage != job.stage) {
        const json::value data{{"stage", to_string(next.stage)}, {"progress", next.progress}};
        applied.event = next_event(next, to_string(change.transition), json::serialize(data));
    }
    return applied;
}

Job amended(const Job& job, WallTime now, const Amendment& amendment) {
    Job next = job;
    next.updated_at = std::max(now, job.updated_at + Milliseconds{1});
    if (amendment.starred) next.is_starred = *amendment.starred;
    if (amendment.title) next.title = amendment.title;
    return next;
}

Applied created(const Creation& creation) {
    Job job;
    job.id = creation.id;
    job.owner = creation.owner;
    job.project = creation.project;
    job.state = State::submitted;
    job.stage = Stage::queued;
    job.title = creation.title;
    job.is_byok = creation.is_byok;
    job.provider = creation.provider;
    job.reasoning_model = creation.reasoning_model;
    job.writing_model = creation.writing_model;
    job.function_model = creation.function_model;
    job.pipeline_version = creation.pipeline_version;
    job.created_at = job.updated_at = creation.now;
    Event event = next_event(job, "submitted", "{}");
    return {.job = std::move(job), .event = std::move(event)};
}

}  // namespace longhand::job
