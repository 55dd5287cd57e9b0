// model: the offline model as a server of its own.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/values.h"
#include "llm/offline/offline_server.h"

namespace longhand::cli {
namespace {

using llm::offline::FaultKind;
using llm::offline::Manner;
using llm::offline::OfflineServerOptions;

constexpr std::pair<const char*, Manner> kManners[] = {{"terse", Manner::terse},       {"verbose", Manner::verbose},
                                                       {"loop", Manner::loop},         {"drift", Manner::drift},
                                                       {"bad-json", Manner::bad_json}, {"invent", Manner::invent}};
constexpr std::pair<const char*, FaultKind> kFaults[] = {{"429", FaultKind::status_429},
                                                         {"500", FaultKind::status_500},
                                                         {"cut", FaultKind::cut},
                                                         {"stall", FaultKind::stall}};
constexpr Milliseconds kGrace{1'000};
constexpr double kFailRateOnceAsked = 0.1;

template <class T, std::size_t N>
std::optional<T> named(const std::pair<const char*, T> (&table)[N], const std::string& word) {
    for (const auto& [name, value] : table) {
        if (word == name) return value;
    }
    return std::nullopt;
}

Value<double> share_option(const Options& options, std::string_view name, double most) {
    const std::string text = options.get(name);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && number >= 0 && number <= most) return number;
    return wrong_usage(fmt::format("{} should be a number from 0 to {}, not '{}'.", options.origin(name), most, text));
}

Value<std::vector<FaultKind>> faults_option(const Options& options) {
    std::vector<FaultKind> faults;
    std::stringstream words(options.get("fail-with"));
    for (std::string word; std::getline(words, word, ',');) {
        const auto fault = named(kFaults, word);
        if (!fault)
            return wrong_usage(
                fmt::format("{} should be of 429, 500, cut and stall, with commas between them, not '{}'.{}",
                            options.origin("fail-with"), word, did_you_mean(word, {"429", "500", "cut", "stall"})));
        faults.push_back(*fault);
    }
    return faults;
}

// A line is a key.
Value<std::vector<std::string>> keys_in(const Options& options, const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> keys;
    for (std::string line; std::getline(file, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (!line.empty()) keys.push_back(std::move(line));
    }
    if (keys.empty())
        return wrong_usage(fmt::format("{}: there are no keys in {}; each line of it should be one.",
                                       options.origin("keys-file"), path));
    return keys;
}

Value<OfflineServerOptions> model_options(const Options& options) {
    OfflineServerOptions result;
    const auto rate = share_option(options, "tokens-per-second", 1e6);
    if (!rate) return rate.error();
    const auto first = number_option(options, "first-token-ms", 0, 3'600'000);
    if (!first) return first.error();
    auto fail_rate = share_option(options, "fail-rate", 1);
    if (!fail_rate) return fail_rate.error();
    if (options.has("fail-with") && !options.has("fail-rate")) *fail_rate = kFailRateOnceAsked;
    auto faults = faults_option(options);
    if (!faults) return faults.error();
    const auto seed = number_option(options, "seed", 0, UINT64_MAX);
    if (!seed) return seed.error();
    if (const auto manner = options.find("behave")) {
        const auto known = named(kManners, *manner);
        if (!known) {
            const auto words =
                word_option(options, "behave", {"terse", "verbose", "loop", "drift", "bad-json", "invent"});
            return words.error();
        }
        result.manner = *known;
    }
    if (const auto path = options.find("keys-file")) {
        auto keys = keys_in(options, *path);
        if (!keys) return keys.error();
        result.keys = std::move(*keys);
    }
    result.tokens_per_second = *rate;
    result.first_token = Milliseconds{static_cast<std::int64_t>(*first)};
    result.fail_rate = *fail_rate;
    result.fail_with = std::move(*faults);
    result.seed = *seed;
    return result;
}

int model(const Options& options) {
    const auto chosen = model_options(options);
    if (!chosen) return complain(chosen.error().message, kUsage);
    const auto address = address_option(options, "listen");
    if (!address) return complain(address.error().message, kUsage);
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    llm::offline::OfflineServer server(runtime, *chosen);
    const auto bound = server.listen(address->host, address->port);
    if (!bound)
        return complain(
            fmt::format("{} can't be listened on: {} Choose another with --listen; port 0 takes a free one.",
                        options.get("listen"), sentence(bound.error().message)));
    std::string url = server.base_url();
    url.resize(url.size() - std::string_view("/v1").size());
    const auto work = asio::make_work_guard(loop);
    const Interrupt interrupt(loop, [&loop](int) { loop.stop(); });
    std::printf("listening on %s\n", url.c_str());
    std::fflush(stdout);
    loop.run();
    server.stop(kGrace);
    return kDone;
}

}  // namespace

std::vector<Command> model_commands() {
    const std::vector<OptionSpec> own = {
        {.name = "listen",
         .value = "HOST:PORT",
         .help = "where to answer; port 0 takes a free one",
         .fallback = "127.0.0.1:8081"},
        {.name = "tokens-per-second",
         .value = "N",
         .help = "of each stream; 0: as fast as they are taken",
         .fallback = "0"},
        {.name = "first-token-ms", .value = "N", .help = "the wait before the first token", .fallback = "0"},
        {.name = "fail-rate",
         .value = "SHARE",
         .help = "of the calls, 0 to 1, that are made to fail; 0.1 when only --fail-with is given",
         .fallback = "0"},
        {.name = "fail-with",
         .value = "LIST",
         .help = "how they fail: of 429, 500, cut and stall, with commas between them",
         .fallback = "500"},
        {.name = "behave", .value = "MANNER", .help = "terse, verbose, loop, drift, bad-json or invent"},
        {.name = "keys-file",
         .value = "FILE",
         .help = "keys, one a line: each request needs one of them as its bearer (default: none is asked for)"},
        {.name = "seed", .value = "N", .help = "draws which calls fail", .fallback = "1"},
        {.name = "config", .value = "FILE", .help = "options from a TOML file: keys are the flags' names with _ for -"},
    };
    return {{{"model",
              "the offline model as a server of its own: the OpenAI protocol",
              "longhand model --listen 127.0.0.1:8081 --tokens-per-second 50",
              {},
              own},
             model}};
}

}  // namespace longhand::cli
