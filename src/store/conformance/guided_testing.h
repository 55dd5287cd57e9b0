// The milestones of guided jobs: stops, the user's word, versions, and what the project shows.
#pragma once

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

class StoreGuided : public StoreTest {
protected:
    using Milestone = job::Milestone;

    NewJob guided_job(Uuid project, job::MilestoneTexts texts = {}) {
        NewJob request = new_job(owner_, project);
        request.settings.guided = true;
        request.settings.milestones = std::move(texts);
        return request;
    }
    ClaimedJob claim_again() { return claim(1).at(0); }
    job::Job start_guided(job::MilestoneTexts texts = {}) {
        ok(store().enqueue(guided_job(new_project(owner_), std::move(texts))));
        return claim_again().job;
    }
    static AwaitUser stop_at(const job::Job& job, Milestone milestone, job::ShownTexts shown) {
        return {.job = job.id, .lease = job.lease, .milestone = milestone, .shown = std::move(shown)};
    }
    /// As the model gave them, each by a step named after its text.
    static job::ShownTexts shown(std::vector<std::string> texts) {
        job::ShownTexts all;
        for (std::size_t i = 0; i < texts.size(); ++i) all.each[i] = {texts[i], "milestone/" + texts[i]};
        return all;
    }
    static job::UserSaid says(Milestone milestone, std::string text) {
        job::UserSaid said;
        said.texts[milestone] = std::move(text);
        return said;
    }
    Project project_of(const job::Job& job) { return ok(store().project_for_owner(owner_, job.project)); }
    Draft draft(const job::Job& job) { return ok(store().draft_for_owner(owner_, job.id)); }
};

TEST_P(StoreGuided, AStopIsADraftThatItsProjectShows) {
    const job::Job job = start_guided();
    EXPECT_EQ(draft(job).waits_at, std::nullopt);
    const job::Job stopped = ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    EXPECT_EQ(stopped.state, job::State::draft);
    EXPECT_EQ(stopped.stage, job::Stage::waiting_for_user);
    EXPECT_EQ(read(job), stopped);
    EXPECT_EQ(draft(job).waits_at, Milestone::description);
    EXPECT_EQ(draft(job).texts[Milestone::description], "a");
    EXPECT_EQ(project_of(job).work_description, "a");
    EXPECT_EQ(project_of(job).work_details, "");
    EXPECT_EQ(event_kinds(job).back(), "waiting_for_user");
    EXPECT_EQ(error(store().await_user(stop_at(job, Milestone::details, shown({"a", "b"})))), StoreErrc::stale);
    EXPECT_EQ(draft(job).versions.size(), 1U) << "a late stop changes nothing";
    EXPECT_TRUE(ok(store().enqueue(new_job(owner_, job.project))).busy.has_value());
}

TEST_P(StoreGuided, TheUsersWordIsKeptWithTheTransitionAndGivenToTheNextRun) {
    const job::Job job = start_guided();
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    job::UserSaid said = says(Milestone::description, "mine");
    said.texts[Milestone::vision] = "ahead";
    EXPECT_EQ(error(store().go_on(new_id(), job.id, {}, said)), StoreErrc::not_found);
    EXPECT_EQ(ok(store().go_on(owner_, job.id, {}, said)).state, job::State::queued);
    EXPECT_EQ(error(store().go_on(owner_, job.id, {}, said)), StoreErrc::wrong_state);
    reopen();
    EXPECT_EQ(project_of(job).work_description, "mine");
    EXPECT_EQ(project_of(job).work_vision, "ahead");
    const job::Guidance guidance = claim_again().guidance;
    EXPECT_EQ(guidance.of[Milestone::description].text, "mine");
    EXPECT_TRUE(guidance.has_passed(Milestone::description, "milestone/a"));
    EXPECT_TRUE(guidance.has_passed(Milestone::vision, ""));
    EXPECT_FALSE(guidance.has_passed(Milestone::details, ""));
    EXPECT_EQ(guidance.of[Milestone::details].text, std::nullopt);
    EXPECT_FALSE(guidance.skips);
    const auto versions = draft(job).versions;
    ASSERT_EQ(versions.size(), 3U);
    EXPECT_EQ(versions[0].text, "a");
    EXPECT_EQ(versions[0].key, "milestone/a");
    EXPECT_FALSE(versions[0].by_user);
    EXPECT_EQ(versions[1].text, "mine");
    EXPECT_EQ(versions[1].version, 2);
    EXPECT_TRUE(versions[1].by_user);
}

TEST_P(StoreGuided, SkippingIsKept) {
    const job::Job job = start_guided();
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    job::UserSaid said;
    said.skips = true;
    ok(store().go_on(owner_, job.id, {}, said));
    EXPECT_TRUE(claim_again().guidance.skips);
    EXPECT_TRUE(draft(job).guidance.skips);
}

