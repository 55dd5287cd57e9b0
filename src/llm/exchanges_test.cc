// What OpenRouter, OpenAI, Ollama, llama.cpp's server and vLLM send, played to the real client. The exchanges are made
// after the pages that each of them names at its top; none was recorded from a provider.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "llm/client_testing.h"
#include "llm/provider_testing.h"

namespace longhand::llm {
namespace {

namespace fs = std::filesystem;
using testing::Answer;
using testing::ClientWorld;
using testing::FakeProvider;
using ::testing::HasSubstr;
using ::testing::Not;

const fs::path kFolder = fs::path(LONGHAND_SOURCE_DIR) / "src/llm/exchanges";

struct Exchange {
    std::vector<std::string> sources;
    Answer answer;
};

/// A file of the folder: comment lines (what it is, and the pages that say so), then an answer as it goes over the
/// wire.
Exchange read_exchange(const std::string& name) {
    std::ifstream file(kFolder / (name + ".http"), std::ios::binary);
    EXPECT_TRUE(file) << name;
    Exchange exchange;
    std::string line;
    while (std::getline(file, line) && line.starts_with('#')) {
        if (line.starts_with("# https://")) exchange.sources.push_back(line.substr(2));
    }
    exchange.answer.status = std::stoi(line.substr(line.find(' ')));
    while (std::getline(file, line) && !line.empty()) {
        const auto colon = line.find(": ");
        const std::string field = line.substr(0, colon), value = line.substr(colon + 2);
        if (field == "Content-Type")
            exchange.answer.type = value;
        else
            exchange.answer.headers.emplace_back(field, value);
    }
    std::ostringstream body;
    body << file.rdbuf();
    exchange.answer.body = body.str();
    return exchange;
}

/// Plays the exchanges, one a request; streams in pieces of so many bytes.
class Player {
public:
    explicit Player(const std::vector<std::string>& names, std::size_t piece = 0)
        : provider_(answers(names, piece)), world_(options(provider_.base_url(), names.size())) {}

    LlmResult<ChatReply> chat(std::string* streamed = nullptr, std::string* first_id = nullptr) {
        ChatWatcher watcher;
        watcher.on_text = [streamed](std::string_view text) {
            if (streamed) *streamed += text;
        };
        watcher.on_first_byte = [first_id](std::string_view id) {
            if (first_id) *first_id = id;
        };
        return world_.chat(testing::ask("How does a lease change?"), watcher);
    }
    LlmResult<std::vector<ModelInfo>> models() { return world_.models(); }
    /// As messages name it.
    std::string shown() const {
        return "The provider at " + provider_.base_url().substr(7, provider_.base_url().find("/api") - 7);
    }
    std::vector<std::string> requests() const { return provider_.bodies(); }

private:
    static std::vector<Answer> answers(const std::vector<std::string>& names, std::size_t piece) {
        std::vector<Answer> all;
        for (const std::string& name : names) {
            all.push_back(read_exchange(name).answer);
            if (all.back().type.starts_with("text/event-stream")) all.back().piece = piece;
        }
        return all;
    }
    static OpenAiOptions options(std::string base_url, std::size_t attempts) {
        OpenAiOptions options = testing::quick_options(std::move(base_url));
        options.retry.attempts = static_cast<unsigned>(attempts);
        options.retry.longest_wait = Milliseconds(0);  // a pause that is asked for ends the call
        return options;
    }

