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

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
    std::map<std::string_view, std::size_t> places;
    for (const Route& route : routes_) {
        const auto [place, is_new] = places.try_emplace(route.path, paths_.size());
        if (is_new) paths_.emplace_back();
        Path& path = paths_[place->second];
        path.routes.push_back(&route);
        path.allowed.push_back(route.method);
        if (route.method == "GET") path.allowed.emplace_back("HEAD");
    }
    for (const auto& [text, place] : places) {
        Values none;
        const bool is_plain = text.find('{') == text.npos;
        if (is_plain && path_of(text, none) == &paths_[place]) plain_.emplace(text, &paths_[place]);
    }
}

const Router::Path* Router::path_of(std::string_view path, Values& values) const {
    if (const auto plain = plain_.find(path); plain != plain_.end()) return plain->second;
    for (const Path& one : paths_) {
        Values found;
        if (!fits(one.routes.front()->path, path, found)) continue;
        values = std::move(found);
        return &one;
    }
    return nullptr;
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
    Match match;
    const Path* found = path_of(path, match.values);
    if (found == nullptr) return match;
    match.allowed = found->allowed;
    for (const Route* route : found->routes) {
        if (route->method == method || (method == "HEAD" && route->method == "GET")) match.route = route;
    }
    return match;
}

}  // namespace longhand::http
