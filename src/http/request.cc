#include <fmt/format.h>

#include "http/handlers.h"
#include "http/json_out.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::http {
namespace {

// A removed user is out within a second.
constexpr std::chrono::milliseconds kQuick{500};
constexpr std::string_view kUuidShape = "a UUID, such as 0190a2f4-5b1c-7d3e-8f00-0123456789ab";

ApiError bad_parameter(std::string_view name, std::string_view what) {
    return ApiError{ApiErrc::invalid_parameter, fmt::format("The parameter '{}' {}.", name, what)}.with("parameter",
                                                                                                        name);
}

/// Types that a JSON body comes under: none, JSON, and what curl and fetch say unless told.
bool may_hold_json(std::string_view content_type) {
    const std::string type = lower_case(trimmed(content_type.substr(0, content_type.find(';'))));
    return type.empty() || type.ends_with("json") || type == "text/plain" ||
           type == "application/x-www-form-urlencoded" || type == "application/octet-stream";
}

}  // namespace

std::string header(const Call& call, std::string_view name) {
    const auto& headers = call.request().headers;
    const auto found = headers.find(boost::beast::string_view(name.data(), name.size()));
    return found == headers.end() ? std::string() : std::string(found->value());
}

std::string_view header(const Call& call, boost::beast::http::field name) {
    return call.request().headers[name];
}

ApiResult<std::optional<std::string>> one_parameter(const Call& call, std::string_view name) {
    std::optional<std::string> found;
    for (const auto& [key, value] : call.request().query) {
        if (key != name) continue;
        if (found) return bad_parameter(name, "is there twice; send it once");
        found = value;
    }
    return found;
}

ApiResult<Uuid> id_parameter(const Call& call, std::string_view name) {
    const auto value = one_parameter(call, name);
    if (!value) return value.error();
    if (!*value) return bad_parameter(name, fmt::format("is missing; it should be {}", kUuidShape));
    if ((*value)->empty()) return bad_parameter(name, fmt::format("is empty; it should be {}", kUuidShape));
    const auto id = Uuid::parse(**value);
    if (!id) return bad_parameter(name, fmt::format("is '{}'; it should be {}", clipped(**value), kUuidShape));
    return *id;
}

ApiResult<Uuid> path_id(const Call& call) {
    const auto found = call.path_values.find("id");
    const auto id = found == call.path_values.end() ? std::nullopt : Uuid::parse(found->second);
    if (!id) return bad_parameter("id", fmt::format("in the path should be {}", kUuidShape));
    return *id;
}

awaitable<ApiResult<void>> still_there(Call& call, std::chrono::steady_clock::time_point since) {
    if (!call.still_there || std::chrono::steady_clock::now() - since < kQuick) co_return ApiResult<void>();
    auto asking = call.still_there();
    const auto there = co_await std::move(asking);
    if (!there) co_return there.error();
    co_return ApiResult<void>();
}

awaitable<ApiResult<std::string>> read_body(Call& call) {
    const auto began = std::chrono::steady_clock::now();
    auto body = co_await call.exchange.read_body(kMaxJsonBytes);
    if (!body) co_return from_net(body.error(), kMaxJsonBytes);
    auto asking = still_there(call, began);
    const auto there = co_await std::move(asking);
    if (!there) co_return there.error();
    co_return std::move(*body);
}

ApiResult<void> unpacked(const Call& call) {
    const std::string coding = header(call, "content-encoding");
    if (coding.empty() || equal_ignoring_case(coding, "identity")) return {};
    return ApiError{ApiErrc::unsupported_media_type,
                    fmt::format("The body is encoded as '{}'; send it without Content-Encoding.", clipped(coding))};
}

awaitable<ApiResult<boost::json::object>> read_json(Call& call) {
    const std::string type = header(call, "content-type");
    if (!may_hold_json(type)) {
        co_return ApiError{ApiErrc::unsupported_media_type,
                           fmt::format("The body's type is '{}'; send JSON as application/json.", clipped(type))};
    }
    if (const auto plain = unpacked(call); !plain) co_return plain.error();
    if (call.body) co_return parse_json_object(*call.body);
    auto reading = read_body(call);
    const auto body = co_await std::move(reading);
    if (!body) co_return body.error();
    co_return parse_json_object(*body);
}

net::HttpResponse json_reply(std::string body) {
    net::HttpResponse response;
    response.body = std::move(body);
    return response;
}

std::string queued_again_json(Uuid job) {
    JsonObject out;
    out.add("message", "Job queued again").add("jobId", job);
    return std::move(out).str();
}

ApiError busy_project(const store::BusyProject& busy) {
    const std::string id = busy.job.to_string();
    const auto state = job::to_string(busy.state);
    const std::string body = fmt::format("{{\"jobId\": \"{}\"}}", id);
    // A draft waits for its user or a higher budget: nothing but a request moves it.
    const std::string goes_on = busy.state == job::State::draft
                                    ? fmt::format("It waits for you: go on with it with POST /api/resumeJob {}", body)
                                    : "Wait for it";
    return ApiError{ApiErrc::project_busy,
                    fmt::format("Job {} of this project is {}; a project runs one job at a time. {}, or cancel it with "
                                "POST /api/cancelJob {}.",
                                id, state, goes_on, body)}
        .with("jobId", id)
        .with("status", state);
}

}  // namespace longhand::http
