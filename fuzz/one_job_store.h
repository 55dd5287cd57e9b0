// One user's one project with one job in it: what handlers find, and what they made of a request is kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/one_user_store.h"
#include "fuzz/still_runtime.h"
#include "fuzz/target.h"
#include "store/job_store.h"
#include "store/project_store.h"

namespace longhand::fuzz {

/// 0190a2f4-5b1c-7d3e-8f00-00000000000N
constexpr Uuid numbered(std::uint8_t number) {
    Uuid id = OneUserStore::kUser;
    for (std::size_t i = 10; i < 15; ++i) id.bytes[i] = 0;
    id.bytes[15] = number;
    return id;
}
inline constexpr Uuid kProject = numbered(1);
inline constexpr Uuid kQueuedJob = numbered(2);     ///< of that project; waits
inline constexpr Uuid kCompletedJob = numbered(3);  ///< of the same; has outputs

inline store::StoreFailure not_found() {
    return {store::StoreErrc::not_found, "there is none such here"};
}

/// What the verbs were called with, since `forget`. A call in another's name is a finding.
struct Asked {
    std::vector<store::NewJob> started;
    std::vector<store::ProjectChange> changes;
    std::vector<store::JobsQuery> queries;
    std::vector<job::Budget> raised;
    std::vector<job::UserSaid> said;
    std::size_t in_the_users_name = 0;

    void by(Uuid owner) {
        require(owner == OneUserStore::kUser, "the store is asked in the name of who has come in");
        ++in_the_users_name;
    }
};

class OneProjectStore final : public store::ProjectStore {
public:
    explicit OneProjectStore(Asked& asked) : asked_(asked) {}

    awaitable<store::StoreResult<store::Project>> create_project(Uuid owner, std::string title, std::string email,
                                                                 store::Once<store::Project>) override {
        asked_.by(owner);
        store::Project project = one();
        project.title = std::move(title);
        project.email = std::move(email);
        co_return project;
    }
    awaitable<store::StoreResult<std::vector<store::Project>>> projects_of_owner(Uuid owner) override {
        asked_.by(owner);
        co_return std::vector{one()};
    }
    awaitable<store::StoreResult<store::Project>> project_for_owner(Uuid owner, Uuid project) override {
        asked_.by(owner);
        if (project != kProject) co_return not_found();
        co_return one();
    }
    awaitable<store::StoreResult<store::Project>> update_project(Uuid owner, Uuid project,
                                                                 store::ProjectChange change) override {
        asked_.by(owner);
        asked_.changes.push_back(std::move(change));
        if (project != kProject) co_return not_found();
        co_return one();
    }
    awaitable<store::StoreResult<std::vector<std::string>>> delete_project(Uuid owner, Uuid project) override {
        asked_.by(owner);
        if (project != kProject) co_return not_found();
        co_return std::vector<std::string>{};
    }
    awaitable<store::StoreResult<store::ProjectFile>> add_file(store::ProjectFile file) override {
        asked_.by(file.owner);
        require(!file.name.empty() && !file.sha256.empty() && file.size > 0,
                "a file that is kept has a name and bytes");
        // So that nothing stays on the disk.
        co_return store::StoreFailure{store::StoreErrc::duplicate, "it is in the project already"};
    }
    awaitable<store::StoreResult<store::AddedFiles>> add_files(Uuid owner, Uuid project,
                                                               std::vector<store::ProjectFile> files,
                                                               store::Once<store::AddedFiles>) override {
        asked_.by(owner);
        if (project != kProject) co_return not_found();
        for (const store::ProjectFile& file : files) {
            require(!file.name.empty() && !file.sha256.empty() && file.size > 0,
                    "a file that is kept has a name and bytes");
        }
        // None is new, so that nothing stays on the disk.
        co_return store::AddedFiles(files.size());
    }
    awaitable<store::StoreResult<std::vector<store::ProjectFile>>> files_of_project(Uuid owner, Uuid) override {
        asked_.by(owner);
        co_return std::vector<store::ProjectFile>{};
    }
    awaitable<store::StoreResult<store::ProjectFile>> file_for_owner(Uuid owner, Uuid) override {
        asked_.by(owner);
        co_return not_found();
    }
    awaitable<store::StoreResult<std::vector<std::string>>> delete_file(Uuid owner, Uuid) override {
        asked_.by(owner);
        co_return not_found();
    }
    awaitable<store::StoreResult<std::vector<std::string>>> unnamed(std::vector<std::string>) override {
        co_return not_found();
    }

private:
    static store::Project one() {
        store::Project project;
        project.id = kProject;
        project.owner = OneUserStore::kUser;
        project.title = "Notes";
        return project;
    }

    Asked& asked_;
};

/// No request was answered before, and none is kept.
class OneRequestStore final : public store::RequestStore {
public:
    explicit OneRequestStore(Asked& asked) : asked_(asked) {}

