// An owner's marks on a job; deleting it, bringing it back, and what stays when it is purged.
#pragma once

#include <algorithm>

#include "store/conformance/fixture_testing.h"
#include "store/file_store.h"

namespace longhand::store::conformance {

class StoreDeletion : public StoreTest {
protected:
    job::Job amend(const job::Job& job, job::Amendment amendment) {
        return ok(store().amend(job.owner, job.id, std::move(amendment)));
    }
    WallTime remove(const job::Job& job) { return ok(store().delete_job(job.owner, job.id)); }
    bool is_there(const job::Job& job) { return !error(store().job_for_owner(job.owner, job.id)); }
    std::vector<Uuid> listed() {
        JobsQuery query;
        query.owner = owner_;
        std::vector<Uuid> ids;
        for (const auto& job : ok(store().jobs_of_owner(query)).jobs) ids.push_back(job.id);
        return ids;
    }
    std::int64_t total() {
        JobsQuery query;
        query.owner = owner_;
        return ok(store().jobs_of_owner(query)).total;
    }
    static CallIntent intent(const job::Job& job) {
        CallIntent intent;
        intent.job = job.id;
        intent.lease = job.lease;
        intent.key = "section/1/draft";
        intent.provider = kProvider;
        intent.model = "m/writer";
        intent.prompt_tokens = 100;
        intent.most_completion_tokens = 40;
        intent.price = job::Price{UsdMicros{1'000'000}, UsdMicros{10'000'000}, UsdMicros{1'000'000}};
        return intent;
    }
    static CallEnd end_of(const job::Job& job, Uuid call) {
        CallEnd end;
        end.job = job.id;
        end.call = call;
        end.tokens = {.prompt = 90, .completion = 20, .cached = 5, .reasoning = 3};
        return end;
    }
    std::vector<Usage> usage(const std::string& from = "0000-01", const std::string& to = "9999-12") {
        return ok(store().usage_of_owner(owner_, from, to));
    }
    WallTime long_ago() { return runtime_.wall_now() - std::chrono::minutes(10); }
};

TEST_P(StoreDeletion, AMarkIsKeptInWhateverStateAndMovesTheRow) {
    const auto queued = enqueue(owner_);
    const auto starred = amend(queued, {.starred = true, .title = {}});
    EXPECT_TRUE(starred.is_starred);
    EXPECT_GT(starred.updated_at, queued.updated_at);
    EXPECT_EQ(read(queued), starred);
    auto done = completion(claim_one());
    ok(store().complete(done));
    EXPECT_TRUE(read(queued).is_starred);
    const auto renamed = amend(queued, {.starred = {}, .title = "Bees"});
    EXPECT_EQ(renamed.title, "Bees");
    EXPECT_TRUE(renamed.is_starred);
    EXPECT_FALSE(amend(queued, {.starred = false, .title = {}}).is_starred);
    EXPECT_EQ(read(queued).title, "Bees");
    EXPECT_EQ(event_kinds(queued), (std::vector<std::string>{"submitted", "queued", "claimed", "completed"}));
    EXPECT_EQ(error(store().amend(new_id(), queued.id, {.starred = true, .title = {}})), StoreErrc::not_found);
}

TEST_P(StoreDeletion, ATitleThatItsOwnerGaveStandsAgainstTheWritings) {
    const auto running = start(owner_);
    amend(running, {.starred = {}, .title = "Mine"});
    auto told = report(20);
    told.title = "The model's";
    ok(store().extend(worker_, kLease, {{running.id, running.lease, told}}));
    EXPECT_EQ(read(running).title, "Mine");
}

TEST_P(StoreDeletion, ADeletedJobIsNotThereForAnybody) {
    const auto kept = enqueue(owner_), job = start(owner_);
    ok(store().record_step(step(job, "plan", "value")));
    remove(job);
    EXPECT_EQ(listed(), std::vector<Uuid>{kept.id});
    EXPECT_EQ(total(), 1);
    EXPECT_EQ(count(job::State::cancelled), 0);
    const auto gone = StoreErrc::not_found;
    EXPECT_EQ(error(store().job_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().watched_job(owner_, job.id)), gone);
    EXPECT_EQ(error(store().settings_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().events_after(owner_, job.id, 0, 10)), gone);
    EXPECT_EQ(error(store().journal_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().partial_text_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().outputs_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().sources_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().ledger_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().budget_for_owner(owner_, job.id)), gone);
    EXPECT_EQ(error(store().add_output(owner_, job.id, {})), gone);
    EXPECT_EQ(error(store().amend(owner_, job.id, {})), gone);
    EXPECT_EQ(error(store().cancel(owner_, job.id)), gone);
    EXPECT_EQ(error(store().retry(owner_, job.id)), gone);
    EXPECT_EQ(error(store().resume(owner_, job.id, {})), gone);
    EXPECT_EQ(error(store().delete_job(owner_, job.id)), gone);
    JobsQuery by_id;
    by_id.owner = owner_;
    by_id.ids = {job.id, kept.id};
    EXPECT_EQ(ok(store().jobs_of_owner(by_id)).total, 1);
    by_id.ids.clear();
    by_id.project = job.project;
    EXPECT_EQ(ok(store().jobs_of_owner(by_id)).total, 0);
}

TEST_P(StoreDeletion, ARunningJobIsCancelledAndItsHolderIsStale) {
    const auto job = start(owner_);
    remove(job);
    EXPECT_EQ(error(store().record_step(step(job, "plan", "value"))), StoreErrc::stale);
    EXPECT_EQ(beat(job), BeatAnswer::cancelled);
    // Its project is free.
    ok(store().enqueue(new_job(owner_, job.project)));
}

TEST_P(StoreDeletion, OnlyItsOwnerDeletesOrBringsBack) {
    const auto job = enqueue(owner_);
    EXPECT_EQ(error(store().delete_job(new_id(), job.id)), StoreErrc::not_found);
    EXPECT_TRUE(is_there(job));
    remove(job);
    EXPECT_EQ(error(store().undelete_job(new_id(), job.id, long_ago())), StoreErrc::not_found);
    EXPECT_FALSE(is_there(job));
}

TEST_P(StoreDeletion, AJobIsBroughtBackAsItWas) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "plan", "value")));
    remove(job);
    const auto back = ok(store().undelete_job(owner_, job.id, long_ago()));
    EXPECT_EQ(back.state, job::State::cancelled);
    EXPECT_EQ(read(job), back);
    EXPECT_EQ(listed(), std::vector<Uuid>{job.id});
    EXPECT_EQ(count(job::State::cancelled), 1);
    EXPECT_EQ(ok(store().journal_for_owner(owner_, job.id)).size(), 1U);
    EXPECT_EQ(event_kinds(job).back(), "cancelled");
    EXPECT_EQ(ok(store().retry(owner_, job.id)).job.state, job::State::queued);
    EXPECT_EQ(error(store().undelete_job(owner_, job.id, long_ago())), StoreErrc::not_found);
}

