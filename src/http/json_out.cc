#include "http/json_out.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace longhand::http {
namespace {

// A byte below a space, a quotation mark or a backslash among these eight; where one is found, those above it may be
// told to be one too.
constexpr std::uint64_t specials_of(std::uint64_t bytes) {
    constexpr std::uint64_t kEach = 0x0101010101010101, kHigh = 0x80 * kEach;
    const std::uint64_t quote = bytes ^ ('"' * kEach), slash = bytes ^ ('\\' * kEach);
    return ((bytes - 0x20 * kEach) & ~bytes & kHigh) | ((quote - kEach) & ~quote & kHigh) |
           ((slash - kEach) & ~slash & kHigh);
}

// Nearly all texts are, so all of one is looked at, eight bytes at a time.
bool is_plain(std::string_view text) {
    std::uint64_t specials = 0;
    for (; text.size() >= sizeof specials; text.remove_prefix(sizeof specials)) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, text.data(), sizeof bytes);
        specials |= specials_of(bytes);
    }
    std::uint64_t rest = 0x6161616161616161;
    if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
    return (specials | specials_of(rest)) == 0;
}

void append_string(std::string& out, std::string_view text) {
    if (!is_plain(text)) {
        out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
        return;
    }
    out += '"';
    out += text;
    out += '"';
}

}  // namespace

std::string json_string(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_string(out, text);
    return out;
}

std::string json_number(double value, int decimals) {
    const double scale = std::pow(10.0, decimals);
    // The small addend keeps 0.29 * 100 from showing as 28; no bound is that near.
    std::string text = fmt::format("{:.{}f}", std::floor(value * scale + 1e-9) / scale, decimals);
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text;
}

std::string json_usd(UsdMicros amount) {
    constexpr std::int64_t kMicros = 1'000'000;
    std::string text = fmt::format("{}.{:06}", amount.value / kMicros, amount.value % kMicros);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

void JsonObject::begin(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    append_string(text_, name);
    text_ += ':';
}

JsonObject& JsonObject::add(std::string_view name, std::string_view text) {
    begin(name);
    append_string(text_, text);
    return *this;
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
    begin(name);
    text_ += json;
    return *this;
}

std::string JsonObject::str() && {
    text_ += '}';
    return std::move(text_);
}

JsonArray& JsonArray::raw(std::string_view json) {
    if (text_.size() > 1) text_ += ',';
    text_ += json;
    return *this;
}

std::string JsonArray::str() && {
    text_ += ']';
    return std::move(text_);
}

}  // namespace longhand::http
