// How the last call to a model went: what a server says of its provider.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "llm/chat.h"

namespace longhand::llm {

/// The last outcome of a model call in this process. Thread-safe.
class ProviderHealth {
public:
    struct Report {
        /// `unknown` (nothing was asked yet), `ok`, `waiting` (away, but may come back), `refused` (the key, the credit
        /// or the model: a person has to act).
        std::string state;
        std::string message;  ///< a sentence for people, never with a key; since when, where it is not `ok`
    };

    Report report() const;
    void answered();
    void failed(LlmErrc code, std::string_view message, WallTime now);

private:
    mutable std::mutex mutex_;
    Report report_{"unknown", "No model has been asked yet."};
    WallTime since_{};
};

/// A model whose calls are noted in `health`, which outlives it. A call that is tried again is noted while it waits.
class WatchedModel final : public ChatModel {
public:
    WatchedModel(Runtime& runtime, std::unique_ptr<ChatModel> model, ProviderHealth& health)
        : runtime_(runtime), model_(std::move(model)), health_(health) {}

    awaitable<LlmResult<ChatReply>> chat(ChatRequest request, ChatWatcher watcher, StopToken stop) override;
    awaitable<LlmResult<std::vector<ModelInfo>>> models(StopToken stop) override;
    awaitable<LlmResult<std::optional<Usage>>> charged(std::string generation_id, StopToken stop) override;
    std::string provider() const override { return model_->provider(); }

private:
    template <class T>
    void note(const LlmResult<T>& result);

    Runtime& runtime_;
    const std::unique_ptr<ChatModel> model_;
    ProviderHealth& health_;
};

}  // namespace longhand::llm
