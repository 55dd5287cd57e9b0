// What takes the place of a model's answer that never came: titles from the sources and the prompt.
#include <algorithm>
#include <set>

#include "writing/research.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

std::string capitalized(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
    return text;
}

/// The innermost heading above a passage, without its number; empty when it makes no title.
std::string heading_of(const sources::Passage& passage) {
    std::string_view section = passage.place.section;
    const std::size_t cut = section.rfind(" > ");
    if (cut != std::string_view::npos) section.remove_prefix(cut + 3);
    const std::size_t start = section.find_first_not_of("0123456789.) ");
    if (start == std::string_view::npos) return "";
    std::string title = shortened(trimmed(section.substr(start)), 90);
    std::erase(title, '`');
    const auto words = count_words(title);
    // A short title of a whole document is mostly the name of what all of the work is about.
    if (cut == std::string_view::npos && words < 3 && passage.place.section.size() < 30) return "";
    return words >= 1 && words <= 10 ? capitalized(title) : "";
}

/// Adds titles until there are enough; no two alike.
class Titles {
public:
    explicit Titles(std::size_t most) : most_(most) {}
    void forbid(std::string_view title) { seen_.insert(print(title)); }
    void add(const std::string& title) {
        if (titles_.size() < most_ && count_words(title) > 0 && seen_.insert(print(title)).second)
            titles_.push_back(title);
    }
    std::vector<std::string> take() { return std::move(titles_); }

private:
    static std::string print(std::string_view title) {
        std::string out;
        for (const std::string& word : folded_words(title)) out += word + " ";
        return out;
    }
    std::size_t most_;
    std::vector<std::string> titles_;
    std::set<std::string> seen_;
};

bool is_prose(StepContext& context, const sources::Passage& passage) {
    return std::any_of(context.sources().begin(), context.sources().end(),
                       [&](auto& source) { return source.sha256 == passage.file_sha256 && source.kind != "code"; });
}

void add_headings(StepContext& context, Titles& titles, const std::vector<sources::Hit>& hits) {
    // The heading with the most passages among the hits first; equal ones by rank.
    std::vector<std::pair<int, std::string>> found;
    for (const sources::Hit& hit : hits) {
        const std::string heading = heading_of(hit.passage);
        // Above program text stand names, which are no titles.
        if (heading.empty() || !is_prose(context, hit.passage)) continue;
        const auto same =
            std::find_if(found.begin(), found.end(), [&](auto& entry) { return entry.second == heading; });
        same == found.end() ? void(found.emplace_back(1, heading)) : void(++same->first);
    }
    std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.first > b.first; });
    for (const auto& [count, heading] : found) titles.add(heading);
}

}  // namespace

std::vector<std::string> telling_words(std::string_view text, std::size_t most) {
    static const std::set<std::string, std::less<>> kCommon = {
        "about",  "after", "again", "their",    "there",  "these",   "those",  "which", "while",
        "where",  "would", "could", "should",   "every",  "other",   "write",  "pages", "words",
        "please", "using", "based", "document", "report", "chapter", "section"};
    std::vector<std::pair<int, std::string>> found;
    for (const std::string& word : folded_words(text)) {
        if (word.size() < 5 || kCommon.contains(word)) continue;
        const auto same = std::find_if(found.begin(), found.end(), [&](auto& entry) { return entry.second == word; });
        same == found.end() ? void(found.emplace_back(1, word)) : void(++same->first);
    }
    std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.first > b.first; });
    std::vector<std::string> words;
    for (const auto& [count, word] : found)
        if (words.size() < most) words.push_back(word);
    return words;
}

Plan fallback_plan(const job::Settings& settings) {
    Plan plan;
    const auto parts = sentences(settings.prompt);
    std::string title = settings.title;
    if (title.empty()) title = shortened(parts.empty() ? "Document" : parts.front(), 80);
    std::replace(title.begin(), title.end(), '\n', ' ');
    while (title.ends_with('.') || title.ends_with(':')) title.pop_back();
    plan.title = count_words(title) > 0 ? capitalized(title) : "Document";
    for (const std::string& word : telling_words(settings.prompt + " " + settings.supplemental_info, 10))
        plan.themes.push_back(capitalized(word));
    plan.language = language_of_script(main_script(settings.prompt));
    return plan;
}

std::vector<Chapter> fallback_chapters(StepContext& context, const Plan& plan, std::size_t count) {
    Titles titles(count);
    titles.forbid(plan.title);
    std::string query = context.settings().prompt;
    for (const std::string& theme : plan.themes) query += " " + theme;
    if (readable(context.sources()) > 0) add_headings(context, titles, context.retrieve(query, 120, 0));
    for (const std::string& theme : plan.themes) titles.add(capitalized(theme));
    for (const std::string& word : telling_words(context.settings().prompt, count)) titles.add(capitalized(word));
    std::vector<Chapter> chapters;
    for (const std::string& title : titles.take()) chapters.push_back({{}, title, "", telling_words(title, 6), {}});
    if (chapters.empty()) chapters.push_back({{}, plan.title, "", {}, {}});
    return chapters;
}

std::vector<Section> fallback_sections(StepContext& context, const Chapter& chapter, std::size_t count) {
    Titles titles(count);
    titles.forbid(chapter.title);
    std::string query = chapter.title + " " + chapter.purpose;
    for (const std::string& word : chapter.keywords) query += " " + word;
    if (readable(context.sources()) > 0) add_headings(context, titles, context.retrieve(query, 24, 0));
    for (const std::string& word : chapter.keywords) titles.add(capitalized(word));
    std::vector<Section> sections;
    for (const std::string& title : titles.take()) sections.push_back({{}, title, "", telling_words(title, 6), 0});
    if (sections.size() < 2) sections.clear();
    return sections;
}

}  // namespace longhand::writing