TEST_P(StoreDeletion, AJobIsBroughtBackOnlyWhileItIsTime) {
    const auto job = enqueue(owner_);
    const WallTime at = remove(job);
    EXPECT_EQ(error(store().undelete_job(owner_, job.id, at)), StoreErrc::not_found);
    EXPECT_FALSE(error(store().undelete_job(owner_, job.id, at - Milliseconds{1})));
}

TEST_P(StoreDeletion, OfAPurgedJobWhatItCostStaysAndNothingElse) {
    const Uuid project = new_project(owner_);
    ProjectFile file;
    file.owner = owner_;
    file.project = project;
    file.sha256 = "aa";
    file.path = "uploads/alone";
    const auto alone = ok(store().add_file(file));
    file.sha256 = "bb";
    file.path = "uploads/shared";
    ok(store().add_file(file));
    enqueue(owner_, project);
    const auto job = claim_one();
    ok(store().delete_file(owner_, alone.id));
    const Uuid call = ok(store().reserve_call(intent(job)));
    ok(store().settle_call(end_of(job, call)));
    const Uuid late = ok(store().reserve_call(intent(job)));
    auto done = completion(job);
    done.outputs = {{"pdf", "cc", 1, 17, "artifacts/of-job", false}};
    ok(store().complete(done));
    remove(job);
    EXPECT_TRUE(ok(store().jobs_to_purge(runtime_.wall_now(), 10)).empty());
    ok(store().purge_job(new_id()));
    runtime_.advance(Milliseconds{1});
    const auto due = ok(store().jobs_to_purge(runtime_.wall_now(), 10));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].job, job.id);
    auto paths = due[0].paths;
    std::ranges::sort(paths);
    std::vector<std::string> expected = {"artifacts/of-job", FileStore::artifact_folder(job.id),
                                         FileStore::index_file(project), "uploads/alone"};
    std::ranges::sort(expected);
    EXPECT_EQ(paths, expected);
    ok(store().purge_job(job.id));
    EXPECT_TRUE(ok(store().jobs_to_purge(runtime_.wall_now(), 10)).empty());
    EXPECT_EQ(error(store().undelete_job(owner_, job.id, long_ago())), StoreErrc::not_found);
    EXPECT_TRUE(ok(store().journal(job.id)).empty());
    // A call whose end is heard of later still counts for its owner.
    EXPECT_FALSE(error(store().settle_call(end_of(job, late))));
    const auto rows = usage();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].model, "m/writer");
    EXPECT_EQ(rows[0].calls, 2);
    EXPECT_EQ(rows[1].works, 1);
    EXPECT_EQ(rows[1].pages, 17);
}

