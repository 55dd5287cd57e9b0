#include "http/router.h"

#include <algorithm>

namespace longhand::http {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

std::string_view take_segment(std::string_view& path) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
    return segment;
}

/// `output.{format}` takes what follows `output.`, if anything does.
bool fits_segment(std::string_view pattern, std::string_view segment, Values& values) {
    const auto open = pattern.find('{');
    if (open == pattern.npos) return pattern == segment;
    const auto prefix = pattern.substr(0, open);
    if (!segment.starts_with(prefix) || segment.size() == prefix.size()) return false;
    values.emplace(pattern.substr(open + 1, pattern.size() - open - 2), segment.substr(prefix.size()));
    return true;
}

bool fits(std::string_view pattern, std::string_view path, Values& values) {
    if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) return false;
    while (!pattern.empty() || !path.empty()) {
        const auto wanted = take_segment(pattern);
        if (!fits_segment(wanted, take_segment(path), values)) return false;
    }
    return true;
}

}  // namespace

Router::Match Router::find(std::string_view method, std::string_view path) const {
    Match match;
    std::string_view found;
    for (const Route& route : routes_) {
        Values values;
        // The first path that fits is the one; later routes of the same path are its other methods.
        if (found.empty() ? !fits(route.path, path, values) : route.path != found) continue;
        if (found.empty()) match.values = std::move(values);
        found = route.path;
        match.allowed.push_back(route.method);
        if (route.method == "GET") match.allowed.emplace_back("HEAD");
        if (route.method == method || (method == "HEAD" && route.method == "GET")) match.route = &route;
    }
    return match;
}

}  // namespace longhand::http