    awaitable<store::StoreResult<std::optional<store::KeptRequest>>> kept_answer(Uuid owner, std::string key) override {
        asked_.by(owner);
        require(!key.empty() && key.size() <= 255, "a key has 1 to 255 characters");
        co_return std::optional<store::KeptRequest>();
    }
    awaitable<store::StoreResult<void>> keep_answer(store::RepeatableRequest request, store::KeptAnswer) override {
        asked_.by(request.owner);
        co_return store::StoreResult<void>();
    }
    awaitable<store::StoreResult<std::size_t>> drop_old_answers(std::size_t) override { co_return std::size_t{0}; }

private:
    Asked& asked_;
};

/// The verbs of workers are not there: no request leads to one.
class OneJobStore final : public store::JobStore {
    template <class T>
    using Answer = awaitable<store::StoreResult<T>>;

public:
    explicit OneJobStore(Asked& asked) : asked_(asked) {}

    Answer<store::Enqueued> enqueue(store::NewJob request, store::Once<store::Enqueued>) override {
        asked_.by(request.owner);
        asked_.started.push_back(std::move(request));
        co_return store::Enqueued{one(kQueuedJob), std::nullopt};
    }
    Answer<job::Job> cancel(Uuid owner, Uuid job, store::Once<job::Job>) override { co_return find(owner, job); }
    Answer<store::Enqueued> retry(Uuid owner, Uuid job, store::Once<store::Enqueued>) override {
        const auto found = find(owner, job);
        if (!found) co_return found.error();
        co_return store::Enqueued{*found, std::nullopt};
    }
    Answer<job::Job> resume(Uuid owner, Uuid job, job::Budget raised, store::Once<job::Job>) override {
        asked_.raised.push_back(raised);
        co_return find(owner, job);
    }
    Answer<job::Job> go_on(Uuid owner, Uuid job, job::Budget raised, job::UserSaid said,
                           store::Once<job::Job>) override {
        asked_.raised.push_back(raised);
        asked_.said.push_back(std::move(said));
        co_return find(owner, job);
    }
    Answer<store::Draft> draft_for_owner(Uuid owner, Uuid job) override {
        auto draft = found<store::Draft>(owner, job);
        if (draft) draft->job = one(job);
        co_return draft;
    }

    Answer<job::Job> amend(Uuid owner, Uuid job, job::Amendment, store::Once<job::Job>) override {
        co_return find(owner, job);
    }
    Answer<WallTime> delete_job(Uuid owner, Uuid job, store::Once<WallTime>) override {
        co_return found<WallTime>(owner, job);
    }
    Answer<job::Job> undelete_job(Uuid owner, Uuid job, WallTime, store::Once<job::Job>) override {
        co_return find(owner, job);
    }
    Answer<std::vector<store::DeletedJob>> jobs_to_purge(WallTime, std::size_t) override { co_return not_found(); }
    Answer<void> purge_job(Uuid) override { co_return not_found(); }

    Answer<job::Job> job_for_owner(Uuid owner, Uuid job) override { co_return find(owner, job); }
    Answer<std::shared_ptr<const job::Job>> watched_job(Uuid owner, Uuid job) override {
        const auto found = find(owner, job);
        if (!found) co_return found.error();
        co_return std::make_shared<const job::Job>(*found);
    }
    std::shared_ptr<const job::Job> known_job(const Uuid&, const Uuid&) override { return nullptr; }
    Answer<void> writable() override { co_return store::StoreResult<void>(); }
    Answer<job::Settings> settings_for_owner(Uuid owner, Uuid job) override {
        co_return found<job::Settings>(owner, job);
    }
    Answer<store::JobsPage> jobs_of_owner(store::JobsQuery query) override {
        asked_.by(query.owner);
        asked_.queries.push_back(query);
        co_return store::JobsPage{{one(kCompletedJob), one(kQueuedJob)}, {{kQueuedJob, 1}}, 2, std::nullopt};
    }
    Answer<store::Feed> open_feed(Uuid owner) override {
        asked_.by(owner);
        co_return store::Feed{1, 0};
    }
    Answer<store::FeedPage> feed_after(Uuid owner, std::int64_t seq, std::size_t) override {
        asked_.by(owner);
        store::FeedPage page{{1, 0}, {}};
        if (seq < 1) page.entries.push_back({1, kStillNow, kCompletedJob, "completed", 1, "{}"});
        co_return page;
    }
    Answer<std::size_t> drop_old_entries(std::size_t) override { co_return not_found(); }
    Answer<std::vector<store::Usage>> usage_of_owner(Uuid owner, std::string, std::string) override {
        asked_.by(owner);
        co_return std::vector<store::Usage>{};
    }
    Answer<store::JobBudget> budget_for_owner(Uuid owner, Uuid job) override {
        co_return found<store::JobBudget>(owner, job);
    }
    Answer<store::Ledger> ledger_for_owner(Uuid owner, Uuid job) override {
        auto ledger = found<store::Ledger>(owner, job);
        if (ledger) ledger->job = one(job);
        co_return ledger;
    }
    Answer<std::vector<job::Event>> events_after(Uuid owner, Uuid job, std::int64_t seq, std::size_t limit) override {
        auto events = found<std::vector<job::Event>>(owner, job);
        require(limit > 0, "events are asked for");
        if (events && seq < 1) events->push_back({job, 1, kStillNow, "completed", "{}"});
        co_return events;
    }
    Answer<std::vector<store::OutputRecord>> outputs_for_owner(Uuid owner, Uuid job) override {
        co_return found<std::vector<store::OutputRecord>>(owner, job);
    }
    Answer<std::vector<store::PartialText>> partial_text_for_owner(Uuid owner, Uuid job) override {
        co_return found<std::vector<store::PartialText>>(owner, job);
    }
    Answer<std::vector<store::JournalEntry>> journal_for_owner(Uuid owner, Uuid job) override {
        co_return found<std::vector<store::JournalEntry>>(owner, job);
    }
    Answer<std::vector<store::JobSource>> sources_for_owner(Uuid owner, Uuid job) override {
        co_return found<std::vector<store::JobSource>>(owner, job);
    }
    Answer<store::StoredSource> source(Uuid owner, std::string, std::string) override {
        asked_.by(owner);
        co_return not_found();
    }
    Answer<store::StoreStats> stats() override { co_return store::StoreStats{}; }
    void observe(std::function<void(const store::Committed&)>, std::function<bool(const store::Committed&)>) override {}

