// JSON from outside: UTF-8, no duplicate keys, bounded depth, numbers that fit. What is wrong is said with its place.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "http/errors.h"

namespace longhand::http {

inline constexpr std::size_t kMaxJsonDepth = 32;
inline constexpr std::size_t kMaxJsonBytes = 1024 * 1024;

/// The object that `text` is. Errors: invalid_json (also for an array or a bare value), duplicate_field.
ApiResult<boost::json::object> parse_json_object(std::string_view text);

/// Any JSON value, with the same strictness. `what` names it in the error.
ApiResult<boost::json::value> parse_json_value(std::string_view text, std::string_view what);

}  // namespace longhand::http
