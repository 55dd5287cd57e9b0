// The store on SQLite: serves one machine.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "store/sqlite/database.h"
#include "store/sqlite/known_jobs.h"
#include "store/sqlite/known_users.h"
#include "store/sqlite/query_figures.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/write.h"
#include "store/store.h"
#include "store/write_queue.h"

namespace longhand::store::sqlite {

struct SqliteOptions {
    std::int32_t user_cap = 16;             ///< jobs of one owner that may be claimed or run at once
    Milliseconds busy_timeout{2'000};       ///< how long to wait for another process's lock
    std::int64_t checkpoint_pages = 1'000;  ///< of write-ahead log, after which it is worked off
    std::string vfs;                        ///< as Connection has it
    OlderSchema older_schema = OlderSchema::migrated;
};

/// Who is told of changes; nobody, when none is set. Thread-safe: what was set before is not called any more when `set`
/// returns.
class Observer {
public:
    void set(std::function<void(const Committed&)> observer, std::function<bool(const Committed&)> written) {
        std::lock_guard lock(mutex_);
        observer_ = std::move(observer);
        written_ = std::move(written);
    }
    /// True when a write is about to come of it.
    bool tell_written(const Committed& change) {
        std::lock_guard lock(mutex_);
        return written_ && written_(change);
    }
    void tell(const Committed& change) {
        std::lock_guard lock(mutex_);
        if (observer_) observer_(change);
    }

private:
    std::mutex mutex_;
    std::function<void(const Committed&)> observer_;
    std::function<bool(const Committed&)> written_;
};

/// Verbs over a write queue and a way to read. The queue and the reads are of one database whose schema is up to date
/// (`open_database`).
class SqliteStore : public Store {
public:
    /// `queries`: where the connections of both count, if they do.
    SqliteStore(std::shared_ptr<WriteQueue> writes, std::unique_ptr<ReadAccess> reads, Runtime& runtime,
                SqliteOptions options, std::shared_ptr<const QueryFigures> queries = nullptr);

