#include "writing/answers.h"

#include <algorithm>
#include <boost/json.hpp>

#include "writing/markup.h"
#include "writing/text.h"

namespace longhand::writing {

namespace json = boost::json;

namespace {

/// One past the bracket that closes the one at `start`, strings skipped; npos when it stays open.
std::size_t closing_bracket(std::string_view text, std::size_t start) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = start; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return std::string_view::npos;
}

std::optional<json::value> parsed(std::string_view text) {
    json::parse_options options;
    options.max_depth = 64;
    options.allow_trailing_commas = true;
    options.allow_comments = true;
    boost::system::error_code error;
    json::value value = json::parse(text, error, {}, options);
    if (error) return std::nullopt;
    return value;
}

/// A single line, without markup, numbering and stray quotes.
std::string clean_line(std::string_view text, std::size_t bytes) {
    std::string line;
    for (const char c : unescaped(sanitized(text))) {
        const char put = c == '\n' || c == '\t' ? ' ' : c;
        if (put == '*' || put == '`' || (put == ' ' && line.ends_with(' '))) continue;
        line += put;
    }
    std::string_view view = trimmed(line);
    while (view.starts_with('#')) view.remove_prefix(1);
    view = trimmed(view);
    if (view.size() > 1 && view.front() == '"' && view.back() == '"') view = view.substr(1, view.size() - 2);
    return shortened(trimmed(view), bytes);
}

/// `Chapter 3: Title`, `3.1 Title`, `3) Title` -> `Title`.
std::string clean_title(std::string_view text) {
    std::string title = clean_line(text, 160);
    std::string_view view = title;
    bool counted = false;
    for (const std::string_view word : {"chapter ", "section ", "глава ", "kapitel ", "chapitre "})
        if (starts_with_folded(view, word) && view.size() > word.size() && view[word.size()] >= '0' &&
            view[word.size()] <= '9')
            view.remove_prefix(word.size()), counted = true;
    // `10 rules` is a title, `10. Rules` and `1.2 Rules` are numbered ones.
    const std::size_t after = view.find_first_not_of("0123456789.");
    const bool starts_with_number = after != 0 && after != std::string_view::npos;
    const bool numbered =
        starts_with_number &&
        (view[after] == ':' || view[after] == ')' ||
         (view[after] == ' ' && (counted || view.substr(0, after).find('.') != std::string_view::npos)));
    if (numbered && count_words(view.substr(after)) > 0) view = view.substr(after + 1);
    view = trimmed(view);
    while (view.ends_with('.') || view.ends_with(':')) view.remove_suffix(1);
    return std::string(trimmed(view));
}

std::string string_at(const json::object& object, std::string_view key, std::size_t bytes = 600) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? clean_line(value->get_string(), bytes) : "";
}

std::vector<std::string> strings_at(const json::object& object, std::string_view key, std::size_t most) {
    std::vector<std::string> found;
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_array()) return found;
    for (const json::value& item : value->get_array()) {
        if (!item.is_string() || found.size() == most) continue;
        std::string line = clean_line(item.get_string(), 120);
        if (count_words(line) > 0 && std::find(found.begin(), found.end(), line) == found.end())
            found.push_back(std::move(line));
    }
    return found;
}

Failure<AnswerErrc> failure(AnswerErrc code, std::string message) {
    return {code, std::move(message)};
}

void add_heading(std::vector<Heading>& headings, Heading heading, std::size_t most) {
    if (count_words(heading.title) == 0 || headings.size() >= most) return;
    const auto same = [&](const Heading& other) { return folded_words(other.title) == folded_words(heading.title); };
    if (std::none_of(headings.begin(), headings.end(), same)) headings.push_back(std::move(heading));
}

AnswerResult<std::vector<Heading>> enough(std::vector<Heading> headings, std::size_t least) {
    if (headings.size() >= least) return headings;
    return failure(AnswerErrc::wrong_form, "The answer has " + std::to_string(headings.size()) +
                                               " usable titles; at least " + std::to_string(least) +
                                               " different ones are needed.");
}

const json::array* list_in(const json::value& value, std::string_view list) {
    if (value.is_array()) return &value.get_array();
    const json::value* found = value.get_object().if_contains(list);
    return found != nullptr && found->is_array() ? &found->get_array() : nullptr;
}

}  // namespace

AnswerResult<json::value> find_json(std::string_view text) {
    int tries = 0;
    for (std::size_t start = text.find_first_of("{["); start != std::string_view::npos && tries < 20;
         start = text.find_first_of("{[", start + 1), ++tries) {
        const std::size_t end = closing_bracket(text, start);
        if (end == std::string_view::npos) continue;
        if (auto value = parsed(text.substr(start, end - start))) return std::move(*value);
    }
    return failure(AnswerErrc::no_json, "The answer holds no complete JSON value. Answer with the JSON object alone.");
}

bool is_language_tag(std::string_view tag) {
    std::size_t part = 0;
    bool first = true;
    for (std::size_t i = 0; i <= tag.size(); ++i) {
        if (i < tag.size() && tag[i] != '-') {
            const bool alpha = (tag[i] | 32) >= 'a' && (tag[i] | 32) <= 'z';
            if (!alpha && (first || tag[i] < '0' || tag[i] > '9')) return false;
            ++part;
            continue;
        }
        if (part < (first ? 2U : 1U) || part > (first ? 3U : 8U)) return false;
        first = false, part = 0;
    }
    return tag.size() <= 35;
}

