#include "http/json_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cmath>

namespace longhand::http {
namespace {

bool is_plain(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// Nearly all texts stand as they are.
void append_string(std::string& out, std::string_view text) {
    if (!std::all_of(text.begin(), text.end(), is_plain)) {
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
