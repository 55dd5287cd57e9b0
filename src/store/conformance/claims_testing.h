// Who is claimed, in which order: fairness, caps, suspects; and who is returned to the queue.
#pragma once

#include <algorithm>
#include <thread>

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

/// The store under test has its default cap of 16 jobs of an owner that may be claimed or run.
class StoreClaims : public StoreTest {
protected:
    static constexpr std::size_t kCap = 16;
    std::vector<Uuid> claim_owners(std::size_t limit) {
        std::vector<Uuid> owners;
        for (const auto& claimed : claim(limit)) owners.push_back(claimed.job.owner);
        return owners;
    }
    void enqueue_many(Uuid owner, int count) {
        for (int i = 0; i < count; ++i) {
            runtime_.advance(Milliseconds{1});  // ids, which settle ties, grow with time
            enqueue(owner);
        }
    }
    /// Claims and crashes until each of the jobs in progress has been rescued so many times.
    void crash_together(std::size_t jobs, int times) {
        for (int i = 0; i < times; ++i) {
            ASSERT_EQ(claim(jobs).size(), jobs);
            ASSERT_EQ(ok(store().rescue_all("crash")), jobs);
        }
    }
    ClaimRequest only(const job::Job& job) {
        auto request = claim_request(1);
        request.only_job = job.id;
        return request;
    }
};