    // JobStore
    awaitable<StoreResult<Enqueued>> enqueue(NewJob request, Once<Enqueued> once = {}) override;
    awaitable<StoreResult<std::vector<ClaimedJob>>> claim(ClaimRequest request) override;
    awaitable<StoreResult<std::vector<BeatAnswer>>> extend(job::WorkerId worker, Milliseconds lease,
                                                           std::vector<Beat> beats) override;
    awaitable<StoreResult<StepRecorded>> record_step(StepRecord record) override;
    awaitable<StoreResult<std::vector<JournalEntry>>> journal(Uuid job) override;
    awaitable<StoreResult<void>> append_text(std::vector<PartialText> texts) override;
    awaitable<StoreResult<Uuid>> reserve_call(CallIntent intent) override;
    awaitable<StoreResult<void>> open_call(CallOpening opening) override;
    awaitable<StoreResult<void>> settle_call(CallEnd end) override;
    awaitable<StoreResult<std::vector<UnsureCall>>> unsure_calls(std::string provider, WallTime since,
                                                                 std::size_t limit) override;
    awaitable<StoreResult<Uuid>> reserve_prompt_call(PromptCallIntent intent) override;
    awaitable<StoreResult<void>> end_prompt_call(PromptCallEnd end) override;
    awaitable<StoreResult<std::vector<PromptCall>>> prompt_calls_of_owner(Uuid owner, std::size_t limit) override;
    awaitable<StoreResult<job::Job>> complete(Completion completion) override;
    awaitable<StoreResult<job::Job>> fail(Uuid job, job::Lease lease, job::Problem problem) override;
    awaitable<StoreResult<job::Job>> moderate(Uuid job, job::Lease lease, job::Problem problem) override;
    awaitable<StoreResult<job::Job>> pause(Uuid job, job::Lease lease, std::string data) override;
    awaitable<StoreResult<job::Job>> wait_for_provider(Uuid job, job::Lease lease, Milliseconds delay,
                                                       std::string reason) override;
    awaitable<StoreResult<void>> hand_over(std::vector<std::pair<Uuid, job::Lease>> jobs) override;
    awaitable<StoreResult<std::size_t>> rescue_expired() override;
    awaitable<StoreResult<std::size_t>> rescue_all(std::string reason) override;
    awaitable<StoreResult<job::Job>> rescue(Uuid job, job::Lease lease, std::string reason) override;
    awaitable<StoreResult<job::Job>> cancel(Uuid owner, Uuid job, Once<job::Job> once = {}) override;
    awaitable<StoreResult<Enqueued>> retry(Uuid owner, Uuid job, Once<Enqueued> once = {}) override;
    awaitable<StoreResult<job::Job>> resume(Uuid owner, Uuid job, job::Budget raised,
                                            Once<job::Job> once = {}) override;
    awaitable<StoreResult<job::Job>> go_on(Uuid owner, Uuid job, job::Budget raised, job::UserSaid said,
                                           Once<job::Job> once = {}) override;
    awaitable<StoreResult<job::Job>> await_user(AwaitUser stop) override;
    awaitable<StoreResult<job::Job>> amend(Uuid owner, Uuid job, job::Amendment amendment,
                                           Once<job::Job> once = {}) override;
    awaitable<StoreResult<WallTime>> delete_job(Uuid owner, Uuid job, Once<WallTime> once = {}) override;
    awaitable<StoreResult<job::Job>> undelete_job(Uuid owner, Uuid job, WallTime since,
                                                  Once<job::Job> once = {}) override;
    awaitable<StoreResult<std::vector<DeletedJob>>> jobs_to_purge(WallTime before, std::size_t limit) override;
    awaitable<StoreResult<void>> purge_job(Uuid job) override;
    awaitable<StoreResult<job::Job>> job_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<std::shared_ptr<const job::Job>>> watched_job(Uuid owner, Uuid job) override;
    std::shared_ptr<const job::Job> known_job(const Uuid& owner, const Uuid& job) override {
        return known_jobs_->find(owner, job);
    }
    awaitable<StoreResult<job::Settings>> settings_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<JobBudget>> budget_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<Ledger>> ledger_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<Feed>> open_feed(Uuid owner) override;
    awaitable<StoreResult<FeedPage>> feed_after(Uuid owner, std::int64_t seq, std::size_t limit) override;
    awaitable<StoreResult<std::size_t>> drop_old_entries(std::size_t limit) override;
    awaitable<StoreResult<std::vector<Usage>>> usage_of_owner(Uuid owner, std::string from, std::string to) override;
    awaitable<StoreResult<Draft>> draft_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<JobsPage>> jobs_of_owner(JobsQuery query) override;
    awaitable<StoreResult<std::vector<job::Event>>> events_after(Uuid owner, Uuid job, std::int64_t seq,
                                                                 std::size_t limit) override;
    awaitable<StoreResult<std::vector<OutputRecord>>> outputs_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<std::vector<PartialText>>> partial_text_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<std::vector<JournalEntry>>> journal_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<std::vector<JobSource>>> sources_for_owner(Uuid owner, Uuid job) override;
    awaitable<StoreResult<void>> add_output(Uuid owner, Uuid job, OutputRecord output) override;
    awaitable<StoreResult<void>> put_source(Uuid owner, StoredSource source, std::optional<Uuid> link_of = {}) override;
    awaitable<StoreResult<StoredSource>> source(Uuid owner, std::string sha256, std::string reading) override;
    awaitable<StoreResult<StoreStats>> stats() override;
    awaitable<StoreResult<void>> writable() override;
    void observe(std::function<void(const Committed&)> observer,
                 std::function<bool(const Committed&)> written) override {
        observer_->set(std::move(observer), std::move(written));
    }

    // ProjectStore
    awaitable<StoreResult<Project>> create_project(Uuid owner, std::string title, std::string email,
                                                   Once<Project> once = {}) override;
    awaitable<StoreResult<std::vector<Project>>> projects_of_owner(Uuid owner) override;
    awaitable<StoreResult<Project>> project_for_owner(Uuid owner, Uuid project) override;
    awaitable<StoreResult<Project>> update_project(Uuid owner, Uuid project, ProjectChange change) override;
    awaitable<StoreResult<std::vector<std::string>>> delete_project(Uuid owner, Uuid project) override;
    awaitable<StoreResult<ProjectFile>> add_file(ProjectFile file) override;
    awaitable<StoreResult<AddedFiles>> add_files(Uuid owner, Uuid project, std::vector<ProjectFile> files,
                                                 Once<AddedFiles> once = {}) override;
    awaitable<StoreResult<std::vector<ProjectFile>>> files_of_project(Uuid owner, Uuid project) override;
    awaitable<StoreResult<ProjectFile>> file_for_owner(Uuid owner, Uuid file) override;
    awaitable<StoreResult<std::vector<std::string>>> delete_file(Uuid owner, Uuid file) override;
    awaitable<StoreResult<std::vector<std::string>>> unnamed(std::vector<std::string> paths) override;

