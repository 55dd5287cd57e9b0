#include "http/errors.h"

#include <fmt/format.h>

#include <array>

#include "http/json_out.h"

namespace longhand::http {
namespace {

constexpr std::array kTable = {
    ErrorLine{ApiErrc::invalid_parameter, Status::bad_request, "invalid_parameter"},
    ErrorLine{ApiErrc::invalid_body, Status::bad_request, "invalid_body"},
    ErrorLine{ApiErrc::invalid_json, Status::bad_request, "invalid_json"},
    ErrorLine{ApiErrc::duplicate_field, Status::bad_request, "duplicate_field"},
    ErrorLine{ApiErrc::missing_field, Status::bad_request, "missing_field"},
    ErrorLine{ApiErrc::invalid_field, Status::bad_request, "invalid_field"},
    ErrorLine{ApiErrc::invalid_idempotency_key, Status::bad_request, "invalid_idempotency_key"},
    ErrorLine{ApiErrc::nothing_to_change, Status::bad_request, "nothing_to_change"},
    ErrorLine{ApiErrc::wrong_state, Status::bad_request, "wrong_state"},
    ErrorLine{ApiErrc::budget_reached, Status::bad_request, "budget_reached"},
    ErrorLine{ApiErrc::price_unknown, Status::bad_request, "price_unknown"},
    ErrorLine{ApiErrc::web_research_unavailable, Status::bad_request, "web_research_unavailable"},
    ErrorLine{ApiErrc::provider_takes_no_keys, Status::bad_request, "provider_takes_no_keys"},
    ErrorLine{ApiErrc::provider_key_refused, Status::bad_request, "provider_key_refused"},
    ErrorLine{ApiErrc::provider_key_unusable, Status::bad_request, "provider_key_unusable"},
    ErrorLine{ApiErrc::address_not_allowed, Status::bad_request, "address_not_allowed"},
    ErrorLine{ApiErrc::no_files, Status::bad_request, "no_files"},
    ErrorLine{ApiErrc::upload_failed, Status::bad_request, "upload_failed"},
    ErrorLine{ApiErrc::unauthorized, Status::unauthorized, "unauthorized"},
    ErrorLine{ApiErrc::mode_not_allowed, Status::forbidden, "mode_not_allowed"},
    ErrorLine{ApiErrc::session_needed, Status::forbidden, "session_needed"},
    ErrorLine{ApiErrc::over_limit, Status::forbidden, "over_limit"},
    ErrorLine{ApiErrc::host_not_allowed, Status::forbidden, "host_not_allowed"},
    ErrorLine{ApiErrc::link_not_valid, Status::forbidden, "link_not_valid"},
    ErrorLine{ApiErrc::not_found, Status::not_found, "not_found"},
    ErrorLine{ApiErrc::no_such_path, Status::not_found, "no_such_path"},
    ErrorLine{ApiErrc::method_not_allowed, Status::method_not_allowed, "method_not_allowed"},
    ErrorLine{ApiErrc::request_timeout, Status::request_timeout, "request_timeout"},
    ErrorLine{ApiErrc::project_busy, Status::conflict, "project_busy"},
    ErrorLine{ApiErrc::not_paused, Status::conflict, "not_paused"},
    ErrorLine{ApiErrc::not_waiting, Status::conflict, "not_waiting"},
    ErrorLine{ApiErrc::duplicate, Status::conflict, "duplicate"},
    ErrorLine{ApiErrc::request_in_progress, Status::conflict, "request_in_progress"},
    ErrorLine{ApiErrc::nothing_yet, Status::conflict, "nothing_yet"},
    ErrorLine{ApiErrc::body_too_large, Status::payload_too_large, "body_too_large"},
    ErrorLine{ApiErrc::file_too_large, Status::payload_too_large, "file_too_large"},
    ErrorLine{ApiErrc::unsupported_media_type, Status::unsupported_media_type, "unsupported_media_type"},
    ErrorLine{ApiErrc::unsupported_file_type, Status::unsupported_media_type, "unsupported_file_type"},
    ErrorLine{ApiErrc::idempotency_key_reused, Status::unprocessable_entity, "idempotency_key_reused"},
    ErrorLine{ApiErrc::internal, Status::internal_server_error, "internal_error"},
    ErrorLine{ApiErrc::output_failed, Status::internal_server_error, "output_failed"},
    ErrorLine{ApiErrc::unavailable, Status::service_unavailable, "unavailable"},
    ErrorLine{ApiErrc::storage_full, Status::service_unavailable, "storage_full"},
    ErrorLine{ApiErrc::provider_unreachable, Status::service_unavailable, "provider_unreachable"},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].code) != i) return false;
    }
    return static_cast<std::size_t>(ApiErrc::provider_unreachable) + 1 == kTable.size();
}
static_assert(in_order(), "the table has every code, in the enum's order");

}  // namespace