    Answer<std::vector<store::ClaimedJob>> claim(store::ClaimRequest) override { co_return not_found(); }
    Answer<std::vector<store::BeatAnswer>> extend(job::WorkerId, Milliseconds, std::vector<store::Beat>) override {
        co_return not_found();
    }
    Answer<store::StepRecorded> record_step(store::StepRecord) override { co_return not_found(); }
    Answer<std::vector<store::JournalEntry>> journal(Uuid) override { co_return not_found(); }
    Answer<void> append_text(std::vector<store::PartialText>) override { co_return not_found(); }
    Answer<Uuid> reserve_call(store::CallIntent) override { co_return not_found(); }
    Answer<void> open_call(store::CallOpening) override { co_return not_found(); }
    Answer<void> settle_call(store::CallEnd) override { co_return not_found(); }
    Answer<std::vector<store::UnsureCall>> unsure_calls(std::string, WallTime, std::size_t) override {
        co_return not_found();
    }
    Answer<Uuid> reserve_prompt_call(store::PromptCallIntent) override { co_return not_found(); }
    Answer<void> end_prompt_call(store::PromptCallEnd) override { co_return not_found(); }
    Answer<std::vector<store::PromptCall>> prompt_calls_of_owner(Uuid, std::size_t) override { co_return not_found(); }
    Answer<job::Job> complete(store::Completion) override { co_return not_found(); }
    Answer<job::Job> fail(Uuid, job::Lease, job::Problem) override { co_return not_found(); }
    Answer<job::Job> await_user(store::AwaitUser) override { co_return not_found(); }
    Answer<job::Job> moderate(Uuid, job::Lease, job::Problem) override { co_return not_found(); }
    Answer<job::Job> pause(Uuid, job::Lease, std::string) override { co_return not_found(); }
    Answer<job::Job> wait_for_provider(Uuid, job::Lease, Milliseconds, std::string) override { co_return not_found(); }
    Answer<void> hand_over(std::vector<std::pair<Uuid, job::Lease>>) override { co_return not_found(); }
    Answer<std::size_t> rescue_expired() override { co_return not_found(); }
    Answer<std::size_t> rescue_all(std::string) override { co_return not_found(); }
    Answer<job::Job> rescue(Uuid, job::Lease, std::string) override { co_return not_found(); }
    Answer<void> add_output(Uuid, Uuid, store::OutputRecord) override { co_return not_found(); }
    Answer<void> put_source(Uuid, store::StoredSource, std::optional<Uuid>) override { co_return not_found(); }

private:
    static job::Job one(Uuid id) {
        job::Job job;
        job.id = id;
        job.owner = OneUserStore::kUser;
        job.project = kProject;
        const bool is_completed = id == kCompletedJob;
        job.state = is_completed ? job::State::completed : job::State::queued;
        job.last_event = is_completed ? 1 : 0;
        job.created_at = job.updated_at = kStillNow;
        return job;
    }
    static bool is_there(Uuid job) { return job == kQueuedJob || job == kCompletedJob; }
    store::StoreResult<job::Job> find(Uuid owner, Uuid job) {
        asked_.by(owner);
        if (!is_there(job)) return not_found();
        return one(job);
    }
    template <class T>
    store::StoreResult<T> found(Uuid owner, Uuid job) {
        asked_.by(owner);
        if (!is_there(job)) return not_found();
        return T{};
    }

    Asked& asked_;
};

}  // namespace longhand::fuzz
