#include "writing/outline.h"

#include <algorithm>
#include <optional>

#include "writing/length.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

struct Line {
    std::size_t depth = 0;
    std::string title;
    std::string purpose;
};

/// `2.1.` or `2)` at the start: its length, and how deep it says the line is (0 for `2`, 1 for `2.1`).
std::optional<std::pair<std::size_t, std::size_t>> leading_number(std::string_view text) {
    std::size_t at = 0, parts = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        ++parts;
        if (at < text.size() && (text[at] == '.' || text[at] == ')')) ++at;
    }
    if (parts == 0 || at >= text.size() || text[at] != ' ') return std::nullopt;
    return std::pair{at + 1, parts - 1};
}

void split_purpose(std::string_view text, Line& line) {
    std::size_t cut = std::string_view::npos, skip = 0;
    for (const std::string_view mark : {": ", " - ", " – ", " — "}) {
        const std::size_t at = text.find(mark);
        if (at != std::string_view::npos && at > 0 && at < cut) cut = at, skip = mark.size();
    }
    line.title = trimmed(text.substr(0, cut));
    if (cut != std::string_view::npos) line.purpose = trimmed(text.substr(cut + skip));
}

std::string_view without_emphasis(std::string_view text) {
    text = trimmed(text);
    while (text.size() > 1 && (text.front() == '*' || text.front() == '_') && text.back() == text.front())
        text = text.substr(1, text.size() - 2);
    while (text.ends_with(':')) text.remove_suffix(1);
    return trimmed(text);
}

std::optional<Line> parse_line(std::string_view raw) {
    std::size_t indent = 0;
    while (!raw.empty() && (raw[0] == ' ' || raw[0] == '\t')) indent += raw[0] == '\t' ? 4 : 1, raw.remove_prefix(1);
    Line line;
    line.depth = indent >= 2 ? 1 : 0;
    std::string_view text = trimmed(raw);
    if (const std::size_t hashes = text.find_first_not_of('#'); hashes != 0 && hashes != std::string_view::npos) {
        line.depth = hashes - 1;
        text = trimmed(text.substr(hashes));
    } else if (text.starts_with("- ") || text.starts_with("* ") || text.starts_with("+ ") || text.starts_with("• ")) {
        line.depth += 100;  // told apart once all lines are known
        text = trimmed(text.substr(text.find(' ')));
    }
    if (const auto number = leading_number(text)) {
        if (number->second > 0) line.depth = number->second;
        text = trimmed(text.substr(number->first));
    }
    split_purpose(without_emphasis(text), line);
    line.title = shortened(without_emphasis(line.title), 200);
    if (count_words(line.title) == 0) return std::nullopt;
    return line;
}

/// Bullets are sections where plain lines or headings stand above them, else chapters; the least depth is the
/// chapters'.
void level(std::vector<Line>& lines) {
    const bool bullets_only = std::all_of(lines.begin(), lines.end(), [](const Line& l) { return l.depth >= 100; });
    std::size_t outermost = 200;
    for (const Line& line : lines)
        if (line.depth >= 100) outermost = std::min(outermost, line.depth);
    for (Line& line : lines)
        if (line.depth >= 100) line.depth = line.depth - outermost + (bullets_only ? 0 : 1);
    // A single heading of the top level above all others is the title.
    const auto top =
        std::min_element(lines.begin(), lines.end(), [](auto& a, auto& b) { return a.depth < b.depth; })->depth;
    const auto count = std::count_if(lines.begin(), lines.end(), [top](const Line& l) { return l.depth == top; });
    const bool deep = std::any_of(lines.begin(), lines.end(), [top](const Line& l) { return l.depth > top + 1; });
    if (count == 1 && lines.size() > 2 && lines.front().depth == top && deep) lines.erase(lines.begin());
    const auto least =
        std::min_element(lines.begin(), lines.end(), [](auto& a, auto& b) { return a.depth < b.depth; })->depth;
    for (Line& line : lines) line.depth -= least;
}

void add_purpose(std::string& purpose, std::string_view more) {
    if (more.empty()) return;
    if (!purpose.empty()) purpose += "; ";
    purpose += more;
}

}  // namespace

