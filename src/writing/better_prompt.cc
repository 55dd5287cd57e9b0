#include "writing/better_prompt.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "writing/answers.h"
#include "writing/asking.h"
#include "writing/markup.h"
#include "writing/prompts.h"
#include "writing/text.h"

namespace longhand::writing {

namespace json = boost::json;

namespace {

constexpr std::uint32_t kBetterPromptTokens = 2'000;
constexpr std::size_t kMostPassages = 12, kPassageBytes = 900, kFieldBytes = 4'000;
constexpr std::size_t kLongestQuestion = 300;  // bytes
constexpr std::size_t kFewestWords = 3;
constexpr std::size_t kFilesNamed = 8;

std::size_t characters_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// At most `most` characters of a text, cut behind a sentence or a word where there is one near.
std::string first_characters(std::string_view text, std::size_t most) {
    if (characters_of(text) <= most) return std::string(text);
    std::size_t at = 0;
    for (std::size_t count = 0; count < most; ++count) next_code_point(text, at);
    std::string_view cut = text.substr(0, at);
    for (const std::string_view mark : {". ", ".\n", "\n", " "}) {
        const std::size_t end = cut.rfind(mark);
        if (end == cut.npos || end < cut.size() / 2) continue;
        cut = cut.substr(0, end + (mark.front() == '.' ? 1 : 0));
        break;
    }
    return std::string(trimmed(cut));
}

/// A model's passages by name, `p1` on.
std::string named_passages(const std::vector<NamedPassage>& passages, std::size_t most) {
    std::string markup;
    for (std::size_t i = 0; i < std::min(passages.size(), most); ++i) {
        const std::string id = "p" + std::to_string(i + 1);
        markup += element("passage", shortened(passages[i].passage.text, kPassageBytes),
                          {{"id", id}, {"source", passages[i].source}, {"place", passages[i].passage.place.section}});
    }
    return markup.empty() ? "" : element_of_markup("passages", "\n" + markup);
}

std::string answers_element(const std::vector<job::QuestionAnswer>& answers) {
    std::string pairs;
    for (const job::QuestionAnswer& pair : answers) {
        if (pairs.size() > kFieldBytes) break;
        pairs += element_of_markup("qa", element("q", shortened(pair.question, kLongestQuestion)) +
                                             element("a", shortened(pair.answer, kLongestQuestion)));
    }
    return pairs.empty() ? "" : element_of_markup("answers", "\n" + pairs);
}

/// Without what a list has before its items: `1. `, `2) `, `- `.
std::string_view without_list_mark(std::string_view line) {
    const std::size_t digits = line.find_first_not_of("0123456789");
    if (digits > 0 && digits != line.npos && (line[digits] == '.' || line[digits] == ')'))
        line.remove_prefix(digits + 1);
    return trimmed(line, " -*");
}

/// One line, fit to be shown; empty when it says nothing.
std::string question_line(std::string_view text) {
    std::string line;
    for (const char c : sanitized(text)) {
        const char put = c == '\n' || c == '\t' ? ' ' : c;
        if (put == ' ' && line.ends_with(' ')) continue;
        line += put;
    }
    const std::string_view view = without_list_mark(trimmed(line));
    return count_words(view) == 0 ? "" : shortened(view, kLongestQuestion);
}

/// Takes questions until there are enough, no two alike.
class QuestionList {
public:
    void add(std::string_view text) {
        const std::string line = question_line(text);
        std::string print;
        for (const std::string& word : folded_words(line)) print += word + " ";
        if (questions_.size() < kQuestions && !print.empty() && seen_.insert(print).second) questions_.push_back(line);
    }
    std::vector<std::string> take() { return std::move(questions_); }

private:
    std::vector<std::string> questions_;
    std::set<std::string> seen_;
};

std::string files_in_words(const std::vector<std::string>& files) {
    std::string names;
    for (std::size_t i = 0; i < std::min(files.size(), kFilesNamed); ++i)
        names += (i == 0 ? "" : ", ") + shortened(sanitized(files[i]), 80);
    if (files.size() > kFilesNamed) names += ", …";
    return names;
}

/// Headings of the passages, the innermost of each.
std::vector<std::string> headings_in(const std::vector<NamedPassage>& passages) {
    std::vector<std::string> headings;
    for (const NamedPassage& named : passages) {
        if (sources::is_code(named.passage.place)) continue;
        std::string_view section = named.passage.place.section;
        if (const auto cut = section.rfind(" > "); cut != section.npos) section.remove_prefix(cut + 3);
        std::string heading = shortened(trimmed(section), 90);
        const bool is_new = std::find(headings.begin(), headings.end(), heading) == headings.end();
        if (headings.size() < kFilesNamed && count_words(heading) > 0 && is_new) headings.push_back(std::move(heading));
    }
    return headings;
}

void add_general_questions(QuestionList& list, const PromptWish& wish) {
    list.add("Who will read it, and what do they know of the subject already?");
    list.add("What should a reader know, decide or be able to do afterwards?");
    for (const std::string& heading : headings_in(wish.passages)) {
        list.add("How much room should “" + heading + "” have beside the rest?");
        break;
    }
    list.add("Which points matter most, and what may be left out?");
    if (wish.files.empty())
        list.add("Which sources should it rest on, and are there any that it must not use?");
    else
        list.add("Which of the files should weigh most, and may it say what none of them says?");
    list.add("In which order should the parts come, from the basics on or by topic?");
    list.add("Which tone suits it: a textbook's, a report's, or plain talk?");
    list.add("Which terms, names or units must be used alike throughout?");
    list.add("Which examples, cases or figures should it have?");
    if (wish.length.empty()) list.add("How long should it be, in pages or words?");
    list.add("Are there opposing views or open questions that it should treat?");
    list.add("What should it end with: a summary, recommendations, next steps?");
    list.add("Which time, place or version of the subject is meant?");
}

std::vector<std::string> topped_up(QuestionList list, const PromptWish& wish) {
    add_general_questions(list, wish);
    return list.take();
}

/// What is known beside the request, a paragraph each, the most telling first.
std::vector<std::string> additions_to(const PromptWish& wish) {
    std::vector<std::string> added;
    if (!wish.length.empty()) added.push_back("Length: " + wish.length + ".");
    if (!wish.files.empty()) {
        added.push_back("Rest it on the files of the project (" + files_in_words(wish.files) +
                        "), and state as fact only what they say or what is common knowledge.");
    }
    std::string topics;
    for (const std::string& heading : headings_in(wish.passages)) topics += (topics.empty() ? "" : "; ") + heading;
    if (!topics.empty()) added.push_back("They treat, among other things: " + topics + ".");
    for (const job::QuestionAnswer& pair : wish.answers) {
        const std::string answer = shortened(sanitized(pair.answer), kLongestQuestion);
        if (!trimmed(answer).empty()) added.push_back(question_line(pair.question) + " " + answer);
    }
    added.emplace_back(
        "Where the request leaves it open: write for a reader who meets the subject for the first time, explain each "
        "term where it first comes up, go from the basics to the details, give an example for each main point, and "
        "end with what follows from it.");
    return added;
}

std::string with_additions(const PromptWish& wish) {
    std::string prompt = first_characters(trimmed(sanitized(wish.prompt)), kLongestPrompt);
    for (const std::string& addition : additions_to(wish)) {
        const std::string longer = prompt + (prompt.empty() ? "" : "\n\n") + addition;
        if (characters_of(longer) <= kLongestPrompt) prompt = longer;
    }
    return prompt;
}

std::string text_member(const json::object& object, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const json::value* value = object.if_contains(name);
        if (value != nullptr && value->is_string()) return std::string(value->get_string());
    }
    return "";
}

}  // namespace

