#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/text.h"

namespace longhand::cli {
namespace {

Failure<UsageErrc> wrong(const Options& options, std::string_view name, std::string_view expected) {
    return {UsageErrc::wrong,
            fmt::format("{} should be {}, not '{}'.", options.origin(name), expected, options.get(name))};
}

std::optional<UsdMicros> parse_dollars(std::string_view text) {
    double usd = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), usd);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return UsdMicros::from_usd(usd);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

Value<std::uint64_t> number_option(const Options& options, std::string_view name, std::uint64_t least,
                                   std::uint64_t most) {
    const auto number = parse_number(options.get(name));
    if (!number || *number < least || *number > most)
        return wrong(options, name, fmt::format("a whole number from {} to {}", least, most));
    return *number;
}

Value<Milliseconds> duration_option(const Options& options, std::string_view name, Milliseconds least,
                                    Milliseconds most) {
    const auto duration = parse_duration(options.get(name));
    if (!duration || *duration < least || *duration > most) {
        return wrong(
            options, name,
            fmt::format("a time such as 500ms, 2s, 15m or 24h, from {} ms to {} ms", least.count(), most.count()));
    }
    return *duration;
}

Value<std::string> word_option(const Options& options, std::string_view name, const std::vector<std::string>& words) {
    const std::string value = options.get(name);
    if (std::ranges::find(words, value) != words.end()) return value;
    return not_one_of(options.origin(name), value, words);
}

Value<job::Budget> budget_of(const Options& options) {
    job::Budget budget;
    if (options.has("max-cost-usd")) {
        const auto cost = parse_dollars(options.get("max-cost-usd"));
        if (!cost || cost->value < 1 || *cost > job::kHighestCap) {
            return wrong(
                options, "max-cost-usd",
                fmt::format("an amount of US dollars from 0.000001 to {:.0f}, such as 2.50", job::kHighestCap.usd()));
        }
        budget.max_cost = cost;
    }
    if (options.has("max-tokens")) {
        const auto tokens = number_option(options, "max-tokens", 1, static_cast<std::uint64_t>(job::kMostTokens));
        if (!tokens) return tokens.error();
        budget.max_tokens = static_cast<std::int64_t>(*tokens);
    }
    return budget;
}

std::string sentence(std::string text) {
    if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
    return text;
}

bool Address::is_loopback() const {
    if (host == "localhost") return true;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return !error && address.is_loopback();
}

Value<Address> address_option(const Options& options, std::string_view name) {
    const std::string text = options.get(name);
    const auto failure = wrong(options, name, "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080");
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return failure;
    const auto port = parse_number(std::string_view(text).substr(colon + 1));
    if (!port || *port > 65535) return failure;
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        return failure;
    if (host.empty()) host = "0.0.0.0";
    return Address{host, static_cast<std::uint16_t>(*port)};
}

Value<net::Networks> networks_option(const Options& options, std::string_view name) {
    net::Networks networks;
    for (const std::string& value : options.all(name)) {
        for (const std::string_view word : comma_separated(value)) {
            if (networks.add(word)) continue;
            return wrong_usage(
                fmt::format("{} should be an address or a network, such as 192.0.2.7 or 10.0.0.0/8, not "
                            "'{}'.",
                            options.origin(name), word));
        }
    }
    return networks;
}

}  // namespace longhand::cli
