#include "http/app.h"

#include <fmt/format.h>

#include "http/compression.h"
#include "http/forwarded.h"
#include "http/handlers.h"
#include "http/host.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::http {
namespace {

using Field = boost::beast::http::field;

std::vector<Route> all_routes(Services& services) {
    std::vector<Route> routes;
    for (auto group : {status_routes, job_routes, own_job_routes, work_routes, prompt_routes, project_routes,
                       file_routes, key_routes, event_routes, owner_event_routes, outline_routes, output_routes,
                       ledger_routes, draft_routes, usage_routes, webhook_routes, meta_routes}) {
        for (Route& route : group(services)) {
            route.series = &services.metrics.series(route.method, route.path);
            routes.push_back(std::move(route));
        }
    }
    return routes;
}

ApiError no_such_path(const net::HttpRequest& request) {
    return {ApiErrc::no_such_path,
            fmt::format("There is nothing at '{}'; GET /api/openapi.json lists what there is.", clipped(request.path))};
}

ApiError method_not_allowed(const net::HttpRequest& request, std::span<const std::string> allowed) {
    const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
    ApiError error(ApiErrc::method_not_allowed,
                   fmt::format("{} is not for this path; it takes {}.", clipped(request.method_name), list));
    error.headers.emplace_back("Allow", list);
    return error;
}

ApiResult<std::string> idempotency_key(const net::HttpRequest& request) {
    const auto fields = request.headers.equal_range("idempotency-key");
    if (std::next(fields.first) != fields.second) {
        return ApiError{ApiErrc::invalid_idempotency_key, "The Idempotency-Key is there twice; send one."};
    }
    return parse_idempotency_key(fields.first->value());
}

ApiError with_fields_of(const Route& route, ApiError error) {
    for (const auto& field : route.error_fields) {
        const bool is_there =
            std::ranges::any_of(error.fields, [&](const auto& other) { return other.first == field.first; });
        if (!is_there) error.fields.push_back(field);
    }
    return error;
}

/// Every session, key and link of a user shares the user's turns.
net::CallerId caller_id(Uuid user) {
    return std::hash<Uuid>()(user);
}

bool has_header(const net::HttpResponse& response, std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& one) { return equal_ignoring_case(one.first, name); });
}

