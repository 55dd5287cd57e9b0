#include "engine/prompt_help.h"

#include <algorithm>

#include "base/task_scope.h"
#include "engine/call_books.h"
#include "engine/own_model.h"
#include "engine/prompt_sources.h"

namespace longhand::engine {
namespace {

using llm::LlmErrc;
using writing::BetterPrompt;

constexpr std::size_t kPromptCalls = 16, kPromptCallsOfAnOwner = 2;

awaitable<void> raise_at(Runtime& runtime, SteadyTime deadline, StopSource cut, StopToken over) {
    const WaitResult result = co_await runtime.sleep_until(deadline, over);
    if (result == WaitResult::elapsed) cut.stop(StopReason::deadline);
}

/// The ledger's rows of one call outside any job.
class PromptBooks {
public:
    PromptBooks(Environment& environment, const PromptQuestion& question, const llm::ChatRequest& request)
        : environment_(environment) {
        intent_.owner = question.owner;
        intent_.project = question.project;
        intent_.purpose = "format_prompt";
        intent_.provider = environment.model.provider();
        intent_.model = request.model;
        intent_.is_byok = question.is_byok;
        intent_.prompt_tokens = static_cast<std::int64_t>(llm::estimate_prompt_tokens(request));
        intent_.most_completion_tokens = request.max_tokens;
        intent_.price = price_for(environment, intent_.provider, intent_.model);
    }

    awaitable<llm::LlmResult<void>> reserve() {
        auto reserving = environment_.store.reserve_prompt_call(intent_);
        const store::StoreResult<Uuid> reserved = co_await std::move(reserving);
        if (!reserved.has_value()) co_return Failure<LlmErrc>{LlmErrc::withheld, reserved.error().message};
        call_ = *reserved;
        ++environment_.counters.model_calls;
        co_return llm::LlmResult<void>();
    }