AskRequest better_prompt_request(const PromptWish& wish) {
    AskRequest request;
    request.role = Role::function;
    request.system = render_prompt("format_prompt_system", {});
    request.max_tokens = kBetterPromptTokens;
    request.schema_name = "format_prompt";
    const json::value text{{"type", "string"}};
    request.json_schema =
        json::value{{"type", "object"},
                    {"properties", {{"prompt", text}, {"questions", {{"type", "array"}, {"items", text}}}}},
                    {"required", json::array{"prompt", "questions"}},
                    {"additionalProperties", false}};
    Fields fields;
    fields.markup("request", element("request", wish.prompt));
    fields.markup("length", optional_element("length", wish.length));
    fields.markup("title", optional_element("title", wish.title));
    fields.markup("outline", optional_element("outline", shortened(wish.outline, kFieldBytes)));
    fields.markup("style", optional_element("style", shortened(wish.style, kFieldBytes)));
    fields.markup("notes", optional_element("notes", shortened(wish.notes, kFieldBytes)));
    fields.markup("answers", answers_element(wish.answers));
    for (std::size_t most = kMostPassages;; --most) {
        fields.markup("passages", named_passages(wish.passages, most));
        request.user = render_prompt("format_prompt", fields);
        const bool fits =
            wish.context_tokens == 0 || estimate_tokens(request.user) + kBetterPromptTokens <= wish.context_tokens;
        if (fits || most == 0) return request;
    }
}

std::optional<BetterPrompt> read_better_prompt(std::string_view answer, const PromptWish& wish) {
    const auto value = find_json(answer);
    const json::object* object = value ? value->if_object() : nullptr;
    if (object == nullptr) return std::nullopt;
    BetterPrompt better;
    better.prompt = first_characters(
        trimmed(sanitized(text_member(*object, {"prompt", "enhanced_prompt", "formatted_prompt"}))), kLongestPrompt);
    const bool says_something = count_words(better.prompt) >= static_cast<std::int64_t>(kFewestWords);
    if (characters_of(better.prompt) < kShortestPrompt || !says_something) return std::nullopt;
    QuestionList questions;
    if (const json::value* list = object->if_contains("questions"); list != nullptr && list->is_array()) {
        for (const json::value& one : list->get_array()) {
            if (one.is_string())
                questions.add(std::string_view(one.get_string()));
            else if (one.is_object())
                questions.add(text_member(one.get_object(), {"question", "text"}));
        }
    }
    better.questions = topped_up(std::move(questions), wish);
    return better;
}

BetterPrompt better_prompt_without_model(const PromptWish& wish) {
    return {with_additions(wish), topped_up(QuestionList(), wish)};
}

}  // namespace longhand::writing
