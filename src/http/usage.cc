// getUsage: what one's calls and works add up to, by month, model and project.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "http/handlers.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

constexpr std::string_view kFirstMonth = "0000-01", kLastMonth = "9999-12";

bool is_month(std::string_view text) {
    if (text.size() != 7 || text[4] != '-') return false;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (const std::size_t at : {0, 1, 2, 3, 5, 6})
        if (!digit(text[at])) return false;
    const std::string_view month = text.substr(5);
    return month >= "01" && month <= "12";
}

ApiResult<std::string> month_parameter(const Call& call, std::string_view name, std::string_view otherwise) {
    const auto value = one_parameter(call, name);
    if (!value) return value.error();
    if (!*value) return std::string(otherwise);
    if (is_month(**value)) return **value;
    return ApiError{ApiErrc::invalid_parameter,
                    fmt::format("The parameter '{}' should be a month of UTC, such as 2026-11.", name)}
        .with("parameter", name);
}

ApiResult<std::optional<Uuid>> project_parameter(const Call& call) {
    const auto value = one_parameter(call, "projectId");
    if (!value) return value.error();
    if (!*value) return std::optional<Uuid>();
    const auto id = id_parameter(call, "projectId");
    if (!id) return id.error();
    return std::optional(*id);
}

void add(store::Usage& sum, const store::Usage& more) {
    sum.calls += more.calls;
    sum.tokens.prompt += more.tokens.prompt;
    sum.tokens.completion += more.tokens.completion;
    sum.tokens.cached += more.tokens.cached;
    sum.tokens.reasoning += more.tokens.reasoning;
    sum.cost = sum.cost + more.cost;
    sum.unknown_costs += more.unknown_costs;
    sum.works += more.works;
    sum.pages += more.pages;
}

JsonObject& add_figures(JsonObject& out, const store::Usage& usage) {
    out.add("calls", usage.calls);
    out.add("prompt_tokens", usage.tokens.prompt).add("completion_tokens", usage.tokens.completion);
    out.add("cached_tokens", usage.tokens.cached).add("reasoning_tokens", usage.tokens.reasoning);
    out.add("cost_usd", usage.cost).add("unknown_costs", usage.unknown_costs);
    return out.add("works", usage.works).add("pages", usage.pages);
}

/// Sums of the rows that agree in what `key` gives, in its order; `name` adds it to the entry.
template <class Key, class Name>
std::string grouped_json(const std::vector<store::Usage>& rows, Key key, Name name) {
    std::map<decltype(key(rows[0])), store::Usage> groups;
    for (const store::Usage& row : rows) {
        auto [group, is_new] = groups.try_emplace(key(row));
        if (is_new) {
            group->second.month = row.month;
            group->second.project = row.project;
            group->second.provider = row.provider;
            group->second.model = row.model;
        }
        add(group->second, row);
    }
    JsonArray list;
    for (const auto& [unused, sum] : groups) {
        JsonObject out;
        name(out, sum);
        list.raw(std::move(add_figures(out, sum)).str());
    }
    return std::move(list).str();
}

std::string usage_json(const std::vector<store::Usage>& rows) {
    store::Usage total;
    for (const store::Usage& row : rows) add(total, row);
    JsonObject sum, out;
    out.raw("total", std::move(add_figures(sum, total)).str());
    out.raw("months", grouped_json(
                          rows, [](const store::Usage& row) { return row.month; },
                          [](JsonObject& entry, const store::Usage& row) { entry.add("month", row.month); }));
    out.raw("models", grouped_json(
                          rows, [](const store::Usage& row) { return std::pair(row.provider, row.model); },
                          [](JsonObject& entry, const store::Usage& row) {
                              entry.add("provider", row.provider).add("model", row.model);
                          }));
    out.raw("projects", grouped_json(
                            rows, [](const store::Usage& row) { return row.project; },
                            [](JsonObject& entry, const store::Usage& row) {
                                const bool is_of_one = row.project != Uuid{};
                                entry.add("projectId", is_of_one ? std::optional(row.project) : std::nullopt);
                            }));
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> get_usage(const Services& services, Call& call) {
    auto from = month_parameter(call, "from", kFirstMonth);
    if (!from) co_return from.error();
    auto to = month_parameter(call, "to", kLastMonth);
    if (!to) co_return to.error();
    const auto project = project_parameter(call);
    if (!project) co_return project.error();
    auto rows = co_await services.deps.jobs.usage_of_owner(call.owner(), std::move(*from), std::move(*to));
    if (!rows) co_return from_store(rows.error(), "usage");
    if (*project) std::erase_if(*rows, [&](const store::Usage& row) { return row.project != **project; });
    co_return json_reply(usage_json(*rows));
}

}  // namespace

std::vector<Route> usage_routes(const Services& services) {
    return {{"GET", "/api/getUsage", Access::user, bound(services, get_usage)}};
}

}  // namespace longhand::http
