#include "writing/markup.h"

#include <algorithm>
#include <array>

#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr std::array<std::string_view, 22> kMarks = {
    "task",    "request", "title",       "style",   "answers", "qa",    "q",     "a",
    "outline", "section", "description", "details", "vision",  "said",  "terms", "passages",
    "passage", "draft",   "faults",      "fault",   "error",   "answer"};
constexpr std::pair<std::string_view, char> kEntities[] = {
    {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&amp;", '&'}};

std::string opening(std::string_view name, Attributes attributes) {
    std::string out = "<" + std::string(name);
    for (const auto& [key, value] : attributes) out += " " + std::string(key) + "=\"" + escaped(value) + "\"";
    return out + ">";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : sanitized(text)) {
        const auto* entity =
            std::find_if(std::begin(kEntities), std::end(kEntities), [c](auto& e) { return e.second == c; });
        if (entity == std::end(kEntities))
            out += c;
        else
            out += entity->first;
    }
    return out;
}

std::string unescaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto* entity = std::find_if(std::begin(kEntities), std::end(kEntities),
                                          [&](auto& e) { return text.starts_with(e.first); });
        const bool found = entity != std::end(kEntities);
        out += found ? entity->second : text[0];
        text.remove_prefix(found ? entity->first.size() : 1);
    }
    return out;
}

std::string element_of_markup(std::string_view name, std::string_view markup, Attributes attributes) {
    return opening(name, attributes) + std::string(markup) + "</" + std::string(name) + ">\n";
}

std::string element(std::string_view name, std::string_view text, Attributes attributes) {
    return element_of_markup(name, escaped(text), attributes);
}

std::string optional_element(std::string_view name, std::string_view text) {
    return trimmed(text).empty() ? "" : element(name, trimmed(text));
}

std::size_t mark_length(std::string_view text) {
    if (!text.starts_with('<')) return 0;
    std::size_t at = text.substr(1).starts_with('/') ? 2 : 1;
    const std::size_t start = at;
    while (at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
    const std::string_view name = text.substr(start, at - start);
    if (std::find(kMarks.begin(), kMarks.end(), name) == kMarks.end()) return 0;
    const std::size_t end = text.find('>', at);
    if (end == std::string_view::npos || end - at > 300 || (end > at && text[at] != ' ')) return 0;
    // `<a href=…>` and `<q>` are HTML as well; as a mark they carry nothing.
    return end == at || name.size() > 2 ? end + 1 : 0;
}

}  // namespace longhand::writing
