// Projects, files, users, keys, and lists of jobs.
#pragma once

#include <algorithm>
#include <tuple>

#include "store/conformance/fixture_testing.h"
#include "store/file_store.h"

namespace longhand::store::conformance {

class StoreProjects : public StoreTest {
protected:
    ProjectFile file(Uuid project, std::string hash, std::string path) {
        ProjectFile file;
        file.owner = owner_;
        file.project = project;
        file.name = hash + ".txt";
        file.type = "text/plain";
        file.size = 3;
        file.sha256 = std::move(hash);
        file.path = std::move(path);
        return file;
    }
};

TEST_P(StoreProjects, AProjectIsReadBackAndListedNewestFirst) {
    const auto first = ok(store().create_project(owner_, "Bees", "a@example.org"));
    runtime_.advance(Milliseconds{1});
    const auto second = ok(store().create_project(owner_, "Ants", ""));
    const auto read = ok(store().project_for_owner(owner_, first.id));
    EXPECT_EQ(read.title, "Bees");
    EXPECT_EQ(read.email, "a@example.org");
    EXPECT_EQ(read.author, "");
    EXPECT_EQ(read.created_at, first.created_at);
    const auto all = ok(store().projects_of_owner(owner_));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].id, second.id);
    EXPECT_TRUE(ok(store().projects_of_owner(new_id())).empty());
}

TEST_P(StoreProjects, AnUpdateChangesWhatItNamesAndNoMore) {
    const auto project = ok(store().create_project(owner_, "Bees", "a@example.org"));
    ProjectChange change;
    change.author = "A. Keeper";
    change.questions_answers = "[]";
    const auto updated = ok(store().update_project(owner_, project.id, change));
    EXPECT_GT(updated.updated_at, project.updated_at);
    const auto read = ok(store().project_for_owner(owner_, project.id));
    EXPECT_EQ(read.author, "A. Keeper");
    EXPECT_EQ(read.questions_answers, "[]");
    EXPECT_EQ(read.title, "Bees");
    EXPECT_EQ(read.updated_at, updated.updated_at);
}

TEST_P(StoreProjects, AFileIsInItsProjectOnce) {
    const Uuid project = new_project(owner_), other = new_project(owner_);
    const auto stored = ok(store().add_file(file(project, "aa", "uploads/1")));
    EXPECT_FALSE(stored.id.is_nil());
    EXPECT_EQ(error(store().add_file(file(project, "aa", "uploads/2"))), StoreErrc::duplicate);
    EXPECT_EQ(error(store().add_file(file(other, "aa", "uploads/2"))), std::nullopt);
    EXPECT_EQ(error(store().add_file(file(new_id(), "aa", "uploads/3"))), StoreErrc::not_found);
    const auto files = ok(store().files_of_project(owner_, project));
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].name, "aa.txt");
    EXPECT_EQ(files[0].path, "uploads/1");
    EXPECT_EQ(ok(store().file_for_owner(owner_, stored.id)).sha256, "aa");
}

TEST_P(StoreProjects, OfPathsThoseThatNothingNamesAreTold) {
    const Uuid project = new_project(owner_);
    ok(store().add_file(file(project, "aa", "uploads/1")));
    const std::vector<std::string> paths = {"uploads/0", "uploads/1", "uploads/2"};
    EXPECT_EQ(ok(store().unnamed(paths)), (std::vector<std::string>{"uploads/0", "uploads/2"}));
}