AnswerResult<Plan> parse_plan(std::string_view text) {
    const auto value = find_json(text);
    if (!value) return value.error();
    if (!value->is_object()) return failure(AnswerErrc::wrong_form, "The answer must be a JSON object.");
    const json::object& object = value->get_object();
    Plan plan;
    plan.title = clean_title(string_at(object, "title", 160));
    if (count_words(plan.title) == 0)
        return failure(AnswerErrc::wrong_form, "\"title\" must be a string with words in it.");
    plan.subtitle = string_at(object, "subtitle", 200);
    plan.audience = string_at(object, "audience");
    plan.thesis = string_at(object, "thesis");
    plan.language = string_at(object, "language", 35);
    if (!is_language_tag(plan.language)) plan.language.clear();
    plan.themes = strings_at(object, "themes", 12);
    plan.terms = strings_at(object, "terms", 20);
    return plan;
}

AnswerResult<Plan> parse_plan_lines(std::string_view text) {
    json::object object;
    for (const std::string_view line : lines_of(text)) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string key = lower_ascii(clean_line(line.substr(0, colon), 20));
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (key != "themes" && key != "terms") {
            object.emplace(key, json::string(value));
            continue;
        }
        json::array items;
        for (std::size_t at = 0; at <= value.size();) {
            const std::size_t comma = std::min(value.find_first_of(",;", at), value.size());
            items.emplace_back(json::string(trimmed(value.substr(at, comma - at))));
            at = comma + 1;
        }
        object.emplace(key, std::move(items));
    }
    return parse_plan(json::serialize(object));
}

AnswerResult<std::vector<Heading>> parse_headings(std::string_view text, std::string_view list, std::size_t least,
                                                  std::size_t most) {
    const auto value = find_json(text);
    if (!value) return value.error();
    const json::array* entries = list_in(*value, list);
    if (entries == nullptr)
        return failure(AnswerErrc::wrong_form,
                       "The answer must be an object with a list \"" + std::string(list) + "\".");
    std::vector<Heading> headings;
    for (const json::value& entry : *entries) {
        if (entry.is_string()) add_heading(headings, {clean_title(entry.get_string()), "", {}}, most);
        if (!entry.is_object()) continue;
        const json::object& object = entry.get_object();
        add_heading(
            headings,
            {clean_title(string_at(object, "title")), string_at(object, "purpose"), strings_at(object, "keywords", 12)},
            most);
    }
    return enough(std::move(headings), least);
}

AnswerResult<std::vector<Heading>> parse_heading_lines(std::string_view text, std::size_t least, std::size_t most) {
    const auto marked = [](std::string_view line) {
        line = trimmed(line);
        return !line.empty() && ((line[0] >= '0' && line[0] <= '9') || line[0] == '#' || line.starts_with("- ") ||
                                 line.starts_with("* "));
    };
    std::string kept;
    const auto all = lines_of(text);
    const bool any_marked = std::any_of(all.begin(), all.end(), marked);
    for (const std::string_view line : all) {
        const std::string_view bare = trimmed(line);
        const bool prose = bare.ends_with('.') && count_words(bare) > 12 && bare.find(':') == std::string_view::npos;
        if (bare.starts_with("```") || (any_marked && !marked(line)) || (!any_marked && prose)) continue;
        const bool bullet = bare.starts_with("- ") || bare.starts_with("* ");
        kept += std::string(trimmed(bare.substr(bullet ? 2 : 0))) + "\n";
    }
    std::vector<Heading> headings;
    for (Chapter& chapter : parse_owner_outline(kept).chapters) {
        add_heading(headings, {clean_title(chapter.title), clean_line(chapter.purpose, 600), {}}, most);
    }
    return enough(std::move(headings), least);
}

namespace {

json::value strings_schema() {
    return {{"type", "array"}, {"items", {{"type", "string"}}}};
}
json::value string_schema() {
    return {{"type", "string"}};
}

json::value object_schema(json::object properties) {
    json::array required;
    for (const auto& property : properties) required.emplace_back(property.key());
    return json::object{{"type", "object"},
                        {"properties", std::move(properties)},
                        {"required", std::move(required)},
                        {"additionalProperties", false}};
}

}  // namespace

json::value plan_schema() {
    json::object properties;
    for (const char* name : {"title", "subtitle", "audience", "language", "thesis"}) properties[name] = string_schema();
    for (const char* name : {"themes", "terms"}) properties[name] = strings_schema();
    return object_schema(std::move(properties));
}

json::value headings_schema(std::string_view list) {
    json::object entry;
    entry["title"] = string_schema();
    entry["purpose"] = string_schema();
    entry["keywords"] = strings_schema();
    json::object items;
    items["type"] = "array";
    items["items"] = object_schema(std::move(entry));
    json::object properties;
    properties[list] = std::move(items);
    return object_schema(std::move(properties));
}

}  // namespace longhand::writing
