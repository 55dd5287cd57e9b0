#include "llm/prices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

#include "base/toml.h"

namespace longhand::llm {
namespace {

using Problem = Failure<PricesErrc>;

constexpr double kMostUsdPerMillion = 1e6;

std::string place(std::string_view name, const toml::node& node) {
    return fmt::format("{}, line {}", name, node.source().begin.line);
}

Problem unknown_field(std::string_view name, std::string_view model, std::string_view field, const toml::node& node) {
    const bool is_currency = field == "currency" || field == "unit";
    return {PricesErrc::invalid,
            fmt::format("{}: \"{}\" has the unknown field '{}'. The fields are prompt, completion and cached{}.",
                        place(name, node), model, field,
                        is_currency ? ", and every price is in US dollars per million tokens" : "")};
}

Result<UsdMicros, PricesErrc> price_in(std::string_view name, std::string_view model, std::string_view field,
                                       const toml::node& node) {
    const auto usd = node.is_number() ? node.value<double>() : std::nullopt;
    const auto amount = usd && *usd <= kMostUsdPerMillion ? UsdMicros::from_usd(*usd) : std::nullopt;
    if (amount) return *amount;
    return Problem{PricesErrc::invalid,
                   fmt::format("{}: '{}' of \"{}\" must be a number from 0 to 1000000, in US dollars per million "
                               "tokens and without a currency, such as 2.50.",
                               place(name, node), field, model)};
}

Result<ModelPrice, PricesErrc> model_price(std::string_view name, std::string_view model, const toml::table& table) {
    std::map<std::string, UsdMicros, std::less<>> found;
    for (const auto& [key, node] : table) {
        const std::string_view field = key.str();
        if (field != "prompt" && field != "completion" && field != "cached") {
            return unknown_field(name, model, field, node);
        }
        const auto amount = price_in(name, model, field, node);
        if (!amount) return amount.error();
        found.emplace(field, *amount);
    }
    for (const char* field : {"prompt", "completion"}) {
        if (found.contains(field)) continue;
        return Problem{PricesErrc::invalid,
                       fmt::format("{}: \"{}\" has no price '{}'.", place(name, table), model, field)};
    }
    const auto cached = found.find("cached");
    return ModelPrice{found["prompt"], found["completion"], cached == found.end() ? found["prompt"] : cached->second};
}

std::string_view host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme != url.npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find('/'));
    if (const auto user = url.rfind('@'); user != url.npos) url.remove_prefix(user + 1);
    if (url.starts_with('[')) return url.substr(0, url.find(']') + 1);
    return url.substr(0, url.find(':'));
}

// RFC 1918, and the loopback block.
bool is_private_address(std::string_view host) {
    const bool is_address = !host.empty() && host.find_first_not_of("0123456789.") == host.npos;
    if (!is_address) return false;
    if (host.starts_with("127.") || host.starts_with("10.") || host.starts_with("192.168.")) return true;
    for (int second = 16; second < 32; ++second) {
        if (host.starts_with(fmt::format("172.{}.", second))) return true;
    }
    return false;
}

bool is_openrouter(std::string_view provider) {
    const auto host = host_of(provider);
    return host == "openrouter.ai" || host.ends_with(".openrouter.ai");
}

// https://openrouter.ai/docs/api-reference/streaming, "Stream Cancellation": with the first a closed stream
// "immediately stops model processing and billing"; with the second "you will be billed for the complete response".
constexpr std::array<std::string_view, 24> kStopBilling = {
    "openai", "azure",      "anthropic", "fireworks", "mancer", "recursal",   "anyscale",   "lepton",
    "octoai", "novita",     "deepinfra", "together",  "cohere", "hyperbolic", "infermatic", "avian",
    "xai",    "cloudflare", "sfcompute", "nineteen",  "liquid", "friendli",   "chutes",     "deepseek"};
constexpr std::array<std::string_view, 24> kBillTheRest = {
    "bedrock",    "groq",      "modal",    "google",      "aistudio", "minimax", "huggingface", "replicate",
    "perplexity", "mistral",   "ai21",     "featherless", "lynn",     "lambda",  "reflection",  "sambanova",
    "inflection", "zerooneai", "aionlabs", "alibaba",     "nebius",   "kluster", "targon",      "inferencenet"};

// `Google AI Studio` and `google-ai-studio` are one.
std::string bare_name(std::string_view name) {
    std::string bare;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            bare += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return bare;
}

bool names_one_of(std::span<const std::string_view> names, std::string_view bare) {
    return std::ranges::any_of(names, [&](std::string_view name) { return bare.starts_with(name); });
}

}  // namespace

Result<PriceTable, PricesErrc> PriceTable::parse(std::string_view text, std::string_view name) {
    toml::table models;
    try {
        models = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return Problem{PricesErrc::invalid,
                       fmt::format("{}, line {}: {}.", name, error.source().begin.line, error.description())};
    }
    PriceTable prices;
    for (const auto& [model, node] : models) {
        if (!node.is_table()) {
            return Problem{PricesErrc::invalid,
                           fmt::format("{}: '{}' is no model. Prices stand under the model's name, in US dollars per "
                                       "million tokens: [\"{}\"], then prompt = 0.30 and completion = 2.50.",
                                       place(name, node), model.str(), "google/gemini-2.5-flash")};
        }
        auto price = model_price(name, model.str(), *node.as_table());
        if (!price) return price.error();
        prices.prices_.emplace(model.str(), *price);
    }
    return prices;
}

Result<PriceTable, PricesErrc> PriceTable::load(const std::string& path) {
    std::error_code error;
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path, error)) {
        return Problem{PricesErrc::unreadable, fmt::format("The price file {} can't be read.", path)};
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse(text, path);
}

std::optional<ModelPrice> PriceTable::price_of(std::string_view provider, std::string_view model) const {
    const auto found = prices_.find(model);
    if (found != prices_.end()) return found->second;
    return is_local_provider(provider) ? std::optional(ModelPrice{}) : std::nullopt;
}

bool is_local_provider(std::string_view provider) {
    if (provider == "offline") return true;
    const auto host = host_of(provider);
    return host == "localhost" || host == "[::1]" || host.ends_with(".localhost") || host.ends_with(".local") ||
           is_private_address(host);
}

std::optional<bool> bills_closed_streams(std::string_view provider, std::string_view served_by) {
    if (is_local_provider(provider)) return false;
    if (!is_openrouter(provider) || served_by.empty()) return std::nullopt;
    const std::string bare = bare_name(served_by);
    // "Amazon Bedrock", "AWS Bedrock".
    if (bare.find("bedrock") != bare.npos || names_one_of(kBillTheRest, bare)) return true;
    if (names_one_of(kStopBilling, bare)) return false;
    return std::nullopt;
}

}  // namespace longhand::llm
