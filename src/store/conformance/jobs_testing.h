// A job's life as its owner and its holder see it.
#pragma once

#include <thread>

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

class StoreJobs : public StoreTest {};

TEST_P(StoreJobs, AnEnqueuedJobIsQueuedWithItsSettingsAndSources) {
    const Uuid project = new_project(owner_);
    ProjectFile file;
    file.owner = owner_;
    file.project = project;
    file.name = "bees.txt";
    file.type = "text/plain";
    file.size = 12;
    file.sha256 = "00ff";
    file.path = "uploads/1";
    file = ok(store().add_file(file));
    auto request = new_job(owner_, project);
    request.title = "Bees";
    request.is_byok = true;
    const auto job = ok(store().enqueue(request)).job;

    EXPECT_EQ(job.state, job::State::queued);
    EXPECT_EQ(job.title, "Bees");
    EXPECT_TRUE(job.is_byok);
    EXPECT_EQ(job.writing_model, "offline/writer");
    EXPECT_EQ(job.reasoning_model, std::nullopt);
    EXPECT_EQ(read(job), job);
    EXPECT_EQ(ok(store().settings_for_owner(owner_, job.id)), request.settings);
    EXPECT_EQ(event_kinds(job), (std::vector<std::string>{"submitted", "queued"}));
    const auto sources = ok(store().sources_for_owner(owner_, job.id));
    ASSERT_EQ(sources.size(), 1U);
    EXPECT_EQ(sources[0].file, file.id);
    EXPECT_EQ(sources[0].path, "uploads/1");
    EXPECT_EQ(sources[0].sha256, "00ff");
    EXPECT_EQ(sources[0].size, 12U);
}

TEST_P(StoreJobs, AProjectThatIsNotThereTakesNoJob) {
    EXPECT_EQ(error(store().enqueue(new_job(owner_, new_id()))), StoreErrc::not_found);
    EXPECT_EQ(count(job::State::queued), 0);
}

TEST_P(StoreJobs, AClaimHandsOutTheWholeJobUnderAFreshLease) {
    const auto queued = enqueue(owner_);
    runtime_.advance(Milliseconds{5});
    const auto claimed = claim(4);
    ASSERT_EQ(claimed.size(), 1U);
    const auto& job = claimed[0].job;
    EXPECT_EQ(job.id, queued.id);
    EXPECT_EQ(job.state, job::State::in_progress);
    EXPECT_EQ(job.worker, worker_);
    EXPECT_GT(job.lease, queued.lease);
    EXPECT_TRUE(job.has_begun);
    EXPECT_EQ(claimed[0].settings.prompt, "Write a handbook of bees.");
    EXPECT_EQ(read(job), job);
    EXPECT_TRUE(claim(4).empty());
}

TEST_P(StoreJobs, ACompletedJobHasItsOutputsAndFullProgress) {
    const auto job = start(owner_);
    auto done = completion(job);
    done.counts.words_done = 5'000;
    done.outputs = {{"pdf", "aa", 100, 12, "artifacts/x/pdf-aa", false},
                    {"md", "bb", 50, 0, "artifacts/x/md-bb", false}};
    const auto completed = ok(store().complete(done));
    EXPECT_EQ(completed.state, job::State::completed);
    EXPECT_EQ(completed.progress, 100);
    EXPECT_EQ(completed.counts.words_done, 5'000);
    EXPECT_EQ(read(job), completed);
    const auto outputs = ok(store().outputs_for_owner(owner_, job.id));
    ASSERT_EQ(outputs.size(), 2U);
    EXPECT_EQ(outputs[1].format, "pdf");
    EXPECT_EQ(outputs[1].pages, 12U);
    EXPECT_FALSE(outputs[1].partial);
}

TEST_P(StoreJobs, AFailedJobSaysWhyAndCanBeRetriedWithItsJournal) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "plan", "the plan", 20)));
    const auto failed = ok(store().fail(job.id, job.lease, {"provider_key", "The key is wrong."}));
    EXPECT_EQ(failed.state, job::State::failed);
    EXPECT_EQ(failed.problem, (job::Problem{"provider_key", "The key is wrong."}));
    EXPECT_EQ(read(job), failed);

    const auto retried = ok(store().retry(owner_, job.id));
    EXPECT_FALSE(retried.busy);
    EXPECT_EQ(retried.job.state, job::State::queued);
    EXPECT_EQ(retried.job.run, 2);
    EXPECT_EQ(retried.job.problem, std::nullopt);
    const auto again = claim_one();
    EXPECT_EQ(again.id, job.id);
    EXPECT_GT(again.lease, job.lease);
    const auto entries = ok(store().journal(job.id));
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].value, "the plan");
    EXPECT_GE(again.progress, 20);
}