    // AccountStore
    awaitable<StoreResult<User>> add_user(std::string email) override;
    awaitable<StoreResult<std::vector<User>>> users() override;
    awaitable<StoreResult<User>> user(Uuid id) override;
    awaitable<StoreResult<void>> user_is_there(Uuid id) override;
    bool user_is_known(const Uuid& id) override { return known_users_->is_there(id, runtime_.steady_now()); }
    awaitable<StoreResult<User>> user_by_email(std::string email) override;
    awaitable<StoreResult<void>> remove_user(Uuid id) override;
    awaitable<StoreResult<void>> set_api_key(Uuid user, std::string key_sha256, Once<void> once = {}) override;
    awaitable<StoreResult<User>> user_by_api_key(std::string key_sha256) override;
    awaitable<StoreResult<std::optional<WallTime>>> api_key_created_at(Uuid user) override;
    awaitable<StoreResult<void>> set_provider_key(SealedProviderKey key) override;
    awaitable<StoreResult<std::optional<SealedProviderKey>>> provider_key(Uuid user) override;
    awaitable<StoreResult<void>> delete_provider_key(Uuid user) override;
    awaitable<StoreResult<std::vector<SealedProviderKey>>> provider_keys_not_under(std::string secret_id) override;
    awaitable<StoreResult<void>> reseal_provider_key(SealedProviderKey key) override;

    // RequestStore
    awaitable<StoreResult<std::optional<KeptRequest>>> kept_answer(Uuid owner, std::string key) override;
    awaitable<StoreResult<void>> keep_answer(RepeatableRequest request, KeptAnswer answer) override;
    awaitable<StoreResult<std::size_t>> drop_old_answers(std::size_t limit) override;

    // WebhookStore
    awaitable<StoreResult<Webhook>> add_webhook(Webhook webhook, Once<Webhook> once = {}) override;
    awaitable<StoreResult<std::vector<Webhook>>> webhooks_of_owner(Uuid owner) override;
    awaitable<StoreResult<Webhook>> webhook_for_owner(Uuid owner, Uuid webhook) override;
    awaitable<StoreResult<Webhook>> update_webhook(Uuid owner, Uuid webhook, WebhookChange change) override;
    awaitable<StoreResult<void>> delete_webhook(Uuid owner, Uuid webhook) override;
    awaitable<StoreResult<Webhook>> rotate_webhook_secret(Uuid owner, Uuid webhook, std::string secret,
                                                          Milliseconds overlap, Once<Webhook> once = {}) override;
    awaitable<StoreResult<std::vector<KeptWebhookSecrets>>> webhook_secrets_without(std::string prefix) override;
    awaitable<StoreResult<void>> reseal_webhook_secret(Uuid webhook, std::string kept, std::string sealed) override;
    awaitable<StoreResult<MessagesPage>> messages_of_webhook(Uuid owner, Uuid webhook, std::size_t limit,
                                                             std::optional<Uuid> before) override;
    awaitable<StoreResult<WebhookMessage>> replay_message(Uuid owner, Uuid webhook, Uuid message,
                                                          Once<WebhookMessage> once = {}) override;
    awaitable<StoreResult<std::vector<Delivery>>> claim_deliveries(DeliveryBounds bounds, Milliseconds hold) override;
    awaitable<StoreResult<void>> end_delivery(DeliveryEnd end) override;
    awaitable<StoreResult<std::optional<WallTime>>> next_delivery() override;
    awaitable<StoreResult<std::size_t>> prune_messages(WallTime before, std::size_t limit) override;

private:
    /// Runs a verb through the queue and resumes on the caller's executor with what it answered, once that is durable.
    /// A verb that fails leaves nothing behind, and of one that succeeds `once` keeps its answer.
    template <class T>
    awaitable<StoreResult<T>> write(std::string_view name, std::function<StoreResult<T>(Write&)> verb,
                                    Once<T> once = {});
    template <class T>
    awaitable<StoreResult<T>> read(std::function<StoreResult<T>(Connection&)> verb);
    awaitable<StoreResult<void>> submit(std::string_view name, std::function<Outcome(Write&)> run);
    Operation operation(std::string_view name, std::function<Outcome(Write&)> run,
                        std::function<void(StoreResult<void>)> done);

    Runtime& runtime_;
    const SqliteOptions options_;
    // Shared with operations under way.
    std::shared_ptr<Observer> observer_ = std::make_shared<Observer>();
    std::shared_ptr<std::atomic<std::int64_t>> stale_ = std::make_shared<std::atomic<std::int64_t>>(0);
    std::atomic<std::int64_t> rescues_ = 0;
    const std::shared_ptr<const QueryFigures> queries_;
    std::shared_ptr<KnownJobs> known_jobs_ = std::make_shared<KnownJobs>();
    std::shared_ptr<KnownUsers> known_users_ = std::make_shared<KnownUsers>();
    std::shared_ptr<WebhookOwners> webhook_owners_ = std::make_shared<WebhookOwners>();
    std::shared_ptr<WriteQueue> writes_;  ///< goes before the rest, which it uses for what it still commits
    /// Goes first: who closes the database last works off its log and removes it, which a reader can't.
    std::unique_ptr<ReadAccess> reads_;
};

/// Opens or makes the database at `path`, with a writer thread, a checkpoint thread and a pool of readers. Closing it
/// commits what was submitted. Errors: as `open_database`.
StoreResult<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, Runtime& runtime,
                                                      SqliteOptions options = {});

}  // namespace longhand::store::sqlite