    FakeProvider provider_;
    ClientWorld world_;
};

Usage usage(std::uint64_t prompt, std::uint64_t completion, std::uint64_t cached = 0, std::uint64_t reasoning = 0,
            std::optional<double> cost = {}) {
    return {prompt, completion, cached, reasoning, cost, false};
}

struct Answered {
    std::vector<std::string> played;
    const char* text;
    const char* id;
    const char* model;
    Usage usage;
    FinishReason finish = FinishReason::stop;
};

const Answered kAnswered[] = {
    {{"openrouter/stream"}, "A lease only grows.", "gen-1735000000-a1", "acme/large", usage(194, 12, 64, 5, 0.00095)},
    {{"openrouter/own_key"}, "It grows.", "gen-1735000000-a1", "acme/large", usage(194, 2, 0, 0, 19.95)},
    {{"openrouter/whole"},
     "A lease only",
     "gen-1735000000-a2",
     "acme/large",
     usage(20, 3, 0, 0, 0.0),
     FinishReason::length},
    {{"openai/stream"}, "A lease only grows.", "chatcmpl-b1", "gpt-large-2025-01-01", usage(1200, 7, 1024)},
    {{"openai/whole"}, "It grows.", "chatcmpl-b2", "gpt-large-2025-01-01", usage(19, 10)},
    {{"openai/max_tokens", "openai/temperature", "openai/stream"},
     "A lease only grows.",
     "chatcmpl-b1",
     "gpt-large-2025-01-01",
     usage(1200, 7, 1024)},
    {{"ollama/stream"}, "A lease only grows.", "chatcmpl-417", "qwen3:8b", usage(26, 9)},
    {{"ollama/whole"}, "It grows.", "chatcmpl-418", "qwen3:8b", usage(26, 4)},
    {{"llama.cpp/stream"}, "A lease only grows.", "chatcmpl-L7", "gemma-12b", usage(44, 9, 31)},
    {{"llama.cpp/whole"}, "It grows.", "chatcmpl-L8", "gemma-12b", usage(12, 4)},
    {{"vllm/stream"}, "A lease only grows.", "chatcmpl-v1", "acme/open-8b", usage(31, 12, 16)},
    {{"vllm/length"}, "A lease only", "chatcmpl-v1", "acme/open-8b", usage(31, 3), FinishReason::length},
};

struct Refused {
    const char* played;
    LlmErrc code;
    const char* says;  ///< WHO stands for the provider
};

constexpr const char* kCutShort = "WHO ended its answer before it was whole. Given up after 1 attempt.";

const Refused kRefused[] = {
    {"openrouter/error_in_stream", LlmErrc::unavailable,
     "WHO broke off its answer: \"Provider disconnected\". Given up after 1 attempt."},
    {"openrouter/error_kind_in_stream", LlmErrc::unavailable,
     "WHO allows no more requests for now (429): \"Rate limit exceeded\". Given up after 1 attempt."},
    {"openrouter/too_long_in_stream", LlmErrc::bad_request,
     "WHO can't take so long a request for the model \"m\" (400): \"prompt is too long: 1284668 tokens > 1000000 "
     "maximum\"; set --context-tokens to what the model holds."},
    {"openrouter/error_of_choice", LlmErrc::unavailable,
     "WHO failed with status 502: \"Provider disconnected mid-stream\". Given up after 1 attempt."},
    {"openrouter/rate_limit", LlmErrc::unavailable,
     "WHO allows no more requests for now (429): \"Provider returned error: acme/large is temporarily rate-limited "
     "upstream. Please retry shortly.\". Given up after 1 attempt."},
    {"openrouter/error_of_provider", LlmErrc::bad_request,
     "WHO did not accept the request for the model \"m\" (400): \"Provider returned error: messages must not be "
     "empty\"; the prompt may be too long for the model (see --context-tokens)."},
    {"openrouter/no_credit", LlmErrc::no_credit,
     "WHO has no credit left for this key (402): \"This request requires more credits, or fewer max_tokens.\"; add "
     "credit there, then retry."},
    {"openrouter/spending_at_once", LlmErrc::unavailable,
     "WHO allows no more requests for now (402): \"Too many requests in flight for the credit left.\". Given up after "
     "1 "
     "attempt."},
    {"openrouter/moderation", LlmErrc::content_filtered,
     "WHO declined the content (403): \"Input was blocked.\"; change the prompt, or name another model in the request "
     "or with --model."},
    {"openrouter/bad_key", LlmErrc::refused_key,
     "WHO refused the key (401): \"No auth credentials found\"; give a valid one with --provider-key-file."},
    {"openrouter/unknown_model", LlmErrc::unknown_model,
     "WHO does not offer the model \"m\" (404): \"No endpoints found for acme/large.\"; name another in the request or "
     "with --model."},
    {"openrouter/no_provider", LlmErrc::unavailable,
     "WHO failed with status 503: \"There is no available model provider that meets your routing requirements\". Given "
     "up after 1 attempt."},
    {"openai/all_thought", LlmErrc::malformed,
     "WHO used up all tokens allowed without a word of text: a reasoning model needs more of them, or another model "
     "does."},
    {"openai/refusal", LlmErrc::content_filtered,
     "WHO stopped the answer of \"m\" by its content filter; change the prompt, or name another model in the request "
     "or with --model."},
    {"openai/content_filter", LlmErrc::content_filtered,
     "WHO stopped the answer of \"m\" by its content filter; change the prompt, or name another model in the request "
     "or with --model."},
    {"openai/bad_key", LlmErrc::refused_key,
     "WHO refused the key (401): \"Incorrect API key provided: [key] You can find your API key at "
     "https://platform.openai.com/account/api-keys.\"; give a valid one with --provider-key-file."},
    {"openai/rate_limit", LlmErrc::unavailable,
     "WHO allows no more requests for now (429): \"Rate limit reached for gpt-large in organization org-1 on requests "
     "per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.\". Given up after 1 attempt."},
    {"openai/quota", LlmErrc::no_credit,
     "WHO has no credit left for this key (429): \"You exceeded your current quota, please check your plan and billing "
     "details.\"; add credit there, then retry."},
    {"openai/too_large", LlmErrc::bad_request,
     "WHO can't take so long a request for the model \"m\" (429): \"Request too large for gpt-large in organization "
     "org-1 on tokens per min (TPM): Limit 30000, Requested 47000. The input or output tokens must be reduced in order "
     "to run successfully.\"; set --context-tokens to what the model holds."},
    {"openai/too_long", LlmErrc::bad_request,
     "WHO can't take so long a request for the model \"m\" (400): \"This model's maximum context length is 8192 "
     "tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.\"; set "
     "--context-tokens to what the model holds."},
    {"openai/unknown_model", LlmErrc::unknown_model,
     "WHO does not offer the model \"m\" (404): \"The model `m` does not exist or you do not have access to it.\"; "
     "name "
     "another in the request or with --model."},
    {"openai/wrong_address", LlmErrc::unknown_model,
     "WHO has nothing at that address (404): \"Invalid URL (POST /chat/completions)\"; check that --provider is the "
     "API's base URL with its version, and that it offers the model \"m\"."},
    {"openai/overloaded", LlmErrc::unavailable,
     "WHO failed with status 503: \"The engine is currently overloaded, please try again later\". Given up after 1 "
     "attempt."},
    {"openai/error_in_stream", LlmErrc::unavailable,
     "WHO broke off its answer: \"The server had an error while processing your request. Sorry about that!\". Given up "
     "after 1 attempt."},
    {"ollama/lost_runner", LlmErrc::unavailable, kCutShort},
    {"ollama/unknown_model", LlmErrc::unknown_model,
     "WHO does not offer the model \"m\" (404): \"model 'm' not found\"; name another in the request or with --model."},
    {"ollama/failed", LlmErrc::unavailable,
     "WHO failed with status 500: \"model requires more system memory (9.1 GiB) than is available (5.2 GiB)\". Given "
     "up "
     "after 1 attempt."},
    {"ollama/wrong_address", LlmErrc::unknown_model,
     "WHO has nothing at that address (404): \"404 page not found\"; check that --provider is the API's base URL with "
     "its version, and that it offers the model \"m\"."},
    {"llama.cpp/loading", LlmErrc::unavailable,
     "WHO failed with status 503: \"Loading model\". Given up after 1 attempt."},
    {"llama.cpp/bad_key", LlmErrc::refused_key,
     "WHO refused the key (401): \"Invalid API Key\"; give a valid one with --provider-key-file."},
    {"llama.cpp/too_long", LlmErrc::bad_request,
     "WHO can't take so long a request for the model \"m\" (400): \"request (9412 tokens) exceeds the available "
     "context "
     "size (8192 tokens), try increasing it\"; set --context-tokens to what the model holds."},
    {"llama.cpp/error_in_stream", LlmErrc::unavailable,
     "WHO failed with status 500: \"context shift is disabled\". Given up after 1 attempt."},
    {"llama.cpp/wrong_address", LlmErrc::unknown_model,
     "WHO has nothing at that address (404): \"File Not Found\"; check that --provider is the API's base URL with its "
     "version, and that it offers the model \"m\"."},
    {"vllm/aborted", LlmErrc::unavailable, "WHO broke off its answer. Given up after 1 attempt."},
    {"vllm/error_in_stream", LlmErrc::unavailable,
     "WHO failed with status 500: \"EngineCore encountered an issue.\". Given up after 1 attempt."},
    {"vllm/unknown_model", LlmErrc::unknown_model,
     "WHO does not offer the model \"m\" (404): \"The model `m` does not exist.\"; name another in the request or with "
     "--model."},
    {"vllm/unknown_model_older", LlmErrc::unknown_model,
     "WHO does not offer the model \"m\" (404): \"The model `m` does not exist.\"; name another in the request or with "
     "--model."},
    {"vllm/error_older", LlmErrc::unavailable,
     "WHO failed with status 500: \"Internal server error\". Given up after 1 attempt."},
    {"vllm/bad_key", LlmErrc::refused_key,
     "WHO refused the key (401): \"Unauthorized\"; give a valid one with --provider-key-file."},
    {"vllm/too_long", LlmErrc::bad_request,
     "WHO can't take so long a request for the model \"m\" (400): \"This model's maximum context length is 16384 "
     "tokens. However, you requested 8192 output tokens and your prompt contains at least 8193 input tokens, for a "
     "total of at least 16385 tokens.\"; set --context-tokens to what the model holds."},
    {"vllm/wrong_address", LlmErrc::unknown_model,
     "WHO has nothing at that address (404): \"Not Found\"; check that --provider is the API's base URL with its "
     "version, and that it offers the model \"m\"."},
};

struct Listed {
    const char* played;
    std::vector<std::pair<std::string, std::uint32_t>> models;  ///< 0: not told
};

const Listed kListed[] = {
    {"openrouter/models", {{"acme/large", 200'000}, {"acme/small", 32'768}}},
    {"openai/models", {{"gpt-large", 0}, {"gpt-small", 0}}},
    {"ollama/models", {{"qwen3:8b", 0}}},
    {"ollama/no_models", {}},
    {"llama.cpp/models", {{"gemma-12b", 16'384}}},
    {"llama.cpp/models_older", {{"../models/llama-8b-q4.gguf", 131'072}, {"loading", 0}}},
    {"vllm/models", {{"acme/open-8b", 32'768}, {"adapter", 0}}},
};

TEST(Exchanges, GiveTextUsageAndNames) {
    for (const Answered& it : kAnswered) {
        for (const std::size_t piece : {0u, 1u, 97u}) {
            SCOPED_TRACE(fmt::format("{} in pieces of {}", it.played.back(), piece));
            Player player(it.played, piece);
            std::string streamed, first_id;
            const auto reply = player.chat(&streamed, &first_id);
            ASSERT_TRUE(reply) << reply.error().message;
            EXPECT_EQ(reply->text, it.text);
            EXPECT_EQ(streamed, it.text);
            EXPECT_EQ(reply->generation_id, it.id);
            EXPECT_EQ(first_id, it.id);
            EXPECT_EQ(reply->model, it.model);
            EXPECT_EQ(reply->finish, it.finish);
            EXPECT_EQ(reply->usage.prompt_tokens, it.usage.prompt_tokens);
            EXPECT_EQ(reply->usage.completion_tokens, it.usage.completion_tokens);
            EXPECT_EQ(reply->usage.cached_tokens, it.usage.cached_tokens);
            EXPECT_EQ(reply->usage.reasoning_tokens, it.usage.reasoning_tokens);
            EXPECT_EQ(reply->usage.cost_usd, it.usage.cost_usd);
            EXPECT_FALSE(reply->usage.estimated);
        }
    }
}

TEST(Exchanges, CountsAPromptThatTheProviderCountsAsNone) {
    const auto reply = Player({"ollama/cached_prompt"}).chat();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->usage.completion_tokens, 4u);
    EXPECT_GT(reply->usage.prompt_tokens, 5u);
    EXPECT_TRUE(reply->usage.estimated);
}

TEST(Exchanges, LearnWhatAModelDoesNotTake) {
    Player player({"openai/max_tokens", "openai/temperature", "openai/stream"});
    ASSERT_TRUE(player.chat());
    ASSERT_EQ(player.requests().size(), 3u);
    EXPECT_THAT(player.requests()[0], HasSubstr("\"max_tokens\":200"));
    EXPECT_THAT(player.requests()[1], HasSubstr("\"max_completion_tokens\":200"));
    EXPECT_THAT(player.requests()[1], Not(HasSubstr("\"max_tokens\"")));
    EXPECT_THAT(player.requests()[2], Not(HasSubstr("\"temperature\"")));
}

TEST(Exchanges, SayWhatIsWrongAndWhatToDo) {
    for (const Refused& it : kRefused) {
        SCOPED_TRACE(it.played);
        Player player({it.played});
        const auto reply = player.chat();
        ASSERT_FALSE(reply) << reply->text;
        EXPECT_EQ(reply.error().code, it.code);
        std::string says = it.says;
        says.replace(0, 3, player.shown());
        EXPECT_EQ(reply.error().message, says);
    }
}

TEST(Exchanges, ListModelsWithTheirSizes) {
    for (const Listed& it : kListed) {
        SCOPED_TRACE(it.played);
        const auto models = Player({it.played}).models();
        ASSERT_TRUE(models) << models.error().message;
        std::vector<std::pair<std::string, std::uint32_t>> listed;
        for (const ModelInfo& info : *models) listed.emplace_back(info.id, info.context_tokens);
        EXPECT_EQ(listed, it.models);
    }
}

TEST(Exchanges, NameTheirSourcesAndAreAllPlayed) {
    std::set<std::string> played{"ollama/cached_prompt"};
    for (const Answered& it : kAnswered) played.insert(it.played.begin(), it.played.end());
    for (const Refused& it : kRefused) played.insert(it.played);
    for (const Listed& it : kListed) played.insert(it.played);
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
        if (!entry.is_regular_file()) continue;
        const std::string name = fs::relative(entry.path(), kFolder).replace_extension("").string();
        found.insert(name);
        EXPECT_FALSE(read_exchange(name).sources.empty()) << name;
    }
    EXPECT_EQ(found, played);
}

}  // namespace
}  // namespace longhand::llm
