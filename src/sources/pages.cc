#include "sources/pages.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>
#include <utility>

#include "sources/sentences.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

constexpr std::size_t kEdge = 2;  // lines at head and foot that may be running ones

/// A line with its numbers taken out, so that "12 | Chapter" and "13 | Chapter" are one.
std::string without_numbers(std::string_view text) {
    std::string out;
    for (const char c : squeeze(text)) {
        if (c < '0' || c > '9') out += c;
    }
    return std::string(trim(out));
}

/// "12", "- 12 -", "xii", "Page 3 of 9".
bool is_page_number(std::string_view text) {
    std::string rest = lower_ascii(without_numbers(text));
    const bool had_number = rest.size() < trim(text).size();
    std::erase_if(rest, [](char c) { return std::string_view("-[]()./| ").find(c) != std::string_view::npos; });
    if (had_number) return rest.empty() || rest == "page" || rest == "pageof" || rest == "of";
    return !rest.empty() && rest.size() <= 6 && rest.find_first_not_of("ivxl") == std::string::npos;
}

/// Indexes of a page's lines at its head and at its foot.
struct Edges {
    std::vector<std::size_t> head, foot;
};

std::vector<Edges> edges_of_pages(const std::vector<Line>& lines) {
    std::vector<Edges> pages;
    for (std::size_t at = 0; at < lines.size();) {
        std::vector<std::size_t> filled;
        const auto page = lines[at].page;
        for (; at < lines.size() && lines[at].page == page; ++at) {
            if (!trim(lines[at].text).empty()) filled.push_back(at);
        }
        Edges edges;
        const auto count = std::min(kEdge, filled.size());
        edges.head.assign(filled.begin(), filled.begin() + static_cast<std::ptrdiff_t>(count));
        if (filled.size() > count) {
            const auto foot = std::min(kEdge, filled.size() - count);
            edges.foot.assign(filled.end() - static_cast<std::ptrdiff_t>(foot), filled.end());
        }
        pages.push_back(std::move(edges));
    }
    return pages;
}

void blank_repeated(std::vector<Line>& lines, const std::vector<Edges>& pages, std::vector<std::size_t> Edges::*edge) {
    std::map<std::string, std::size_t> counts;
    for (const auto& page : pages) {
        for (const auto at : page.*edge) ++counts[without_numbers(lines[at].text)];
    }
    const std::size_t often = std::min<std::size_t>(3, pages.size());
    for (const auto& page : pages) {
        for (const auto at : page.*edge) {
            auto& text = lines[at].text;
            const auto key = without_numbers(text);
            const bool repeats = !key.empty() && counts[key] >= often && count_words(text) <= 15;
            if (repeats || is_page_number(text)) text = {};
        }
    }
}

std::string letters_for_ligatures(std::string_view text) {
    static constexpr std::array<std::string_view, 7> kLetters = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto c = decode_at(text, at);
        if (c.value >= 0xFB00 && c.value <= 0xFB06) {
            out += kLetters[c.value - 0xFB00];
        } else {
            out.append(text.substr(at, c.size));
        }
        at += c.size;
    }
    return out;
}

/// Words with a hyphen inside, in lower case.
std::unordered_set<std::string> hyphenated_words(std::string_view text) {
    std::unordered_set<std::string> words;
    for (auto at = text.find('-'); at != std::string_view::npos; at = text.find('-', at + 1)) {
        auto from = at, to = at + 1;
        while (from > 0 && is_word_byte(text[from - 1]) && at - from < 30) --from;
        while (to < text.size() && is_word_byte(text[to]) && to - at < 30) ++to;
        if (from < at && to > at + 1) words.insert(lower_ascii(text.substr(from, to - from)));
    }
    return words;
}

/// The run of word bytes at the end or the start of a text, in lower case.
std::string last_word(std::string_view text) {
    auto from = text.size();
    while (from > 0 && is_word_byte(text[from - 1])) --from;
    return lower_ascii(text.substr(from));
}
std::string first_word(std::string_view text) {
    std::size_t to = 0;
    while (to < text.size() && is_word_byte(text[to])) ++to;
    return lower_ascii(text.substr(0, to));
}

}  // namespace

void strip_running_lines(std::vector<Line>& lines) {
    const auto pages = edges_of_pages(lines);
    if (pages.size() < 2) return;
    // The heads' lines are gone from the text, not from the places, when the feet are looked at.
    blank_repeated(lines, pages, &Edges::head);
    blank_repeated(lines, pages, &Edges::foot);
}

std::string make_words_whole(const std::vector<Line>& lines) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) text += lines[i].page != lines[i - 1].page ? '\f' : '\n';
        text += letters_for_ligatures(lines[i].text);
    }
    const auto written_so = hyphenated_words(text);
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool cut = text[at] == '-' && at > 0 && at + 2 < text.size() && text[at + 1] == '\n';
        const auto rest = std::string_view(text).substr(std::min(at + 2, text.size()));
        if (!cut || !is_lower(first_code_point(rest)) || !is_word_byte(text[at - 1])) {
            out += text[at];
            continue;
        }
        const std::string with_hyphen =
            last_word(std::string_view(text).substr(at > 60 ? at - 60 : 0, std::min<std::size_t>(at, 60))) + "-" +
            first_word(rest.substr(0, 60));
        if (written_so.contains(with_hyphen)) out += '-';
        ++at;  // the line end
    }
    return out;
}

void join_over_pages(std::vector<Block>& blocks) {
    std::vector<Block> joined;
    for (auto& block : blocks) {
        const bool prose = !joined.empty() && joined.back().kind == BlockKind::prose && block.kind != BlockKind::code;
        const bool next_page = prose && joined.back().place.page + 1 == block.place.page;
        if (next_page && !ends_sentence(joined.back().text) && is_lower(first_code_point(block.text))) {
            auto& text = joined.back().text;
            if (text.ends_with('-')) {
                text.pop_back();
            } else {
                text += ' ';
            }
            text += block.text;
        } else {
            joined.push_back(std::move(block));
        }
    }
    blocks = std::move(joined);
}

}  // namespace longhand::sources
