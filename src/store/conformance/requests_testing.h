// Requests that may be repeated: the answer and the change are there together, or neither is.
#pragma once

#include <thread>

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

class StoreRequests : public StoreTest {
protected:
    RepeatableRequest request(std::string key = "k1", std::string fingerprint = "aa") const {
        return {owner_, std::move(key), std::move(fingerprint)};
    }
    /// Keeps the id of the job that was made.
    Once<Enqueued> once(std::string key = "k1") const {
        return {request(std::move(key)), [](const StoreResult<Enqueued>& done) {
                    return done->busy ? std::nullopt : std::optional(KeptAnswer{200, done->job.id.to_string()});
                }};
    }
    std::optional<KeptRequest> kept(std::string key = "k1") { return ok(store().kept_answer(owner_, std::move(key))); }
    std::size_t jobs() {
        JobsQuery query;
        query.owner = owner_;
        return ok(store().jobs_of_owner(query)).jobs.size();
    }
};

TEST_P(StoreRequests, TheAnswerIsKeptWithTheChange) {
    EXPECT_FALSE(kept());
    const auto made = ok(store().enqueue(new_job(owner_, new_project(owner_)), once()));
    const auto found = kept();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->fingerprint, "aa");
    EXPECT_EQ(found->answer, (KeptAnswer{200, made.job.id.to_string()}));
    EXPECT_FALSE(ok(store().kept_answer(new_id(), "k1")));
    reopen();
    EXPECT_EQ(kept()->answer.body, made.job.id.to_string());
}

TEST_P(StoreRequests, ARequestThatWasAnsweredChangesNothingMore) {
    const Uuid first = new_project(owner_), second = new_project(owner_);
    ok(store().enqueue(new_job(owner_, first), once()));
    EXPECT_EQ(error(store().enqueue(new_job(owner_, second), once())), StoreErrc::repeated);
    EXPECT_EQ(jobs(), 1U);
    ok(store().enqueue(new_job(owner_, second), once("k2")));
    EXPECT_EQ(jobs(), 2U);
}

TEST_P(StoreRequests, AFailedVerbKeepsNoAnswer) {
    EXPECT_EQ(error(store().enqueue(new_job(owner_, new_id()), once())), StoreErrc::not_found);
    EXPECT_FALSE(kept());
    const Uuid project = new_project(owner_);
    enqueue(owner_, project);
    EXPECT_TRUE(ok(store().enqueue(new_job(owner_, project), once())).busy);
    EXPECT_FALSE(kept());
}

TEST_P(StoreRequests, EveryVerbThatARequestAsksForKeepsItsAnswer) {
    const auto say = [this](auto example, std::string key) {
        using T = decltype(example);
        return Once<T>{request(std::move(key)), [](const StoreResult<T>&) {
                           return std::optional(KeptAnswer{200, "done"});
                       }};
    };
    const auto project = ok(store().create_project(owner_, "Bees", "", say(Project{}, "create")));
    const auto job = ok(store().enqueue(new_job(owner_, project.id))).job;
    ok(store().cancel(owner_, job.id, say(job::Job{}, "cancel")));
    ok(store().retry(owner_, job.id, say(Enqueued{}, "retry")));
    const auto running = claim_one();
    ok(store().pause(running.id, running.lease, "{}"));
    ok(store().resume(owner_, job.id, {}, say(job::Job{}, "resume")));
    ProjectFile file;
    file.name = "a.txt";
    file.sha256 = "aa";
    file.path = "uploads/1";
    ok(store().add_files(owner_, project.id, {file, file}, say(AddedFiles{}, "files")));
    const Uuid user = ok(store().add_user("ada@example.org")).id;
    Once<void> key{request("key"), [](const StoreResult<void>&) { return std::optional(KeptAnswer{200, "done"}); }};
    ok(store().set_api_key(user, "hash", key));
    for (const char* name : {"create", "cancel", "retry", "resume", "files", "key"}) {
        ASSERT_TRUE(kept(name)) << name;
        EXPECT_EQ(kept(name)->answer.body, "done") << name;
    }
    // Run again they would do something else, or refuse.
    EXPECT_EQ(error(store().retry(owner_, job.id, say(Enqueued{}, "retry"))), StoreErrc::repeated);
    EXPECT_EQ(ok(store().files_of_project(owner_, project.id)).size(), 1U);
}

