// JSON text, written directly: answers are small and flat, and their numbers are meant to be read (75.5, never 7.55E1).
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"

namespace longhand::http {

/// Quoted and escaped.
std::string json_string(std::string_view text);

/// Rounded down at `decimals` digits, so that a value below a bound never shows as the bound; no trailing zeros.
std::string json_number(double value, int decimals);

/// `0.001234`
std::string json_usd(UsdMicros amount);

/// Members in the order they are added. `str()` once, at the end.
class JsonObject {
public:
    JsonObject() { text_.reserve(kMostlyEnough); }

    JsonObject& add(std::string_view name, std::string_view text);
    JsonObject& add(std::string_view name, const char* text) { return add(name, std::string_view(text)); }
    JsonObject& add(std::string_view name, const Uuid& id) { return add(name, id.to_string()); }
    /// A number of US dollars, exact to the millionth.
    JsonObject& add(std::string_view name, UsdMicros amount) { return raw(name, json_usd(amount)); }
    JsonObject& add(std::string_view name, WallTime time) { return add(name, format_wall_time(time)); }
    JsonObject& add(std::string_view name, std::same_as<bool> auto value) {
        return raw(name, value ? "true" : "false");
    }
    JsonObject& add(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
    /// null when not set
    template <class T>
    JsonObject& add(std::string_view name, const std::optional<T>& value) {
        return value ? add(name, *value) : raw(name, "null");
    }
    JsonObject& add(std::string_view name, const std::string& text) { return add(name, std::string_view(text)); }
    /// `json` is a JSON value's text.
    JsonObject& raw(std::string_view name, std::string_view json);
    std::string str() &&;

private:
    static constexpr std::size_t kMostlyEnough = 640;  ///< bytes, for a job's status
    void begin(std::string_view name);

    std::string text_ = "{";
};

class JsonArray {
public:
    /// `json` is a JSON value's text.
    JsonArray& raw(std::string_view json);
    std::string str() &&;

private:
    std::string text_ = "[";
};

}  // namespace longhand::http
