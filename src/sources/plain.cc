#include "sources/plain.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sources/pages.h"
#include "sources/sentences.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

using Lines = std::vector<Line>;
using Group = std::pair<std::size_t, std::size_t>;  ///< from, to

std::size_t indent(std::string_view text) {
    return std::min(text.find_first_not_of(" \t"), text.size());
}
bool is_blank(std::string_view text) {
    return trim(text).empty();
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A row of one mark, as under a title; the mark, or 0.
char underline(std::string_view text) {
    text = trim(text);
    if (text.size() < 3 || std::string_view("=-~^*+#\"").find(text[0]) == std::string_view::npos) return 0;
    return text.find_first_not_of(text[0]) == std::string_view::npos ? text[0] : 0;
}

int underline_level(char mark) {
    return mark == '=' || mark == '*' || mark == '#' ? 1 : mark == '-' ? 2 : 3;
}

/// Bytes of "- ", "* ", "• ", "3. ", "(a) " at the start of a trimmed line; 0: no item.
std::size_t item_mark(std::string_view text) {
    std::size_t size = 0;
    if (text.starts_with("\u2022") || text.starts_with("\u2013") || text.starts_with("\u25CF")) {
        size = 3;
    } else if (!text.empty() && std::string_view("-*+o").find(text[0]) != std::string_view::npos) {
        size = 1;
    } else {
        const bool open = text.starts_with("(");
        std::size_t at = open;
        while (at < text.size() && is_digit(text[at]) && at < 4) ++at;
        if (at == open && open && at < text.size() && is_lower(static_cast<unsigned char>(text[at]))) ++at;
        const bool closed = at > open && at < text.size() && (text[at] == ')' || (text[at] == '.' && !open));
        size = closed ? at + 1 : 0;
    }
    if (size == 0 || size + 1 >= text.size() || text[size] != ' ') return 0;
    return size + 1;
}

/// The level of "3.2 Title" by its number; 0: none.
int numbered_level(std::string_view text) {
    int level = 0;
    std::size_t at = 0;
    while (at < text.size() && is_digit(text[at])) {
        ++level;
        const std::size_t from = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        if (at - from > 2) return 0;
        if (at < text.size() && text[at] == '.') ++at;
    }
    if (level == 0 || at >= text.size() || text[at] != ' ') return 0;
    const auto title = trim(text.substr(at));
    const auto first = first_code_point(title);
    if (!is_upper(first) && !is_cjk(first)) return 0;
    return count_words(title) <= 10 && !ends_sentence(title) && !title.ends_with(':') && !title.ends_with(',') ? level
                                                                                                               : 0;
}

bool all_capitals(std::string_view text) {
    std::size_t capitals = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto c = decode_at(text, at);
        if (is_lower(c.value)) return false;
        capitals += is_upper(c.value);
        at += c.size;
    }
    return capitals >= 3 && count_words(text) <= 10 && !ends_sentence(text);
}

/// "Introduction ......... 3"
bool is_contents_entry(std::string_view text) {
    return text.find(".....") != std::string_view::npos || text.find(". . . .") != std::string_view::npos;
}

/// A line that may be a title though nothing marks it: short, at the margin, and no sentence, item or part of one.
bool may_be_title(std::string_view line) {
    constexpr std::size_t kMostWords = 10, kMostBytes = 200;
    const auto title = trim(line);
    const auto first = first_code_point(title);
    if (indent(line) > 0 || title.size() > kMostBytes || item_mark(title) > 0 || is_contents_entry(title)) return false;
    // Verse, talk and what goes on begin with a small letter or a mark, addresses and dates with a number.
    if (!is_word(first) || is_lower(first) || (first < 0x80 && is_digit(static_cast<char>(first)))) return false;
    if (std::string_view(":;,-|=}\\").find(title.back()) != std::string_view::npos) return false;
    return count_words(title) <= kMostWords && !ends_sentence(title) && title.find('\t') == std::string_view::npos;
}

