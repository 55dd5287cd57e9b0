#include "sources/cut.h"

#include <algorithm>

#include "sources/sentences.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

constexpr std::size_t kFewest = 40, kEnough = 90, kMost = 180;
/// Bytes of one unit, for text without words that could be counted.
constexpr std::size_t kLongestUnit = 3'000;

/// What is never cut: a sentence, a line of code.
struct Unit {
    std::string_view text;
    std::size_t words = 0;
    std::uint32_t line = 0;
    bool starts_block = false;
};

/// Cuts a sentence of too many words, or of too many bytes, at blanks where it has some.
void add_pieces(std::string_view text, std::uint32_t line, bool starts_block, std::vector<Unit>& units) {
    while (!text.empty()) {
        std::size_t size = utf8_prefix(text, 2 * kLongestUnit).size();
        std::size_t words = count_words(text.substr(0, size));
        while (words > kMost || size > kLongestUnit) {
            const auto half = utf8_prefix(text, std::min(size / 2, kLongestUnit));
            const auto blank = half.find_last_of(" \n");
            size = blank == std::string_view::npos || blank < half.size() / 2 ? half.size() : blank;
            words = count_words(text.substr(0, size));
        }
        units.push_back({trim(text.substr(0, size)), words, line, starts_block});
        starts_block = false;
        text = trim(text.substr(size));
    }
}

void add_code_units(const Block& block, std::vector<Unit>& units) {
    std::string_view rest = block.text;
    for (std::uint32_t line = block.place.line; !rest.empty(); line += block.place.line != 0) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto text = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        for (bool first = true; first || !text.empty(); first = false) {
            const auto piece = utf8_prefix(text, kLongestUnit);
            units.push_back({piece, count_words(piece), line, true});
            text.remove_prefix(piece.size());
        }
    }
}

void add_units(const Block& block, std::vector<Unit>& units) {
    if (block.kind == BlockKind::code) return add_code_units(block, units);
    bool first = true;
    for (const auto sentence : split_sentences(block.text)) {
        add_pieces(sentence, block.place.line, first, units);
        first = false;
    }
}

/// Where the passage that starts at `from` ends.
std::size_t end_of_passage(const std::vector<Unit>& units, std::size_t from) {
    std::size_t words = 0, bytes = 0, at = from;
    for (; at < units.size(); ++at) {
        const auto& unit = units[at];
        const bool full = words + unit.words > kMost || bytes + unit.text.size() > 2 * kLongestUnit;
        if (at > from && (full || (unit.starts_block && words >= kEnough))) break;
        words += unit.words;
        bytes += unit.text.size();
    }
    return at;
}

std::size_t bytes_of(const std::vector<Unit>& units, std::size_t from, std::size_t to) {
    std::size_t bytes = 0;
    for (; from < to; ++from) bytes += units[from].text.size();
    return bytes;
}

std::size_t words_of(const std::vector<Unit>& units, std::size_t from, std::size_t to) {
    std::size_t words = 0;
    for (; from < to; ++from) words += units[from].words;
    return words;
}

/// Ends of the passages of one run: a short rest goes to its neighbour, or takes units from it.
std::vector<std::size_t> passage_ends(const std::vector<Unit>& units) {
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < units.size();) ends.push_back(at = end_of_passage(units, at));
    if (ends.size() < 2) return ends;
    const std::size_t from = ends.size() > 2 ? ends[ends.size() - 3] : 0;
    std::size_t& cut = ends[ends.size() - 2];
    if (words_of(units, cut, units.size()) >= kFewest || bytes_of(units, from, units.size()) > 2 * kLongestUnit)
        return ends;
    if (words_of(units, from, units.size()) <= kMost) {
        ends.erase(ends.end() - 2);
        return ends;
    }
    while (cut > from + 1 && words_of(units, cut, units.size()) < kFewest) --cut;
    return ends;
}

std::string joined(const std::vector<Unit>& units, std::size_t from, std::size_t to) {
    std::string text;
    for (std::size_t at = from; at < to; ++at) {
        if (at > from) text += units[at].starts_block ? '\n' : ' ';
        text += units[at].text;
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

bool has_words(std::string_view text) {
    return count_words(text) > 0;
}

bool one_run(const Block& a, const Block& b) {
    return a.place.section == b.place.section && a.place.page == b.place.page &&
           (a.kind == BlockKind::code) == (b.kind == BlockKind::code);
}

}  // namespace

std::vector<Passage> cut_passages(const std::vector<Block>& blocks, const std::string& file_sha256) {
    std::vector<Passage> passages;
    std::vector<Unit> units;
    const auto flush = [&](const Place& place) {
        std::size_t from = 0;
        for (const auto end : passage_ends(units)) {
            Passage passage;
            passage.text = joined(units, from, end);
            passage.place = place;
            passage.place.line = units[from].line;
            from = end;
            if (!has_words(passage.text)) continue;
            passage.position = static_cast<std::uint32_t>(passages.size());
            passage.file_sha256 = file_sha256;
            passage.key = "p" + file_sha256.substr(0, 12) + "-" + std::to_string(passage.position);
            passages.push_back(std::move(passage));
        }
        units.clear();
    };
    const Block* last = nullptr;
    for (const auto& block : blocks) {
        if (!has_words(block.text)) continue;
        if (last != nullptr && !one_run(*last, block)) flush(last->place);
        add_units(block, units);
        last = &block;
    }
    if (last != nullptr) flush(last->place);
    return passages;
}

}  // namespace longhand::sources
