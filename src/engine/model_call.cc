#include "engine/model_call.h"

#include <algorithm>

#include "engine/journal.h"
#include "engine/own_model.h"
#include "engine/patience.h"

namespace longhand::engine {

using llm::LlmErrc;
using writing::Role;
using writing::StepErrc;
using StepFailure = Failure<StepErrc>;

namespace {

constexpr unsigned kLoopsForgiven = 2, kMalformedForgiven = 3;
constexpr Milliseconds kFirstPause{1'000}, kLongestPause{15'000}, kShowEvery{200};
constexpr std::string_view kRephrase =
    "\n\nAnswer in neutral, factual wording that is fit for every reader; leave out what is not.";

std::string model_of(const job::Settings& settings, Role role) {
    switch (role) {
        case Role::reasoning:
            return settings.reasoning_model;
        case Role::writing:
            return settings.writing_model;
        case Role::function:
            return settings.function_model;
    }
    return {};
}

double temperature_of(Role role) {
    return role == Role::writing ? 0.7 : 0.3;
}

bool is_quiet(LlmErrc code) {
    return code == LlmErrc::stopped || code == LlmErrc::withheld;
}

// Attempts are numbered on over the runs of a job, so that a watcher of an earlier run sees that a text began afresh.
std::uint32_t attempt_number(job::Lease lease, std::uint32_t attempt) {
    constexpr std::uint32_t kAttemptsPerRun = 1000;
    return static_cast<std::uint32_t>(lease) * kAttemptsPerRun + std::min(attempt, kAttemptsPerRun - 1);
}

}  // namespace

ModelCall::ModelCall(Environment& environment, std::shared_ptr<RunningJob> job, std::string key,
                     writing::AskRequest request)
    : environment_(environment),
      job_(std::move(job)),
      key_(std::move(key)),
      request_(std::move(request)),
      books_(environment_, job_, key_) {}

ModelCall::~ModelCall() {
    job_->texts.erase(key_);
}

awaitable<writing::StepResult<llm::ChatReply>> ModelCall::answer() {
    while (!job_->signals.stop.stopped() && !job_->out_of_budget) {
        begin_attempt();
        quiet_since_ = environment_.runtime.steady_now();
        const llm::ChatRequest chat = chat_request();
        auto choosing = model();
        const std::shared_ptr<llm::ChatModel> asked = co_await std::move(choosing);
        if (!asked) co_return *no_model_;
        auto call = asked->chat(chat, watcher(chat), job_->stop());
        llm::LlmResult<llm::ChatReply> reply = Failure<LlmErrc>{LlmErrc::stopped, ""};
        {
            ActiveStep active(job_, key_, environment_.runtime.steady_now());
            reply = co_await std::move(call);
        }
        if (reply.has_value()) {
            environment_.log->debug("job {}: call {} by {}: {} tokens in, {} out", job_->id().to_string(), key_,
                                    reply->model, reply->usage.prompt_tokens, reply->usage.completion_tokens);
            job_->provider_down_since.reset();
            co_return std::move(*reply);
        }
        environment_.log->debug("job {}: call {} failed: {}", job_->id().to_string(), key_, reply.error().message);
        if (!is_quiet(reply.error().code)) ++environment_.counters.model_errors;
        auto handling = after(reply.error().code, reply.error().message);
        Given given = co_await std::move(handling);
        if (given) co_return std::move(*given);
    }
    co_return StepFailure{StepErrc::stopped, ""};
}

awaitable<std::shared_ptr<llm::ChatModel>> ModelCall::model() {
    using Found = store::StoreResult<std::shared_ptr<llm::ChatModel>>;
    std::function<awaitable<Found>()> find = [this] {
        const job::Job& job = job_->claimed.job;
        return model_for(environment_, job.owner, key_of(job.is_byok));
    };
    auto finding = persistently<std::shared_ptr<llm::ChatModel>>(environment_, std::move(find), job_->stop());
    Found found = co_await std::move(finding);
    if (found.has_value()) co_return std::move(*found);
    no_model_ = without_model(found.error());
    co_return nullptr;
}

ModelCall::Given ModelCall::without_model(const store::StoreFailure& failure) {
    const bool is_over = failure.code == store::StoreErrc::unavailable || failure.code == store::StoreErrc::stopping;
    if (is_over) return StepFailure{StepErrc::stopped, ""};
    return failed("provider_key", failure.message);
}

llm::ChatRequest ModelCall::chat_request() const {
    llm::ChatRequest chat;
    chat.model = model_of(job_->claimed.settings, request_.role);
    if (!request_.system.empty()) chat.messages.push_back({"system", request_.system});
    chat.messages.push_back({"user", request_.user});
    if (rephrased_) chat.messages.back().content += kRephrase;
    chat.max_tokens = request_.max_tokens;
    // A model that went round in circles is asked with less freedom and another seed.
    chat.temperature = temperature_of(request_.role) / (1 + loops_);
    if (loops_ > 0) chat.seed = loops_;
    chat.json_schema = request_.json_schema;
    if (!request_.schema_name.empty()) chat.schema_name = request_.schema_name;
    return chat;
}

llm::ChatWatcher ModelCall::watcher(const llm::ChatRequest& chat) {
    // Called while `answer` waits for the call, so this object and the request are there; the stop may have come
    // before.
    llm::ChatWatcher watcher;
    watcher.before_attempt = [this, &chat] { return reserve(chat); };
    watcher.after_attempt = [this](llm::AttemptEnd end) { return books_.end(std::move(end)); };
    watcher.on_first_byte = [this](std::string_view id) { books_.open(id); };
    watcher.on_text = [this](std::string_view delta) { on_text(delta); };
    watcher.on_restart = [this](std::string_view) { begin_attempt(); };
    return watcher;
}

awaitable<llm::LlmResult<void>> ModelCall::reserve(const llm::ChatRequest& chat) {
    auto reserving = books_.reserve(attempts_, chat);
    llm::LlmResult<void> reserved = co_await std::move(reserving);
    if (reserved.has_value()) ++environment_.counters.model_calls;
    co_return reserved;
}

void ModelCall::begin_attempt() {
    const std::uint32_t number = attempt_number(job_->lease(), ++attempts_);
    StreamedText& text = job_->texts[key_];
    text = StreamedText{};
    text.attempt = number;
    text.planned_words = request_.planned_words;
    in_word_ = false;
    if (attempts_ > 1) environment_.live.restart(job_->id(), key_, number);
}

void ModelCall::on_text(std::string_view delta) {
    if (job_->signals.stop.stopped() || delta.empty()) return;
    quiet_since_ = environment_.runtime.steady_now();
    StreamedText& text = job_->texts[key_];
    // A word that goes on over the seam of two deltas is one.
    text.words +=
        count_words(delta) - (in_word_ && count_words(std::string{'x'} + std::string(delta)) == count_words(delta));
    in_word_ = delta.back() != ' ' && delta.back() != '\n';
    text.unstored += delta;
    text.tokens.add(delta);
    environment_.live.text(job_->id(), key_, text.attempt, delta);
    const SteadyTime now = environment_.runtime.steady_now();
    if (now - job_->shown_at < kShowEvery) return;
    job_->shown_at = now;
    job_->refresh();
    environment_.live.report(job_->id(), job_->report);
}

ModelCall::Given ModelCall::failed(std::string code, std::string message) {
    return step_failed(*job_, std::move(code), std::move(message)).error();
}

awaitable<ModelCall::Given> ModelCall::after(LlmErrc code, std::string message) {
    switch (code) {
        case LlmErrc::stopped:
            co_return StepFailure{StepErrc::stopped, ""};
        case LlmErrc::withheld:
            if (job_->problem) co_return StepFailure{StepErrc::failed, std::move(message)};
            if (job_->out_of_budget) co_return StepFailure{StepErrc::stopped, ""};
            --attempts_;  // none was made
            if (job_->reservations.count > 0) {
                const SteadyTime look_again = environment_.runtime.steady_now() + std::chrono::minutes(1);
                co_await job_->reservations.ended.wait_until(environment_.runtime, look_again, job_->stop());
            }
            co_return std::nullopt;
        case LlmErrc::unavailable:
            break;
        case LlmErrc::refused_key:
            co_return failed("provider_key", std::move(message));
        case LlmErrc::no_credit:
            co_return failed("provider_credit", std::move(message));
        case LlmErrc::unknown_model:
            co_return failed("unknown_model", std::move(message));
        case LlmErrc::bad_request:
            co_return failed("provider_request", std::move(message));
        case LlmErrc::content_filtered:
            if (rephrased_) co_return StepFailure{StepErrc::moderated, std::move(message)};
            rephrased_ = true;
            co_return std::nullopt;
        case LlmErrc::loop:
            if (++loops_ > kLoopsForgiven) co_return failed("model_loop", std::move(message));
            co_return std::nullopt;
        case LlmErrc::malformed:
            if (++malformed_ > kMalformedForgiven) co_return failed("provider_answer", std::move(message));
            break;
    }
    auto waiting = wait_out(std::move(message));
    Given given = co_await std::move(waiting);
    co_return given;
}

awaitable<ModelCall::Given> ModelCall::wait_out(std::string message) {
    const SteadyTime now = environment_.runtime.steady_now();
    const WallTime wall = environment_.runtime.wall_now();
    if (!job_->provider_down_since) {
        job_->provider_down_since = quiet_since_;
        // Once for an outage, not once for each try of it.
        if (job_->waits == 0)
            environment_.log->warn("job {}: its provider is away, so it tries again: {}", job_->id().to_string(),
                                   message);
    }
    if (!job_->waiting_since) job_->waiting_since = wall;
    if (wall - *job_->waiting_since >= environment_.options.provider_patience) {
        co_return failed("provider_unavailable", std::move(message));
    }
    // While another call of the job gets text, its slot is well used.
    const bool streams = std::any_of(job_->texts.begin(), job_->texts.end(), [this](const auto& text) {
        return text.first != key_ && text.second.tokens.tokens() > 0;
    });
    // A job that has waited already gives its slot back at once.
    const Milliseconds patience = job_->waits > 0 ? Milliseconds{0} : environment_.options.slot_patience;
    if (!streams && now - *job_->provider_down_since >= patience) {
        if (!job_->wait_reason) job_->wait_reason = std::move(message);
        job_->signals.stop.stop(StopReason::paused);
        co_return StepFailure{StepErrc::stopped, ""};
    }
    const Milliseconds pause = pause_before(++outages_, kFirstPause, kLongestPause, environment_.runtime.random());
    co_await environment_.runtime.sleep_for(pause, job_->stop());
    co_return std::nullopt;
}

}  // namespace longhand::engine
