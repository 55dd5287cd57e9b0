#include "http/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "http/json_out.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

constexpr std::string_view kNames[] = {"questions_and_answers", "questions_answers"};
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

/// The text of an array with nothing in it.
bool is_empty_array(std::string_view text) {
    return text.size() >= 2 && text.front() == '[' && text.back() == ']' &&
           trimmed(text.substr(1, text.size() - 2)).empty();
}

/// Left out, as null and an empty text are, and the text of a null.
bool is_absent(const BodyReader& body, std::string_view name) {
    const json::value* value = body.find_filled(name);
    return value == nullptr || (value->is_string() && trimmed(view(*value)) == "null");
}

bool is_blank(const BodyReader& body, std::string_view name) {
    if (is_absent(body, name)) return true;
    const json::value* value = body.find(name);
    if (value->is_array()) return value->get_array().empty();
    return value->is_string() && is_empty_array(trimmed(view(*value)));
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
    std::string_view name = kNames[0];
    if (is_blank(body, name)) name = kNames[1];
    if (is_blank(body, name)) return {};
    const json::value* value = body.find(name);
    if (!value->is_string()) return read_array(body, name, *value);
    auto parsed = parse_json_value(view(*value), fmt::format("'{}'", name));
    if (!parsed) {
        body.refuse(parsed.error().code, name, parsed.error().message);
        return {};
    }
    return read_array(body, name, *parsed);
}

bool names_questions(const BodyReader& body) {
    return !std::ranges::all_of(kNames, [&](std::string_view name) { return is_absent(body, name); });
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

std::vector<job::QuestionAnswer> questions_of(const store::Project& project) {
    std::vector<job::QuestionAnswer> questions;
    boost::system::error_code error;
    const json::value kept = json::parse(project.questions_answers, error);
    if (error || !kept.is_array()) return questions;
    for (const json::value& entry : kept.get_array()) {
        const json::object* object = entry.if_object();
        const auto question = object == nullptr ? std::nullopt : member(*object, "question");
        const auto answer = object == nullptr ? std::nullopt : member(*object, "answer");
        if (question && answer) questions.push_back({*question, *answer});
    }
    return questions;
}

}  // namespace longhand::http
