// Runs jobs: claims them, keeps their leases, walks their steps, stops them, hands them back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/runtime.h"
#include "engine/figures.h"
#include "engine/live_feed.h"
#include "engine/prompt_question.h"
#include "llm/chat.h"
#include "llm/prices.h"
#include "net/guarded_fetch.h"
#include "sandbox/run.h"
#include "store/file_store.h"
#include "store/job_store.h"
#include "typeset/typesetter.h"
#include "writing/writer.h"

namespace spdlog {
class logger;
}

namespace longhand::engine {

/// The provider's model, asked with that user's own key. Errors: not_found (no key that can be used: the message is for
/// the user, and says what to do), unavailable, stopping. Called on the engine's loop.
using OwnModel = std::function<awaitable<store::StoreResult<std::shared_ptr<llm::ChatModel>>>(Uuid owner)>;

struct EngineOptions {
    std::size_t workers = 64;  ///< jobs at once
    Milliseconds beat{2'000};
    Milliseconds lease{15'000};
    Milliseconds watchdog{10'000};               ///< without a beat answered for so long, the job stops itself
    Milliseconds step_limit{1'800'000};          ///< a step that takes longer hangs
    Milliseconds provider_patience{86'400'000};  ///< how long a job waits for its provider before it fails
    Milliseconds prompt_time{17'000};            ///< until a better prompt is there, with or without the model
    Milliseconds slot_patience{30'000};          ///< how long it waits while it holds its slot
    std::uint64_t disk_reserve = 256ULL << 20;   ///< free bytes below which no job is started
    std::optional<Uuid> only_job;                ///< claim this one and no other
    std::uint32_t pipeline_version = 1;
    Milliseconds poll{2'000};  ///< how often the queue is looked at without being told to, with jitter
    Milliseconds shutdown_patience{
        5'000};                     ///< how long `stop` goes on trying to write to a database that does not answer
    sandbox::Policy policy;         ///< of the children that read sources
    std::size_t calls_per_job = 8;  ///< model calls of one job in flight at once
    OwnModel own_model;             ///< for jobs that are written with their owner's key; none: they fail and say so
    llm::PriceTable prices;         ///< what calls are reserved and, at need, settled at
    std::shared_ptr<spdlog::logger> log;  ///< none: silent. Never told a prompt, a text or a key
    /// Fetches what links lead to, from addresses that a user may reach and no others (net::GuardedFetch). None: every
    /// link is named as one that was not read.
    std::function<awaitable<net::FetchResult<net::FetchReply>>(net::FetchRequest, StopToken)> fetch;
    /// The work that a job walks: none is writing::write_document. Owns what it uses.
    std::function<awaitable<writing::StepResult<writing::Finished>>(writing::StepContext&)> write;
    /// The files that are kept of a finished work, durable when it resumes: none is PDF, LaTeX, Markdown and the
    /// quality sheet.
    std::function<awaitable<writing::StepResult<std::vector<store::OutputRecord>>>(writing::Finished)> outputs;
};

struct EngineStats {
    std::string provider;  ///< it runs this one's jobs of this pipeline, and no others
    std::uint32_t pipeline_version = 1;
    std::size_t workers = 0;  ///< jobs that may run at once
    std::size_t running = 0;
    std::int64_t claims = 0, rescues = 0, handed_over = 0, stale_writes = 0;
    std::int64_t model_calls = 0, model_errors = 0, prompt_tokens = 0, completion_tokens = 0;
    Milliseconds lease{};
    LeaseFigures leases;
    CallFigures calls;
};

/// Used from the runtime's executor, but for `stop_job`, `stats`, `better_prompt` and `live`. All that it is given
/// outlives it.
class Engine {
public:
    Engine(Runtime& runtime, store::JobStore& store, store::FileStore& files, llm::ChatModel& model,
           typeset::Typesetter& typesetter, EngineOptions options);
    ~Engine();

    /// Begins to claim. Once.
    void start();
    /// Stops claiming, stops what runs, and hands it back with its journal; resumes when nothing of it is left.
    awaitable<void> stop();
    /// Told of every commit (JobStore::observe), on any thread: a cancelled job is stopped before this returns; a
    /// queued one wakes the claim.
    void on_committed(const store::Committed& committed);
    /// Told of every change before its commit (likewise): what is queued is claimed in the same one, if a slot is free.
    bool on_written(const store::Committed& change);

    /// What calls are reserved and settled at from now on.
    void set_prices(llm::PriceTable prices);

    /// A better prompt, before any job; see engine/prompt_help.h. From any thread, until `stop`.
    awaitable<writing::BetterPrompt> better_prompt(PromptQuestion question, StopToken stop);

    LiveFeed& live();           ///< thread-safe
    EngineStats stats() const;  ///< thread-safe

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::engine