std::span<const ErrorLine> error_table() {
    return kTable;
}

const ErrorLine& line_of(ApiErrc code) {
    return kTable[static_cast<std::size_t>(code)];
}

ApiError ApiError::with(std::string_view name, std::string_view value) && {
    fields.emplace_back(name, json_string(value));
    return std::move(*this);
}

ApiError ApiError::with_json(std::string_view name, std::string json) && {
    fields.emplace_back(name, std::move(json));
    return std::move(*this);
}

net::HttpResponse to_response(const ApiError& error) {
    const ErrorLine& line = line_of(error.code);
    JsonObject body;
    body.add("error", error.message).add("message", error.message).add("code", line.word);
    for (const auto& [name, json] : error.fields) body.raw(name, json);
    net::HttpResponse response;
    response.status = line.status;
    response.headers = error.headers;
    if (line.status == Status::unauthorized) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (line.status == Status::service_unavailable) response.headers.emplace_back("Retry-After", "5");
    response.body = std::move(body).str();
    return response;
}

ApiError request_in_progress() {
    ApiError error{ApiErrc::request_in_progress,
                   "The first request with this Idempotency-Key is still being answered. Send this one again in a "
                   "moment for its answer."};
    error.headers.emplace_back("Retry-After", "1");
    return error;
}

ApiError from_store(const store::StoreFailure& failure, std::string_view thing) {
    using store::StoreErrc;
    switch (failure.code) {
        case StoreErrc::not_found:
            return {ApiErrc::not_found, fmt::format("There is no such {}.", thing)};
        case StoreErrc::wrong_state:
            return ApiError{ApiErrc::wrong_state,
                            fmt::format("The {} is {}, which does not allow this.", thing, failure.message)}
                .with("status", failure.message);
        case StoreErrc::duplicate:
            return {ApiErrc::duplicate, fmt::format("The same {} is there already.", thing)};
        // Another process answers the request of this key at this moment, or has just done so.
        case StoreErrc::repeated:
            return request_in_progress();
        case StoreErrc::budget:
            return {ApiErrc::budget_reached, failure.message};
        case StoreErrc::limit:
            return {ApiErrc::over_limit, fmt::format("Over a limit: {}.", failure.message)};
        case StoreErrc::unavailable:
            return ApiError{ApiErrc::unavailable,
                            "The database can't be reached or written now. Nothing was changed; try again."}
                .logging(failure.message);
        case StoreErrc::stopping:
            return {ApiErrc::unavailable, "The server is stopping. Nothing was changed; try again."};
        // A lease is nothing that a request has, and an unusable database is refused at the start.
        case StoreErrc::stale:
        case StoreErrc::unusable:
            return ApiError{ApiErrc::internal, "The server could not do this; its log says why."}.logging(
                failure.message);
    }
    return {ApiErrc::internal, "The server could not do this; its log says why."};
}

ApiError from_net(const net::NetFailure& failure, std::size_t limit) {
    using net::NetErrc;
    switch (failure.code) {
        case NetErrc::too_large:
            return {ApiErrc::body_too_large, fmt::format("The body is larger than {} bytes.", limit)};
        case NetErrc::timeout:
            return {ApiErrc::request_timeout, "The request's body did not arrive in time."};
        case NetErrc::malformed:
            return {ApiErrc::invalid_body, "The request's body is not framed as HTTP/1.1 says."};
        case NetErrc::closed:
            return {ApiErrc::invalid_body, "The connection closed before the body was whole."};
        case NetErrc::stopped:
        case NetErrc::unreachable:
            return {ApiErrc::unavailable, "The server is stopping. Nothing was changed; try again."};
    }
    return {ApiErrc::internal, "The server could not do this; its log says why."};
}

}  // namespace longhand::http