    awaitable<void> end(llm::AttemptEnd end) {
        store::PromptCallEnd ended;
        ended.owner = intent_.owner;
        ended.call = call_;
        ended.state = state_of(end);
        ended.tokens = tokens_of(end.usage);
        if (end.usage.cost_usd) ended.cost = UsdMicros::from_usd(*end.usage.cost_usd);
        ended.generation_id = end.generation_id;
        ended.served_by = end.served_by;
        if (end.failure)
            ended.ending = word_of(*end.failure);
        else
            ended.ending = end.finish == llm::FinishReason::length ? "length" : "stop";
        if (end.failure)
            environment_.measures.failed(*end.failure);
        else
            environment_.counters.prompt_tokens += ended.tokens.prompt;
        if (!end.failure) environment_.counters.completion_tokens += ended.tokens.completion;
        auto ending = environment_.store.end_prompt_call(std::move(ended));
        const store::StoreResult<void> written = co_await std::move(ending);
        if (written.has_value() || written.error().code == store::StoreErrc::stopping) co_return;
        environment_.log->warn("the end of a call without a job was not written: {}", written.error().message);
    }

private:
    Environment& environment_;
    store::PromptCallIntent intent_;
    Uuid call_;
};

llm::ChatRequest chat_of(const PromptQuestion& question) {
    writing::AskRequest asked = writing::better_prompt_request(question.wish);
    llm::ChatRequest chat;
    chat.model = question.model;
    chat.messages = {{"system", std::move(asked.system)}, {"user", std::move(asked.user)}};
    chat.max_tokens = asked.max_tokens;
    chat.temperature = 0.3;
    chat.json_schema = std::move(asked.json_schema);
    chat.schema_name = std::move(asked.schema_name);
    return chat;
}

}  // namespace

/// One of the calls under way, while it is there.
class PromptHelp::Slot {
public:
    Slot(PromptHelp& help, Uuid owner) : help_(help), owner_(owner) {
        ++help_.count_;
        ++help_.by_owner_[owner_];
    }
    Slot(const Slot&) = delete;
    ~Slot() {
        --help_.count_;
        if (--help_.by_owner_[owner_] == 0) help_.by_owner_.erase(owner_);
        help_.freed_.notify();
    }

private:
    PromptHelp& help_;
    const Uuid owner_;
};

awaitable<std::unique_ptr<PromptHelp::Slot>> PromptHelp::slot(Uuid owner, SteadyTime deadline, StopToken stop) {
    const auto is_full = [&] {
        const auto own = by_owner_.find(owner);
        return count_ >= kPromptCalls || (own != by_owner_.end() && own->second >= kPromptCallsOfAnOwner);
    };
    while (is_full()) {
        if (stop.stopped() || environment_.runtime.steady_now() >= deadline) co_return nullptr;
        // Whom a notification wakes it may not have been for: all look again soon.
        const SteadyTime look_again = std::min(deadline, environment_.runtime.steady_now() + Milliseconds{500});
        co_await freed_.wait_until(environment_.runtime, look_again, stop);
    }
    co_return std::make_unique<Slot>(*this, owner);
}

awaitable<std::optional<std::string>> PromptHelp::ask(const PromptQuestion* question, SteadyTime deadline,
                                                      StopToken stop) {
    auto choosing = model_for(environment_, question->owner, key_of(question->is_byok));
    const store::StoreResult<std::shared_ptr<llm::ChatModel>> model = co_await std::move(choosing);
    if (!model.has_value()) co_return std::nullopt;
    llm::ChatRequest chat = chat_of(*question);
    PromptBooks books(environment_, *question, chat);
    llm::ChatWatcher watcher;
    watcher.before_attempt = [&books] { return books.reserve(); };
    watcher.after_attempt = [&books](llm::AttemptEnd end) { return books.end(std::move(end)); };
    StopSource cut;
    StopCallback forward(stop, [cut]() mutable { cut.stop(StopReason::cancelled); });
    TaskScope watch(environment_.runtime);
    watch.spawn(raise_at(environment_.runtime, deadline, cut, watch.token()));
    llm::LlmResult<llm::ChatReply> reply = Failure<LlmErrc>{LlmErrc::stopped, ""};
    std::exception_ptr thrown;
    try {
        auto asking = (*model)->chat(std::move(chat), std::move(watcher), cut.token());
        reply = co_await std::move(asking);
    } catch (...) {
        thrown = std::current_exception();
    }
    watch.stop(StopReason::shutdown);
    co_await watch.join();
    if (thrown) std::rethrow_exception(thrown);
    if (reply.has_value()) co_return std::move(reply->text);
    environment_.log->info("a better prompt is made without the model: {}", reply.error().code == LlmErrc::stopped
                                                                                ? "it did not answer in time"
                                                                                : reply.error().message);
    co_return std::nullopt;
}

awaitable<BetterPrompt> PromptHelp::improve(PromptQuestion question, StopToken stop) {
    ++present_;
    BetterPrompt better;
    std::exception_ptr thrown;
    try {
        auto answering = answer(std::move(question), std::move(stop));
        better = co_await std::move(answering);
    } catch (...) {
        thrown = std::current_exception();
    }
    --present_;
    freed_.notify();
    if (thrown) std::rethrow_exception(thrown);
    co_return better;
}

awaitable<void> PromptHelp::idle() {
    while (present_ > 0) {
        const SteadyTime look_again = environment_.runtime.steady_now() + Milliseconds{500};
        co_await freed_.wait_until(environment_.runtime, look_again, StopToken{});
    }
}

awaitable<BetterPrompt> PromptHelp::answer(PromptQuestion question, StopToken stop) {
    const SteadyTime deadline = environment_.runtime.steady_now() + environment_.options.prompt_time;
    auto waiting = slot(question.owner, deadline - environment_.options.prompt_time / 2, stop);
    const std::unique_ptr<Slot> place = co_await std::move(waiting);
    if (!place) co_return writing::better_prompt_without_model(question.wish);
    auto reading =
        passages_for_prompt(environment_, &question, deadline - environment_.options.prompt_time * 2 / 3, stop);
    question.wish.passages = co_await std::move(reading);
    std::optional<std::string> answer;
    if (!question.model.empty() && !stop.stopped()) {
        auto asking = ask(&question, deadline, stop);
        answer = co_await std::move(asking);
    }
    if (answer) {
        if (auto better = writing::read_better_prompt(*answer, question.wish)) co_return std::move(*better);
        environment_.log->info("a better prompt is made without the model: its answer can't be read");
    }
    co_return writing::better_prompt_without_model(question.wish);
}

}  // namespace longhand::engine
