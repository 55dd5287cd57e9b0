#include "http/strict_json.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "http/text.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

/// Watches a document go by and stops it at the first duplicate key or number without bound.
class Checker {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    std::optional<std::string> duplicate;
    std::optional<std::string> overflow;  ///< the key it is at

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        keys_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) {
        keys_.pop_back();
        return true;
    }
    bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
        key_.append(part.data(), part.size());
        last_key_ = std::exchange(key_, {});
        if (keys_.back().insert(last_key_).second) return true;
        duplicate = last_key_;
        return stop(ec);
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    bool on_double(double value, json::string_view, json::error_code& ec) {
        if (std::isfinite(value)) return true;
        overflow = last_key_;
        return stop(ec);
    }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    const std::string& last_key() const { return last_key_; }

private:
    static bool stop(json::error_code& ec) {
        ec = json::make_error_code(json::error::syntax);
        return false;
    }

    std::vector<std::set<std::string>> keys_;
    std::string key_;
    std::string last_key_;
};

std::string reason(const json::error_code& ec) {
    if (ec == json::error::too_deep) return fmt::format("it is nested more than {} levels deep", kMaxJsonDepth);
    if (ec == json::error::incomplete) return "it ends too early";
    if (ec == json::error::extra_data) return "there is something after its end";
    return ec.message();
}

std::optional<ApiError> check(std::string_view text, std::string_view what) {
    if (const auto place = invalid_utf8_at(text)) {
        return ApiError{ApiErrc::invalid_json,
                        fmt::format("{} is not UTF-8: the byte at {} does not fit.", what, *place)};
    }
    json::parse_options options;
    options.max_depth = kMaxJsonDepth;
    json::basic_parser<Checker> parser(options);
    json::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    const Checker& seen = parser.handler();
    if (seen.duplicate) {
        return ApiError{ApiErrc::duplicate_field,
                        fmt::format("{} has the field '{}' twice; send it once.", what, clipped(*seen.duplicate))}
            .with("field", clipped(*seen.duplicate));
    }
    if (seen.overflow || ec == json::error::exponent_overflow) {
        return ApiError{ApiErrc::invalid_field,
                        fmt::format("'{}' is a number that is too large to be read.", clipped(seen.last_key()))}
            .with("field", clipped(seen.last_key()));
    }
    if (!ec && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos)
        ec = json::make_error_code(json::error::extra_data);
    if (ec)
        return ApiError{ApiErrc::invalid_json,
                        fmt::format("{} is not valid JSON: {}, at byte {}.", what, reason(ec), used)};
    return std::nullopt;
}

}  // namespace

ApiResult<json::value> parse_json_value(std::string_view text, std::string_view what) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return ApiError{ApiErrc::invalid_json, fmt::format("{} is empty; it should be JSON.", what)};
    }
    if (auto wrong = check(text, what)) return std::move(*wrong);
    json::error_code ec;
    json::value value = json::parse(text, ec);
    if (ec) return ApiError{ApiErrc::invalid_json, fmt::format("{} is not valid JSON: {}.", what, reason(ec))};
    return value;
}

ApiResult<json::object> parse_json_object(std::string_view text) {
    auto value = parse_json_value(text, "The body");
    if (!value) return value.error();
    if (!value->is_object()) {
        return ApiError{ApiErrc::invalid_json,
                        fmt::format("The body is {}; it should be a JSON object.", kind_of(*value))};
    }
    return std::move(value->get_object());
}

}  // namespace longhand::http