/// Program text, drawings and tables of numbers have fewer letters than prose, or the ends of program lines.
bool looks_like_code(const Lines& lines, Group group) {
    std::size_t letters = 0, digits = 0, marks = 0, code_ends = 0;
    for (std::size_t i = group.first; i < group.second; ++i) {
        const auto text = trim(lines[i].text);
        for (std::size_t at = 0; at < text.size();) {
            const auto c = decode_at(text, at);
            at += c.size;
            const bool digit = c.value >= '0' && c.value <= '9';
            digits += digit;
            letters += is_word(c.value) && !digit;
            marks += !is_word(c.value) && !is_space(c.value) && c.value != '.' && c.value != ',';
        }
        code_ends += text.ends_with(";") || text.ends_with("{") || text.ends_with("}") || text.starts_with("$ ") ||
                     text.starts_with("# ") || text.starts_with("% ") || text.ends_with("\\");
    }
    return letters < 2 * marks + digits / 2 || 2 * code_ends > group.second - group.first;
}

/// Reads groups of lines that stand together.
class Reader {
public:
    Reader(const Lines& lines, Headings headings, SectionPath& sections, std::vector<Block>& blocks)
        : lines_(lines), headings_(headings), sections_(sections), blocks_(blocks) {}

    void read() {
        std::optional<Group> before;
        for (Group now = group_from(0); now.first < now.second; now = group_from(now.second)) {
            if (headings_ == Headings::none || !take_bare_title(before, now)) group(now);
            before = now;
        }
    }

private:
    /// The next group at `at` or below; an empty one at the end.
    Group group_from(std::size_t at) const {
        while (at < lines_.size() && is_blank(lines_[at].text)) ++at;
        std::size_t end = at;
        while (end < lines_.size() && !is_blank(lines_[end].text) && lines_[end].page == lines_[at].page) ++end;
        return {at, end};
    }

    /// One line that may be a title. Pages have too many lines of that kind, out of tables and drawings.
    bool is_bare(Group group) const {
        return group.second - group.first == 1 && lines_[group.first].page == 0 && marked_size(group) == 0 &&
               may_be_title(lines_[group.first].text);
    }

    bool is_paragraph(Group group) const {
        constexpr std::size_t kFewestWords = 8;
        if (group.first == group.second || marked_size(group) > 0 || looks_like_code(lines_, group)) return false;
        if (indent(lines_[group.first].text) > 3 || item_mark(trim(lines_[group.first].text)) > 0) return false;
        std::size_t words = 0;
        for (std::size_t i = group.first; i < group.second; ++i) words += count_words(lines_[i].text);
        const auto last = trim(lines_[group.second - 1].text);
        return words >= kFewestWords && (ends_sentence(last) || last.ends_with(':'));
    }

    /// A bare line above a paragraph is its title, but in a row of such lines, which are notes or a list; only at the
    /// text's start there may be two, its own title and that of its first part.
    bool take_bare_title(const std::optional<Group>& before, Group group) {
        if (!is_bare(group) || (before && is_bare(*before) && !titled_)) return false;
        const Group next = group_from(group.second);
        const bool above_title = !before && is_bare(next) && is_paragraph(group_from(next.second));
        if (!above_title && !is_paragraph(next)) return false;
        titled_ = above_title;
        sections_.enter(marked_level_ + 1, trim(lines_[group.first].text));
        if (!before) marked_level_ = 1;
        return true;
    }

    void group(Group group) {
        if (headings_ == Headings::found) group.first += take_heading(group);
        if (group.first == group.second) return;
        if (looks_like_code(lines_, group)) return code(group);
        std::size_t from = group.first;
        for (std::size_t i = from; i < group.second; ++i) {
            const bool starts_item = item_mark(trim(lines_[i].text)) > 0;
            if (i > from && starts_item) paragraph({std::exchange(from, i), i});
        }
        paragraph({from, group.second});
    }

    struct Heading {
        std::size_t lines = 0;  ///< that it takes up; 0: none
        int level = 0;          ///< 0: an entry of a table of contents, which is no text
        std::string_view title;
    };

    std::size_t take_heading(Group group) {
        const auto found = marked_heading(group);
        if (found.level > 0) sections_.enter(marked_level_ = found.level, found.title);
        return found.lines;
    }
    std::size_t marked_size(Group group) const { return marked_heading(group).lines; }

