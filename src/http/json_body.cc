#include "http/json_body.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "http/text.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

constexpr std::string_view kRightEmail = "should be an e-mail address, such as ada@example.org";

std::string bounds_words(TextBounds bounds) {
    if (bounds.min == 0) return fmt::format("should be a string of at most {} characters", bounds.max);
    return fmt::format("should be a string of {} to {} characters", bounds.min, bounds.max);
}

/// A whole number in any of JSON's spellings (10, 1e1, 10.0), or its digits as a string, which forms send.
std::optional<std::int64_t> whole_number(const json::value& value) {
    if (value.is_int64()) return value.get_int64();
    if (value.is_string()) {
        const std::string_view digits = trimmed(view(value));
        std::int64_t number = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        const bool is_whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
        return is_whole ? std::optional(number) : std::nullopt;
    }
    if (!value.is_double()) return std::nullopt;
    const double number = value.get_double();
    if (std::abs(number) > 9e15 || number != std::floor(number)) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

/// A number, or its digits as a string.
std::optional<double> decimal_number(const json::value& value) {
    if (value.is_number()) return value.to_number<double>();
    if (!value.is_string()) return std::nullopt;
    const std::string_view digits = trimmed(view(value));
    double number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
    const bool is_all = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    return is_all ? std::optional(number) : std::nullopt;
}

}  // namespace

const json::value* BodyReader::find(std::string_view name) const {
    const json::value* value = body_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

const json::value* BodyReader::find_filled(std::string_view name) const {
    const json::value* value = find(name);
    const bool is_blank = value != nullptr && value->is_string() && trimmed(view(*value)).empty();
    return is_blank ? nullptr : value;
}

bool BodyReader::is_null(std::string_view name) const {
    const json::value* value = body_.if_contains(name);
    return value != nullptr && value->is_null();
}

void BodyReader::refuse(std::string_view name, std::string_view right) {
    refuse(ApiErrc::invalid_field, name, fmt::format("'{}' {}.", name, right));
}

void BodyReader::refuse(ApiErrc code, std::string_view name, std::string message) {
    if (problem_) return;
    problem_ = ApiError{code, std::move(message)}.with("field", name);
}

Uuid BodyReader::id(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) {
        refuse(ApiErrc::missing_field, name, fmt::format("'{}' is missing; it should be a UUID.", name));
        return {};
    }
    const auto id = value->is_string() ? Uuid::parse(view(*value)) : std::nullopt;
    if (!id) refuse(name, "should be a UUID, such as 0190a2f4-5b1c-7d3e-8f00-0123456789ab");
    return id.value_or(Uuid{});
}

std::optional<std::string> BodyReader::text(std::string_view name, TextBounds bounds) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        refuse(name, fmt::format("is {}; it {}", kind_of(*value), bounds_words(bounds)));
        return std::nullopt;
    }
    const std::string_view text = view(*value);
    const std::size_t length = code_points(text);
    if (length < bounds.min || length > bounds.max) {
        refuse(name, fmt::format("has {} characters; it {}", length, bounds_words(bounds)));
    } else if (bounds.min > 0 && trimmed(text).empty()) {
        refuse(name, fmt::format("is white space alone; it {}", bounds_words(bounds)));
    } else if (text.find('\0') != text.npos) {
        refuse(name, "holds a NUL character, which no text has");
    }
    return std::string(text);
}

std::string BodyReader::required_text(std::string_view name, TextBounds bounds) {
    if (find(name) == nullptr) {
        refuse(ApiErrc::missing_field, name, fmt::format("'{}' is missing; it {}.", name, bounds_words(bounds)));
        return {};
    }
    return text(name, bounds).value_or("");
}

std::optional<std::string> BodyReader::line(std::string_view name, TextBounds bounds) {
    const auto sent = text(name, bounds);
    return sent ? std::optional(std::string(trimmed(*sent))) : std::nullopt;
}

std::string BodyReader::required_line(std::string_view name, TextBounds bounds) {
    return std::string(trimmed(required_text(name, bounds)));
}

std::optional<std::string> BodyReader::email(std::string_view name) {
    auto address = line(name, {0, 254});
    if (!address || address->empty()) return address;
    const auto at = address->find('@');
    const bool plausible = at != address->npos && at > 0 && at + 1 < address->size() &&
                           address->find('@', at + 1) == address->npos &&
                           address->find_first_of(" \t\r\n<>,;") == address->npos;
    if (!plausible) refuse(name, kRightEmail);
    return address;
}

std::string BodyReader::required_email(std::string_view name) {
    if (find(name) == nullptr) {
        refuse(ApiErrc::missing_field, name, fmt::format("'{}' is missing; it should be an e-mail address.", name));
    }
    auto address = email(name).value_or("");
    if (address.empty()) refuse(name, kRightEmail);
    return address;
}

job::Choice BodyReader::choice(std::string_view name) {
    const json::value* value = find_filled(name);
    if (value == nullptr) return job::Choice::automatic;
    const std::string_view word = value->is_string() ? view(*value) : std::string_view();
    if (word == "auto") return job::Choice::automatic;
    if (word == "on") return job::Choice::on;
    if (word == "off") return job::Choice::off;
    refuse(name, "should be 'auto', 'on' or 'off'");
    return job::Choice::automatic;
}

std::optional<bool> BodyReader::flag(std::string_view name) {
    const json::value* value = find_filled(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_bool()) return value->get_bool();
    const std::string_view word = value->is_string() ? view(*value) : std::string_view();
    if (word != "on" && word != "off") refuse(name, "should be true or 'on', or false or 'off'");
    return word == "on";
}

std::optional<std::int64_t> BodyReader::whole(std::string_view name, std::int64_t least, std::int64_t most) {
    const json::value* value = find_filled(name);
    if (value == nullptr) return std::nullopt;
    const auto number = whole_number(*value);
    if (number && *number >= least && *number <= most) return number;
    refuse(name, fmt::format("should be a whole number from {} to {}", least, most));
    return std::nullopt;
}

std::optional<BodyReader::LengthField> BodyReader::length(std::string_view name) {
    const json::value* value = find_filled(name);
    if (value == nullptr) return std::nullopt;
    std::string text;
    if (value->is_string())
        text = trimmed(view(*value));
    else if (const auto number = whole_number(*value))
        text = std::to_string(*number);
    if (const auto length = job::Length::parse(text)) return LengthField{*length, std::move(text)};
    refuse(name, "should be a length such as '15-20 pages', '10' or '5000 words', of 1 to 350 pages");
    return std::nullopt;
}

std::optional<UsdMicros> BodyReader::dollars(std::string_view name) {
    const json::value* value = find_filled(name);
    if (value == nullptr) return std::nullopt;
    const auto number = decimal_number(*value);
    const auto amount = number ? UsdMicros::from_usd(*number) : std::nullopt;
    if (amount && amount->value >= 1 && *amount <= job::kHighestCap) return amount;
    refuse(name, fmt::format("should be a number of US dollars from 0.000001 to {:.0f}", job::kHighestCap.usd()));
    return std::nullopt;
}

job::Budget BodyReader::budget() {
    job::Budget budget;
    budget.max_cost = dollars("max_cost_usd");
    budget.max_tokens = whole("max_tokens", 1, job::kMostTokens);
    return budget;
}

}  // namespace longhand::http
