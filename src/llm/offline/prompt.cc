#include "llm/offline/prompt.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/text.h"

namespace longhand::llm::offline {
namespace {

std::string unescaped(std::string_view text) {
    static constexpr std::pair<std::string_view, char> kEntities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&apos;", '\''}, {"&amp;", '&'}};
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto* found = std::find_if(std::begin(kEntities), std::end(kEntities),
                                         [&](const auto& entity) { return text.substr(at).starts_with(entity.first); });
        if (text[at] != '&' || found == std::end(kEntities)) {
            out += text[at++];
            continue;
        }
        out += found->second;
        at += found->first.size();
    }
    return out;
}

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

/// Reads `name a="b" c="d">` at `at`, which moves behind it. False when it is no opening mark.
bool read_opening(std::string_view text, std::size_t& at, Mark& mark) {
    std::size_t next = at;
    while (next < text.size() && is_name_character(text[next])) ++next;
    mark.name = text.substr(at, next - at);
    if (mark.name.empty()) return false;
    while (next < text.size() && text[next] != '>') {
        while (next < text.size() && text[next] == ' ') ++next;
        const std::size_t start = next;
        while (next < text.size() && is_name_character(text[next])) ++next;
        if (next == start || text.substr(next, 2) != "=\"")
            return next < text.size() && text[next] == '>' && (at = next + 1);
        const auto end = text.find('"', next + 2);
        if (end == std::string_view::npos) return false;
        mark.attributes[std::string(text.substr(start, next - start))] =
            unescaped(text.substr(next + 2, end - next - 2));
        next = end + 1;
    }
    if (next >= text.size()) return false;
    at = next + 1;
    return true;
}

std::size_t number(const std::string& text) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (std::string line(trimmed(std::string_view(text).substr(at, end - at))); !line.empty())
            lines.push_back(std::move(line));
        at = end + 1;
    }
    return lines;
}

void take_task(const Mark& mark, Prompt& prompt) {
    prompt.task = mark.attribute("name");
    prompt.key = mark.attribute("key");
    prompt.words = number(mark.attribute("words"));
    prompt.chapters = number(mark.attribute("chapters"));
    prompt.sections = number(mark.attribute("sections"));
    prompt.language = mark.attribute("language");
    prompt.instructions = mark.text();
}

void take_section(const Mark& mark, Prompt& prompt) {
    prompt.section_number = mark.attribute("number");
    prompt.section_title = mark.attribute("title");
    prompt.chapter = mark.attribute("chapter");
    prompt.purpose = mark.text();
    if (const auto keywords = mark.attribute("keywords"); !keywords.empty()) prompt.purpose += " " + keywords;
}

void take_passages(const Mark& mark, Prompt& prompt) {
    for (const Mark& passage : mark.inside()) {
        if (passage.name != "passage") continue;
        prompt.passages.push_back(
            {passage.attribute("id"), passage.attribute("source"), passage.attribute("place"), passage.text()});
    }
}

void take_mark(const Mark& mark, Prompt& prompt) {
    if (mark.name == "task")
        take_task(mark, prompt);
    else if (mark.name == "request")
        prompt.request = mark.text();
    else if (mark.name == "title")
        prompt.title = mark.text();
    else if (mark.name == "outline")
        prompt.outline = mark.text();
    else if (mark.name == "section" || mark.name == "chapter")
        take_section(mark, prompt);
    else if (mark.name == "said")
        prompt.said = lines_of(mark.text());
    else if (mark.name == "terms")
        prompt.terms = lines_of(mark.text());
    else if (mark.name == "passages")
        take_passages(mark, prompt);
    else if (mark.name == "draft")
        prompt.draft = mark.text();
    else if (mark.name == "error")
        prompt.error = mark.text();
    else if (mark.name == "answer")
        prompt.form = mark.attribute("form");
    else if (mark.name == "faults") {
        for (const Mark& fault : mark.inside()) prompt.faults.push_back(fault.text());
    } else if (mark.name != "style" && mark.name != "answers")
        prompt.others += mark.text() + "\n";
    if (mark.name == "description") prompt.description = mark.text();
    if (mark.name == "details") prompt.details = mark.text();
}

}  // namespace

std::string Mark::attribute(const std::string& key) const {
    const auto found = attributes.find(key);
    return found == attributes.end() ? "" : found->second;
}

std::string Mark::text() const {
    return std::string(trimmed(unescaped(raw)));
}

std::vector<Mark> Mark::inside() const {
    return marks_of(raw);
}

std::vector<Mark> marks_of(std::string_view text) {
    std::vector<Mark> marks;
    for (std::size_t at = 0; (at = text.find('<', at)) != std::string_view::npos;) {
        Mark mark;
        std::size_t start = at + 1;
        if (!read_opening(text, start, mark)) {
            ++at;
            continue;
        }
        const auto end = text.find("</" + mark.name + ">", start);
        if (end == std::string_view::npos) {
            at = start;
            continue;
        }
        mark.raw = text.substr(start, end - start);
        at = end + mark.name.size() + 3;
        marks.push_back(std::move(mark));
    }
    return marks;
}

std::optional<Prompt> parse_prompt(std::string_view text) {
    Prompt prompt;
    for (const Mark& mark : marks_of(text)) take_mark(mark, prompt);
    if (prompt.task.empty()) return std::nullopt;
    return prompt;
}

}  // namespace longhand::llm::offline
