// The verbs on the durable state of jobs. Two implementations pass one conformance suite (store/conformance_testing.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/runtime.h"
#include "job/job.h"
#include "job/ledger.h"
#include "job/milestone.h"
#include "job/settings.h"
#include "job/transition.h"
#include "store/errors.h"
#include "store/figures.h"
#include "store/request_store.h"

namespace longhand::store {

/// Of a job that waits for its provider.
constexpr Milliseconds kLongestDelay{600'000};

/// A source of a job, as it was when the job started.
struct JobSource {
    Uuid file;
    std::string sha256;  ///< hex
    std::string name;
    std::uint64_t size = 0;
    std::string path;  ///< below the data folder, as FileStore gave it
};

struct NewJob {
    Uuid owner;
    Uuid project;
    job::Settings settings;
    std::optional<std::string> title;
    std::string provider;
    bool is_byok = false;
    job::Budget budget;
};

/// Another job keeps the project busy.
struct BusyProject {
    Uuid job;
    job::State state = job::State::queued;
};

struct Enqueued {
    job::Job job;
    std::optional<BusyProject> busy;  ///< set: nothing was made, `job` is empty
};

struct ClaimRequest {
    job::WorkerId worker;
    std::size_t limit = 1;
    Milliseconds lease{15'000};
    std::string provider;
    std::uint32_t pipeline_version = 1;
    std::optional<Uuid> only_job;
};

struct ClaimedJob {
    job::Job job;
    job::Settings settings;
    std::vector<JobSource> sources;
    job::Guidance guidance;  ///< of a guided job
};

/// A guided job that has come to a milestone.
struct AwaitUser {
    Uuid job;
    job::Lease lease = 0;
    job::Milestone milestone = job::Milestone::description;
    job::ShownTexts shown;  ///< of all milestones, as far as they are there
};

/// A text of a milestone, as it was shown or written. Never changed afterwards.
struct MilestoneVersion {
    job::Milestone milestone = job::Milestone::description;
    std::int32_t version = 1;
    bool by_user = false;
    std::string key;   ///< of the step that wrote it; empty: none did
    std::string text;  ///< empty: it is to be made anew
    WallTime at{};
    bool operator==(const MilestoneVersion&) const = default;
};

/// What a guided job shows its user.
struct Draft {
    job::Job job;
    bool guided = false;
    std::optional<job::Milestone> waits_at;  ///< while it waits for its user
    job::MilestoneTexts texts;               ///< as they stand
    std::vector<MilestoneVersion> versions;  ///< of one milestone after the other, the oldest first
    job::Guidance guidance;
};

struct Beat {
    Uuid job;
    job::Lease lease = 0;
    job::Report report;
};
enum class BeatAnswer { held, cancelled, lost };

/// A finished step: what is in the journal is returned, not run.
struct JournalEntry {
    std::string key;
    std::string value;
    std::string input_hash;  ///< hex SHA-256 of the prompt, or of what the step was given
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    WallTime recorded_at{};
};

/// A request to a provider that is about to leave.
struct CallIntent {
    Uuid job;
    job::Lease lease = 0;
    std::string key;            ///< of the step that it is for
    std::uint32_t attempt = 1;  ///< at that step, within the run
    std::string provider;
    std::string model;
    std::int64_t prompt_tokens = 0;  ///< counted here
    std::int64_t most_completion_tokens = 0;
    std::optional<job::Price> price;  ///< nothing: not known
};

/// A provider's first byte.
struct CallOpening {
    Uuid job;
    job::Lease lease = 0;
    Uuid call;
    std::string generation_id;  ///< empty: it gives none
};

struct CallEnd {
    Uuid job;
    Uuid call;
    job::CallState state = job::CallState::settled;  ///< settled, estimated or released
    job::CallTokens tokens;
    std::optional<UsdMicros> cost;  ///< the provider's own figure; nothing: made from the call's price, where known
    std::string generation_id;      ///< empty: as it was told before
    std::string served_by;          ///< whom the provider asked; empty: not told
    std::string ending;             ///< a word: `stop`, `length`, or why it failed
};

struct StepRecord {
    Uuid job;
    job::Lease lease = 0;
    JournalEntry entry;
    job::Report report;           ///< with the step in it
    job::Told told = {};          ///< in the step's event
    std::optional<CallEnd> call;  ///< that gave the value: settled in the same transaction
};
struct StepRecorded {
    bool existed = false;  ///< the key was there: `value` is what stands
    std::string value;
};

/// Text of a step that is still being written: for watchers, and for partial documents. Replaced by the step's entry.
struct PartialText {
    Uuid job;
    job::Lease lease = 0;
    std::string key;
    std::uint32_t attempt = 1;
    std::uint64_t offset = 0;  ///< bytes of this attempt that are stored already
    std::string text;
    Uuid call;  ///< that the text comes from; nil: none
    std::int64_t tokens =
        0;  ///< of the attempt up to the end of `text`: what the call is charged if it is never settled
};

struct OutputRecord {
    std::string format;  ///< `pdf`, ...; `quality.json`
    std::string sha256;
    std::uint64_t size = 0;
    std::uint32_t pages = 0;
    std::string path;  ///< below the data folder
    bool partial = false;
};

struct Completion {
    Uuid job;
    job::Lease lease = 0;
    job::Counts counts;
    std::vector<OutputRecord> outputs;  ///< durable before this call
    std::string data = "{}";            ///< the event's
};

/// A passage as it is stored; `locator` is JSON (section, page, line).
struct StoredPassage {
    std::string key;
    std::string file_sha256;
    std::uint32_t position = 0;
    std::string locator;
    std::string text;
};
struct StoredSource {
    std::string sha256;
    std::string title;  ///< its own; empty: it has none
    std::string kind;
    std::vector<StoredPassage> passages;
    std::string reading = {};  ///< how its name had it read (sources::reading_of); empty: a link, or not known
};

struct JobsQuery {
    Uuid owner;
    std::vector<job::State> states;  ///< empty: all
    std::optional<Uuid> project;
    std::vector<Uuid> ids;       ///< empty: all
    std::size_t limit = 100;     ///< 1 to 1000
    std::optional<Uuid> before;  ///< the cursor: the last id of the page before
};
/// No place in the queue further back is told.
inline constexpr std::size_t kFarthestPlace = 1000;

struct JobsPage {
    std::vector<job::Job> jobs;  ///< newest first
    /// Of its jobs that may be claimed, among all that the same workers may claim, whose ever they are: 1 is next.
    std::map<Uuid, std::int64_t> places;
    std::int64_t total = 0;  ///< of all pages
    std::optional<Uuid> next;
};

/// A deleted job, with the paths that nothing names once it is purged.
struct DeletedJob {
    Uuid job;
    std::vector<std::string> paths;
};

/// What a committed change looked like, for those who only want to be woken.
struct Committed {
    job::Job job;
    std::optional<job::Event> event;
    std::string_view mark = {};  ///< what its owner did with it beside running it: `amended`, `deleted`, `restored`
    bool has_messages = false;   ///< webhooks are to be told of the event
};

/// How long an owner's stream of all jobs goes back, and how long it is kept for one that nobody listens to.
inline constexpr Milliseconds kFeedKept = std::chrono::hours(24 * 7);

struct Feed {
    std::int64_t last = 0;   ///< number of the newest entry, or of a gap behind it
    std::int64_t since = 0;  ///< up to this number not all is there any more
};
struct FeedEntry {
    std::int64_t seq = 0;  ///< grows by one from entry to entry of an owner; a gap has a number, too
    WallTime at{};
    Uuid job;
    std::string kind;                   ///< of a job's event, or a mark of Committed
    std::optional<std::int64_t> event;  ///< the number of the job's event
    std::string data = "{}";            ///< the event's
};
struct FeedPage {
    Feed feed;
    std::vector<FeedEntry> entries;
};

/// A row of the ledger.
struct Call {
    Uuid id;
    std::int32_t run = 1;
    job::Lease lease = 0;
    std::string key;
    std::uint32_t attempt = 1;
    std::string provider;
    std::string model;
    job::CallState state = job::CallState::reserved;
    job::Reservation reserved;         ///< as it was made; released once the call has ended
    std::int64_t expected_prompt = 0;  ///< tokens, counted here
    std::optional<job::Price> price;
    std::string generation_id;         ///< empty: none was given
    std::string served_by;             ///< empty: not told
    std::int64_t streamed_tokens = 0;  ///< of the text that was stored while it ran
    job::CallTokens tokens;            ///< once it has ended
    std::optional<UsdMicros> cost;     ///< nothing: it has not ended, or nobody knows a price
    std::optional<job::CostFrom> cost_from;
    std::string ending;
    std::optional<std::int32_t> cancelled_run;  ///< the run whose cancel found it in flight
    WallTime reserved_at{};
    std::optional<WallTime> opened_at;
    std::optional<WallTime> ended_at;
};

/// A call that ended as an estimate, whose provider may know better.
struct UnsureCall {
    Uuid job;
    Uuid call;
    std::string generation_id;
    std::string ending;
    WallTime ended_at{};
    Uuid owner;  ///< of the job
    bool is_byok = false;
};

/// What calls and works of a month, a project and a model add up to.
struct Usage {
    std::string month;  ///< of UTC, in which they ended: `2026-11`
    Uuid project;       ///< perhaps of one that is deleted; nil: of calls outside any job that were made for none
    std::string provider;
    std::string model;  ///< of the calls; a work counts for the model that wrote it
    std::int64_t calls = 0;
    job::CallTokens tokens;
    UsdMicros cost;
    std::int64_t unknown_costs = 0;  ///< calls that are not in `cost`
    std::int64_t works = 0;          ///< completed
    std::int64_t pages = 0;          ///< of their PDFs
    bool operator==(const Usage&) const = default;
};

struct JobBudget {
    job::Budget budget;
    job::Spending spending;
};

/// A request to a provider outside any job, that is about to leave.
struct PromptCallIntent {
    Uuid owner;
    std::optional<Uuid> project;  ///< that it is made for
    std::string purpose;          ///< a word: `format_prompt`
    std::string provider;
    std::string model;
    bool is_byok = false;
    std::int64_t prompt_tokens = 0;  ///< counted here
    std::int64_t most_completion_tokens = 0;
    std::optional<job::Price> price;  ///< nothing: not known
};

struct PromptCallEnd {
    Uuid owner;
    Uuid call;
    job::CallState state = job::CallState::settled;  ///< settled, estimated or released
    job::CallTokens tokens;
    std::optional<UsdMicros> cost;  ///< as in CallEnd
    std::string generation_id;
    std::string served_by;
    std::string ending;
};

struct PromptCall {
    Uuid id;
    std::optional<Uuid> project;
    std::string purpose;
    std::string provider;
    std::string model;
    bool is_byok = false;
    job::CallState state = job::CallState::reserved;
    std::int64_t expected_prompt = 0;
    std::optional<job::Price> price;
    std::string generation_id;
    std::string served_by;
    job::CallTokens tokens;  ///< once it has ended
    std::optional<UsdMicros> cost;
    std::optional<job::CostFrom> cost_from;
    std::string ending;
    WallTime reserved_at{};
    std::optional<WallTime> ended_at;
};

/// All that a job has cost, as of one moment.
struct Ledger {
    job::Job job;
    job::Budget budget;
    job::Spending spending;
    std::vector<Call> calls;  ///< in the order in which they were made
};

/// Of all ended calls since the folder was made.
struct LedgerTotals {
    std::int64_t calls = 0;
    UsdMicros cost;
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    std::int64_t unknown_costs = 0;
    std::int64_t unfinished_calls = 0;  ///< now
    UsdMicros reserved_cost;            ///< for those
};

/// Jobs that a worker may take as soon as it has room, and which worker: one of that provider and pipeline.
struct ReadyJobs {
    std::string provider;
    std::uint32_t pipeline_version = 1;
    std::int64_t count = 0;
};
/// Why the queued jobs wait.
struct Waiting {
    std::vector<ReadyJobs> ready;
    std::int64_t capped = 0;   ///< their owners have enough in the queue
    std::int64_t delayed = 0;  ///< for their provider, until a time
    std::int64_t suspect = 0;  ///< to run alone, for their process died three times
};

struct StoreStats {
    LedgerTotals ledger;
    std::vector<std::pair<job::State, std::int64_t>> jobs;  ///< every state, 0 included
    Waiting waiting;
    std::optional<WallTime> oldest_queued;
    // Since the process started.
    std::int64_t stale_writes = 0;  ///< dropped
    std::int64_t rescues = 0;       ///< jobs taken from a run that died or hung, by `rescue_all` too
    WriteStats writes;
    FiguresByName queries;
};

/// Durable state of jobs. Every writing method is atomic, and durable when its awaitable resumes; it resumes on the
/// caller's executor. Thread-safe. Outlives every engine built on it. All may fail with `unavailable` (nothing
/// happened) and `stopping`, and what takes a `once` with `repeated`.
class JobStore {
public:
    virtual ~JobStore() = default;

    /// Makes a job in `submitted`, keeps its settings and its project's files as its sources, and queues it, at once.
    /// Errors: not_found (no such project of that owner).
    virtual awaitable<StoreResult<Enqueued>> enqueue(NewJob request, Once<Enqueued> once = {}) = 0;

    /// Moves up to `limit` queued jobs to in_progress under fresh leases, fairest user first (start-time fair
    /// queueing). Returns fewer, or none, when fewer may be claimed. Wakes jobs whose not_before has come. `only_job`
    /// is taken though its owner has enough others in the queue. A job whose process died three times with nothing new
    /// durable is returned alone, and none beside it, until it has recorded a step.
    virtual awaitable<StoreResult<std::vector<ClaimedJob>>> claim(ClaimRequest request) = 0;

    /// One call per beat for all jobs of a process; answers in order. Progress rides along.
    virtual awaitable<StoreResult<std::vector<BeatAnswer>>> extend(job::WorkerId worker, Milliseconds lease,
                                                                   std::vector<Beat> beats) = 0;

    /// Idempotent by (job, key): the first value stands, and `call` is settled all the same. Errors: stale, and then
    /// the call is not settled either.
    virtual awaitable<StoreResult<StepRecorded>> record_step(StepRecord record) = 0;
    /// All entries of a job, by key. Read under a claim: nobody else writes them.
    virtual awaitable<StoreResult<std::vector<JournalEntry>>> journal(Uuid job) = 0;
    /// Appends text of the running attempt; offset 0 replaces what was there, as the first piece of a new attempt does.
    /// A piece sent again overwrites itself, one that would leave a hole is dropped. Texts under an old lease are
    /// dropped and counted. Errors: stale (all of them were).
    virtual awaitable<StoreResult<void>> append_text(std::vector<PartialText> texts) = 0;

    // The ledger: a row for each request to a provider, `reserved -> open -> settled | estimated | released`.

    /// The intent, before the request leaves; gives the call's id. Fenced by the lease. In the same transaction the
    /// budget is looked at: what is spent, what is reserved, this call: together no more than each cap. Errors: stale;
    /// budget (nothing is reserved; the message says what there is and what was needed).
    virtual awaitable<StoreResult<Uuid>> reserve_call(CallIntent intent) = 0;
    /// The first byte was seen. Fenced by the lease. Does nothing to a call that is open or has ended. Errors: stale.
    virtual awaitable<StoreResult<void>> open_call(CallOpening opening) = 0;
    /// How a call ended; its reservation becomes what it cost. By the call's id and under no lease: also for a job that
    /// was cancelled or taken over meanwhile. The first ending stands, but that a settled figure takes the place of an
    /// estimated one. Errors: not_found (the job was deleted).
    virtual awaitable<StoreResult<void>> settle_call(CallEnd end) = 0;
    /// Estimated calls to `provider` that it gave an id, ended at `since` or later, the oldest first, at most `limit`.
    virtual awaitable<StoreResult<std::vector<UnsureCall>>> unsure_calls(std::string provider, WallTime since,
                                                                         std::size_t limit) = 0;

    // Calls outside any job have rows of their own, `reserved -> settled | estimated | released`, which stay when the
    // project is deleted. They count among their owner's sums, and within no budget.

    /// The intent, before the request leaves; gives the call's id. Errors: not_found (the owner was removed).
    virtual awaitable<StoreResult<Uuid>> reserve_prompt_call(PromptCallIntent intent) = 0;
    /// The first ending stands. Errors: not_found.
    virtual awaitable<StoreResult<void>> end_prompt_call(PromptCallEnd end) = 0;
    /// The newest first, at most `limit`.
    virtual awaitable<StoreResult<std::vector<PromptCall>>> prompt_calls_of_owner(Uuid owner, std::size_t limit) = 0;

    virtual awaitable<StoreResult<job::Job>> complete(Completion completion) = 0;                             // stale
    virtual awaitable<StoreResult<job::Job>> fail(Uuid job, job::Lease lease, job::Problem problem) = 0;      // stale
    virtual awaitable<StoreResult<job::Job>> moderate(Uuid job, job::Lease lease, job::Problem problem) = 0;  // stale
    virtual awaitable<StoreResult<job::Job>> pause(Uuid job, job::Lease lease, std::string data) = 0;         // stale
    /// To `draft`, until its user says what next. The texts are kept as versions where they are new, and its project
    /// shows them; what the user wrote into the project since the job's last stop stands before them. Errors: stale.
    virtual awaitable<StoreResult<job::Job>> await_user(AwaitUser stop) = 0;
    /// `delay` counts up to kLongestDelay, by the wall clock; where that is set back, the wait is over.
    virtual awaitable<StoreResult<job::Job>> wait_for_provider(Uuid job, job::Lease lease, Milliseconds delay,
                                                               std::string reason) = 0;  // stale
    virtual awaitable<StoreResult<void>> hand_over(
        std::vector<std::pair<Uuid, job::Lease>> jobs) = 0;  // stale ones are skipped

    /// Returns jobs whose holder missed its lease to the queue, or fails those that `docs/state-machine.md` says have
    /// been rescued too often. Gives the number. On SQLite nothing runs out by time, and it gives 0: see `rescue_all`.
    virtual awaitable<StoreResult<std::size_t>> rescue_expired() = 0;
    /// Returns every in_progress job to the queue: the data folder's lock says that no other process lives. Calls that
    /// have not ended, of jobs in whatever state and of none, become `estimated`: the prompt, and what was streamed and
    /// stored.
    virtual awaitable<StoreResult<std::size_t>> rescue_all(std::string reason) = 0;
    /// Returns one job whose step hangs past its limit. Errors: stale.
    virtual awaitable<StoreResult<job::Job>> rescue(Uuid job, job::Lease lease, std::string reason) = 0;

    /// Commits `cancelled`, whatever its holder does. Of a job that is cancelled already: the job, unchanged.
    /// Errors: not_found; wrong_state (completed, failed, moderated).
    virtual awaitable<StoreResult<job::Job>> cancel(Uuid owner, Uuid job, Once<job::Job> once = {}) = 0;
    /// Errors: not_found, wrong_state. `busy` set when another job keeps the project busy.
    virtual awaitable<StoreResult<Enqueued>> retry(Uuid owner, Uuid job, Once<Enqueued> once = {}) = 0;
    /// A paused draft goes on, with the caps that `raised` gives in the place of those that it had. Errors: not_found;
    /// wrong_state; budget (a job with caps of which none is higher than before, or with one that is reached already).
    virtual awaitable<StoreResult<job::Job>> resume(Uuid owner, Uuid job, job::Budget raised,
                                                    Once<job::Job> once = {}) = 0;
    /// The same with the user's word on the milestones, kept in the same transaction; the project shows it too. A job
    /// that waits for its user needs no higher cap. Errors: as `resume`; wrong_state for a job that waits for anything
    /// else, if there is a word.
    virtual awaitable<StoreResult<job::Job>> go_on(Uuid owner, Uuid job, job::Budget raised, job::UserSaid said,
                                                   Once<job::Job> once = {}) = 0;

    /// Of a job in whatever state. Errors: not_found.
    virtual awaitable<StoreResult<job::Job>> amend(Uuid owner, Uuid job, job::Amendment amendment,
                                                   Once<job::Job> once = {}) = 0;
    /// From now on the job is not there, for whoever asks; one that has not ended is cancelled first. Gives when.
    /// Errors: not_found.
    virtual awaitable<StoreResult<WallTime>> delete_job(Uuid owner, Uuid job, Once<WallTime> once = {}) = 0;
    /// Brings back a job that was deleted after `since`, as it was then. Errors: not_found (also: it was deleted
    /// before, or not at all).
    virtual awaitable<StoreResult<job::Job>> undelete_job(Uuid owner, Uuid job, WallTime since,
                                                          Once<job::Job> once = {}) = 0;
    /// Jobs that were deleted before `before`, the oldest first, at most `limit`.
    virtual awaitable<StoreResult<std::vector<DeletedJob>>> jobs_to_purge(WallTime before, std::size_t limit) = 0;
    /// Of a deleted job nothing stays but what it cost: its calls, its budget, and whose they are. Does nothing to a
    /// job that is not deleted.
    virtual awaitable<StoreResult<void>> purge_job(Uuid job) = 0;

    // Reads. They never wait for the writer, and see every commit that was answered before they began.
    virtual awaitable<StoreResult<job::Job>> job_for_owner(Uuid owner, Uuid job) = 0;  // not_found
    /// The same for who asks over and over: of a job that lives, the same object until something has changed its row,
    /// mostly without asking the database. Errors: not_found.
    virtual awaitable<StoreResult<std::shared_ptr<const job::Job>>> watched_job(Uuid owner, Uuid job) = 0;
    /// That object, if it is in memory; null says nothing.
    virtual std::shared_ptr<const job::Job> known_job(const Uuid& owner, const Uuid& job) = 0;
    virtual awaitable<StoreResult<job::Settings>> settings_for_owner(Uuid owner, Uuid job) = 0;  // not_found
    virtual awaitable<StoreResult<Draft>> draft_for_owner(Uuid owner, Uuid job) = 0;             // not_found
    virtual awaitable<StoreResult<JobsPage>> jobs_of_owner(JobsQuery query) = 0;
    virtual awaitable<StoreResult<JobBudget>> budget_for_owner(Uuid owner, Uuid job) = 0;  // not_found
    virtual awaitable<StoreResult<Ledger>> ledger_for_owner(Uuid owner, Uuid job) = 0;     // not_found
    /// From now on, and for as long as this is asked for again within kFeedKept, what happens to the owner's jobs is
    /// entered in one stream. Errors: not_found (the user was removed).
    virtual awaitable<StoreResult<Feed>> open_feed(Uuid owner) = 0;
    /// In order of seq, at most `limit`; what a deleted job's events said is empty.
    virtual awaitable<StoreResult<FeedPage>> feed_after(Uuid owner, std::int64_t seq, std::size_t limit) = 0;
    /// Drops entries whose time is over, the oldest first, at most `limit`. Gives the number.
    virtual awaitable<StoreResult<std::size_t>> drop_old_entries(std::size_t limit) = 0;
    /// Of ended calls and completed works, those of deleted jobs and projects too, from month `from` to month `to`;
    /// in their order.
    virtual awaitable<StoreResult<std::vector<Usage>>> usage_of_owner(Uuid owner, std::string from, std::string to) = 0;
    /// In order of seq, at most `limit`. Errors: not_found.
    virtual awaitable<StoreResult<std::vector<job::Event>>> events_after(Uuid owner, Uuid job, std::int64_t seq,
                                                                         std::size_t limit) = 0;
    virtual awaitable<StoreResult<std::vector<OutputRecord>>> outputs_for_owner(
        Uuid owner, Uuid job) = 0;  // not_found; oldest first
    virtual awaitable<StoreResult<std::vector<PartialText>>> partial_text_for_owner(Uuid owner,
                                                                                    Uuid job) = 0;  // not_found
    /// The journal of a job of any state, for partial documents. Errors: not_found.
    virtual awaitable<StoreResult<std::vector<JournalEntry>>> journal_for_owner(Uuid owner, Uuid job) = 0;
    virtual awaitable<StoreResult<std::vector<JobSource>>> sources_for_owner(Uuid owner, Uuid job) = 0;  // not_found

    /// An output made after the job had ended (HTML, DOCX, EPUB, partial documents). Idempotent by format and hash.
    /// Errors: not_found.
    virtual awaitable<StoreResult<void>> add_output(Uuid owner, Uuid job, OutputRecord output) = 0;

    /// What was read of a file, kept by (owner, hash, reading); shared by the owner's jobs. Idempotent. It goes with
    /// the last file or job that has the bytes; of what was read of a link, `link_of` is the job that names the link.
    /// Errors: not_found, when neither is there any more.
    virtual awaitable<StoreResult<void>> put_source(Uuid owner, StoredSource source,
                                                    std::optional<Uuid> link_of = {}) = 0;
    /// As it was read in this way, else what is kept with no `reading`. Errors: not_found.
    virtual awaitable<StoreResult<StoredSource>> source(Uuid owner, std::string sha256, std::string reading) = 0;

    virtual awaitable<StoreResult<StoreStats>> stats() = 0;
    /// Whether writes become durable: at once while they do; after one that did not, by one more write that changes
    /// nothing. Errors: unavailable, with what to do about it.
    virtual awaitable<StoreResult<void>> writable() = 0;

    /// Called after each commit that changed a job, before its caller resumes, on the store's own thread: must not
    /// block or throw, nor call this. Set before the first write; an empty one ends it, and what was set before is not
    /// called any more then.
    /// `written`, if given, is called before that, when the change stands in its transaction and may still be undone,
    /// under the same rules. True: a write of the listener's own is about to come of it, and the store may hold the
    /// commit open for it for some tenths of a millisecond, so that both are durable at once.
    virtual void observe(std::function<void(const Committed&)> observer,
                         std::function<bool(const Committed&)> written = {}) = 0;
};

}  // namespace longhand::store