TEST_P(StoreRequests, FilesOfOneRequestAreKeptEachByItself) {
    const Uuid project = new_project(owner_);
    ProjectFile first, second;
    first.sha256 = "aa";
    first.path = "uploads/1";
    second.sha256 = "bb";
    second.path = "uploads/2";
    const auto added = ok(store().add_files(owner_, project, {first, first, second}));
    ASSERT_EQ(added.size(), 3U);
    EXPECT_EQ(added[0]->path, "uploads/1");
    EXPECT_FALSE(added[1]);
    EXPECT_EQ(added[2]->path, "uploads/2");
    EXPECT_EQ(error(store().add_files(new_id(), project, {first})), StoreErrc::not_found);
}

TEST_P(StoreRequests, FilesOfOneRequestAreListedAsTheyCame) {
    const Uuid project = new_project(owner_);
    std::vector<ProjectFile> files(20);
    for (std::size_t i = 0; i < files.size(); ++i) {
        files[i].name = files[i].sha256 = std::to_string(i);
        files[i].path = "uploads/" + files[i].name;
    }
    ok(store().add_files(owner_, project, files));
    const auto listed = ok(store().files_of_project(owner_, project));
    ASSERT_EQ(listed.size(), files.size());
    for (std::size_t i = 0; i < files.size(); ++i) EXPECT_EQ(listed[i].name, files[i].name) << i;
}

TEST_P(StoreRequests, AnAnswerWithoutAChangeIsKeptOnce) {
    ok(store().keep_answer(request(), {404, "none"}));
    EXPECT_EQ(error(store().keep_answer(request(), {200, "later"})), StoreErrc::repeated);
    EXPECT_EQ(kept()->answer, (KeptAnswer{404, "none"}));
}

TEST_P(StoreRequests, AnswersAreDroppedAfterADay) {
    ok(store().keep_answer(request("old"), {200, "old"}));
    runtime_.advance(std::chrono::hours(23));
    ok(store().keep_answer(request("young"), {200, "young"}));
    EXPECT_EQ(ok(store().drop_old_answers(10)), 0U);
    EXPECT_TRUE(kept("old"));
    runtime_.advance(std::chrono::hours(1));
    // Over, whether it was dropped or not.
    EXPECT_FALSE(kept("old"));
    ok(store().keep_answer(request("old", "bb"), {200, "new"}));
    EXPECT_EQ(kept("old")->answer.body, "new");
    runtime_.advance(std::chrono::hours(23));
    EXPECT_EQ(ok(store().drop_old_answers(10)), 1U);
    EXPECT_FALSE(kept("young"));
    EXPECT_TRUE(kept("old"));
}

TEST_P(StoreRequests, OfAHundredAtOnceOneIsDone) {
    constexpr int kAtOnce = 100;
    std::vector<Uuid> projects;
    for (int i = 0; i < kAtOnce; ++i) projects.push_back(new_project(owner_));
    std::atomic<int> done = 0, refused = 0;
    std::vector<std::thread> threads;
    for (const Uuid& project : projects) {
        threads.emplace_back([&, project] {
            const auto made = ManualRuntime::run_alone(store().enqueue(new_job(owner_, project), once()));
            if (made) ++done;
            if (!made && made.error().code == StoreErrc::repeated) ++refused;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(refused, kAtOnce - 1);
    EXPECT_EQ(jobs(), 1U);
}

}  // namespace longhand::store::conformance
