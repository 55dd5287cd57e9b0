#include "job/transition.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "job/ledger.h"

namespace longhand::job {
namespace {

const Uuid kOwner = *Uuid::parse("0190a2f4-5b1c-7d3e-8f00-000000000001");
const Uuid kOther = *Uuid::parse("0190a2f4-5b1c-7d3e-8f00-000000000002");
const WorkerId kWorker = *Uuid::parse("0190a2f4-5b1c-7d3e-8f00-000000000003");
const WallTime kStart{Milliseconds{1'750'000'000'000}};

Job job_in(State state) {
    Job job = created({.id = kOther, .owner = kOwner, .project = kOther, .now = kStart}).job;
    job.state = state;
    job.has_begun = true;
    job.lease = 7;
    return job;
}

// A change of every kind, by the owner and with the lease that `job` has.
Change change_of(Transition transition, const Job& job, WallTime now) {
    const Report report{.stage = Stage::generating_work, .progress = 40, .counts = {}, .title = std::nullopt};
    switch (transition) {
        case Transition::enqueue:
            return enqueued(now);
        case Transition::claim:
            return claimed(now, kWorker);
        case Transition::report:
            return reported(now, job.lease, report);
        case Transition::record_step:
            return step_recorded(now, job.lease, "plan", report);
        case Transition::complete:
            return completed(now, job.lease, {}, "{}");
        case Transition::fail:
            return failed(now, job.lease, {"internal_error", "It broke."});
        case Transition::moderate:
            return moderated(now, job.lease, {"moderated", "Refused."});
        case Transition::cancel:
            return cancelled(now, job.owner);
        case Transition::pause:
            return paused(now, job.lease, "{}");
        case Transition::await_user:
            return awaits_user(now, job.lease, Milestone::details, "milestone/details/12ab");
        case Transition::resume:
            return resumed(now, job.owner);
        case Transition::wait_for_provider:
            return waiting_for_provider(now, job.lease, now + Seconds{5}, "down");
        case Transition::hand_over:
            return handed_over(now, job.lease);
        case Transition::rescue:
            return rescued(now, job.lease, "holder_died");
        case Transition::give_up:
            return given_up(now, job.lease, {"crashed", "It crashed."});
        case Transition::retry:
            return retried(now, job.owner);
    }
    return {};
}

struct Expected {
    Transition transition;
    std::set<State> from;
    std::optional<State> to;
};

// Written out by hand from docs/state-machine.md's drawing, so that the table in code is checked against a second
// source.
const std::vector<Expected> kExpected = {
    {Transition::enqueue, {State::submitted}, State::queued},
    {Transition::claim, {State::queued}, State::in_progress},
    {Transition::report, {State::in_progress}, State::in_progress},
    {Transition::record_step, {State::in_progress}, State::in_progress},
    {Transition::complete, {State::in_progress}, State::completed},
    {Transition::fail, {State::in_progress}, State::failed},
    {Transition::moderate, {State::in_progress}, State::moderated},
    {Transition::cancel, {State::draft, State::submitted, State::queued, State::in_progress}, State::cancelled},
    {Transition::pause, {State::in_progress}, State::draft},
    {Transition::await_user, {State::in_progress}, State::draft},
    {Transition::resume, {State::draft}, State::queued},
    {Transition::wait_for_provider, {State::in_progress}, State::queued},
    {Transition::hand_over, {State::in_progress}, State::queued},
    {Transition::rescue, {State::in_progress}, State::queued},
    {Transition::give_up, {State::in_progress}, State::failed},
    {Transition::retry, {State::failed, State::cancelled, State::moderated}, State::queued},
};

TEST(Transitions, EveryStateWithEveryTransitionIsAllowedOrRefusedAsDrawn) {
    ASSERT_EQ(kExpected.size(), kTransitions.size());
    for (const Expected& expected : kExpected) {
        for (const State state : kStates) {
            SCOPED_TRACE(std::string(to_string(expected.transition)) + " from " + std::string(to_string(state)));
            const Job before = job_in(state);
            const auto applied = apply(before, change_of(expected.transition, before, kStart + Seconds{1}));
            ASSERT_EQ(applied.has_value(), expected.from.contains(state));
            if (applied) {
                EXPECT_EQ(applied->job.state, expected.to.value_or(state));
                EXPECT_GT(applied->job.updated_at, before.updated_at);
            }
        }
    }
}

TEST(Transitions, AnOldLeaseMatchesNothing) {
    for (const Transition transition : kTransitions) {
        if (rule_of(transition).guard != Guard::lease) continue;
        Job job = job_in(State::in_progress);
        Change change = change_of(transition, job, kStart);
        change.lease = job.lease - 1;
        const auto applied = apply(job, change);
        ASSERT_FALSE(applied.has_value()) << to_string(transition);
        EXPECT_EQ(applied.error().code, Refusal::stale_lease);
    }
}

TEST(Transitions, AnotherOwnersJobIsNotThere) {
    for (const Transition transition : kTransitions) {
        if (rule_of(transition).guard != Guard::owner) continue;
        for (const State state : kStates) {
            Change change = change_of(transition, job_in(state), kStart);
            change.owner = kOther;
            const auto applied = apply(job_in(state), change);
            ASSERT_FALSE(applied.has_value());
            EXPECT_EQ(applied.error().code, Refusal::not_owner);
        }
    }
}

TEST(Transitions, ADraftThatNeverBeganCannotResume) {
    Job job = job_in(State::draft);
    job.has_begun = false;
    EXPECT_FALSE(apply(job, resumed(kStart, kOwner)).has_value());
}

TEST(Transitions, AJobThatWaitsForItsUserSaysAtWhichMilestone) {
    const auto waits =
        apply(job_in(State::in_progress), awaits_user(kStart, 7, Milestone::vision, "milestone/vision/9"));
    ASSERT_TRUE(waits.has_value());
    EXPECT_EQ(waits->job.stage, Stage::waiting_for_user);
    ASSERT_TRUE(waits->event.has_value());
    EXPECT_EQ(waits->event->kind, "waiting_for_user");
    EXPECT_EQ(waits->event->data, R"({"milestone":"vision","key":"milestone/vision/9"})");
}

TEST(Milestones, AreKnownByTheirWords) {
    for (const Milestone milestone : kMilestones) EXPECT_EQ(parse_milestone(to_string(milestone)), milestone);
    EXPECT_EQ(field_of(Milestone::details), "work_details");
    EXPECT_EQ(to_string(Milestone::details), "details");
    EXPECT_FALSE(parse_milestone("work_details"));
}

TEST(Milestones, AreLeftBehindByStepOrAllAtOnce) {
    Guidance guidance;
    guidance.of[Milestone::details].passed = {"milestone/details/12ab"};
    EXPECT_TRUE(guidance.has_passed(Milestone::details, "milestone/details/12ab"));
    EXPECT_FALSE(guidance.has_passed(Milestone::details, "milestone/details/34cd"));
    EXPECT_FALSE(guidance.has_passed(Milestone::vision, "milestone/details/12ab"));
    guidance.skips = true;
    EXPECT_TRUE(guidance.has_passed(Milestone::vision, ""));
}

TEST(Transitions, TheLeaseGrowsWithEveryEntryToAndExitFromInProgress) {
    for (const Transition transition : kTransitions) {
        for (const State state : kStates) {
            const Job before = job_in(state);
            const auto applied = apply(before, change_of(transition, before, kStart));
            if (!applied) continue;
            const bool crosses = (before.state == State::in_progress) != (applied->job.state == State::in_progress);
            if (crosses) {
                EXPECT_GT(applied->job.lease, before.lease) << to_string(transition);
            }
        }
    }
}

TEST(Transitions, AReportWithoutANewStageHasNoEvent) {
    Job job = job_in(State::in_progress);
    job.stage = Stage::generating_work;
    const Report same{.stage = Stage::generating_work, .progress = 41, .counts = {}, .title = std::nullopt};
    const auto quiet = apply(job, reported(kStart, job.lease, same));
    ASSERT_TRUE(quiet.has_value());
    EXPECT_FALSE(quiet->event.has_value());
    const Report other{.stage = Stage::reviewing, .progress = 41, .counts = {}, .title = std::nullopt};
    const auto told = apply(job, reported(kStart, job.lease, other));
    ASSERT_TRUE(told.has_value());
    ASSERT_TRUE(told->event.has_value());
    EXPECT_EQ(told->event->kind, "stage");
}

TEST(Transitions, RetryStartsANewRunAndForgetsTheProblem) {
    Job job = job_in(State::failed);
    job.problem = Problem{"internal_error", "It broke."};
    job.finished_at = kStart;
    job.progress = 61;
    const auto again = apply(job, retried(kStart + Seconds{9}, kOwner));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->job.run, job.run + 1);
    EXPECT_EQ(again->job.problem, std::nullopt);
    EXPECT_EQ(again->job.finished_at, std::nullopt);
    EXPECT_EQ(again->job.progress, 61);
}

TEST(Transitions, OnlyCompletionReachesAHundred) {
    Job job = job_in(State::in_progress);
    const Report all{.stage = Stage::typesetting, .progress = 100, .counts = {}, .title = std::nullopt};
    const auto reported_all = apply(job, reported(kStart, job.lease, all));
    ASSERT_TRUE(reported_all.has_value());
    EXPECT_LT(reported_all->job.progress, 100);
    const auto done = apply(reported_all->job, completed(kStart, job.lease, {}, "{}"));
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(done->job.progress, 100);
}

TEST(Transitions, RandomSequencesKeepTheInvariants) {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        Job job = created({.id = kOther, .owner = kOwner, .project = kOther, .now = kStart}).job;
        WallTime now = kStart;
        std::int64_t events = 1;
        std::map<int, int> endings;
        for (int step = 0; step < 400; ++step) {
            // The clock stands still and runs back at times, as wall clocks do.
            now += Milliseconds{static_cast<int>(random() % 50) - 10};
            Change change = change_of(kTransitions[random() % kTransitions.size()], job, now);
            if (random() % 8 == 0) change.lease -= 1;
            change.progress = change.progress ? std::optional<double>(random() % 120) : std::nullopt;
            const auto applied = apply(job, change);
            if (!applied) continue;
            const Job& next = applied->job;
            ASSERT_GE(next.progress, job.progress);
            ASSERT_EQ(next.progress == 100, next.state == State::completed);
            ASSERT_GE(next.lease, job.lease);
            ASSERT_GT(next.updated_at, job.updated_at);
            ASSERT_EQ(next.worker == Uuid{}, next.state != State::in_progress);
            ASSERT_EQ(next.problem.has_value(), next.state == State::failed || next.state == State::moderated);
            ASSERT_EQ(next.finished_at.has_value(), is_terminal(next.state));
            ASSERT_NE(job.state, State::completed);
            if (applied->event) {
                ASSERT_EQ(applied->event->seq, ++events);
                if (is_terminal(next.state)) {
                    ASSERT_EQ(++endings[next.run], 1);
                }
            } else {
                ASSERT_EQ(change.transition, Transition::report);
            }
            job = next;
        }
    }
}

