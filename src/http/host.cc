#include "http/host.h"

#include <algorithm>
#include <array>

#include "http/text.h"

namespace longhand::http {
namespace {

/// `[::1]:8080` -> `[::1]`, `localhost:8080` -> `localhost`
std::string_view without_port(std::string_view host) {
    const auto bracket = host.rfind(']');
    const auto colon = host.rfind(':');
    if (colon == host.npos || (bracket != host.npos && colon < bracket)) return host;
    return host.substr(0, colon);
}

/// 127.0.0.0/8 in its plain form.
bool is_loopback_address(std::string_view host) {
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

constexpr std::size_t kMaxLogged = 500;

/// Parameters whose values are no secrets. Others, a signature or a token among them, are hidden.
bool may_be_logged(std::string_view parameter) {
    constexpr std::array<std::string_view, 7> kPlain = {"jobId", "projectId", "status",     "ids",
                                                        "limit", "cursor",    "lastEventId"};
    return std::find(kPlain.begin(), kPlain.end(), parameter) != kPlain.end();
}

std::string host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme != url.npos) url.remove_prefix(scheme + 3);
    return lower_case(without_port(url.substr(0, url.find('/'))));
}

}  // namespace

Hosts::Hosts(HostCheck check, std::string_view public_url) : check_(check), public_host_(host_of(public_url)) {}

bool Hosts::allows(std::string_view host) const {
    if (check_ == HostCheck::any) return true;
    const std::string name = lower_case(without_port(trimmed(host)));
    return name == "localhost" || name.ends_with(".localhost") || name == "[::1]" || is_loopback_address(name) ||
           (!public_host_.empty() && name == public_host_);
}

std::string loggable_target(std::string_view target) {
    std::string out;
    while (!target.empty() && out.size() < kMaxLogged) {
        const auto next = target.find_first_of("?&", 1);
        std::string_view part = target.substr(0, next);
        target = next == target.npos ? std::string_view() : target.substr(next);
        const auto equals = part.find('=');
        const bool is_query = part.front() == '?' || part.front() == '&';
        const bool hidden = is_query && equals != part.npos && !may_be_logged(part.substr(1, equals - 1));
        if (hidden) part = part.substr(0, equals + 1);
        const std::size_t begin = out.size();
        out += part;
        std::replace_if(
            out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), [](char c) { return c <= 0x20 || c >= 0x7f; },
            '?');
        if (hidden) out += "...";
    }
    if (out.size() > kMaxLogged) out.resize(kMaxLogged);
    return out;
}

}  // namespace longhand::http
