// Whether a provider takes a key, asked as cheaply as can be had an honest answer.
#pragma once

#include <string>

#include "llm/openai_client.h"

namespace longhand::llm {

/// How long the whole of it may take.
inline constexpr Milliseconds kKeyCheckTime{10'000};

/// Whether the provider at `base_url` has a path of its own that tells of a key: OpenRouter, whatever the path.
bool tells_of_keys(const std::string& base_url);

/// Tries `options.api_key` at the provider that `options` name. OpenRouter lists its models to anybody and tells of a
/// key at `/key` (openrouter.ai/docs, "Get current API key"). Elsewhere the list of models is asked for, with the key
/// and then without one: where it is refused without, the key was what opened it. Where it is public, where there is
/// none, and where the key may not list, one token of `model` is asked for.
/// Errors: refused_key; unavailable, malformed (nothing is known of the key); stopped. A key without credit is a key.
/// Used from the HTTP client's loop.
awaitable<LlmResult<void>> check_key(Runtime& runtime, net::HttpClient& http, OpenAiOptions options, std::string model,
                                     StopToken stop, Milliseconds time = kKeyCheckTime);

}  // namespace longhand::llm
