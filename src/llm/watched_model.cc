#include "llm/watched_model.h"

#include <fmt/format.h>

#include <optional>

namespace longhand::llm {
namespace {

/// Nothing: the failure says nothing of the provider. `ok`: it has answered, though not as hoped.
std::optional<std::string> state_after(LlmErrc code) {
    switch (code) {
        case LlmErrc::unavailable:
        case LlmErrc::malformed:
            return "waiting";
        case LlmErrc::refused_key:
        case LlmErrc::no_credit:
        case LlmErrc::unknown_model:
            return "refused";
        case LlmErrc::bad_request:
        case LlmErrc::content_filtered:
        case LlmErrc::loop:
            return "ok";
        case LlmErrc::withheld:
        case LlmErrc::stopped:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

ProviderHealth::Report ProviderHealth::report() const {
    const std::lock_guard lock(mutex_);
    return report_;
}

void ProviderHealth::answered() {
    const std::lock_guard lock(mutex_);
    report_ = {"ok", "The last call was answered."};
}

void ProviderHealth::failed(LlmErrc code, std::string_view message, WallTime now) {
    const auto state = state_after(code);
    if (!state) return;
    if (*state == "ok") return answered();
    const std::lock_guard lock(mutex_);
    if (report_.state != *state) since_ = now;
    report_ = {*state, fmt::format("Since {}: {}", format_wall_time(since_), message)};
}

template <class T>
void WatchedModel::note(const LlmResult<T>& result) {
    if (result)
        health_.answered();
    else
        health_.failed(result.error().code, result.error().message, runtime_.wall_now());
}

awaitable<LlmResult<ChatReply>> WatchedModel::chat(ChatRequest request, ChatWatcher watcher, StopToken stop) {
    watcher.on_restart = [this, told = std::move(watcher.on_restart)](std::string_view reason) {
        health_.failed(LlmErrc::unavailable, reason, runtime_.wall_now());
        if (told) told(reason);
    };
    auto result = co_await model_->chat(std::move(request), std::move(watcher), std::move(stop));
    note(result);
    co_return std::move(result);
}

awaitable<LlmResult<std::vector<ModelInfo>>> WatchedModel::models(StopToken stop) {
    auto result = co_await model_->models(std::move(stop));
    note(result);
    co_return std::move(result);
}

// No model is asked: how this goes says nothing of whether one would answer.
awaitable<LlmResult<std::optional<Usage>>> WatchedModel::charged(std::string generation_id, StopToken stop) {
    return model_->charged(std::move(generation_id), std::move(stop));
}

}  // namespace longhand::llm
