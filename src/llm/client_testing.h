// A client on a loop of its own, for tests against servers on the loopback.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <string>

#include "llm/openai_client.h"

namespace longhand::llm::testing {

class ClientWorld {
public:
    explicit ClientWorld(OpenAiOptions options) : client_(runtime_, http_, std::move(options)) {}

    LlmResult<ChatReply> chat(ChatRequest request, ChatWatcher watcher = {}, StopToken stop = {}) {
        return run(client_.chat(std::move(request), std::move(watcher), std::move(stop)));
    }
    LlmResult<std::vector<ModelInfo>> models() { return run(client_.models({})); }
    LlmResult<std::optional<Usage>> charged(std::string id) { return run(client_.charged(std::move(id), {})); }
    template <class T>
    T run(awaitable<T> task) {
        loop_.restart();
        auto result = asio::co_spawn(loop_, std::move(task), asio::use_future);
        loop_.run();
        return result.get();
    }
    OpenAiClient& client() { return client_; }
    asio::io_context& loop() { return loop_; }
    Runtime& runtime() { return runtime_; }
    net::HttpClient& http() { return http_; }

private:
    asio::io_context loop_{1};
    AsioRuntime runtime_{loop_, 1};
    net::HttpClient http_{loop_, {"longhand-test", false}};
    OpenAiClient client_;
};

/// Quick to give up and to try again.
inline OpenAiOptions quick_options(std::string base_url) {
    OpenAiOptions options;
    options.base_url = std::move(base_url);
    options.api_key = "key-0123456789";
    options.first_token = Milliseconds(2000);
    options.between_tokens = Milliseconds(2000);
    options.retry = {3, Milliseconds(1), Milliseconds(5), Milliseconds(2000)};
    return options;
}

inline ChatRequest ask(std::string prompt, std::string model = "m") {
    ChatRequest request;
    request.model = std::move(model);
    request.messages = {{"system", "Be brief."}, {"user", std::move(prompt)}};
    request.max_tokens = 200;
    return request;
}

}  // namespace longhand::llm::testing
