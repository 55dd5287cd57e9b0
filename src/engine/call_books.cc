#include "engine/call_books.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "engine/patience.h"

namespace longhand::engine {

using llm::LlmErrc;
using store::StoreErrc;

namespace {

using LlmFailure = Failure<LlmErrc>;

std::string_view word_of(StopReason reason) {
    switch (reason) {
        case StopReason::cancelled:
            return "cancelled";
        case StopReason::lost_lease:
            return "lost_lease";
        case StopReason::shutdown:
            return "handed_over";
        case StopReason::paused:
            return "paused";
        case StopReason::deadline:
            return "deadline";
        case StopReason::none:
            break;
    }
    return "stopped";
}

awaitable<void> store_opening(store::JobStore& store, store::CallOpening opening) {
    auto writing = store.open_call(std::move(opening));
    const store::StoreResult<void> opened = co_await std::move(writing);
    ignore_result(opened, "the call's end names its generation too");
}

}  // namespace

job::CallTokens tokens_of(const llm::Usage& usage) {
    job::CallTokens tokens;
    tokens.prompt = static_cast<std::int64_t>(usage.prompt_tokens);
    tokens.completion = static_cast<std::int64_t>(usage.completion_tokens);
    tokens.cached = static_cast<std::int64_t>(usage.cached_tokens);
    tokens.reasoning = static_cast<std::int64_t>(usage.reasoning_tokens);
    return tokens;
}

job::CallState state_of(const llm::AttemptEnd& end) {
    if (!end.sent) return job::CallState::released;
    return end.usage.estimated ? job::CallState::estimated : job::CallState::settled;
}

std::optional<job::Price> price_for(const Environment& environment, const std::string& provider,
                                    const std::string& model) {
    const auto price = environment.options.prices.price_of(provider, model);
    if (!price) return std::nullopt;
    return job::Price{price->prompt, price->completion, price->cached};
}

CallBooks::CallBooks(Environment& environment, std::shared_ptr<RunningJob> job, std::string key)
    : environment_(environment), job_(std::move(job)), key_(std::move(key)) {}

awaitable<llm::LlmResult<void>> CallBooks::reserve(std::uint32_t attempt, const llm::ChatRequest& request) {
    if (job_->out_of_budget) co_return LlmFailure{LlmErrc::withheld, *job_->out_of_budget};
    store::CallIntent intent;
    intent.job = job_->id();
    intent.lease = job_->lease();
    intent.key = key_;
    intent.attempt = attempt;
    intent.provider = job_->claimed.job.provider;
    intent.model = request.model;
    intent.prompt_tokens = static_cast<std::int64_t>(llm::estimate_prompt_tokens(request));
    intent.most_completion_tokens = request.max_tokens;
    intent.price = price_for(environment_, intent.provider, intent.model);
    std::function<awaitable<store::StoreResult<Uuid>>()> verb = [this, intent = std::move(intent)] {
        return environment_.store.reserve_call(intent);
    };
    auto reserving = persistently<Uuid>(environment_, std::move(verb), job_->stop());
    store::StoreResult<Uuid> reserved = co_await std::move(reserving);
    if (!reserved.has_value()) co_return refused(reserved.error());
    call_ = *reserved;
    sent_at_ = environment_.runtime.steady_now();
    held_.emplace(job_, &RunningJob::reservations);
    const auto text = job_->texts.find(key_);
    if (text != job_->texts.end()) text->second.call = call_;
    co_return llm::LlmResult<void>{};
}

llm::LlmResult<void> CallBooks::refused(const store::StoreFailure& failure) {
    switch (failure.code) {
        case StoreErrc::budget:
            if (!job_->out_of_budget && job_->reservations.count == 0) job_->out_of_budget = failure.message;
            return LlmFailure{LlmErrc::withheld, failure.message};
        case StoreErrc::stale:
            ++environment_.counters.stale_writes;
            job_->signals.lose(StopReason::lost_lease);
            break;
        case StoreErrc::unavailable:
        case StoreErrc::stopping:
            break;
        case StoreErrc::not_found:
        case StoreErrc::wrong_state:
        case StoreErrc::duplicate:
        case StoreErrc::repeated:
        case StoreErrc::limit:
        case StoreErrc::unusable:
            environment_.log->error("job {}: the database refuses a call's row: {}", job_->id().to_string(),
                                    failure.message);
            if (!job_->problem) {
                job_->problem = job::Problem{
                    "internal_error",
                    "A model call could not be entered in the ledger, so it was not made. Retry the job; the server's "
                    "log says more."};
            }
            return LlmFailure{LlmErrc::withheld, failure.message};
    }
    return LlmFailure{LlmErrc::stopped, ""};
}

void CallBooks::open(std::string_view generation_id) {
    if (call_.is_nil() || job_->signals.stop.stopped()) return;
    environment_.measures.first_byte_after(environment_.runtime.steady_now() - sent_at_);
    store::CallOpening opening;
    opening.job = job_->id();
    opening.lease = job_->lease();
    opening.call = call_;
    opening.generation_id = generation_id;
    opening_->under_way = true;
    asio::co_spawn(environment_.runtime.executor(), store_opening(environment_.store, std::move(opening)),
                   [opening = opening_](std::exception_ptr) {
                       opening->under_way = false;
                       opening->written.notify();
                   });
}

awaitable<void> CallBooks::end(llm::AttemptEnd end) {
    if (end.failure)
        environment_.measures.failed(*end.failure);
    else
        environment_.measures.answered_after(environment_.runtime.steady_now() - sent_at_);
    const auto opening = opening_;
    while (opening->under_way) {
        const SteadyTime look_again = environment_.runtime.steady_now() + std::chrono::hours(1);
        co_await opening->written.wait_until(environment_.runtime, look_again, StopToken{});
    }
    store::CallEnd ended = end_of(end);
    call_ = {};
    if (!end.failure) {
        answered_ = std::move(ended);
        co_return;
    }
    auto settling = settle(environment_, job_, std::move(ended));
    co_await std::move(settling);
    held_.reset();
}

store::CallEnd CallBooks::end_of(const llm::AttemptEnd& end) const {
    store::CallEnd ended;
    ended.job = job_->id();
    ended.call = call_;
    ended.state = state_of(end);
    ended.tokens = tokens_of(end.usage);
    if (end.usage.cost_usd) ended.cost = UsdMicros::from_usd(*end.usage.cost_usd);
    ended.generation_id = end.generation_id;
    ended.served_by = end.served_by;
    if (end.failure) {
        ended.ending = *end.failure == LlmErrc::stopped ? word_of(job_->stop().reason()) : word_of(*end.failure);
    } else {
        ended.ending = end.finish == llm::FinishReason::length ? "length" : "stop";
    }
    return ended;
}

awaitable<void> settle(Environment& environment, std::shared_ptr<RunningJob> job, store::CallEnd end) {
    constexpr unsigned kAttemptsOfALostJob = 5;
    const std::string call = end.call.to_string();
    const bool unsure = end.state == job::CallState::estimated;
    std::function<awaitable<store::StoreResult<void>>()> verb = [&environment, end = std::move(end)] {
        return environment.store.settle_call(end);
    };
    auto settling = persistently<void>(environment, verb, job->abandoned());
    store::StoreResult<void> settled = co_await std::move(settling);
    for (unsigned attempt = 1; attempt < kAttemptsOfALostJob; ++attempt) {
        if (settled.has_value() || settled.error().code != StoreErrc::unavailable) break;
        const Milliseconds pause =
            pause_before(attempt, Milliseconds{100}, Milliseconds{1'000}, environment.runtime.random());
        co_await environment.runtime.sleep_for(pause, StopToken{});
        auto again = verb();
        settled = co_await std::move(again);
    }
    if (settled.has_value() && unsure) environment.estimated.notify();
    const bool quiet = settled.has_value() || settled.error().code == StoreErrc::stopping ||
                       settled.error().code == StoreErrc::not_found;  // deleted meanwhile
    if (quiet) co_return;
    environment.log->warn("job {}: the end of call {} was not written: {}", job->id().to_string(), call,
                          settled.error().message);
}

}  // namespace longhand::engine
