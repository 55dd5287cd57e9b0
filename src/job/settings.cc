#include "job/settings.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <charconv>

namespace longhand::job {
namespace {

namespace json = boost::json;

constexpr std::uint32_t kMostPages = 350;
// Words on a page of the book's design, where a length is given in words.
constexpr std::uint32_t kWordsPerPage = 330;

constexpr std::string_view kChoices[] = {"auto", "on", "off"};

std::string_view skip_spaces(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
    return text;
}

std::optional<std::uint32_t> take_number(std::string_view& text) {
    text = skip_spaces(text);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take_range_mark(std::string_view& text) {
    text = skip_spaces(text);
    for (const std::string_view mark : {"-", "–", "—", "to "}) {
        if (text.starts_with(mark)) {
            text.remove_prefix(mark.size());
            return true;
        }
    }
    return false;
}

std::string lowered(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    while (!result.empty() && std::isspace(static_cast<unsigned char>(result.back())) != 0) result.pop_back();
    return result;
}

std::optional<Length> length_of_words(std::uint32_t low, std::uint32_t high) {
    if (low == 0 || high > kMostPages * kWordsPerPage) return std::nullopt;
    const auto pages = [](std::uint32_t words) { return std::max(1U, (words + kWordsPerPage / 2) / kWordsPerPage); };
    const std::uint32_t words = (low + high) / 2;
    return Length{.min_pages = pages(low), .max_pages = pages(high), .words = words};
}

// Reads members of an object; `ok` falls when one is of another type than to_json writes.
struct Reader {
    const json::object& object;
    bool ok = true;

    void read(std::string_view name, std::string& out) {
        if (const json::value* value = object.if_contains(name)) {
            if (const auto* text = value->if_string()) {
                out.assign(text->data(), text->size());
            } else {
                ok = false;
            }
        }
    }
    void read(std::string_view name, std::uint32_t& out) {
        if (const json::value* value = object.if_contains(name)) {
            boost::system::error_code error;
            out = value->to_number<std::uint32_t>(error);
            ok = ok && !error;
        }
    }
    void read(std::string_view name, bool& out) {
        if (const json::value* value = object.if_contains(name)) {
            ok = ok && value->is_bool();
            out = value->is_bool() && value->get_bool();
        }
    }
    void read(std::string_view name, Choice& out) {
        std::string word;
        read(name, word);
        if (word.empty()) return;
        const auto* found = std::ranges::find(kChoices, word);
        if (found == std::end(kChoices)) {
            ok = false;
        } else {
            out = static_cast<Choice>(found - std::begin(kChoices));
        }
    }
    const json::array* array(std::string_view name) {
        const json::value* value = object.if_contains(name);
        if (value == nullptr) return nullptr;
        if (!value->is_array()) ok = false;
        return value->if_array();
    }
};

void read_answers(Reader& reader, Settings& settings) {
    const json::array* answers = reader.array("questions_and_answers");
    if (answers == nullptr) return;
    for (const json::value& item : *answers) {
        if (!item.is_object()) {
            reader.ok = false;
            return;
        }
        Reader inner{item.get_object()};
        QuestionAnswer answer;
        inner.read("question", answer.question);
        inner.read("answer", answer.answer);
        reader.ok = reader.ok && inner.ok;
        settings.questions_and_answers.push_back(std::move(answer));
    }
}

void read_texts(Reader& reader, std::string_view name, std::vector<std::string>& out) {
    const json::array* texts = reader.array(name);
    if (texts == nullptr) return;
    for (const json::value& item : *texts) {
        if (!item.is_string()) {
            reader.ok = false;
            return;
        }
        out.emplace_back(item.get_string().data(), item.get_string().size());
    }
}

void put(json::object& object, std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json::array list;
    for (const std::string& text : texts) list.emplace_back(text);
    object[name] = std::move(list);
}

void put(json::object& object, std::string_view name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

void put(json::object& object, std::string_view name, Choice choice) {
    if (choice != Choice::automatic) object[name] = kChoices[static_cast<std::size_t>(choice)];
}

}  // namespace

std::optional<Length> Length::parse(std::string_view text) {
    const auto low = take_number(text);
    if (!low) return std::nullopt;
    std::uint32_t high = *low;
    if (take_range_mark(text)) {
        const auto second = take_number(text);
        if (!second) return std::nullopt;
        high = *second;
    }
    const auto [least, most] = std::minmax(*low, high);
    const std::string unit = lowered(skip_spaces(text));
    if (unit == "words" || unit == "word") return length_of_words(least, most);
    if (!unit.empty() && unit != "pages" && unit != "page" && unit != "p") return std::nullopt;
    if (least == 0 || most > kMostPages) return std::nullopt;
    return Length{.min_pages = least, .max_pages = most, .words = std::nullopt};
}

std::string to_json(const Settings& settings) {
    json::object object;
    put(object, "prompt", settings.prompt);
    put(object, "title", settings.title);
    put(object, "author", settings.author);
    put(object, "email", settings.email);
    put(object, "outline_text", settings.outline_text);
    put(object, "style_text", settings.style_text);
    put(object, "supplemental_info", settings.supplemental_info);
    if (!settings.questions_and_answers.empty()) {
        json::array answers;
        for (const auto& [question, answer] : settings.questions_and_answers) {
            answers.push_back({{"question", question}, {"answer", answer}});
        }
        object["questions_and_answers"] = std::move(answers);
    }
    put(object, "urls_for_research", settings.urls_for_research);
    object["min_pages"] = settings.length.min_pages;
    object["max_pages_of_length"] = settings.length.max_pages;
    if (settings.length.words) object["words"] = *settings.length.words;
    object["max_pages"] = settings.max_pages;
    put(object, "technical_diagrams", settings.technical_diagrams);
    put(object, "table_of_contents", settings.table_of_contents);
    put(object, "web_research", settings.web_research);
    if (settings.guided) object["guided"] = true;
    for (const Milestone milestone : kMilestones) put(object, field_of(milestone), settings.milestones[milestone]);
    put(object, "mode", settings.mode);
    put(object, "reasoning_model", settings.reasoning_model);
    put(object, "writing_model", settings.writing_model);
    put(object, "function_model", settings.function_model);
    if (settings.context_tokens != 0) object["context_tokens"] = settings.context_tokens;
    object["pipeline_version"] = settings.pipeline_version;
    put(object, "warnings", settings.warnings);
    return json::serialize(object);
}

std::optional<Settings> settings_from_json(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse({text.data(), text.size()}, error);
    if (error || !value.is_object()) return std::nullopt;
    Reader reader{value.get_object()};
    Settings settings;
    reader.read("prompt", settings.prompt);
    reader.read("title", settings.title);
    reader.read("author", settings.author);
    reader.read("email", settings.email);
    reader.read("outline_text", settings.outline_text);
    reader.read("style_text", settings.style_text);
    reader.read("supplemental_info", settings.supplemental_info);
    read_answers(reader, settings);
    read_texts(reader, "urls_for_research", settings.urls_for_research);
    reader.read("min_pages", settings.length.min_pages);
    reader.read("max_pages_of_length", settings.length.max_pages);
    if (value.get_object().contains("words")) reader.read("words", settings.length.words.emplace(0));
    reader.read("max_pages", settings.max_pages);
    reader.read("technical_diagrams", settings.technical_diagrams);
    reader.read("table_of_contents", settings.table_of_contents);
    reader.read("web_research", settings.web_research);
    reader.read("guided", settings.guided);
    for (const Milestone milestone : kMilestones) reader.read(field_of(milestone), settings.milestones[milestone]);
    reader.read("mode", settings.mode);
    reader.read("reasoning_model", settings.reasoning_model);
    reader.read("writing_model", settings.writing_model);
    reader.read("function_model", settings.function_model);
    reader.read("context_tokens", settings.context_tokens);
    reader.read("pipeline_version", settings.pipeline_version);
    read_texts(reader, "warnings", settings.warnings);
    if (!reader.ok) return std::nullopt;
    return settings;
}

}  // namespace longhand::job
