#include "http/json_out.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cmath>

namespace longhand::http {

std::string json_string(std::string_view text) {
    return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
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

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
    if (text_.size() > 1) text_ += ',';
    text_ += json_string(name);
    text_ += ':';
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