TEST_P(StoreDeletion, AFileThatOnlyDeletedJobsNameGoesWithThem) {
    const Uuid project = new_project(owner_);
    ProjectFile file;
    file.owner = owner_;
    file.project = project;
    file.sha256 = "aa";
    file.path = "uploads/alone";
    const Uuid kept = ok(store().add_file(file)).id;
    std::vector<job::Job> jobs;
    for (int i = 0; i < 3; ++i) {
        enqueue(owner_, project);
        jobs.push_back(claim_one());
        ok(store().complete(completion(jobs.back())));
    }
    ok(store().delete_file(owner_, kept));
    remove(jobs[0]);
    remove(jobs[1]);
    runtime_.advance(Milliseconds{1});
    const auto names_it = [](const DeletedJob& job) { return std::ranges::count(job.paths, "uploads/alone"); };
    for (const DeletedJob& due : ok(store().jobs_to_purge(runtime_.wall_now(), 10))) EXPECT_EQ(names_it(due), 0);
    remove(jobs[2]);
    runtime_.advance(Milliseconds{1});
    const auto due = ok(store().jobs_to_purge(runtime_.wall_now(), 10));
    ASSERT_EQ(due.size(), 3U);
    for (const DeletedJob& job : due) EXPECT_EQ(names_it(job), 1);
}

TEST_P(StoreDeletion, WhatWasReadGoesWithTheLastThatHasIt) {
    const Uuid project = new_project(owner_), other = new_project(owner_);
    ProjectFile file;
    file.owner = owner_;
    file.project = project;
    file.sha256 = "of-file";
    file.path = "uploads/alone";
    const Uuid kept = ok(store().add_file(file)).id;
    const Uuid stranger = ok(store().add_user("stranger@example.org")).id;
    const auto read_text = [&](const Uuid& owner, const std::string& sha256, std::optional<Uuid> link_of = {}) {
        StoredSource source{.sha256 = sha256, .title = "Bees", .kind = "text", .passages = {}};
        source.passages.push_back({.key = sha256 + "/0", .file_sha256 = sha256, .locator = "", .text = "A hive."});
        ok(store().put_source(owner, source, link_of));
    };
    file.owner = stranger;
    file.project = new_project(stranger);
    ok(store().add_file(file));
    const auto is_kept = [&](const std::string& sha256) { return !error(store().source(owner_, sha256, "")); };
    const auto finished = [&](const Uuid& of) {
        enqueue(owner_, of);
        const auto job = claim_one();
        ok(store().complete(completion(job)));
        return job;
    };
    const auto purge = [&](const job::Job& job) {
        remove(job);
        ok(store().purge_job(job.id));
    };
    const auto first = finished(project), second = finished(project), third = finished(other);
    read_text(owner_, "of-file");
    read_text(stranger, "of-file");
    read_text(owner_, "of-link", first.id);
    read_text(owner_, "of-both", first.id);
    read_text(owner_, "of-both", third.id);
    purge(first);
    EXPECT_FALSE(is_kept("of-link"));
    EXPECT_TRUE(is_kept("of-both"));
    EXPECT_TRUE(is_kept("of-file"));
    ok(store().delete_project(owner_, other));
    EXPECT_FALSE(is_kept("of-both"));
    // The second job began with it.
    ok(store().delete_file(owner_, kept));
    EXPECT_TRUE(is_kept("of-file"));
    purge(second);
    EXPECT_FALSE(is_kept("of-file"));
    EXPECT_FALSE(error(store().source(stranger, "of-file", "")));
}

