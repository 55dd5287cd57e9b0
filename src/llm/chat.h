// A chat model, as the rest of the program sees one.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/runtime.h"
#include "base/stop.h"

namespace longhand::llm {

enum class LlmErrc {
    unavailable,       ///< unreachable, 5xx, 429, cut or stalled streams, past the retries of one call: may pass later
    refused_key,       ///< 401 or 403: the key is wrong or may not do this
    no_credit,         ///< 402, or a quota that is used up
    unknown_model,     ///< 404, or 400 that says so
    bad_request,       ///< any other 4xx: ours is wrong, or too long for the model
    content_filtered,  ///< `finish_reason: content_filter`
    malformed,         ///< not the protocol: HTML, broken JSON or SSE, nothing
    withheld,          ///< `ChatWatcher::before_attempt` refused it: nothing was sent
    loop,              ///< the loop guard cut a stream that repeated itself
    stopped,           ///< the stop token was raised; the stream is closed. Quiet
};
/// The message is for the job's owner: what happened, to which provider and model, what to do. Never a key.
template <class T>
using LlmResult = Result<T, LlmErrc>;

struct Message {
    std::string role;  ///< `system`, `user`, `assistant`
    std::string content;
};

struct ChatRequest {
    std::string model;
    std::vector<Message> messages;
    std::uint32_t max_tokens = 1024;  ///< always sent
    double temperature = 0.7;
    std::optional<boost::json::value> json_schema;  ///< `response_format` json_schema where set
    std::string schema_name = "answer";
    std::optional<std::uint64_t> seed;
};

struct Usage {
    std::uint64_t prompt_tokens = 0;
    std::uint64_t completion_tokens = 0;
    std::uint64_t cached_tokens = 0;
    std::uint64_t reasoning_tokens = 0;
    std::optional<double> cost_usd;  ///< the provider's own figure
    bool estimated = false;          ///< the provider gave none; counted here
};

enum class FinishReason { stop, length };

struct ChatReply {
    std::string text;
    FinishReason finish = FinishReason::stop;
    Usage usage;
    std::string generation_id;  ///< `X-Generation-Id`, else the stream's `id`
    std::string model;          ///< as the provider names it
};

/// What one attempt of a call came to, for whoever keeps the books.
struct AttemptEnd {
    bool sent = true;                ///< false: the provider took nothing on: not reached, or refused with an error
    std::optional<LlmErrc> failure;  ///< nothing: it gave the call's answer
    FinishReason finish = FinishReason::stop;  ///< of an answer
    Usage usage;                               ///< the provider's, or counted here: the prompt, and what was streamed
    std::string generation_id;                 ///< empty: none was given
    std::string served_by;  ///< whom the provider asked, where it says so (OpenRouter does); else empty
};

/// How a call shows itself while it runs, on the client's loop. Every member is optional.
struct ChatWatcher {
    /// Before each attempt's request leaves. A failure ends the call with it, and nothing is sent.
    std::function<awaitable<LlmResult<void>>()> before_attempt;
    /// Once for each attempt that was allowed, when its connection is closed, however it ended; before the next begins
    /// and before `chat` resumes.
    std::function<awaitable<void>(AttemptEnd end)> after_attempt;
    /// Once an attempt: the provider has answered. Empty where it names no id before the first token.
    std::function<void(std::string_view generation_id)> on_first_byte;
    std::function<void(std::string_view delta)> on_text;
    /// The attempt is void: what on_text gave is no longer part of the answer; another attempt follows.
    std::function<void(std::string_view reason)> on_restart;
};

struct ModelInfo {
    std::string id;
    std::uint32_t context_tokens = 0;  ///< 0: not told
    std::string notice;                ///< to be shown to whoever picks it; the offline model has one
};

/// Used from the runtime's executor only. Outlives its calls.
class ChatModel {
public:
    virtual ~ChatModel() = default;
    /// One answer, with the retries that one call is worth. Resumes with `stopped` only after the stream is closed.
    virtual awaitable<LlmResult<ChatReply>> chat(ChatRequest request, ChatWatcher watcher, StopToken stop) = 0;
    virtual awaitable<LlmResult<std::vector<ModelInfo>>> models(StopToken stop) = 0;
    /// What the provider charged for a call that it named so, whose end we did not hear. Nothing: it does not know the
    /// call, or not yet, or tells nothing of this kind.
    virtual awaitable<LlmResult<std::optional<Usage>>> charged(std::string generation_id, StopToken stop) = 0;
    /// Names the provider in a job's record and in messages: its base URL without credentials, or `offline`.
    virtual std::string provider() const = 0;
};

/// About how many tokens a text is, for bounds and for providers that don't tell: never fewer than a quarter of its
/// bytes for Latin text, one a character for scripts without spaces.
std::uint64_t estimate_tokens(std::string_view text);
/// Of all messages and the schema, with what goes around them.
std::uint64_t estimate_prompt_tokens(const ChatRequest& request);

}  // namespace longhand::llm
