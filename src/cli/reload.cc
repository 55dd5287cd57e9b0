#include "cli/reload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "cli/logging.h"

namespace longhand::cli {
namespace {

constexpr std::array<std::string_view, 2> kLogOptions = {"log-level", "log-format"};
constexpr std::array<std::string_view, 10> kProviderOptions = {
    "provider-key", "provider-key-file", "model",      "reasoning-model", "writing-model", "function-model",
    "prices",       "max-cost-usd",      "max-tokens", "context-tokens"};

bool is_one_of(std::string_view name, const auto& names) {
    return std::ranges::find(names, name) != names.end();
}

bool is_same(const Options& before, const Options& after, std::string_view name) {
    return before.all(name) == after.all(name);
}

}  // namespace

void Reload::run() {
    const auto next = started_.read_again();
    if (!next) return refuse(next.error().message);
    // The key of one provider is not for another.
    const bool same_provider = is_same(started_, *next, "provider");
    std::optional<Provider::Changes> changes;
    if (same_provider) {
        auto read = parts_.provider.read_again(*next);
        if (!read) return refuse(read.error().message);
        changes = std::move(*read);
    }
    if (parts_.certificate != nullptr) {
        if (const auto loaded = parts_.certificate->reload(); !loaded)
            return refuse(fmt::format("the TLS certificate stays as it was: {}", loaded.error().message));
        parts_.certificate_was_read();
    }
    if (const auto set = set_logger(parts_.log, *next); !set) return refuse(set.error().message);
    if (changes) {
        parts_.engine.set_prices(changes->defaults.prices);
        parts_.app.set_defaults(changes->defaults);
        parts_.provider.apply(std::move(*changes));
    }
    tell(*next);
    current_ = *next;
}

void Reload::refuse(const std::string& why) {
    parts_.log.error("SIGHUP: nothing was changed: {}", why);
}

std::vector<std::string> Reload::changed(const Options& before, const Options& after) const {
    std::vector<std::string> names = after.names();
    std::erase_if(names, [&](const std::string& name) { return is_same(before, after, name); });
    return names;
}

void Reload::tell(const Options& next) const {
    const bool same_provider = is_same(started_, next, "provider");
    const auto is_live = [&](const std::string& name) {
        return is_one_of(name, kLogOptions) || (same_provider && is_one_of(name, kProviderOptions));
    };
    for (const std::string& name : changed(started_, next)) {
        if (is_live(name)) continue;
        parts_.log.warn("SIGHUP: {} has changed, and takes a restart of the server", next.origin(name));
    }
    std::vector<std::string> taken = changed(current_, next);
    std::erase_if(taken, [&](const std::string& name) { return !is_live(name); });
    if (!taken.empty()) parts_.log.info("SIGHUP: taken up: {}", fmt::join(taken, ", "));
    std::vector<std::string> files;
    for (const char* name : {"config", "provider-key-file", "prices"}) {
        if (next.has(name)) files.push_back(next.get(name));
    }
    if (parts_.certificate != nullptr) files.emplace_back("the TLS certificate");
    if (files.empty())
        parts_.log.info("SIGHUP: there is no file to read again: no --config, key, prices or certificate");
    else
        parts_.log.info("SIGHUP: read again: {}", fmt::join(files, ", "));
}

}  // namespace longhand::cli