TEST_P(StoreProjects, ADeletedFileIsKeptForTheJobsThatBeganWithIt) {
    const Uuid project = new_project(owner_), other = new_project(owner_);
    const auto alone = ok(store().add_file(file(project, "aa", "uploads/1")));
    const auto twice = ok(store().add_file(file(project, "bb", "uploads/2")));
    ok(store().add_file(file(other, "bb", "uploads/2")));
    const auto used = ok(store().add_file(file(other, "cc", "uploads/3")));
    const auto job = enqueue(owner_, other);
    EXPECT_EQ(error(store().delete_file(new_id(), alone.id)), StoreErrc::not_found);
    const std::string index = FileStore::index_file(project);
    using Paths = std::vector<std::string>;
    EXPECT_EQ(ok(store().delete_file(owner_, alone.id)), (Paths{index, "uploads/1"}));
    EXPECT_EQ(ok(store().delete_file(owner_, twice.id)), Paths{index});
    EXPECT_EQ(ok(store().delete_file(owner_, used.id)), Paths{FileStore::index_file(other)});
    EXPECT_EQ(error(store().delete_file(owner_, alone.id)), StoreErrc::not_found);
    EXPECT_TRUE(ok(store().files_of_project(owner_, project)).empty());
    EXPECT_EQ(ok(store().files_of_project(owner_, other)).size(), 1U);
    EXPECT_EQ(ok(store().sources_for_owner(owner_, job.id)).size(), 2U);
    ok(store().add_file(file(project, "aa", "uploads/4")));
}

TEST_P(StoreProjects, AFileAddedLaterIsNoSourceOfAJobThatHasStarted) {
    const Uuid project = new_project(owner_);
    ok(store().add_file(file(project, "aa", "uploads/1")));
    const auto job = enqueue(owner_, project);
    ok(store().add_file(file(project, "bb", "uploads/2")));
    EXPECT_EQ(ok(store().sources_for_owner(owner_, job.id)).size(), 1U);
}

