// The chat model of a process: an OpenAI-compatible provider, or the offline model, in process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/runtime.h"
#include "cli/installation.h"
#include "cli/option_set.h"
#include "cli/values.h"
#include "http/services.h"
#include "llm/chat.h"
#include "llm/offline/offline_server.h"
#include "llm/openai_client.h"
#include "llm/watched_model.h"
#include "net/http_client.h"

namespace longhand::cli {

/// How much has to be known of the models before anything is written.
enum class ModelChoice {
    open,     ///< the provider is asked when a role has no model
    checked,  ///< it is asked in any case, and has to offer the models that are named, where it gives a list
    settled,  ///< a job that was begun has its models: the provider is not asked
};

/// Used from the loop it was made with; the loop outlives it.
class Provider {
public:
    /// By --provider, its key and the models. Errors: usage, with the list where a model has to be chosen; failed, when
    /// the provider does not answer, or does not offer a model that had to be checked.
    static OpenResult<std::unique_ptr<Provider>> make(const Options& options, asio::io_context& loop, Runtime& runtime,
                                                      ModelChoice choice);

    /// What can change while it is in use.
    struct Changes {
        std::string key;
        http::ServerDefaults defaults;
    };
    /// Reads them by options that name the same provider; a role that they give no model keeps its own. Errors: usage,
    /// and nothing has changed.
    OpenResult<Changes> read_again(const Options& options) const;
    void apply(Changes changes);

    llm::ChatModel& model() { return *model_; }
    /// Whether users may bring keys of their own: the offline model in process takes none.
    bool takes_own_keys() const { return offline_ == nullptr; }
    /// The same provider asked with a user's own key. For one key the same client, so that its limits hold for all who
    /// use it; what it meets says nothing of the server's own key, so `health` does not hear of it.
    std::shared_ptr<llm::ChatModel> with_key(const std::string& key);
    /// llm::check_key at this provider. From any thread.
    awaitable<llm::LlmResult<void>> check_key(std::string key, StopToken stop);
    /// The same of the server's own key, by the options that it was made with.
    awaitable<llm::LlmResult<void>> check_servers_key(std::string key, StopToken stop);
    /// How the last call to it went; from any thread.
    const llm::ProviderHealth& health() const { return health_; }
    /// What jobs that start here are given.
    const http::ServerDefaults& defaults() const { return defaults_; }
    /// What whoever uses it should know, in a sentence; may be empty.
    const std::string& notice() const { return notice_; }

private:
    explicit Provider(Runtime& runtime) : runtime_(runtime) {}

    static awaitable<llm::LlmResult<void>> check_key_on_loop(Provider* provider, llm::OpenAiOptions options,
                                                             StopToken stop);

    Runtime& runtime_;
    std::unique_ptr<llm::offline::OfflineServer> offline_;
    std::unique_ptr<net::HttpClient> http_;
    llm::ProviderHealth health_;
    std::unique_ptr<llm::ChatModel> model_;
    llm::OpenAiClient* client_ = nullptr;  ///< within model_
    llm::OpenAiOptions own_key_options_;   ///< of clients with users' keys: all but the key
    std::map<std::string, std::shared_ptr<llm::OpenAiClient>> own_key_clients_;  ///< by the key's hash
    http::ServerDefaults defaults_;
    std::string notice_;
};

}  // namespace longhand::cli
