// JSON from outside: what strict parsing takes, and what a reader of its fields makes of it.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <string>

#include "fuzz/target.h"
#include "http/json_body.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::fuzz {
namespace {

namespace json = boost::json;
using namespace longhand::http;

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

// Numbers may lose their last digit on the way to text and back: the parser is not exact (its precision is documented).
bool nearly_same(const json::value& a, const json::value& b) {
    if (a.is_double() && b.is_number()) {
        const double x = a.get_double(), y = b.to_number<double>();
        return x == y || std::abs(x - y) <= 1e-14 * std::max(std::abs(x), std::abs(y));
    }
    if (a.kind() != b.kind()) return false;
    if (a.is_object()) {
        const json::object &x = a.get_object(), &y = b.get_object();
        if (x.size() != y.size()) return false;
        for (const auto& [key, value] : x) {
            const json::value* other = y.if_contains(key);
            if (other == nullptr || !nearly_same(value, *other)) return false;
        }
        return true;
    }
    if (a.is_array()) {
        const json::array &x = a.get_array(), &y = b.get_array();
        return std::equal(x.begin(), x.end(), y.begin(), y.end(), nearly_same);
    }
    return a == b;
}

// Every value below, and that it is what was promised.
void look_at(const json::value& value, std::size_t depth) {
    if (value.is_string())
        require(!invalid_utf8_at(view(value.get_string())), "every text that is taken is well-formed UTF-8");
    if (value.is_double()) require(std::isfinite(value.get_double()), "every number that is taken is finite");
    if (!value.is_structured()) return;
    require(depth < kMaxJsonDepth, "what is taken is not nested deeper than the bound");
    if (value.is_array()) {
        for (const json::value& one : value.get_array()) look_at(one, depth + 1);
        return;
    }
    for (const auto& [key, one] : value.get_object()) {
        require(!invalid_utf8_at(std::string_view(key)), "every key that is taken is well-formed UTF-8");
        look_at(one, depth + 1);
    }
}

void is_refused_as(std::string_view text, ApiErrc code, const char* property) {
    const auto value = parse_json_object(text);
    require(!value && value.error().code == code, property);
}

// A second key of the same name, at the end, in the plain spelling and in an escaped one.
void refuses_twice(std::string_view text, const json::object& object) {
    if (object.empty()) return;
    const std::string_view whole = trimmed(text);
    const std::string key = json::serialize(json::string(object.begin()->key()));
    const std::string head(whole.substr(0, whole.size() - 1));
    is_refused_as(head + "," + key + ":0}", ApiErrc::duplicate_field, "a field that is there twice is refused");
    const auto first = static_cast<unsigned char>(object.begin()->key().empty() ? 0 : object.begin()->key()[0]);
    if (first < 0x20 || first > 0x7e) return;
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", first);
    const std::size_t length = first == '"' || first == '\\' ? 2 : 1;
    const std::string spelled = "\"" + std::string(escape) + key.substr(1 + length);
    is_refused_as(head + "," + spelled + ":0}", ApiErrc::duplicate_field, "a field in another spelling is the field");
}

void taken(std::string_view text, const json::object& object) {
    const json::value value(object);
    look_at(value, 0);
    const auto again = parse_json_object(json::serialize(object));
    require(again.has_value(), "what is taken is taken again when it is written out");
    require(nearly_same(value, json::value(*again)), "what is written out is read as it was");
    refuses_twice(text, object);

    const std::string_view whole = trimmed(text);
    const std::size_t step = whole.size() / 64 + 1;
    for (std::size_t cut = 0; cut < whole.size(); cut += step) {
        const auto part = parse_json_object(whole.substr(0, cut));
        require(!part, "what is cut short is refused");
    }
    is_refused_as(std::string(text) + "{}", ApiErrc::invalid_json, "what has something behind it is refused");
}

void read_fields(const json::object& object) {
    constexpr std::size_t kMost = 12;
    BodyReader body(object);
    const auto text = body.text("text", {1, kMost});
    const auto line = body.line("line", {0, kMost});
    const auto address = body.email("email");
    const auto number = body.whole("number", -5, 1000);
    const job::Budget budget = body.budget();
    const Uuid id = body.has("id") ? body.id("id") : Uuid{};
    if (const auto& problem = body.problem()) {
        require(!problem->message.empty() && !invalid_utf8_at(problem->message), "a problem is a sentence in UTF-8");
        require(!problem->fields.empty() && problem->fields.front().first == "field", "a problem names its field");
        return;
    }
    require(!text || (code_points(*text) >= 1 && code_points(*text) <= kMost), "a text keeps its bounds");
    require(!text || !trimmed(*text).empty(), "a text that must say something is not blank");
    require(!line || (code_points(*line) <= kMost && trimmed(*line) == *line), "a line has no blanks at its ends");
    require(!address || address->empty() || address->find('@') != std::string::npos, "an address has an @");
    require(!number || (*number >= -5 && *number <= 1000), "a number keeps its bounds");
    require(!budget.max_cost || (budget.max_cost->value >= 1 && *budget.max_cost <= job::kHighestCap),
            "a cap on money keeps its bounds");
    require(!budget.max_tokens || (*budget.max_tokens >= 1 && *budget.max_tokens <= job::kMostTokens),
            "a cap on tokens keeps its bounds");
    require(!body.has("id") || Uuid::parse(view(object.at("id").get_string())) == id, "an id is the one that was sent");
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    const std::string_view text = as_text(data, size);
    const auto object = parse_json_object(text);
    const auto value = parse_json_value(text, "The text");
    require(!object || value.has_value(), "an object is a value");
    if (!object) {
        const auto& error = object.error();
        require(error.code == ApiErrc::invalid_json || error.code == ApiErrc::duplicate_field ||
                    error.code == ApiErrc::invalid_field,
                "a refusal is one of the three that are named");
        require(!invalid_utf8_at(error.message), "a refusal is a sentence in UTF-8");
        return 0;
    }
    taken(text, *object);
    read_fields(*object);
    return 0;
}
