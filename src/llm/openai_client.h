// The OpenAI chat protocol as a client, with one call's worth of patience.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "llm/chat.h"
#include "llm/provider_fault.h"
#include "llm/retry.h"
#include "net/http_client.h"

namespace longhand::llm {

struct OpenAiOptions {
    /// With its version: `https://openrouter.ai/api/v1`. `/chat/completions` and `/models` are appended.
    std::string base_url;
    std::string api_key;  ///< empty: no Authorization header
    /// What whoever reads that the key was refused can do, as the end of a sentence; empty: the operator's option.
    std::string renew_key = {};
    /// What `provider` says and messages name; empty: made from the base URL.
    std::string name;
    Milliseconds first_token{180'000};    ///< from the request to the first token; comments of the stream are no tokens
    Milliseconds between_tokens{60'000};  ///< reasoning that is streamed counts as tokens
    RetryPolicy retry;
};

/// One provider with one key. Runs on the runtime's executor, which must be the HTTP client's loop.
class OpenAiClient final : public ChatModel {
public:
    OpenAiClient(Runtime& runtime, net::HttpClient& http, OpenAiOptions options);

    awaitable<LlmResult<ChatReply>> chat(ChatRequest request, ChatWatcher watcher, StopToken stop) override;
    awaitable<LlmResult<std::vector<ModelInfo>>> models(StopToken stop) override;
    awaitable<LlmResult<std::optional<Usage>>> charged(std::string generation_id, StopToken stop) override;
    std::string provider() const override { return provider_; }
    /// For requests that leave from now on.
    void set_key(std::string key) { options_.api_key = std::move(key); }

private:
    /// One call of `chat`, for as long as it runs.
    struct Call {
        ChatRequest request;
        ChatWatcher watcher;
        StopToken stop;
        Asked asked;
    };
    /// What this provider turned out not to take, learned from its refusals.
    struct Dialect {
        bool json_schema = true;
        bool max_completion_tokens = false;  ///< instead of max_tokens
        bool temperature = true;
    };

    /// One request with its books: `end` is told to the watcher, whatever comes of it.
    awaitable<Attempt<ChatReply>> attempt(Call* call);
    awaitable<Attempt<ChatReply>> send(Call* call, AttemptEnd* end);
    awaitable<Attempt<std::vector<ModelInfo>>> attempt_models(StopToken stop);
    awaitable<Attempt<std::optional<Usage>>> attempt_charged(std::string generation_id, StopToken stop);
    net::HttpCall short_call(std::string path) const;
    net::HttpCall chat_call(const ChatRequest& request) const;
    std::string request_body(const ChatRequest& request) const;
    std::vector<std::string> headers() const;
    Asked asked(std::string model) const;
    /// True when the refusal names a field that can be left out from now on.
    bool learn(const net::HttpReply& refusal);

    Runtime& runtime_;
    net::HttpClient& http_;
    OpenAiOptions options_;
    std::string provider_;
    RateGate gate_;
    Dialect dialect_;
};

/// The charge in an answer to /generation?id=; nothing when it is none. OpenRouter's form: `native_tokens_…` are what
/// is billed, `total_cost` what it takes itself, `upstream_inference_cost` what the provider behind it takes from the
/// user's own key. (openrouter.ai/docs, "Get a generation".)
std::optional<Usage> parse_charge(std::string_view body);

/// The list in an answer to /models; nothing when it is none.
std::optional<std::vector<ModelInfo>> parse_models(std::string_view body);

}  // namespace longhand::llm
