// What can be wrong with a request, as the outside sees it: a status, a stable word, a sentence for people.
#pragma once

#include <boost/beast/http/status.hpp>
#include <boost/system/result.hpp>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/errors.h"
#include "net/http_server.h"
#include "store/errors.h"

namespace longhand::http {

using Status = boost::beast::http::status;

/// Each has a line in the table of errors.cc (status and word) and one in docs/errors.md.
enum class ApiErrc {
    invalid_parameter,
    invalid_body,
    invalid_json,
    duplicate_field,
    missing_field,
    invalid_field,
    invalid_idempotency_key,
    nothing_to_change,
    wrong_state,
    budget_reached,
    price_unknown,
    web_research_unavailable,
    provider_takes_no_keys,
    provider_key_refused,
    provider_key_unusable,
    address_not_allowed,
    no_files,
    upload_failed,
    unauthorized,
    mode_not_allowed,
    session_needed,
    over_limit,
    host_not_allowed,
    link_not_valid,
    not_found,
    no_such_path,
    method_not_allowed,
    request_timeout,
    project_busy,
    not_paused,
    not_waiting,
    duplicate,
    request_in_progress,
    nothing_yet,
    body_too_large,
    file_too_large,
    unsupported_media_type,
    unsupported_file_type,
    idempotency_key_reused,
    internal,
    output_failed,
    unavailable,
    storage_full,
    provider_unreachable,
};

struct ErrorLine {
    ApiErrc code;
    Status status;
    std::string_view word;
};
/// Every code, once.
std::span<const ErrorLine> error_table();
const ErrorLine& line_of(ApiErrc code);

/// `message` is a whole sentence: what is wrong, with what, and what would be right. Never an internal detail.
struct ApiError {
    ApiErrc code{};
    std::string message;
    /// Further members of the body: name and JSON text.
    std::vector<std::pair<std::string, std::string>> fields;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string for_log = {};  ///< what the answer keeps from the client

    ApiError() = default;
    ApiError(ApiErrc errc, std::string text) : code(errc), message(std::move(text)) {}
    /// Adds a string member to the body.
    ApiError with(std::string_view name, std::string_view value) &&;
    /// Adds any member; `json` is its text.
    ApiError with_json(std::string_view name, std::string json) &&;
    ApiError logging(std::string what) && {
        for_log = std::move(what);
        return std::move(*this);
    }
};

[[noreturn]] inline void throw_exception_from_error(const ApiError& error, const boost::source_location&) {
    throw std::logic_error("value() of a failed result: " + error.message);
}

/// As Result, with an ApiError.
template <class T>
class [[nodiscard]] ApiResult : public boost::system::result<T, ApiError> {
public:
    using boost::system::result<T, ApiError>::result;
};

/// `{"error", "message", "code", ...}` with the status, and the headers that the code asks for (WWW-Authenticate,
/// Retry-After).
net::HttpResponse to_response(const ApiError& error);

/// 409: the first request of the same Idempotency-Key has no answer yet.
ApiError request_in_progress();
/// `thing` names what was asked for: "job", "project", "file".
ApiError from_store(const store::StoreFailure& failure, std::string_view thing);
/// Of reading a body. `limit` in bytes, for the sentence.
ApiError from_net(const net::NetFailure& failure, std::size_t limit);

}  // namespace longhand::http
