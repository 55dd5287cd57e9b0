#include "http/forwarded.h"

#include <algorithm>
#include <vector>

#include "http/text.h"

namespace longhand::http {
namespace {

/// The words of all headers of that name, in order: each proxy adds its own at the end.
std::vector<std::string_view> words_of(const net::HttpRequest& request, std::string_view name) {
    std::vector<std::string_view> words;
    const auto [first, last] = request.headers.equal_range(boost::beast::string_view(name.data(), name.size()));
    for (auto header = first; header != last; ++header) {
        const auto more = comma_separated(header->value());
        words.insert(words.end(), more.begin(), more.end());
    }
    return words;
}

/// A name or an address, and a port.
bool is_host_and_port(std::string_view text) {
    const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._:[]").find(c) != std::string_view::npos;
    });
    return is_plain && !text.empty() && text.size() <= 255;
}

}  // namespace

Forwarded forwarded(const net::HttpRequest& request, const net::Networks& trusted) {
    Forwarded result{request.remote_address, {}};
    if (trusted.is_empty()) return result;
    auto nearest = net::parse_peer(request.remote_address);
    if (!nearest || !trusted.contains(*nearest)) return result;
    // From the nearest on: what lies behind the first address that is not trusted could be anybody's invention.
    const auto chain = words_of(request, "X-Forwarded-For");
    for (auto word = chain.rbegin(); word != chain.rend() && trusted.contains(*nearest); ++word) {
        const auto next = net::parse_peer(*word);
        if (!next) break;
        nearest = next;
    }
    result.client = nearest->to_string();
    const auto protocols = words_of(request, "X-Forwarded-Proto"), hosts = words_of(request, "X-Forwarded-Host");
    if (protocols.empty() || hosts.empty() || !is_host_and_port(hosts.back())) return result;
    const std::string protocol = lower_case(protocols.back());
    if (protocol == "http" || protocol == "https") result.base_url = protocol + "://" + std::string(hosts.back());
    return result;
}

}  // namespace longhand::http