    /// The heading at the group's start that is marked as one.
    Heading marked_heading(Group group) const {
        const auto size = group.second - group.first;
        const auto first = lines_[group.first].text, title = trim(first);
        const auto second = size > 1 ? lines_[group.first + 1].text : std::string_view{};
        if (size > 2 && underline(first) != 0 && underline(lines_[group.first + 2].text) == underline(first)) {
            return {3, underline_level(underline(first)), trim(second)};
        }
        const bool fits = 2 * trim(second).size() >= title.size();
        if (underline(second) != 0 && fits && underline(first) == 0 && count_words(title) <= 15) {
            return {2, underline_level(underline(second)), title};
        }
        const bool alone = size == 1, above_indented = size > 1 && indent(second) > indent(first);
        if (!alone && !above_indented) return {};
        if (is_contents_entry(title)) return {alone ? 1U : 0U, 0, {}};
        if (indent(first) == 0 && all_capitals(title)) return {1, 1, title};
        if (const int level = numbered_level(title); alone && level > 0) return {1, level, title};
        return {};
    }

    void paragraph(Group group) {
        std::string text;
        bool item = false;
        for (std::size_t i = group.first; i < group.second; ++i) {
            auto line = trim(lines_[i].text);
            if (underline(line) != 0 || is_contents_entry(line)) continue;
            if (i == group.first && group.second - group.first >= 1) {
                const auto mark = item_mark(line);
                item = mark > 0;
                line.remove_prefix(mark);
            }
            if (!text.empty()) text += '\n';
            text += line;
        }
        // A short line by itself is no sentence of the paragraphs around it.
        const bool short_line = group.second - group.first == 1 && !ends_sentence(text) && count_words(text) < 12;
        add(item || short_line ? BlockKind::line : BlockKind::prose, group, join_lines(text));
    }

    void code(Group group) {
        std::string text;
        for (std::size_t i = group.first; i < group.second; ++i) text.append(lines_[i].text) += '\n';
        add(BlockKind::code, group, std::move(text));
    }

    void add(BlockKind kind, Group group, std::string text) {
        if (text.empty()) return;
        const auto& line = lines_[group.first];
        Place place{sections_.joined(), line.page, line.page == 0 ? line.number : 0};
        if (kind == BlockKind::code) place.section = code_section(place.section);
        blocks_.push_back({kind, std::move(place), std::move(text)});
    }

    /// A groff page ends lines with U+2010 where it cuts words.
    static std::string join_lines(std::string_view text) {
        std::string joined;
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (text[at] != '\n') {
                joined += text[at];
            } else if (joined.ends_with("\u2010")) {
                joined.resize(joined.size() - 3);
            } else if (!is_cjk(last_code_point(joined)) || !is_cjk(first_code_point(text.substr(at + 1)))) {
                joined += ' ';
            }
        }
        return squeeze(joined);
    }

    const Lines& lines_;
    Headings headings_;
    SectionPath& sections_;
    std::vector<Block>& blocks_;
    int marked_level_ = 0;  ///< of the last heading that is marked as one, or of the text's title
    bool titled_ = false;   ///< the last bare line is the text's title, and one more comes
};

}  // namespace

Lines split_lines(std::string_view text, Pages pages) {
    Lines lines;
    std::uint32_t number = 1, page = pages == Pages::none ? 0 : 1;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of("\n\f"), text.size());
        const char mark = end < text.size() ? text[end] : '\0';
        lines.push_back({text.substr(0, end), number, page});
        text.remove_prefix(std::min(end + 1, text.size()));
        number += mark == '\n';
        page += mark == '\f' && page > 0;
    }
    return lines;
}

void read_lines(const Lines& lines, Headings headings, SectionPath& sections, std::vector<Block>& blocks) {
    Reader(lines, headings, sections, blocks).read();
}

ReadText read_plain(std::string_view text) {
    ReadText out;
    SectionPath sections;
    const bool paged = std::count(text.begin(), text.end(), '\f') > 1;
    auto lines = split_lines(text, paged ? Pages::by_form_feed : Pages::none);
    if (paged) strip_running_lines(lines);
    read_lines(lines, Headings::found, sections, out.blocks);
    if (paged) join_over_pages(out.blocks);
    return out;
}

ReadText read_pages(std::string_view text) {
    ReadText out;
    SectionPath sections;
    auto lines = split_lines(text, Pages::by_form_feed);
    strip_running_lines(lines);
    const std::string whole = make_words_whole(lines);
    read_lines(split_lines(whole, Pages::by_form_feed), Headings::found, sections, out.blocks);
    join_over_pages(out.blocks);
    return out;
}

}  // namespace longhand::sources