TEST_P(StoreClaims, TheStoreTellsWhyJobsWait) {
    enqueue_many(owner_, 20);
    const auto away = claim_one();
    ok(store().wait_for_provider(away.id, away.lease, Milliseconds{60'000}, "down"));
    const Uuid other = new_id();
    auto request = new_job(other, new_project(other));
    request.provider = "elsewhere";
    ok(store().enqueue(request));
    StoreStats stats = ok(store().stats());
    ASSERT_EQ(stats.waiting.ready.size(), 2U);
    EXPECT_EQ(stats.waiting.ready[0].provider, "elsewhere");
    EXPECT_EQ(stats.waiting.ready[0].count, 1);
    EXPECT_EQ(stats.waiting.ready[1].count, 16);
    EXPECT_EQ(stats.waiting.delayed, 1);
    EXPECT_EQ(stats.waiting.capped, 3);
    EXPECT_EQ(stats.waiting.suspect, 0);
    EXPECT_EQ(stats.rescues, 0);
    crash_together(2, 3);
    stats = ok(store().stats());
    EXPECT_EQ(stats.waiting.suspect, 2);
    EXPECT_EQ(stats.waiting.capped, 3);
    EXPECT_EQ(stats.rescues, 6);
}

TEST_P(StoreClaims, ManyJobsOfOneOwnerDoNotHoldUpAnother) {
    const Uuid busy = owner_, late = new_id();
    enqueue_many(busy, 100);
    enqueue_many(late, 3);
    const std::vector<Uuid> expected{busy, late, busy, late, busy, late, busy};
    EXPECT_EQ(claim_owners(7), expected);
}

TEST_P(StoreClaims, OwnersTakeTurnsThoughTheirJobsEndOneByOne) {
    const Uuid busy = owner_, late = new_id();
    enqueue_many(busy, 40);
    for (int i = 0; i < 20; ++i) complete(claim_one());
    enqueue_many(late, 5);
    std::vector<Uuid> served;
    for (int i = 0; i < 10; ++i) {
        const auto job = claim_one();
        served.push_back(job.owner);
        complete(job);
    }
    EXPECT_EQ(std::ranges::count(served, late), 5);
    EXPECT_NE(served[0], served[1]);
}

TEST_P(StoreClaims, AnOwnerWhoWasAwayHasSavedUpNoTurns) {
    const Uuid busy = owner_, late = new_id();
    for (int i = 0; i < 10; ++i) {
        enqueue(busy);
        complete(claim_one());
    }
    enqueue_many(late, 6);
    enqueue_many(busy, 6);
    const auto owners = claim_owners(6);
    EXPECT_EQ(std::ranges::count(owners, late), 3);
}

TEST_P(StoreClaims, ARequeuedJobKeepsItsTurn) {
    const auto first = enqueue(owner_);
    enqueue(owner_);
    enqueue(owner_);
    const auto claimed = claim_one();
    ASSERT_EQ(claimed.id, first.id);
    ok(store().hand_over({{claimed.id, claimed.lease}}));
    EXPECT_EQ(claim_one().id, first.id);
}

TEST_P(StoreClaims, JobsOverTheirOwnersCapWaitUntilOneLeaves) {
    enqueue_many(owner_, 20);
    const auto claimed = claim(100);
    ASSERT_EQ(claimed.size(), kCap);
    EXPECT_TRUE(claim(100).empty());
    complete(claimed[0].job);
    ok(store().cancel(owner_, claimed[1].job.id));
    EXPECT_EQ(claim(100).size(), 2U);
    EXPECT_EQ(count(job::State::queued), 2);
}

TEST_P(StoreClaims, AQueuedJobThatIsCancelledMakesRoomUnderTheCap) {
    enqueue_many(owner_, 17);
    const auto claimed = claim(10);
    ASSERT_EQ(claimed.size(), 10U);
    JobsQuery query;
    query.owner = owner_;
    query.states = {job::State::queued};
    const auto queued = ok(store().jobs_of_owner(query)).jobs;
    ok(store().cancel(owner_, queued.back().id));
    EXPECT_EQ(claim(100).size(), 6U);
    EXPECT_TRUE(claim(100).empty());
}

TEST_P(StoreClaims, AJobThatWaitsForItsProviderLeavesItsRoomToOthers) {
    enqueue_many(owner_, 17);
    const auto claimed = claim(100);
    ASSERT_EQ(claimed.size(), kCap);
    const auto& waits = claimed[3].job;
    ok(store().wait_for_provider(waits.id, waits.lease, Milliseconds{1'000}, "down"));
    const auto last = claim(100);
    ASSERT_EQ(last.size(), 1U);
    // Its time has come, but its owner has enough that runs.
    runtime_.advance(Milliseconds{1'000});
    EXPECT_TRUE(claim(100).empty());
    complete(last[0].job);
    EXPECT_EQ(claim_one().id, waits.id);
}

TEST_P(StoreClaims, OnlyThoseOfItsProviderAndVersion) {
    auto elsewhere = new_job(owner_, new_project(owner_));
    elsewhere.provider = "https://example.org/v1";
    auto newer = new_job(owner_, new_project(owner_));
    newer.settings.pipeline_version = 2;
    ok(store().enqueue(elsewhere));
    ok(store().enqueue(newer));
    const auto ours = enqueue(owner_);
    EXPECT_EQ(claim_one().id, ours.id);
    EXPECT_TRUE(claim(10).empty());
    auto request = claim_request(10);
    request.pipeline_version = 2;
    EXPECT_EQ(ok(store().claim(request)).size(), 1U);
}

TEST_P(StoreClaims, AnOnlyJobIsClaimedBeforeAllOthersAndThoughOverTheCap) {
    enqueue_many(owner_, 17);
    const auto last = enqueue(owner_);
    EXPECT_EQ(ok(store().claim(only(last))).at(0).job.id, last.id);
    EXPECT_TRUE(ok(store().claim(only(last))).empty());
    auto unknown = claim_request(1);
    unknown.only_job = new_id();
    EXPECT_TRUE(ok(store().claim(unknown)).empty());
    EXPECT_EQ(claim(100).size(), kCap);
}

TEST_P(StoreClaims, TheSameJobIsNeverHandedOutTwice) {
    enqueue_many(owner_, 10);
    enqueue_many(new_id(), 10);
    std::mutex mutex;
    std::vector<Uuid> taken;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            const auto claimed = ManualRuntime::run_alone(store().claim(claim_request(4)));
            std::lock_guard lock(mutex);
            for (const auto& job : *claimed) taken.push_back(job.job.id);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(taken.size(), 20U);
    std::ranges::sort(taken);
    EXPECT_EQ(std::ranges::adjacent_find(taken), taken.end());
}

TEST_P(StoreClaims, AnExpiredLeaseReturnsTheJobAndABeatPutsThatOffWhereLeasesRunOut) {
    const auto beating = start(owner_), silent = start(owner_);
    runtime_.advance(kLease - Milliseconds{1});
    EXPECT_EQ(ok(store().rescue_expired()), 0U);
    EXPECT_EQ(beat(beating), BeatAnswer::held);
    runtime_.advance(Milliseconds{1});
    if (!GetParam().leases_run_out) {
        EXPECT_EQ(ok(store().rescue_expired()), 0U);
        EXPECT_EQ(beat(silent), BeatAnswer::held);
        return;
    }
    EXPECT_EQ(ok(store().rescue_expired()), 1U);
    EXPECT_EQ(read(silent).state, job::State::queued);
    EXPECT_EQ(read(silent).rescues, 1);
    EXPECT_EQ(read(beating).state, job::State::in_progress);
    EXPECT_EQ(beat(silent), BeatAnswer::lost);
}

TEST_P(StoreClaims, RescueReturnsEveryJobInProgressAndSaysWhy) {
    const auto first = start(owner_), second = start(owner_);
    enqueue(owner_);
    EXPECT_EQ(ok(store().rescue_all("the process ended")), 2U);
    for (const auto& job : {first, second}) {
        EXPECT_EQ(read(job).state, job::State::queued);
        const auto events = ok(store().events_after(owner_, job.id, 0, 100));
        EXPECT_EQ(events.back().kind, "rescued");
        EXPECT_NE(events.back().data.find("the process ended"), std::string::npos);
    }
    EXPECT_EQ(ok(store().rescue_all("again")), 0U);
}

TEST_P(StoreClaims, JobsThatCrashedTogetherAreBlamedNeitherButRunOneAtATime) {
    enqueue_many(owner_, 2);
    crash_together(2, 3);
    enqueue(owner_);
    const auto alone = claim(10);
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone[0].job.rescues, 3);
    EXPECT_TRUE(claim(10).empty());
    // A step that is durable clears it.
    ok(store().record_step(step(alone[0].job, "plan", "x")));
    const auto others = claim(10);
    ASSERT_EQ(others.size(), 1U);
    EXPECT_EQ(others[0].job.rescues, 0);
    EXPECT_EQ(count(job::State::queued), 1);
    complete(alone[0].job);
    complete(others[0].job);
    EXPECT_EQ(claim(10).size(), 1U);
    EXPECT_EQ(count(job::State::failed), 0);
}

TEST_P(StoreClaims, ASuspectThatTakesItsProcessDownAloneIsFailed) {
    enqueue_many(owner_, 2);
    crash_together(2, 3);
    const auto suspect = claim_one();
    EXPECT_EQ(ok(store().rescue_all("crash")), 1U);
    const auto failed = read(suspect);
    EXPECT_EQ(failed.state, job::State::failed);
    ASSERT_TRUE(failed.problem);
    EXPECT_EQ(failed.problem->code, "crashed");
    EXPECT_EQ(event_kinds(failed).back(), "given_up");
    EXPECT_NE(claim_one().id, suspect.id);
}

TEST_P(StoreClaims, SuspectsThatRanTogetherAllTheSameAreNotBlamed) {
    const auto first = enqueue(owner_), second = enqueue(owner_);
    crash_together(2, 3);
    ok(store().claim(only(first)));
    ok(store().claim(only(second)));
    EXPECT_EQ(ok(store().rescue_all("crash")), 2U);
    EXPECT_EQ(count(job::State::queued), 2);
}

TEST_P(StoreClaims, HandOversCountForNothing) {
    enqueue(owner_);
    for (int i = 0; i < 10; ++i) {
        const auto job = claim_one();
        ok(store().hand_over({{job.id, job.lease}}));
    }
    EXPECT_EQ(ok(store().claim(claim_request(1))).at(0).job.rescues, 0);
}

TEST_P(StoreClaims, AStepThatHangsThreeTimesFailsItsJob) {
    enqueue(owner_);
    for (int i = 0; i < 2; ++i) {
        const auto job = claim_one();
        EXPECT_EQ(ok(store().rescue(job.id, job.lease, "draft of 3.2")).state, job::State::queued);
    }
    const auto job = claim_one();
    const auto failed = ok(store().rescue(job.id, job.lease, "draft of 3.2"));
    EXPECT_EQ(failed.state, job::State::failed);
    EXPECT_EQ(failed.problem->code, "hung");
    EXPECT_NE(failed.problem->message.find("draft of 3.2"), std::string::npos);
}

TEST_P(StoreClaims, ARecordedStepWipesTheSlateOfHangs) {
    enqueue(owner_);
    for (int i = 0; i < 4; ++i) {
        const auto job = claim_one();
        ok(store().record_step(step(job, "step/" + std::to_string(i), "x")));
        EXPECT_EQ(ok(store().rescue(job.id, job.lease, "slow")).state, job::State::queued);
    }
}

TEST_P(StoreClaims, CountersAgreeWithTheJobs) {
    enqueue_many(owner_, 20);
    enqueue_many(new_id(), 2);
    const auto claimed = claim(6);
    complete(claimed[0].job);
    ok(store().fail(claimed[1].job.id, claimed[1].job.lease, {"x", "y"}));
    ok(store().cancel(claimed[2].job.owner, claimed[2].job.id));
    ok(store().retry(claimed[2].job.owner, claimed[2].job.id));
    ok(store().pause(claimed[3].job.id, claimed[3].job.lease, "{}"));
    ok(store().hand_over({{claimed[4].job.id, claimed[4].job.lease}}));
    const std::vector<std::pair<job::State, std::int64_t>> expected{
        {job::State::draft, 1},       {job::State::submitted, 0}, {job::State::queued, 18},
        {job::State::in_progress, 1}, {job::State::completed, 1}, {job::State::failed, 1},
        {job::State::cancelled, 0},   {job::State::moderated, 0}};
    EXPECT_EQ(ok(store().stats()).jobs, expected);
}

TEST_P(StoreClaims, TheOldestQueuedIsTheOneThatWaitsLongest) {
    EXPECT_EQ(ok(store().stats()).oldest_queued, std::nullopt);
    const auto first = enqueue(owner_);
    runtime_.advance(Milliseconds{500});
    const auto second = enqueue(owner_);
    EXPECT_EQ(ok(store().stats()).oldest_queued, first.updated_at);
    claim_one();
    EXPECT_EQ(ok(store().stats()).oldest_queued, second.updated_at);
}

}  // namespace longhand::store::conformance