std::string words_of(std::uint32_t states) {
    std::string words;
    for (const State state : kStates) {
        if ((states & bit(state)) != 0) words += (words.empty() ? "`" : ", `") + std::string(to_string(state)) + "`";
    }
    return words;
}

std::string row_of(const Rule& rule) {
    const char* guard = rule.guard == Guard::lease ? "lease" : rule.guard == Guard::owner ? "owner" : "";
    return fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |", to_string(rule.transition), words_of(rule.from),
                       rule.to ? fmt::format("`{}`", to_string(*rule.to)) : "stays",
                       rule.stage ? fmt::format("`{}`", to_string(*rule.stage)) : "as reported", guard,
                       rule.raises_lease ? "+1" : "", rule.ends_run ? "yes" : "");
}

TEST(StateMachineDocument, HasTheTableThatTheCodeHas) {
    std::ifstream file(LONGHAND_SOURCE_DIR "/docs/state-machine.md");
    std::stringstream text;
    text << file.rdbuf();
    std::size_t rows = 0;
    for (const Transition transition : kTransitions) {
        const std::string row = row_of(rule_of(transition));
        EXPECT_NE(text.str().find(row + "\n"), std::string::npos) << "missing: " << row;
    }
    for (const CallState state : kCallStates) {
        const std::string row = fmt::format("| `{}` |", to_string(state));
        EXPECT_NE(text.str().find(row), std::string::npos) << "missing: " << row;
    }
    std::string line;
    while (std::getline(text, line)) {
        if (line.starts_with("| `")) ++rows;
    }
    EXPECT_EQ(rows, kTransitions.size() + kCallStates.size());
}

}  // namespace
}  // namespace longhand::job
