#include "engine/engine.h"

#include <spdlog/sinks/null_sink.h>

#include <algorithm>

#include "base/on_loop.h"
#include "base/task_scope.h"
#include "engine/beats.h"
#include "engine/claims.h"
#include "engine/environment.h"
#include "engine/job_runner.h"
#include "engine/lookups.h"
#include "engine/prompt_help.h"
#include "engine/signals.h"

namespace longhand::engine {

namespace {

std::shared_ptr<spdlog::logger> silent() {
    return std::make_shared<spdlog::logger>("engine", std::make_shared<spdlog::sinks::null_sink_mt>());
}

EngineOptions completed(EngineOptions options) {
    if (!options.log) options.log = silent();
    if (!options.write) options.write = [](writing::StepContext& context) { return writing::write_document(context); };
    return options;
}

}  // namespace

class Engine::Impl {
public:
    Impl(Runtime& runtime, store::JobStore& store, store::FileStore& files, llm::ChatModel& model,
         typeset::Typesetter& typesetter, EngineOptions options)
        : environment_{.runtime = runtime,
                       .store = store,
                       .files = files,
                       .model = model,
                       .typesetter = typesetter,
                       .options = completed(std::move(options)),
                       .log = {},
                       .worker = runtime.new_id(),
                       .live = {},
                       .counters = {},
                       .measures = {},
                       .disk = {},
                       .estimated = {}},
          beats_(environment_, [this] { return running_; }),
          claims_(
              environment_, [this] { return free_slots(); }, [this](store::ClaimedJob job) { begin(std::move(job)); }),
          lookups_(environment_),
          help_(environment_),
          loops_(runtime),
          jobs_(runtime),
          provider_(model.provider()) {
        environment_.log = environment_.options.log;
        const auto on_bug = [this](std::exception_ptr bug) { tell_of(bug); };
        loops_.on_bug(on_bug);
        jobs_.on_bug(on_bug);
    }

    void start() {
        loops_.spawn(keep_up([this] { return claims_.run(claiming_.token()); }, claiming_.token()));
        loops_.spawn(keep_up([this] { return beats_.run(loops_.token()); }, loops_.token()));
        loops_.spawn(keep_up([this] { return beats_.watch(loops_.token()); }, loops_.token()));
        loops_.spawn(keep_up([this] { return beats_.limit_steps(loops_.token()); }, loops_.token()));
        loops_.spawn(keep_up([this] { return rescue_expired(loops_.token()); }, loops_.token()));
        loops_.spawn(keep_up([this] { return lookups_.run(loops_.token()); }, loops_.token()));
    }

    awaitable<void> stop() {
        claiming_.stop(StopReason::shutdown);
        stopping_ = true;
        for (const auto& job : running_) job->signals.stop.stop(StopReason::shutdown);
        jobs_.spawn(lose_patience());
        // The beats go on: they keep the leases while jobs end.
        co_await jobs_.join();
        loops_.stop(StopReason::shutdown);
        co_await loops_.join();
        // The claim's last answer may have begun jobs, stopped at once.
        jobs_.spawn(lose_patience());
        co_await jobs_.join();
        auto idling = help_.idle();
        co_await std::move(idling);
    }

    void on_committed(const store::Committed& committed) {
        signals_.committed(committed.job, environment_.worker);
        environment_.live.committed(committed.job.id,
                                    committed.event ? LiveFeed::Commit::event : LiveFeed::Commit::row);
        environment_.live.owner_changed(committed.job.owner);
        if (committed.job.state == job::State::queued) claims_.wake();
    }

    // Without a free slot there is nothing to come, and the commit should not wait.
    bool on_written(const store::Committed& change) {
        if (change.job.state != job::State::queued) return false;
        if (environment_.counters.running >= environment_.options.workers) return false;
        claims_.wake();
        return true;
    }

    void set_prices(llm::PriceTable prices) { environment_.options.prices = std::move(prices); }

    awaitable<writing::BetterPrompt> better_prompt(PromptQuestion question, StopToken stop) {
        return on_loop(environment_.runtime, help_.improve(std::move(question), std::move(stop)));
    }

    LiveFeed& live() { return environment_.live; }

    EngineStats stats() const {
        const Counters& counters = environment_.counters;
        return {.provider = provider_,
                .pipeline_version = environment_.options.pipeline_version,
                .workers = environment_.options.workers,
                .running = counters.running,
                .claims = counters.claims,
                .rescues = counters.rescues,
                .handed_over = counters.handed_over,
                .stale_writes = counters.stale_writes,
                .model_calls = counters.model_calls,
                .model_errors = counters.model_errors,
                .prompt_tokens = counters.prompt_tokens,
                .completion_tokens = counters.completion_tokens,
                .lease = environment_.options.lease,
                .leases = environment_.measures.leases(environment_.runtime.steady_now()),
                .calls = environment_.measures.calls()};
    }

private:
    std::size_t free_slots() const {
        const std::size_t workers = environment_.options.workers;
        return workers - std::min(workers, running_.size());
    }