TEST_P(StoreDeletion, AFileThatNoJobBeganWithGoesWithWhatWasReadOfIt) {
    const Uuid project = new_project(owner_);
    ProjectFile file;
    file.owner = owner_;
    file.project = project;
    file.sha256 = "aa";
    const Uuid id = ok(store().add_file(file)).id;
    StoredSource source{.sha256 = "aa", .title = "Bees", .kind = "text", .passages = {}};
    ok(store().put_source(owner_, source));
    ok(store().delete_file(owner_, id));
    EXPECT_EQ(error(store().source(owner_, "aa", "")), StoreErrc::not_found);
}

TEST_P(StoreDeletion, AJobThatIsThereIsNotPurged) {
    const auto job = enqueue(owner_);
    ok(store().purge_job(job.id));
    EXPECT_TRUE(is_there(job));
}

TEST_P(StoreDeletion, AProjectIsDeletedWithItsDeletedJobs) {
    const auto job = enqueue(owner_);
    remove(job);
    ok(store().delete_project(owner_, job.project));
    EXPECT_EQ(count(job::State::cancelled), 0);
    EXPECT_EQ(error(store().undelete_job(owner_, job.id, long_ago())), StoreErrc::not_found);
}

TEST_P(StoreDeletion, UsageIsByMonthProjectAndModel) {
    const auto job = start(owner_);
    ok(store().settle_call(end_of(job, ok(store().reserve_call(intent(job))))));
    auto other = intent(job);
    other.model = "m/planner";
    other.price.reset();
    ok(store().settle_call(end_of(job, ok(store().reserve_call(other)))));
    const Uuid running = ok(store().reserve_call(intent(job)));
    runtime_.advance(std::chrono::hours(24 * 31));
    ok(store().settle_call(end_of(job, running)));
    const auto rows = usage();
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].month, "2025-07");
    EXPECT_EQ(rows[0].project, job.project);
    EXPECT_EQ(rows[0].model, "m/planner");
    EXPECT_EQ(rows[0].unknown_costs, 1);
    EXPECT_EQ(rows[0].cost, UsdMicros{});
    EXPECT_EQ(rows[1].model, "m/writer");
    EXPECT_EQ(rows[1].calls, 1);
    EXPECT_EQ(rows[1].tokens, (job::CallTokens{.prompt = 90, .completion = 20, .cached = 5, .reasoning = 3}));
    EXPECT_EQ(rows[1].cost, UsdMicros{290});
    EXPECT_EQ(rows[2].month, "2025-08");
    EXPECT_EQ(usage("2025-08").size(), 1U);
    EXPECT_EQ(usage("0000-01", "2025-07").size(), 2U);
    EXPECT_TRUE(ok(store().usage_of_owner(new_id(), "0000-01", "9999-12")).empty());
}

TEST_P(StoreDeletion, ACostThatBecomesKnownLaterIsCountedOnceAndInItsMonth) {
    const auto job = start(owner_);
    const Uuid call = ok(store().reserve_call(intent(job)));
    auto guess = end_of(job, call);
    guess.state = job::CallState::estimated;
    ok(store().settle_call(guess));
    runtime_.advance(std::chrono::hours(24 * 31));
    auto truth = end_of(job, call);
    truth.tokens.completion = 30;
    truth.cost = UsdMicros{1234};
    ok(store().settle_call(truth));
    const auto rows = usage();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].month, "2025-07");
    EXPECT_EQ(rows[0].calls, 1);
    EXPECT_EQ(rows[0].tokens.completion, 30);
    EXPECT_EQ(rows[0].cost, UsdMicros{1234});
}

}  // namespace longhand::store::conformance