TEST_P(StoreProjects, AnotherOwnersProjectIsNotThere) {
    const Uuid project = new_project(owner_);
    const auto stored = ok(store().add_file(file(project, "aa", "uploads/1")));
    const Uuid other = new_id();
    EXPECT_EQ(error(store().project_for_owner(other, project)), StoreErrc::not_found);
    EXPECT_EQ(error(store().update_project(other, project, {})), StoreErrc::not_found);
    EXPECT_EQ(error(store().delete_project(other, project)), StoreErrc::not_found);
    EXPECT_EQ(error(store().files_of_project(other, project)), StoreErrc::not_found);
    EXPECT_EQ(error(store().file_for_owner(other, stored.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().enqueue(new_job(other, project))), StoreErrc::not_found);
    auto foreign = file(project, "bb", "uploads/2");
    foreign.owner = other;
    EXPECT_EQ(error(store().add_file(foreign)), StoreErrc::not_found);
}

TEST_P(StoreProjects, DeletingAProjectCancelsItsJobAndLeavesNothing) {
    const Uuid project = new_project(owner_), other = new_project(owner_);
    const auto stored = ok(store().add_file(file(project, "aa", "uploads/1")));
    ok(store().add_file(file(project, "bb", "uploads/shared")));
    ok(store().add_file(file(other, "bb", "uploads/shared")));
    enqueue(owner_, project);
    auto done = completion(claim_one());
    done.outputs = {{"pdf", "cc", 1, 1, "artifacts/1", false}};
    const auto completed = ok(store().complete(done));
    enqueue(owner_, project);
    const auto running = claim_one();
    using Heard = std::tuple<Uuid, job::State, std::string>;
    std::vector<Heard> heard;
    store().observe(
        [&](const Committed& committed) { heard.emplace_back(committed.job.id, committed.job.state, committed.mark); });

    auto paths = ok(store().delete_project(owner_, project));
    std::vector<std::string> expected{"artifacts/1", "uploads/1", FileStore::index_file(project)};
    for (const auto& job : {completed, running}) expected.push_back(FileStore::artifact_folder(job.id));
    std::ranges::sort(paths);
    std::ranges::sort(expected);
    EXPECT_EQ(paths, expected);
    EXPECT_EQ(heard, (std::vector<Heard>{{running.id, job::State::cancelled, ""},
                                         {running.id, job::State::cancelled, "deleted"},
                                         {completed.id, job::State::completed, "deleted"}}));
    EXPECT_EQ(error(store().project_for_owner(owner_, project)), StoreErrc::not_found);
    EXPECT_EQ(error(store().file_for_owner(owner_, stored.id)), StoreErrc::not_found);
    for (const auto& job : {completed, running}) {
        EXPECT_EQ(error(store().job_for_owner(owner_, job.id)), StoreErrc::not_found);
        EXPECT_EQ(error(store().journal_for_owner(owner_, job.id)), StoreErrc::not_found);
        EXPECT_EQ(error(store().retry(owner_, job.id)), StoreErrc::not_found);
    }
    EXPECT_EQ(error(store().record_step(step(running, "plan", "late"))), StoreErrc::stale);
    EXPECT_EQ(beat(running), BeatAnswer::lost);
    EXPECT_EQ(error(store().delete_project(owner_, project)), StoreErrc::not_found);
    JobsQuery query;
    query.owner = owner_;
    EXPECT_EQ(ok(store().jobs_of_owner(query)).total, 0);
    EXPECT_EQ(count(job::State::completed), 0);
}

TEST_P(StoreProjects, ADeletedProjectGivesItsRoomUnderTheCapBack) {
    const Uuid project = new_project(owner_);
    enqueue(owner_, project);
    for (int i = 0; i < 16; ++i) enqueue(owner_);
    ASSERT_EQ(claim(100).size(), 16U);
    ok(store().delete_project(owner_, project));
    EXPECT_EQ(claim(100).size(), 1U);
}

class StoreAccounts : public StoreTest {
protected:
    SealedProviderKey provider_key(Uuid user, std::string sealed) {
        return {new_id(), user, "https://models.example/v1", "0011223344556677", std::move(sealed)};
    }
};

TEST_P(StoreAccounts, AUserIsFoundByItsAddressWhateverItsCase) {
    const auto user = ok(store().add_user("Ada@Example.org"));
    EXPECT_EQ(error(store().add_user("ada@example.ORG")), StoreErrc::duplicate);
    EXPECT_EQ(ok(store().user_by_email("ADA@example.org")).id, user.id);
    EXPECT_EQ(ok(store().user(user.id)).email, "Ada@Example.org");
    EXPECT_EQ(error(store().user(new_id())), StoreErrc::not_found);
    EXPECT_EQ(error(store().user_by_email("bob@example.org")), StoreErrc::not_found);
}

TEST_P(StoreAccounts, UsersComeByAddress) {
    for (const char* email : {"c@x.org", "B@x.org", "a@x.org"}) ok(store().add_user(email));
    std::vector<std::string> emails;
    for (const auto& user : ok(store().users())) emails.push_back(user.email);
    EXPECT_EQ(emails, (std::vector<std::string>{"a@x.org", "B@x.org", "c@x.org"}));
}

TEST_P(StoreAccounts, ANewKeyReplacesTheOldOne) {
    const auto user = ok(store().add_user("a@x.org"));
    EXPECT_EQ(ok(store().api_key_created_at(user.id)), std::nullopt);
    ok(store().set_api_key(user.id, "aa"));
    EXPECT_EQ(ok(store().user_by_api_key("aa")).id, user.id);
    runtime_.advance(Milliseconds{10});
    ok(store().set_api_key(user.id, "bb"));
    EXPECT_EQ(error(store().user_by_api_key("aa")), StoreErrc::not_found);
    EXPECT_EQ(ok(store().user_by_api_key("bb")).id, user.id);
    EXPECT_EQ(ok(store().api_key_created_at(user.id)), runtime_.wall_now());
    EXPECT_EQ(error(store().set_api_key(new_id(), "cc")), StoreErrc::not_found);
    EXPECT_EQ(error(store().api_key_created_at(new_id())), StoreErrc::not_found);
}

TEST_P(StoreAccounts, AProviderKeyIsReadBackToTheByteAndReplaced) {
    const auto user = ok(store().add_user("a@x.org")), other = ok(store().add_user("b@x.org"));
    EXPECT_EQ(ok(store().provider_key(user.id)), std::nullopt);
    const auto first = provider_key(user.id, std::string("\0\xff'sealed", 9));
    ok(store().set_provider_key(first));
    const auto read = ok(store().provider_key(user.id)).value();
    EXPECT_EQ(read.id, first.id);
    EXPECT_EQ(read.user, user.id);
    EXPECT_EQ(read.provider, first.provider);
    EXPECT_EQ(read.sealed_with, first.sealed_with);
    EXPECT_EQ(read.sealed, first.sealed);
    EXPECT_EQ(read.created_at, runtime_.wall_now());
    ok(store().set_provider_key(provider_key(user.id, "second")));
    EXPECT_EQ(ok(store().provider_key(user.id)).value().sealed, "second");
    EXPECT_EQ(ok(store().provider_key(other.id)), std::nullopt);
    EXPECT_EQ(error(store().provider_key(new_id())), StoreErrc::not_found);
    EXPECT_EQ(error(store().set_provider_key(provider_key(new_id(), "x"))), StoreErrc::not_found);
    ok(store().delete_provider_key(user.id));
    EXPECT_EQ(ok(store().provider_key(user.id)), std::nullopt);
    EXPECT_EQ(error(store().delete_provider_key(user.id)), StoreErrc::not_found);
}

TEST_P(StoreAccounts, AProviderKeyIsSealedAgainUnlessItWasReplacedMeanwhile) {
    const auto user = ok(store().add_user("a@x.org")), other = ok(store().add_user("b@x.org"));
    ok(store().set_provider_key(provider_key(user.id, "old")));
    ok(store().set_provider_key(provider_key(other.id, "old too")));
    auto found = ok(store().provider_keys_not_under("8899aabbccddeeff"));
    ASSERT_EQ(found.size(), 2U);
    for (auto& key : found) {
        key.sealed_with = "8899aabbccddeeff";
        key.sealed = "new";
    }
    // The second's owner is faster.
    const auto& replaced = found[1];
    ok(store().set_provider_key(provider_key(replaced.user, "another")));
    ok(store().reseal_provider_key(found[0]));
    EXPECT_EQ(error(store().reseal_provider_key(replaced)), StoreErrc::not_found);
    EXPECT_EQ(ok(store().provider_key(found[0].user)).value().sealed, "new");
    EXPECT_EQ(ok(store().provider_key(replaced.user)).value().sealed, "another");
    EXPECT_EQ(ok(store().provider_keys_not_under("8899aabbccddeeff")).size(), 1U);
    EXPECT_TRUE(ok(store().provider_keys_not_under("0011223344556677")).size() == 1U);
}

TEST_P(StoreAccounts, ARemovedUserIsOutAndItsJobsAreCancelled) {
    const auto user = ok(store().add_user("a@x.org"));
    ok(store().set_api_key(user.id, "aa"));
    ok(store().set_provider_key(provider_key(user.id, "sealed")));
    const Uuid project = new_project(user.id);
    const auto running = start(user.id), queued = enqueue(user.id), other = start(owner_);
    ok(store().user_is_there(user.id));
    ok(store().remove_user(user.id));
    EXPECT_EQ(error(store().user_is_there(user.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().user(user.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().user_by_email("a@x.org")), StoreErrc::not_found);
    EXPECT_EQ(error(store().user_by_api_key("aa")), StoreErrc::not_found);
    EXPECT_TRUE(ok(store().users()).empty());
    EXPECT_TRUE(ok(store().provider_keys_not_under("")).empty());
    EXPECT_EQ(read(running).state, job::State::cancelled);
    EXPECT_EQ(read(queued).state, job::State::cancelled);
    EXPECT_EQ(read(other).state, job::State::in_progress);
    // A request that was under way begins nothing any more.
    EXPECT_EQ(error(store().enqueue(new_job(user.id, project))), StoreErrc::not_found);
    EXPECT_EQ(error(store().retry(user.id, queued.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().create_project(user.id, "x", "")), StoreErrc::not_found);
    EXPECT_EQ(error(store().remove_user(user.id)), StoreErrc::not_found);
    EXPECT_NE(ok(store().add_user("a@x.org")).id, user.id);
}

class StoreLists : public StoreTest {
protected:
    JobsQuery query(std::size_t limit = 100) {
        JobsQuery query;
        query.owner = owner_;
        query.limit = limit;
        return query;
    }
    static std::vector<Uuid> ids(const JobsPage& page) {
        std::vector<Uuid> ids;
        for (const auto& job : page.jobs) ids.push_back(job.id);
        return ids;
    }
    /// Newest first.
    std::vector<Uuid> enqueue_many(int count) {
        std::vector<Uuid> ids;
        for (int i = 0; i < count; ++i) {
            runtime_.advance(Milliseconds{1});
            ids.insert(ids.begin(), enqueue(owner_).id);
        }
        return ids;
    }
};

TEST_P(StoreLists, PagesCoverAllJobsOnceThoughTheyChangeMeanwhile) {
    const auto all = enqueue_many(7);
    claim(3);
    std::vector<Uuid> seen;
    auto next = query(3);
    for (int pages = 0; pages < 10; ++pages) {
        const auto page = ok(store().jobs_of_owner(next));
        const auto found = ids(page);
        seen.insert(seen.end(), found.begin(), found.end());
        if (!page.next) break;
        EXPECT_EQ(page.jobs.size(), 3U);
        next.before = page.next;
        // A new job and a changed one move no page.
        runtime_.advance(Milliseconds{1});
        enqueue(owner_);
        ok(store().cancel(owner_, all.back()));
    }
    EXPECT_EQ(seen, all);
}

TEST_P(StoreLists, ATotalCountsAllPagesOfWhatWasAskedFor) {
    const auto all = enqueue_many(5);
    enqueue(new_id());
    ok(store().cancel(owner_, all[1]));
    ok(store().cancel(owner_, all[3]));
    EXPECT_EQ(ok(store().jobs_of_owner(query(2))).total, 5);
    auto some = query(1);
    some.states = {job::State::cancelled, job::State::cancelled};
    auto page = ok(store().jobs_of_owner(some));
    EXPECT_EQ(page.total, 2);
    EXPECT_EQ(ids(page), (std::vector<Uuid>{all[1]}));
    some.before = page.next;
    page = ok(store().jobs_of_owner(some));
    EXPECT_EQ(ids(page), (std::vector<Uuid>{all[3]}));
    EXPECT_EQ(page.next, std::nullopt);
}

TEST_P(StoreLists, OfAProjectAndByIds) {
    const auto all = enqueue_many(3);
    const auto foreign = enqueue(new_id());
    auto by_project = query();
    by_project.project = ok(store().job_for_owner(owner_, all[1])).project;
    EXPECT_EQ(ids(ok(store().jobs_of_owner(by_project))), (std::vector<Uuid>{all[1]}));
    by_project.states = {job::State::completed};
    EXPECT_EQ(ok(store().jobs_of_owner(by_project)).total, 0);
    auto by_id = query();
    by_id.ids = {all[2], foreign.id, all[0], all[2], new_id()};
    const auto page = ok(store().jobs_of_owner(by_id));
    EXPECT_EQ(ids(page), (std::vector<Uuid>{all[0], all[2]}));
    EXPECT_EQ(page.total, 2);
    auto foreign_project = query();
    foreign_project.project = foreign.project;
    EXPECT_EQ(ok(store().jobs_of_owner(foreign_project)).total, 0);
}

}  // namespace longhand::store::conformance
