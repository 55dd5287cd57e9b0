// One stream of all jobs of an owner, and the places of jobs in the queue.
#pragma once

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

class StoreFeed : public StoreTest {
protected:
    FeedPage after(std::int64_t seq, std::size_t limit = 1000) { return ok(store().feed_after(owner_, seq, limit)); }
    std::vector<std::string> kinds(std::int64_t seq = 0) {
        std::vector<std::string> all;
        for (const auto& entry : after(seq).entries) all.push_back(entry.kind);
        return all;
    }
    JobsPage page() {
        JobsQuery query;
        query.owner = owner_;
        return ok(store().jobs_of_owner(query));
    }
};

TEST_P(StoreFeed, NothingIsEnteredForWhoDoesNotListen) {
    enqueue(owner_);
    EXPECT_TRUE(after(0).entries.empty());
    EXPECT_EQ(ok(store().open_feed(owner_)).last, 0);
    EXPECT_TRUE(after(0).entries.empty());
}

TEST_P(StoreFeed, WhatHappensToAllJobsIsInOneOrderWithoutAGap) {
    ok(store().open_feed(owner_));
    const auto first = enqueue(owner_), second = enqueue(owner_);
    enqueue(new_id());
    ok(store().cancel(owner_, first.id));
    ok(store().amend(owner_, second.id, {.starred = true, .title = {}}));
    ok(store().delete_job(owner_, first.id));
    ok(store().undelete_job(owner_, first.id, runtime_.wall_now() - Milliseconds{1}));
    const auto all = after(0).entries;
    EXPECT_EQ(kinds(), (std::vector<std::string>{"submitted", "queued", "submitted", "queued", "cancelled", "amended",
                                                 "deleted", "restored"}));
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].seq, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(all[0].job, first.id);
    EXPECT_EQ(all[0].event, 1);
    EXPECT_EQ(all[1].event, 2);
    EXPECT_EQ(all[2].job, second.id);
    EXPECT_EQ(all[5].event, std::nullopt);
    EXPECT_EQ(after(0).feed.last, 8);
}

TEST_P(StoreFeed, TheEndOfAProjectIsToldOfEachOfItsJobsOnce) {
    const Uuid project = new_project(owner_);
    const auto deleted = enqueue(owner_, project);
    ok(store().delete_job(owner_, deleted.id));
    const auto ended = enqueue(owner_, project);
    ok(store().cancel(owner_, ended.id));
    const auto running = enqueue(owner_, project);
    claim_one();
    ok(store().open_feed(owner_));
    ok(store().delete_project(owner_, project));
    std::vector<std::pair<Uuid, std::string>> told;
    for (const auto& entry : after(0).entries) told.emplace_back(entry.job, entry.kind);
    EXPECT_EQ(told, (std::vector<std::pair<Uuid, std::string>>{
                        {running.id, "cancelled"}, {running.id, "deleted"}, {ended.id, "deleted"}}));
}

TEST_P(StoreFeed, IsReadOnFromAnyEntryAndOverAReopening) {
    ok(store().open_feed(owner_));
    const auto job = enqueue(owner_);
    reopen();
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(kinds(1), (std::vector<std::string>{"queued", "cancelled"}));
    EXPECT_EQ(after(0, 2).entries.size(), 2U);
    EXPECT_TRUE(after(3).entries.empty());
}

TEST_P(StoreFeed, AWriteThatIsDroppedLeavesNoEntry) {
    ok(store().open_feed(owner_));
    const auto job = start(owner_);
    ok(store().cancel(owner_, job.id));
    const auto last = after(0).feed.last;
    EXPECT_EQ(error(store().record_step(step(job, "plan", "value"))), StoreErrc::stale);
    EXPECT_EQ(error(store().cancel(owner_, new_id())), StoreErrc::not_found);
    EXPECT_EQ(after(0).feed.last, last);
}

TEST_P(StoreFeed, EntriesGoAfterAWeekAndTheGapIsTold) {
    ok(store().open_feed(owner_));
    enqueue(owner_);
    runtime_.advance(std::chrono::hours(24 * 6));
    ok(store().open_feed(owner_));
    enqueue(owner_);
    // A job's second event of a millisecond is entered a millisecond later.
    runtime_.advance(std::chrono::hours(24) + Milliseconds{1});
    EXPECT_EQ(ok(store().drop_old_entries(1)), 1U);
    EXPECT_EQ(ok(store().drop_old_entries(10)), 1U);
    EXPECT_EQ(ok(store().drop_old_entries(10)), 0U);
    EXPECT_EQ(after(0).feed.since, 2);
    EXPECT_EQ(after(2).entries.size(), 2U);
}

TEST_P(StoreFeed, IsNotKeptForWhoHasNotAskedForAWeekAndTellsTheGap) {
    ok(store().open_feed(owner_));
    enqueue(owner_);
    runtime_.advance(std::chrono::hours(24 * 7));
    enqueue(owner_);
    EXPECT_EQ(after(0).feed.last, 2);
    const auto feed = ok(store().open_feed(owner_));
    // Behind the gap, so that it is told also to who has the newest entry of all.
    EXPECT_EQ(feed.last, 3);
    EXPECT_EQ(feed.since, 3);
    enqueue(owner_);
    const auto again = ok(store().open_feed(owner_));
    EXPECT_EQ(again.last, 5);
    EXPECT_EQ(again.since, 3);
    EXPECT_EQ(after(2).entries.size(), 2U);
    EXPECT_EQ(after(3).entries.size(), 2U);
}

TEST_P(StoreFeed, WhatADeletedJobsEventsSaidIsEmpty) {
    ok(store().open_feed(owner_));
    const auto job = start(owner_);
    ok(store().record_step(step(job, "section/1/draft", "value")));
    EXPECT_EQ(after(3, 1).entries.at(0).kind, "step");
    EXPECT_NE(after(3, 1).entries.at(0).data, "{}");
    ok(store().delete_job(owner_, job.id));
    runtime_.advance(Milliseconds{1});
    ok(store().purge_job(job.id));
    EXPECT_EQ(after(3, 1).entries.at(0).data, "{}");
}

TEST_P(StoreFeed, APageTellsThePlacesOfQueuedJobs) {
    const auto running = start(owner_);
    const auto foreign = enqueue(new_id());
    const auto first = enqueue(owner_), second = enqueue(owner_);
    const auto places = page().places;
    ASSERT_EQ(places.size(), 2U);
    EXPECT_FALSE(places.contains(running.id));
    // Fair: the other owner's one job and the first of these before the second.
    EXPECT_EQ(places.at(second.id), 3);
    EXPECT_LE(places.at(first.id), 2);
    EXPECT_FALSE(places.contains(foreign.id));
    claim(2);
    EXPECT_EQ(page().places.at(second.id), 1);
    ok(store().cancel(owner_, second.id));
    EXPECT_TRUE(page().places.empty());
}

}  // namespace longhand::store::conformance
