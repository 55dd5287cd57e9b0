#include "http/questions.h"

#include <fmt/format.h>

#include "http/json_out.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxQuestions = 100;
constexpr std::size_t kMaxCharacters = 10'000;

std::optional<std::string> member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return "";
    if (!value->is_string()) return std::nullopt;
    std::string text(value->get_string().data(), value->get_string().size());
    if (code_points(text) > kMaxCharacters || text.find('\0') != text.npos) return std::nullopt;
    return text;
}

bool is_blank(const json::value* value) {
    if (value == nullptr) return true;
    if (value->is_array()) return value->get_array().empty();
    return value->is_string() && trimmed({value->get_string().data(), value->get_string().size()}).empty();
}

std::vector<job::QuestionAnswer> read_array(BodyReader& body, std::string_view name, const json::value& value) {
    std::vector<job::QuestionAnswer> questions;
    const json::array* array = value.if_array();
    bool fits = array != nullptr && array->size() <= kMaxQuestions;
    for (std::size_t i = 0; fits && i < array->size(); ++i) {
        const json::object* entry = (*array)[i].if_object();
        const auto question = entry == nullptr ? std::nullopt : member(*entry, "question");
        const auto answer = entry == nullptr ? std::nullopt : member(*entry, "answer");
        fits = question && answer && !question->empty();
        if (fits) questions.push_back({*question, *answer});
    }
    if (!fits) {
        body.refuse(
            name,
            fmt::format(
                "should be [{{\"question\": \"…\", \"answer\": \"…\"}}], an array or its JSON text, of at most {} "
                "entries with at most {} characters each",
                kMaxQuestions, kMaxCharacters));
        return {};
    }
    return questions;
}

}  // namespace

std::vector<job::QuestionAnswer> read_questions(BodyReader& body) {
    std::string_view name = "questions_and_answers";
    if (is_blank(body.find(name))) name = "questions_answers";
    const json::value* value = body.find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) return read_array(body, name, *value);
    const std::string_view text(value->get_string().data(), value->get_string().size());
    if (trimmed(text).empty()) return {};
    auto parsed = parse_json_value(text, fmt::format("'{}'", name));
    if (!parsed) {
        body.refuse(parsed.error().code, name, parsed.error().message);
        return {};
    }
    return read_array(body, name, *parsed);
}

std::string questions_json(const std::vector<job::QuestionAnswer>& questions) {
    JsonArray out;
    for (const auto& [question, answer] : questions) {
        JsonObject entry;
        entry.add("question", question).add("answer", answer);
        out.raw(std::move(entry).str());
    }
    return std::move(out).str();
}

}  // namespace longhand::http
