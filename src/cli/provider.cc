#include "cli/provider.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <fstream>

#include "base/digest.h"
#include "base/on_loop.h"
#include "cli/installation.h"
#include "llm/key_check.h"

namespace longhand::cli {
namespace {

constexpr const char* kOfflineModel = "offline";
constexpr const char* kRenewOwnKey =
    "the job is written with your own key: submit a valid one with POST /api/submitApiKey, then retry the job";
constexpr const char* kSendAnotherKey = "it was not stored";
// Clients of keys that no job uses any more are kept, for the limits that they have learnt, up to so many.
constexpr std::size_t kMostIdleClients = 256;

Failure<OpenErrc> misused(std::string message) {
    return {OpenErrc::usage, std::move(message)};
}
Failure<OpenErrc> failed(std::string message) {
    return {OpenErrc::failed, std::move(message)};
}

OpenResult<std::string> provider_key(const Options& options) {
    if (const auto key = options.find("provider-key")) return *key;
    const auto path = options.find("provider-key-file");
    if (!path) return std::string();
    std::ifstream file(*path);
    std::string key;
    if (!file || !std::getline(file, key))
        return misused(fmt::format("{}: the key can't be read from {}.", options.origin("provider-key-file"), *path));
    while (!key.empty() && (key.back() == '\r' || key.back() == ' ')) key.pop_back();
    if (key.empty())
        return misused(fmt::format("{}: the first line of {} is empty; it should be the key.",
                                   options.origin("provider-key-file"), *path));
    return key;
}

OpenResult<std::string> provider_url(const Options& options) {
    std::string url = options.get("provider");
    while (url.ends_with('/')) url.pop_back();
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty() ||
        parsed->has_userinfo()) {
        return misused(
            fmt::format("{} should be the base URL of an OpenAI-compatible API, version included, such as "
                        "https://openrouter.ai/api/v1 or http://127.0.0.1:11434/v1.",
                        options.origin("provider")));
    }
    return url;
}

void name_models(http::ServerDefaults& defaults, const Options& options) {
    const std::string all = options.get("model");
    defaults.reasoning_model = options.find("reasoning-model").value_or(all);
    defaults.writing_model = options.find("writing-model").value_or(all);
    defaults.function_model = options.find("function-model").value_or(all);
}

bool all_named(const http::ServerDefaults& defaults) {
    return !defaults.reasoning_model.empty() && !defaults.writing_model.empty() && !defaults.function_model.empty();
}

awaitable<llm::LlmResult<std::vector<llm::ModelInfo>>> ask_models(llm::ChatModel& model) {
    co_return co_await model.models(StopToken{});
}

std::string list_of(const std::vector<llm::ModelInfo>& models) {
    constexpr std::size_t kShown = 40;
    std::vector<std::string> names;
    for (const llm::ModelInfo& model : models) {
        if (names.size() < kShown) names.push_back(model.id);
    }
    const std::string more = models.size() > kShown ? fmt::format(" and {} more", models.size() - kShown) : "";
    return fmt::format("{}{}", fmt::join(names, ", "), more);
}

// A provider that answers with an empty list does not say what it has.
OpenResult<void> check_models(const http::ServerDefaults& defaults, llm::ChatModel& model, asio::io_context& loop) {
    const auto models = run_on(loop, ask_models(model));
    if (!models) {
        const bool absent = models.error().code == llm::LlmErrc::unavailable;
        return failed(models.error().message + (absent ? " Is it running, and is --provider its base URL?" : ""));
    }
    std::vector<std::string> offered;
    for (const llm::ModelInfo& info : *models) offered.push_back(info.id);
    if (offered.empty()) return {};
    for (const std::string& named : {defaults.reasoning_model, defaults.writing_model, defaults.function_model}) {
        if (named.empty() || std::ranges::find(offered, named) != offered.end()) continue;
        return failed(fmt::format("{} does not offer the model '{}'.{} Name one that it has with --model: {}.",
                                  model.provider(), named, did_you_mean(named, offered), list_of(*models)));
    }
    return {};
}

// Fills the roles that no option names with the only model that the provider has.
OpenResult<void> choose_model(http::ServerDefaults& defaults, std::string& notice, llm::ChatModel& model,
                              asio::io_context& loop) {
    const auto models = run_on(loop, ask_models(model));
    if (!models)
        return failed(
            fmt::format("{} With --model the provider is not asked for what it offers.", models.error().message));
    if (models->size() != 1) {
        return misused(models->empty() ? fmt::format("{} offers no model; name one with --model.", model.provider())
                                       : fmt::format("{} offers {} models; choose one with --model: {}.",
                                                     model.provider(), models->size(), list_of(*models)));
    }
    for (std::string* role : {&defaults.reasoning_model, &defaults.writing_model, &defaults.function_model}) {
        if (role->empty()) *role = models->front().id;
    }
    notice = models->front().notice;
    return {};
}

OpenResult<void> read_context(http::ServerDefaults& defaults, const Options& options) {
    defaults.context_tokens = 0;
    if (!options.has("context-tokens")) return {};
    const auto tokens = number_option(options, "context-tokens", 1'000, 10'000'000);
    if (!tokens) return misused(tokens.error().message);
    defaults.context_tokens = static_cast<std::uint32_t>(*tokens);
    return {};
}

OpenResult<void> read_budget(http::ServerDefaults& defaults, const Options& options) {
    const auto budget = budget_of(options);
    if (!budget) return misused(budget.error().message);
    defaults.budget = *budget;
    defaults.prices = {};
    if (!options.has("prices")) return {};
    auto prices = llm::PriceTable::load(options.get("prices"));
    if (!prices) return misused(fmt::format("{}: {}", options.origin("prices"), prices.error().message));
    defaults.prices = std::move(*prices);
    return {};
}

// A cap that can't be held to is worse than none.
OpenResult<void> check_prices(const http::ServerDefaults& defaults, const Options& options) {
    if (!defaults.budget.max_cost) return {};
    for (const std::string& model : {defaults.reasoning_model, defaults.writing_model, defaults.function_model}) {
        if (defaults.prices.price_of(defaults.provider, model)) continue;
        return misused(
            fmt::format("{} can't be held to: the price of the model '{}' is not known. Name it in a file with "
                        "--prices, or cap the tokens with --max-tokens.",
                        options.origin("max-cost-usd"), model));
    }
    return {};
}

}  // namespace

OpenResult<std::unique_ptr<Provider>> Provider::make(const Options& options, asio::io_context& loop, Runtime& runtime,
                                                     ModelChoice choice) {
    auto provider = std::unique_ptr<Provider>(new Provider(runtime));
    llm::OpenAiOptions client;
    net::HttpClient::Options http_options;
    if (options.has("provider")) {
        const auto url = provider_url(options);
        if (!url) return url.error();
        auto key = provider_key(options);
        if (!key) return key.error();
        client.base_url = *url;
        client.api_key = std::move(*key);
    } else {
        llm::offline::OfflineServerOptions offline;
        offline.keys = {to_hex(random_bytes(32))};
        provider->offline_ = std::make_unique<llm::offline::OfflineServer>(runtime, offline);
        const auto address = provider->offline_->listen("127.0.0.1", 0);
        if (!address)
            return failed(
                fmt::format("The offline model can't listen on loopback: {}", sentence(address.error().message)));
        client.base_url = provider->offline_->base_url();
        client.api_key = offline.keys.front();
        client.name = kOfflineModel;
        http_options.use_environment_proxy = false;
    }
    provider->http_ = std::make_unique<net::HttpClient>(loop, http_options);
    provider->own_key_options_ = client;
    provider->own_key_options_.api_key.clear();
    provider->own_key_options_.renew_key = kRenewOwnKey;
    auto made = std::make_unique<llm::OpenAiClient>(runtime, *provider->http_, client);
    provider->client_ = made.get();
    provider->model_ = std::make_unique<llm::WatchedModel>(runtime, std::move(made), provider->health_);
    http::ServerDefaults& defaults = provider->defaults_;
    defaults.provider = provider->model_->provider();
    if (auto read = read_context(defaults, options); !read) return read.error();
    if (auto read = read_budget(defaults, options); !read) return read.error();
    name_models(defaults, options);
    if (choice == ModelChoice::settled) return provider;
    if (choice == ModelChoice::checked) {
        if (auto checked = check_models(defaults, *provider->model_, loop); !checked) return checked.error();
    }
    if (!all_named(defaults)) {
        if (auto chosen = choose_model(defaults, provider->notice_, *provider->model_, loop); !chosen)
            return chosen.error();
    }
    if (auto known = check_prices(defaults, options); !known) return known.error();
    return provider;
}

std::shared_ptr<llm::ChatModel> Provider::with_key(const std::string& key) {
    if (own_key_clients_.size() >= kMostIdleClients)
        std::erase_if(own_key_clients_, [](const auto& client) { return client.second.use_count() == 1; });
    auto& client = own_key_clients_[sha256_hex(key)];
    if (!client) {
        llm::OpenAiOptions options = own_key_options_;
        options.api_key = key;
        client = std::make_shared<llm::OpenAiClient>(runtime_, *http_, std::move(options));
    }
    return client;
}

awaitable<llm::LlmResult<void>> Provider::check_key(std::string key, StopToken stop) {
    llm::OpenAiOptions options = own_key_options_;
    options.api_key = std::move(key);
    options.renew_key = kSendAnotherKey;
    return on_loop(runtime_, check_key_on_loop(this, std::move(options), std::move(stop)));
}

awaitable<llm::LlmResult<void>> Provider::check_servers_key(std::string key, StopToken stop) {
    llm::OpenAiOptions options = own_key_options_;
    options.api_key = std::move(key);
    options.renew_key.clear();
    return on_loop(runtime_, check_key_on_loop(this, std::move(options), std::move(stop)));
}

awaitable<llm::LlmResult<void>> Provider::check_key_on_loop(Provider* provider, llm::OpenAiOptions options,
                                                            StopToken stop) {
    const std::string model = provider->defaults_.function_model;
    auto checking = llm::check_key(provider->runtime_, *provider->http_, std::move(options), model, std::move(stop));
    co_return co_await std::move(checking);
}

OpenResult<Provider::Changes> Provider::read_again(const Options& options) const {
    Changes changes;
    if (offline_ == nullptr) {
        auto key = provider_key(options);
        if (!key) return key.error();
        changes.key = std::move(*key);
    }
    changes.defaults = defaults_;
    http::ServerDefaults& defaults = changes.defaults;
    if (auto read = read_context(defaults, options); !read) return read.error();
    if (auto read = read_budget(defaults, options); !read) return read.error();
    name_models(defaults, options);
    if (defaults.reasoning_model.empty()) defaults.reasoning_model = defaults_.reasoning_model;
    if (defaults.writing_model.empty()) defaults.writing_model = defaults_.writing_model;
    if (defaults.function_model.empty()) defaults.function_model = defaults_.function_model;
    if (auto known = check_prices(defaults, options); !known) return known.error();
    return changes;
}

void Provider::apply(Changes changes) {
    if (offline_ == nullptr) client_->set_key(std::move(changes.key));
    defaults_ = std::move(changes.defaults);
}

}  // namespace longhand::cli