    void begin(store::ClaimedJob claimed) {
        RunSignals signals = signals_.of(claimed.job.id, claimed.job.lease);
        if (stopping_) signals.stop.stop(StopReason::shutdown);
        auto job =
            std::make_shared<RunningJob>(std::move(claimed), std::move(signals), environment_.runtime.steady_now());
        running_.push_back(job);
        environment_.measures.lease_held(job->id(), job->lease(), job->held_at);
        environment_.counters.running = running_.size();
        environment_.live.report(job->id(), job->report);
        jobs_.spawn(run(std::move(job)));
    }

    // A loop that an exception ends begins again.
    awaitable<void> keep_up(std::function<awaitable<void>()> loop, StopToken stop) {
        while (!stop.stopped()) {
            auto running = loop();
            co_await without_bugs(std::move(running));
            co_await environment_.runtime.sleep_for(Milliseconds{1'000}, stop);
        }
    }

    awaitable<void> without_bugs(awaitable<void> task) {
        try {
            co_await std::move(task);
        } catch (...) {
            tell_of(std::current_exception());
        }
    }

    awaitable<void> run(std::shared_ptr<RunningJob> job) {
        auto running = run_job(environment_, job);
        co_await without_bugs(std::move(running));
        std::erase(running_, job);
        environment_.measures.lease_gone(job->id(), job->lease());
        environment_.counters.running = running_.size();
        signals_.forget(job->id(), job->lease());
        // Its next run may be here already.
        const bool runs_again =
            std::any_of(running_.begin(), running_.end(), [&](const auto& other) { return other->id() == job->id(); });
        if (!runs_again) environment_.live.forget(job->id());
        claims_.wake();
    }

    // The end of the patience with a database that does not answer while jobs are handed back.
    awaitable<void> lose_patience() {
        const SteadyTime end = environment_.runtime.steady_now() + environment_.options.shutdown_patience;
        while (!running_.empty() && environment_.runtime.steady_now() < end) {
            co_await environment_.runtime.sleep_for(Milliseconds{50}, StopToken{});
        }
        for (const auto& job : running_) job->signals.lose(StopReason::shutdown);
    }

    awaitable<void> rescue_expired(StopToken stop) {
        while (!stop.stopped()) {
            const std::int64_t lease = environment_.options.lease.count();
            const auto jitter =
                static_cast<std::int64_t>(environment_.runtime.random() % static_cast<std::uint64_t>(lease / 4 + 1));
            co_await environment_.runtime.sleep_for(Milliseconds{lease / 4 + jitter}, stop);
            if (stop.stopped()) co_return;
            auto rescuing = environment_.store.rescue_expired();
            store::StoreResult<std::size_t> rescued = co_await std::move(rescuing);
            if (!rescued.has_value()) continue;
            environment_.counters.rescues += static_cast<std::int64_t>(*rescued);
            if (*rescued > 0) environment_.log->warn("{} jobs whose holder is gone went back to the queue", *rescued);
        }
    }

    void tell_of(std::exception_ptr bug) {
        try {
            std::rethrow_exception(bug);
        } catch (const std::exception& error) {
            environment_.log->critical("an exception left the engine's own work: {}", error.what());
        } catch (...) {
            environment_.log->critical("an exception left the engine's own work");
        }
    }

    Environment environment_;
    Signals signals_;
    RunningJobs running_;
    Beats beats_;
    Claims claims_;
    Lookups lookups_;
    PromptHelp help_;
    StopSource claiming_;
    bool stopping_ = false;
    TaskScope loops_;
    TaskScope jobs_;
    const std::string provider_;  ///< its name, for whatever thread asks
};

Engine::Engine(Runtime& runtime, store::JobStore& store, store::FileStore& files, llm::ChatModel& model,
               typeset::Typesetter& typesetter, EngineOptions options)
    : impl_(std::make_unique<Impl>(runtime, store, files, model, typesetter, std::move(options))) {}

Engine::~Engine() = default;

void Engine::start() {
    impl_->start();
}
awaitable<void> Engine::stop() {
    return impl_->stop();
}
void Engine::on_committed(const store::Committed& committed) {
    impl_->on_committed(committed);
}
bool Engine::on_written(const store::Committed& change) {
    return impl_->on_written(change);
}
void Engine::set_prices(llm::PriceTable prices) {
    impl_->set_prices(std::move(prices));
}
awaitable<writing::BetterPrompt> Engine::better_prompt(PromptQuestion question, StopToken stop) {
    return impl_->better_prompt(std::move(question), std::move(stop));
}
LiveFeed& Engine::live() {
    return impl_->live();
}
EngineStats Engine::stats() const {
    return impl_->stats();
}

}  // namespace longhand::engine