std::size_t Outline::section_count() const {
    std::size_t count = 0;
    for (const Chapter& chapter : chapters) count += chapter.sections.size();
    return count;
}

Outline parse_owner_outline(std::string_view text) {
    std::vector<Line> lines;
    for (const std::string_view raw : lines_of(text))
        if (auto line = parse_line(raw)) lines.push_back(std::move(*line));
    Outline outline;
    if (lines.empty()) return outline;
    level(lines);
    for (Line& line : lines) {
        auto& chapters = outline.chapters;
        if (line.depth == 0 || chapters.empty()) {
            chapters.push_back({{}, line.title, line.purpose, {}, {}});
        } else if (line.depth == 1 || chapters.back().sections.empty()) {
            chapters.back().sections.push_back({{}, line.title, line.purpose, {}, 0});
        } else {
            add_purpose(chapters.back().sections.back().purpose, line.title);
        }
    }
    return outline;
}

void number_and_budget(Outline& outline, std::int64_t words) {
    for (std::size_t c = 0; c < outline.chapters.size(); ++c) {
        Chapter& chapter = outline.chapters[c];
        chapter.number = std::to_string(c + 1);
        if (chapter.sections.empty())
            chapter.sections.push_back({{}, chapter.title, chapter.purpose, chapter.keywords, 0});
        for (std::size_t s = 0; s < chapter.sections.size(); ++s)
            chapter.sections[s].number = chapter.number + "." + std::to_string(s + 1);
    }
    const auto budgets = shares(words, outline.section_count());
    std::size_t next = 0;
    for (Chapter& chapter : outline.chapters)
        for (Section& section : chapter.sections) section.words = budgets[next++];
}

void fold_small_sections(Outline& outline, std::int64_t words) {
    constexpr std::int64_t kLeast = 80;
    const auto leaves = static_cast<std::int64_t>(outline.section_count());
    if (leaves == 0 || words / leaves >= kLeast) return;
    for (Chapter& chapter : outline.chapters) {
        for (const Section& section : chapter.sections) {
            add_purpose(chapter.purpose, section.title);
            chapter.keywords.push_back(section.title);
        }
        chapter.sections.clear();
    }
}

std::vector<LeafRef> leaves(const Outline& outline) {
    std::vector<LeafRef> found;
    for (std::size_t c = 0; c < outline.chapters.size(); ++c)
        for (std::size_t s = 0; s < outline.chapters[c].sections.size(); ++s) found.push_back({c, s});
    return found;
}

std::vector<std::vector<LeafRef>> waves(const Outline& outline, std::size_t width) {
    std::size_t deepest = 0;
    for (const Chapter& chapter : outline.chapters) deepest = std::max(deepest, chapter.sections.size());
    std::vector<std::vector<LeafRef>> found;
    for (std::size_t s = 0; s < deepest; ++s) {
        found.emplace_back();
        for (std::size_t c = 0; c < outline.chapters.size(); ++c) {
            if (s >= outline.chapters[c].sections.size()) continue;
            if (found.back().size() == width) found.emplace_back();
            found.back().push_back({c, s});
        }
    }
    return found;
}

std::string outline_view(const Outline& outline, LeafRef current) {
    std::string view;
    for (std::size_t c = 0; c < outline.chapters.size(); ++c) {
        const Chapter& chapter = outline.chapters[c];
        view += chapter.number + " " + chapter.title + "\n";
        if (c != current.chapter || chapter.sections.size() < 2) continue;
        for (std::size_t s = 0; s < chapter.sections.size(); ++s)
            view += (s == current.section ? "> " : "  ") + chapter.sections[s].number + " " +
                    chapter.sections[s].title + "\n";
    }
    return view;
}

std::string outline_view(const Outline& outline) {
    std::string view;
    for (const Chapter& chapter : outline.chapters)
        view += chapter.number + " " + chapter.title + (chapter.purpose.empty() ? "" : ": " + chapter.purpose) + "\n";
    return view;
}

}  // namespace longhand::writing