TEST_P(StoreJobs, AModeratedJobEndsItsRun) {
    const auto job = start(owner_);
    const auto moderated = ok(store().moderate(job.id, job.lease, {"content_filter", "Refused."}));
    EXPECT_EQ(moderated.state, job::State::moderated);
    EXPECT_EQ(event_kinds(job).back(), "moderated");
    EXPECT_EQ(ok(store().retry(owner_, job.id)).job.state, job::State::queued);
}

TEST_P(StoreJobs, APausedJobKeepsItsProjectAndGoesOnWhenResumed) {
    const auto job = start(owner_);
    const auto paused = ok(store().pause(job.id, job.lease, R"({"spent":1})"));
    EXPECT_EQ(paused.state, job::State::draft);
    EXPECT_TRUE(claim(1).empty());
    EXPECT_EQ(ok(store().enqueue(new_job(owner_, job.project))).busy->job, job.id);
    EXPECT_EQ(ok(store().resume(owner_, job.id, {})).state, job::State::queued);
    EXPECT_EQ(claim_one().id, job.id);
    EXPECT_EQ(error(store().resume(owner_, job.id, {})), StoreErrc::wrong_state);
}

TEST_P(StoreJobs, AJobThatWaitsForItsProviderIsClaimedWhenItsTimeHasCome) {
    const auto job = start(owner_);
    const auto waiting = ok(store().wait_for_provider(job.id, job.lease, Milliseconds{60'000}, "no credit"));
    EXPECT_EQ(waiting.state, job::State::queued);
    EXPECT_EQ(waiting.stage, job::Stage::waiting_for_provider);
    ASSERT_TRUE(waiting.not_before);
    EXPECT_TRUE(claim(1).empty());
    runtime_.advance(Milliseconds{59'000});
    EXPECT_TRUE(claim(1).empty());
    runtime_.advance(Milliseconds{1'000});
    const auto again = claim_one();
    EXPECT_EQ(again.id, job.id);
    EXPECT_EQ(again.not_before, std::nullopt);
}

TEST_P(StoreJobs, AHandedOverJobIsQueuedAgainAndStaleOnesAreSkipped) {
    const auto kept = start(owner_), lost = start(owner_);
    ok(store().hand_over({{lost.id, lost.lease - 1}, {kept.id, kept.lease}}));
    EXPECT_EQ(read(kept).state, job::State::queued);
    EXPECT_EQ(read(lost).state, job::State::in_progress);
    EXPECT_EQ(read(kept).rescues, 0);
}

TEST_P(StoreJobs, CancelledInEveryPlaceAJobCanBe) {
    const auto queued = enqueue(owner_);
    EXPECT_EQ(ok(store().cancel(owner_, queued.id)).state, job::State::cancelled);
    const auto running = start(owner_);
    const auto cancelled = ok(store().cancel(owner_, running.id));
    EXPECT_EQ(cancelled.state, job::State::cancelled);
    EXPECT_GT(cancelled.lease, running.lease);
    const auto paused = start(owner_);
    ok(store().pause(paused.id, paused.lease, "{}"));
    EXPECT_EQ(ok(store().cancel(owner_, paused.id)).state, job::State::cancelled);
    const auto waiting = start(owner_);
    ok(store().wait_for_provider(waiting.id, waiting.lease, Milliseconds{60'000}, "down"));
    EXPECT_EQ(ok(store().cancel(owner_, waiting.id)).state, job::State::cancelled);
    runtime_.advance(Milliseconds{120'000});
    EXPECT_TRUE(claim(10).empty());
}

TEST_P(StoreJobs, CancellingAgainChangesNothing) {
    const auto job = enqueue(owner_);
    const auto cancelled = ok(store().cancel(owner_, job.id));
    runtime_.advance(Milliseconds{1'000});
    EXPECT_EQ(ok(store().cancel(owner_, job.id)), cancelled);
    EXPECT_EQ(event_kinds(job), (std::vector<std::string>{"submitted", "queued", "cancelled"}));
}

TEST_P(StoreJobs, AnEndedJobRefusesACancelAndNamesItsState) {
    const auto job = complete(start(owner_));
    EXPECT_EQ(error(store().cancel(owner_, job.id)), StoreErrc::wrong_state);
    EXPECT_EQ(message(store().cancel(owner_, job.id)), "completed");
    EXPECT_EQ(error(store().retry(owner_, job.id)), StoreErrc::wrong_state);
    EXPECT_EQ(read(job), job);
}

TEST_P(StoreJobs, OneOfCancelAndCompleteWins) {
    for (int round = 0; round < 20; ++round) {
        const auto job = start(owner_);
        std::optional<StoreResult<job::Job>> cancelled, completed;
        std::thread canceller([&] { cancelled.emplace(ManualRuntime::run_alone(store().cancel(owner_, job.id))); });
        completed.emplace(ManualRuntime::run_alone(store().complete(completion(job))));
        canceller.join();
        EXPECT_NE(cancelled->has_value(), completed->has_value());
        const auto expected = completed->has_value() ? job::State::completed : job::State::cancelled;
        EXPECT_EQ(read(job).state, expected);
        EXPECT_EQ(event_kinds(job).size(), 4U);
    }
}

TEST_P(StoreJobs, AProjectHasOneJobAtATime) {
    const Uuid project = new_project(owner_);
    const auto first = enqueue(owner_, project);
    const auto second = ok(store().enqueue(new_job(owner_, project)));
    ASSERT_TRUE(second.busy);
    EXPECT_EQ(second.busy->job, first.id);
    EXPECT_EQ(second.busy->state, job::State::queued);
    complete(claim_one());
    EXPECT_FALSE(ok(store().enqueue(new_job(owner_, project))).busy);
}

TEST_P(StoreJobs, OfManyThatStartAtOnceInAProjectOneIsMade) {
    const Uuid project = new_project(owner_);
    std::atomic<int> made{0}, busy{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 32; ++i) {
        threads.emplace_back([&] {
            const auto answer = ManualRuntime::run_alone(store().enqueue(new_job(owner_, project)));
            if (answer) ++(answer->busy ? busy : made);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(busy, 31);
    EXPECT_EQ(count(job::State::queued), 1);
}

TEST_P(StoreJobs, ARetryObeysTheBusyProject) {
    const auto cancelled = enqueue(owner_);
    ok(store().cancel(owner_, cancelled.id));
    const auto other = enqueue(owner_, cancelled.project);
    const auto retried = ok(store().retry(owner_, cancelled.id));
    ASSERT_TRUE(retried.busy);
    EXPECT_EQ(retried.busy->job, other.id);
    EXPECT_EQ(read(cancelled).state, job::State::cancelled);
}

TEST_P(StoreJobs, EventsHaveNoGapsAndUpdatedAtGrowsWhileTheClockStands) {
    const auto queued = enqueue(owner_);
    WallTime last = queued.updated_at;
    const auto grows = [&](const job::Job& job) {
        EXPECT_GT(job.updated_at, last);
        last = job.updated_at;
    };
    const auto job = claim_one();
    grows(job);
    EXPECT_EQ(beat(job, 5), BeatAnswer::held);
    grows(read(job));
    ok(store().record_step(step(job, "plan", "x")));
    grows(read(job));
    grows(ok(store().rescue(job.id, job.lease, "hangs")));
    const auto again = claim_one();
    grows(again);
    grows(complete(again));
    std::int64_t seq = 0;
    for (const auto& event : ok(store().events_after(owner_, job.id, 0, 100))) EXPECT_EQ(event.seq, ++seq);
    EXPECT_EQ(seq, read(job).last_event);
    EXPECT_EQ(ok(store().events_after(owner_, job.id, seq - 1, 100)).size(), 1U);
    EXPECT_EQ(ok(store().events_after(owner_, job.id, 0, 2)).size(), 2U);
}

TEST_P(StoreJobs, ABeatCarriesProgressAndAnEventOnlyForANewStage) {
    const auto job = start(owner_);
    const auto before = event_kinds(job).size();
    EXPECT_EQ(beat(job, 12.5), BeatAnswer::held);
    EXPECT_EQ(beat(job, 11), BeatAnswer::held);
    EXPECT_EQ(read(job).progress, 12.5);
    EXPECT_EQ(read(job).stage, job::Stage::generating_work);
    EXPECT_EQ(event_kinds(job).size(), before + 1);
}

TEST_P(StoreJobs, ObserversHearOfEachCommittedChangeBeforeItsCaller) {
    std::mutex mutex;
    std::vector<std::pair<job::State, std::string>> heard;
    store().observe([&](const Committed& committed) {
        std::lock_guard lock(mutex);
        heard.emplace_back(committed.job.state, committed.event ? committed.event->kind : "");
    });
    const auto job = enqueue(owner_);
    ok(store().cancel(owner_, job.id));
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(error(store().cancel(new_id(), job.id)), StoreErrc::not_found);
    std::lock_guard lock(mutex);
    const std::vector<std::pair<job::State, std::string>> expected{
        {job::State::submitted, "submitted"}, {job::State::queued, "queued"}, {job::State::cancelled, "cancelled"}};
    EXPECT_EQ(heard, expected);
}

TEST_P(StoreJobs, ObserversHearOfEachChangeBeforeItsCommitAndOfNoneThatWasRefused) {
    std::mutex mutex;
    std::vector<std::string> heard;
    const auto note = [&](const char* when, const Committed& change) {
        std::lock_guard lock(mutex);
        heard.push_back(when + (" " + std::string(to_string(change.job.state))));
    };
    store().observe([&](const Committed& change) { note("committed", change); },
                    [&](const Committed& change) {
                        note("written", change);
                        return change.job.state == job::State::queued;
                    });
    const auto job = enqueue(owner_);
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(error(store().cancel(new_id(), job.id)), StoreErrc::not_found);
    store().observe({});
    std::lock_guard lock(mutex);
    const std::vector<std::string> expected{"written submitted", "written queued",    "committed submitted",
                                            "committed queued",  "written cancelled", "committed cancelled"};
    EXPECT_EQ(heard, expected);
}

TEST_P(StoreJobs, AWatchedJobIsTheSameObjectUntilSomethingChangesIt) {
    const auto job = enqueue(owner_), other = start(owner_);
    const auto watched = [&] { return ok(store().watched_job(owner_, job.id)); };
    const auto queued = watched();
    EXPECT_EQ(queued->state, job::State::queued);
    EXPECT_EQ(beat(other, 30), BeatAnswer::held);
    EXPECT_EQ(watched(), queued) << "another job's change is none of it";
    const auto running = claim(1).at(0).job;
    ASSERT_EQ(running.id, job.id);
    EXPECT_EQ(*watched(), running);
    for (const double progress : {11.0, 12.0, 13.0}) {
        EXPECT_EQ(beat(running, progress), BeatAnswer::held);
        EXPECT_EQ(watched()->progress, progress);
    }
    EXPECT_EQ(*watched(), read(job));
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(watched()->state, job::State::cancelled);
    ok(store().retry(owner_, job.id));
    EXPECT_EQ(watched()->state, job::State::queued);
    EXPECT_EQ(error(store().watched_job(new_id(), job.id)), StoreErrc::not_found);
    ok(store().delete_project(owner_, job.project));
    EXPECT_EQ(error(store().watched_job(owner_, job.id)), StoreErrc::not_found);
}

TEST_P(StoreJobs, AnotherOwnersJobIsNotThere) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "plan", "x")));
    const Uuid other = new_id();
    EXPECT_EQ(error(store().job_for_owner(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(ok(store().watched_job(owner_, job.id))->id, job.id);
    EXPECT_EQ(error(store().watched_job(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().settings_for_owner(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().sources_for_owner(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().events_after(other, job.id, 0, 10)), StoreErrc::not_found);
    EXPECT_EQ(error(store().outputs_for_owner(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().partial_text_for_owner(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().journal_for_owner(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().add_output(other, job.id, {})), StoreErrc::not_found);
    EXPECT_EQ(error(store().cancel(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().retry(other, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().resume(other, job.id, {})), StoreErrc::not_found);
    EXPECT_EQ(read(job).state, job::State::in_progress);
}

TEST_P(StoreJobs, AJobThatNobodyKnowsIsNotFoundAndItsWritesAreStale) {
    const Uuid id = new_id();
    EXPECT_EQ(error(store().job_for_owner(owner_, id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().cancel(owner_, id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().fail(id, 1, {})), StoreErrc::stale);
    EXPECT_EQ(error(store().rescue(id, 1, "x")), StoreErrc::stale);
}

TEST_P(StoreJobs, EverythingIsThereAfterARestart) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "plan", "the plan")));
    const auto before = read(job);
    const auto events = ok(store().events_after(owner_, job.id, 0, 100));
    reopen();
    EXPECT_EQ(read(job), before);
    EXPECT_EQ(ok(store().events_after(owner_, job.id, 0, 100)), events);
    EXPECT_EQ(ok(store().journal_for_owner(owner_, job.id)).at(0).value, "the plan");
    EXPECT_EQ(count(job::State::in_progress), 1);
    EXPECT_EQ(beat(job), BeatAnswer::held);
}

}  // namespace longhand::store::conformance