TEST_P(StoreGuided, AChangeOfTheProjectIsAnEditWhileTheJobWaits) {
    const job::Job job = start_guided();
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    ProjectChange change;
    change.work_description = "by the project";
    change.work_details = "";
    change.title = "Another title";
    ok(store().update_project(owner_, job.project, change));
    EXPECT_EQ(draft(job).texts[Milestone::description], "by the project");
    ok(store().resume(owner_, job.id, {}));
    const job::Guidance guidance = claim_again().guidance;
    EXPECT_EQ(guidance.of[Milestone::description].text, "by the project");
    EXPECT_EQ(guidance.of[Milestone::details].text, std::nullopt) << "it was empty, and still is";
}

TEST_P(StoreGuided, AChangeOfTheProjectWhileTheJobRunsStandsAtItsNextStop) {
    const job::Job job = start_guided();
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    ok(store().resume(owner_, job.id, {}));
    const job::Job again = claim_again().job;
    ProjectChange change;
    change.work_description = "late";
    ok(store().update_project(owner_, job.project, change));
    EXPECT_EQ(draft(job).texts[Milestone::description], "a");
    ok(store().await_user(stop_at(again, Milestone::details, shown({"a", "b"}))));
    EXPECT_EQ(draft(job).texts[Milestone::description], "late");
    EXPECT_EQ(project_of(job).work_description, "late");
    EXPECT_EQ(project_of(job).work_details, "b");
    EXPECT_EQ(draft(job).waits_at, Milestone::details);
}

TEST_P(StoreGuided, WhatAnotherJobLeftInTheProjectIsNobodysWord) {
    const job::Job first = start_guided();
    ok(store().await_user(stop_at(first, Milestone::description, shown({"a"}))));
    ok(store().cancel(owner_, first.id));
    ok(store().enqueue(guided_job(first.project)));
    const job::Job second = claim_again().job;
    EXPECT_EQ(project_of(second).work_description, "") << "the new job has none yet";
    ok(store().await_user(stop_at(second, Milestone::description, shown({"z"}))));
    ok(store().cancel(owner_, second.id));
    ok(store().retry(owner_, first.id));
    const job::Job again = claim_again().job;
    ok(store().await_user(stop_at(again, Milestone::description, shown({"a"}))));
    EXPECT_EQ(draft(first).texts[Milestone::description], "a");
    EXPECT_EQ(draft(first).versions.size(), 1U) << "the same stop again is no new version";
    EXPECT_EQ(project_of(first).work_description, "a");
}

TEST_P(StoreGuided, TextsThatWereThereBeforeAreShownAtTheFirstStopAndStand) {
    job::MilestoneTexts before;
    before[Milestone::description] = "given";
    const job::Job job = start_guided(before);
    EXPECT_EQ(project_of(job).work_description, "given");
    EXPECT_EQ(draft(job).texts[Milestone::description], "given");
    job::ShownTexts texts;
    texts[Milestone::description].text = "given";
    ok(store().await_user(stop_at(job, Milestone::description, texts)));
    ASSERT_EQ(draft(job).versions.size(), 1U);
    EXPECT_TRUE(draft(job).versions[0].by_user);
    ok(store().resume(owner_, job.id, {}));
    EXPECT_TRUE(claim_again().guidance.has_passed(Milestone::description, ""));
}

TEST_P(StoreGuided, AnEmptyTextGivesTheWordBackToTheModel) {
    const job::Job job = start_guided();
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    ok(store().go_on(owner_, job.id, {}, says(Milestone::description, "")));
    const job::Guidance guidance = claim_again().guidance;
    EXPECT_EQ(guidance.of[Milestone::description].text, "");
    EXPECT_TRUE(guidance.has_passed(Milestone::description, "milestone/a"));
}

TEST_P(StoreGuided, ItsBudgetNeedsNoRaisingAndAPauseForABudgetTakesNoWord) {
    NewJob request = guided_job(new_project(owner_));
    request.budget.max_tokens = 1000;
    ok(store().enqueue(request));
    const job::Job job = claim_again().job;
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    ok(store().resume(owner_, job.id, {}));
    const job::Job again = claim_again().job;
    ok(store().pause(again.id, again.lease, "{}"));
    EXPECT_EQ(draft(job).waits_at, std::nullopt);
    EXPECT_EQ(error(store().go_on(owner_, job.id, {{}, 5000}, says(Milestone::description, "x"))),
              StoreErrc::wrong_state);
    EXPECT_EQ(error(store().go_on(owner_, job.id, {}, {})), StoreErrc::budget);
    EXPECT_EQ(ok(store().go_on(owner_, job.id, {{}, 5000}, {})).state, job::State::queued);
}

TEST_P(StoreGuided, ADeletedProjectTakesItsMilestonesAlong) {
    const job::Job job = start_guided();
    ok(store().await_user(stop_at(job, Milestone::description, shown({"a"}))));
    ok(store().delete_project(owner_, job.project));
    EXPECT_EQ(error(store().draft_for_owner(owner_, job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().draft_for_owner(new_id(), job.id)), StoreErrc::not_found);
}

}  // namespace longhand::store::conformance