net::HttpResponse guarded(net::HttpResponse response) {
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (!has_header(response, "Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

ApiError link_refused(Links::Refusal refusal) {
    return refusal == Links::Refusal::expired
               ? ApiError{ApiErrc::link_not_valid,
                          "This link has expired. Ask for the job's status again, with a credential, for a new one."}
               : ApiError{ApiErrc::link_not_valid,
                          "This link's signature does not fit. Take the link as getJobStatus gives it, whole."};
}

}  // namespace

class App::Impl {
public:
    Impl(Deps deps, AppOptions options)
        : services_(std::move(deps), std::move(options)),
          router_(all_routes(services_)),
          hosts_(services_.options.host_check, services_.options.public_url) {}

    awaitable<void> serve(net::HttpExchange& exchange) {
        const auto started = services_.deps.runtime.steady_now();
        const net::HttpRequest& request = exchange.request();
        const Router::Match match = router_.find(request.method_name, request.path);
        const Forwarded origin = forwarded(request, services_.options.trusted_proxies);
        Call call{exchange, {}, match.values, request.method_name == "HEAD", base_url(origin)};
        ApiResult<Reply> reply = Answered{};
        try {
            reply = co_await answer(match, call);
        } catch (const std::exception& bug) {
            reply = internal(bug.what());
        }
        if (!reply && match.route != nullptr) reply = with_fields_of(*match.route, reply.error());
        Status meant = Status::internal_server_error;
        std::exception_ptr bug;
        try {
            meant = co_await deliver(std::move(reply), match.route, call);
        } catch (...) {
            // The exchange answers and logs it; here it is counted.
            bug = std::current_exception();
        }
        // A file's answer may turn out to be 206, 304 or 416.
        const Status status = exchange.answered().value_or(meant);
        const auto taken = services_.deps.runtime.steady_now() - started - call.waited;
        account(request, origin.client, match, status, std::chrono::duration_cast<std::chrono::microseconds>(taken));
        if (bug) std::rethrow_exception(bug);
    }

    net::RepeatedAnswer repeated(const net::UnparsedRequest& request, std::string& out, net::CallerId& caller) {
        const auto started = services_.deps.runtime.steady_now();
        const auto known = services_.status_polls.find(request.head);
        if (known == nullptr) return net::RepeatedAnswer::unknown;
        caller = caller_id(known->session.user);
        if (request.turns != nullptr && !request.turns->take(caller)) return net::RepeatedAnswer::waits;
        const std::string request_id = request.new_request_id();
        known->append(request_id, out);
        const auto taken =
            std::chrono::duration_cast<std::chrono::microseconds>(services_.deps.runtime.steady_now() - started);
        Metrics::request(*known->series, static_cast<int>(Status::ok), taken);
        if (!logs_access()) return net::RepeatedAnswer::appended;
        AccessLine line;
        line.method = "GET";
        line.target = known->target;
        line.status = static_cast<int>(Status::ok);
        line.taken = taken;
        line.request_id = request_id;
        line.remote_address = request.remote_address;
        services_.deps.access_log(line);
        return net::RepeatedAnswer::appended;
    }

    void refused(const net::HttpRefusal& refusal) {
        const int code = static_cast<int>(refusal.status);
        Metrics::request(other_, code, std::chrono::microseconds(0));
        if (!logs_access()) return;
        AccessLine line;
        line.method = "-";
        line.target = refusal.target.empty() ? "-" : loggable_target(refusal.target);
        line.status = code;
        line.request_id = refusal.request_id;
        line.remote_address = refusal.remote_address;
        services_.deps.access_log(line);
    }

    const Router& router() const { return router_; }
    const Services& services() const { return services_; }
    Services& services() { return services_; }

private:
    ApiError internal(const char* what) const {
        if (services_.deps.problem_log) services_.deps.problem_log(fmt::format("a handler failed: {}", what));
        return {ApiErrc::internal, "The server failed at this request; its log says why."};
    }

    ApiError unreadable(const net::NetFailure& failure) const {
        if (services_.deps.problem_log)
            services_.deps.problem_log(fmt::format("an output can't be read: {}", failure.message));
        return {ApiErrc::unavailable, "The output can't be read now; try again."};
    }

    awaitable<ApiResult<Reply>> answer(const Router::Match& match, Call& call) {
        const net::HttpRequest& request = call.request();
        if (!hosts_.allows(header(call, Field::host))) {
            co_return ApiError{
                ApiErrc::host_not_allowed,
                fmt::format("The Host '{}' is not this server's; use 127.0.0.1, localhost or the host of --public-url.",
                            clipped(header(call, Field::host)))};
        }
        if (match.allowed.empty()) co_return no_such_path(request);
        if (match.route == nullptr) co_return method_not_allowed(request, match.allowed);
        auto identity = co_await identify(match.route->access, call);
        if (!identity) co_return identity.error();
        call.identity = *identity;
        if (match.route->access != Access::open) {
            call.still_there = [this, &call] { return services_.credentials.still_there(call.identity); };
            co_await call.exchange.turn(caller_id(call.owner()));
        }
        if (match.route->access == Access::session && call.identity.kind != CredentialKind::session) {
            co_return ApiError{ApiErrc::session_needed,
                               "API keys are managed with a session, not with an API key. Send `Authorization: Bearer "
                               "TOKEN` (made with `longhand token EMAIL`)."};
        }
        if (match.route->method != "POST" || request.headers.count("idempotency-key") == 0)
            co_return co_await match.route->handler(call);
        co_return co_await answer_once(*match.route, call);
    }

    /// A POST with an Idempotency-Key: what it asks for is done once, however often it is sent.
    awaitable<ApiResult<Reply>> answer_once(const Route& route, Call& call) {
        auto key = idempotency_key(call.request());
        if (!key) co_return key.error();
        KeyedRequest keyed(services_.deps.requests, services_.keys_under_way, services_.answer_seal, call.owner(),
                           std::move(*key));
        call.keyed = &keyed;
        // Of a form the handler reads the files as they come, and says what it is known by.
        const bool is_form = route.path == "/api/uploadProjectFiles";
        if (!is_form) {
            auto reading = read_body(call);
            auto body = co_await std::move(reading);
            if (!body) co_return body.error();
            std::string fingerprint = request_fingerprint(call.request().target, *body);
            const auto begun = co_await keyed.begin(std::move(fingerprint));
            if (keyed.kept_reply()) co_return *keyed.kept_reply();
            if (!begun) co_return begun.error();
            call.body = std::move(*body);
        }
        ApiResult<Reply> reply = co_await route.handler(call);
        call.keyed = nullptr;
        if (keyed.kept_reply()) co_return *keyed.kept_reply();
        if (!reply) {
            co_await keyed.keep_refusal(reply.error());
        } else if (const auto* response = std::get_if<net::HttpResponse>(&*reply)) {
            co_await keyed.keep_reply(*response);
        }
        co_return reply;
    }

    awaitable<ApiResult<Identity>> identify(Access access, const Call& call) {
        if (access == Access::open) co_return Identity{};
        const std::string_view authorization = header(call, Field::authorization);
        std::string api_key = header(call, "x-api-key");
        std::optional<ApiResult<Identity>> link;
        if (access == Access::user_or_link) link = co_await identify_link(call);
        // A client may send what it sends everywhere: a link that holds is enough whatever the headers say.
        const bool has_headers = !authorization.empty() || !api_key.empty();
        if (link && (link->has_value() || !has_headers)) co_return std::move(*link);
        co_return co_await services_.credentials.identify(std::string(authorization), std::move(api_key));
    }

    /// Nothing when the request has no signature at all.
    awaitable<std::optional<ApiResult<Identity>>> identify_link(const Call& call) {
        const auto signature = one_parameter(call, "sig");
        if (!signature || !*signature) co_return std::nullopt;
        const auto id = path_id(call);
        if (!id) co_return ApiResult<Identity>(id.error());
        const auto format = call.path_values.find("format");
        const auto checked =
            services_.links.check(*id, format == call.path_values.end() ? "quality.json" : format->second,
                                  call.request(), services_.deps.runtime.wall_now());
        if (!checked.owner) co_return ApiResult<Identity>(link_refused(checked.refusal));
        Identity identity{*checked.owner, CredentialKind::link};
        co_return co_await services_.credentials.still_there(identity);
    }

    awaitable<Status> deliver(ApiResult<Reply> reply, const Route* route, Call& call) {
        net::HttpExchange& exchange = call.exchange;
        if (!reply && !reply.error().for_log.empty() && services_.deps.problem_log) {
            services_.deps.problem_log(reply.error().for_log);
        }
        Reply answer = reply ? std::move(*reply) : Reply(to_response(reply.error()));
        if (const auto* done = std::get_if<Answered>(&answer)) co_return done->status;
        if (const auto* file = std::get_if<FileReply>(&answer); file != nullptr) {
            auto compressing = compressed_file(services_.deps.runtime, *file, exchange.request());
            auto compressed = co_await std::move(compressing);
            if (compressed) answer = std::move(*compressed);
        }
        if (auto* file = std::get_if<FileReply>(&answer)) {
            const Status status = file->head.status;
            if (is_compressible(file->head.content_type)) file->head.headers.emplace_back("Vary", "Accept-Encoding");
            net::HttpResponse head = guarded(std::move(file->head));
            const auto sent = co_await exchange.respond_file(std::move(head), std::move(file->path));
            if (sent || sent.error().code != net::NetErrc::unreachable) co_return status;
            answer = to_response(unreadable(sent.error()));
        }
        net::HttpResponse response = guarded(std::move(std::get<net::HttpResponse>(answer)));
        compress(response, exchange.request());
        const Status status = response.status;
        if (call.polled) keep_poll(exchange.request(), response, *route, call);
        ignore_result(co_await exchange.respond(std::move(response)), "the client has gone");
        co_return status;
    }

    bool logs_access() const {
        return services_.deps.access_log && (!services_.deps.logs_access || services_.deps.logs_access());
    }

    void keep_poll(const net::HttpRequest& request, const net::HttpResponse& response, const Route& route,
                   const Call& call) {
        // Behind a proxy the bytes are not all: who sends them decides on the links, and on the client in the log.
        if (!services_.options.trusted_proxies.is_empty() || !call.identity.session) return;
        if (response.status != Status::ok) return;
        services_.status_polls.keep(request, response, {*call.identity.session, call.polled, route.series, {}});
    }

    std::string_view base_url(const Forwarded& origin) const {
        const bool is_told = services_.options.links_follow_proxy && !origin.base_url.empty();
        return is_told ? std::string_view(origin.base_url) : services_.options.public_url;
    }

    void account(const net::HttpRequest& request, const std::string& client, const Router::Match& match, Status status,
                 std::chrono::microseconds taken) {
        const int code = static_cast<int>(status);
        // Methods and paths of the table only: a client can't make series at will.
        Metrics::request(match.route != nullptr ? *match.route->series : other_, code, taken);
        if (!logs_access()) return;
        AccessLine line;
        line.method = clipped(request.method_name);
        line.target = loggable_target(request.target);
        line.status = code;
        line.taken = taken;
        line.request_id = request.request_id;
        line.remote_address = client;
        services_.deps.access_log(line);
    }

    Services services_;
    Metrics::RouteSeries& other_ = services_.metrics.series("other", "other");
    const Router router_;
    const Hosts hosts_;
};

App::App(Deps deps, AppOptions options) : impl_(std::make_unique<Impl>(std::move(deps), std::move(options))) {}
App::~App() = default;

net::HttpHandler App::handler() {
    return [impl = impl_.get()](net::HttpExchange& exchange) { return impl->serve(exchange); };
}

net::RepeatedAnswer App::repeated(const net::UnparsedRequest& request, std::string& out, net::CallerId& caller) {
    return impl_->repeated(request, out, caller);
}

void App::refused(const net::HttpRefusal& refusal) {
    impl_->refused(refusal);
}

void App::set_defaults(ServerDefaults defaults) {
    impl_->services().defaults.set(std::move(defaults));
}

std::span<const Route> App::routes() const {
    return impl_->router().routes();
}
const Tokens& App::tokens() const {
    return impl_->services().tokens;
}

}  // namespace longhand::http
