// What the server says of itself: a page, its health, its figures, its contract.
#include <fmt/format.h>

#include "base/digest.h"
#include "http/contract.h"
#include "http/embedded.h"
#include "http/handlers.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

/// Standard base64, as a Content-Security-Policy wants a hash.
std::string base64_of_sha256(std::string_view text) {
    const Sha256 digest = sha256(text);
    std::string out = to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
    for (char& c : out) c = c == '-' ? '+' : c == '_' ? '/' : c;
    return out + "=";
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
    const auto begin = text.find(before) + before.size();
    return std::string(text.substr(begin, text.find(after, begin) - begin));
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '&')
            out += "&amp;";
        else
            out += c;
    }
    return out;
}

std::string filled(std::string page, std::string_view mark, std::string_view value) {
    const auto at = page.find(mark);
    return at == page.npos ? page : page.replace(at, mark.size(), escaped(value));
}

awaitable<ApiResult<Reply>> get_page(const Services& services, Call& call) {
    const std::string page(embedded("index.html").value());
    const std::string style = between(page, "<style>", "</style>");
    net::HttpResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers = {{"Content-Security-Policy",
                         fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action "
                                     "'none'; frame-ancestors 'none'",
                                     base64_of_sha256(style))},
                        {"Referrer-Policy", "no-referrer"}};
    const std::function<std::string()> make = [&] { return filled(page, "{version}", services.options.version); };
    co_return services.constant_texts.answer(call.request(), std::move(response), "index.html", make);
}

awaitable<ApiResult<Reply>> get_document(const Services& services, Call& call) {
    const auto name = call.path_values.find("name");
    const std::string path = name == call.path_values.end() ? "" : "documents/" + name->second;
    const auto text = embedded(path);
    if (!text) co_return ApiError{ApiErrc::not_found, "There is no such document; GET / lists them."};
    net::HttpResponse response;
    response.content_type = "text/markdown; charset=utf-8";
    const std::function<std::string()> make = [&] { return std::string(*text); };
    co_return services.constant_texts.answer(call.request(), std::move(response), path, make);
}

awaitable<ApiResult<Reply>> get_health(const Services&, Call&) {
    co_return json_reply(R"({"status":"ok"})");
}

ProviderHealth health_of(const Services& services) {
    return services.deps.provider_health ? services.deps.provider_health() : ProviderHealth{"unknown", "not asked"};
}

/// Whether files can be made in the data folder, and there is room for them.
awaitable<ApiResult<void>> check_disk(const Services& services) {
    if (services.deps.files.free_bytes() < services.options.disk_reserve)
        co_return ApiError{ApiErrc::storage_full, "The server's disk is nearly full: it takes no jobs and no files."};
    std::function<store::StoreResult<void>()> check = [files = services.deps.files] { return files.check(); };
    const auto checked = co_await run_blocking<store::StoreResult<void>>(services.deps.runtime, std::move(check));
    if (checked) co_return ApiResult<void>();
    co_return ApiError{ApiErrc::storage_full, "The server's data folder takes no files now."}.logging(
        checked.error().message);
}

/// Whether the database answers and keeps what is written, and the disk takes files.
awaitable<ApiResult<void>> check_storage(const Services& services) {
    // Any answer will do: nobody has the nil id.
    const auto answer = co_await services.deps.accounts.user(Uuid{});
    const bool reachable = answer || answer.error().code == store::StoreErrc::not_found;
    if (!reachable) co_return from_store(answer.error(), "user");
    const auto writable = co_await services.deps.jobs.writable();
    if (!writable) co_return from_store(writable.error(), "job");
    co_return co_await check_disk(services);
}

std::string provider_json(const Services& services) {
    const ProviderHealth health = health_of(services);
    JsonObject provider;
    provider.add("name", services.defaults.get()->provider).add("state", health.state).add("message", health.message);
    return std::move(provider).str();
}

awaitable<ApiResult<Reply>> get_readiness(const Services& services, Call&) {
    auto ready = co_await check_storage(services);
    if (!ready) co_return ApiError(ready.error()).with_json("provider", provider_json(services));
    JsonObject out;
    out.add("status", "ready").add("database", "ok").add("disk", "ok").raw("provider", provider_json(services));
    co_return json_reply(std::move(out).str());
}

awaitable<ApiResult<Reply>> get_metrics(const Services& services, Call&) {
    auto stats = co_await services.deps.jobs.stats();
    if (!stats) co_return from_store(stats.error(), "job");
    MetricsSources sources;
    sources.store = std::move(*stats);
    if (services.deps.engine_stats) sources.engine = services.deps.engine_stats();
    if (services.deps.webhook_stats) sources.webhooks = services.deps.webhook_stats();
    sources.provider_state = health_of(services).state;
    sources.disk_free = services.deps.files.free_bytes();
    sources.disk_reserve = services.options.disk_reserve;
    sources.version = services.options.version;
    sources.now = services.deps.runtime.wall_now();
    net::HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = services.metrics.text(sources);
    co_return response;
}

awaitable<ApiResult<Reply>> get_contract(const Services& services, Call& call) {
    const std::function<std::string()> make = [] { return std::string(contract_json()); };
    co_return services.constant_texts.answer(call.request(), json_reply(""), "openapi.json", make);
}

}  // namespace

std::vector<Route> meta_routes(const Services& services) {
    return {
        {"GET", "/", Access::open, bound(services, get_page)},
        {"GET", "/docs/{name}", Access::open, bound(services, get_document)},
        {"GET", "/healthz", Access::open, bound(services, get_health)},
        {"GET", "/readyz", Access::open, bound(services, get_readiness)},
        {"GET", "/metrics", Access::open, bound(services, get_metrics)},
        {"GET", "/api/openapi.json", Access::open, bound(services, get_contract)},
    };
}

}  // namespace longhand::http
