#include "sources/sentences.h"

#include <algorithm>
#include <array>
#include <string>

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

/// Before a dot these words end no sentence. Lower case, without the dot; sorted.
constexpr auto kAbbreviations = std::to_array<std::string_view>(
    {"al",  "approx", "apr", "assn", "aug",  "ave", "bzw", "ca",  "cap",  "capt", "cf",   "ch",  "chap", "co",
     "col", "d.h",    "dec", "dept", "dr",   "e.g", "ed",  "eds", "eg",   "eq",   "eqs",  "esp", "est",  "etc",
     "ex",  "feb",    "ff",  "fig",  "figs", "gen", "gov", "hon", "hrsg", "i.e",  "ibid", "ie",  "inc",  "incl",
     "jan", "jr",     "jul", "jun",  "lt",   "ltd", "m.w", "mar", "max",  "min",  "mme",  "mr",  "mrs",  "ms",
     "mt",  "no",     "nos", "nov",  "nr",   "oct", "op",  "p",   "pp",   "prof", "pt",   "ref", "resp", "rev",
     "s",   "sec",    "sen", "sep",  "sept", "sgt", "sr",  "st",  "u.a",  "usw",  "v",    "viz", "vol",  "vols",
     "vs",  "z.b",    "гл",  "им",   "рис",  "см",  "ср",  "стр"});
static_assert(std::is_sorted(kAbbreviations.begin(), kAbbreviations.end()));
/// These may end one as well: they do before a capital.
constexpr auto kEitherWay = std::to_array<std::string_view>({"co", "etc", "inc", "jr", "ltd", "sr", "usw"});
/// Words of their own, or abbreviations before a number.
constexpr auto kBeforeNumber = std::to_array<std::string_view>(
    {"ave", "cap", "col", "ed", "ex", "mar", "max", "min", "no", "nos", "op", "pt", "ref", "s", "sec"});

bool contains(const auto& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}
bool is_digit(char32_t c) {
    return c >= '0' && c <= '9';
}

bool one_of(char32_t c, std::u32string_view set) {
    return set.find(c) != std::u32string_view::npos;
}
bool is_dot(char32_t c) {
    return c == '.' || c == 0x2026;
}
bool is_mark(char32_t c) {
    return one_of(c, U"!?\u203C\u2047\u2048\u2049\u037E\u0589\u061F\u06D4\u0964");
}
/// End a sentence with no space after them.
bool is_wide_mark(char32_t c) {
    return one_of(c, U"。！？；｡．");
}
bool is_closer(char32_t c) {
    return one_of(c, U")]}\"'\u2019\u201D\u00BB\u203A」』）】》〉”’");
}
bool is_opener(char32_t c) {
    return one_of(c, U"([{\"'\u2018\u201C\u00AB\u2039\u201E「『（【《〈¿¡`");
}

/// What stands before and after a possible end.
struct Around {
    std::string_view before;  ///< the sentence so far, with its mark and closers
    std::string_view after;   ///< the rest, blanks first
    char32_t mark = 0;
    std::size_t mark_at = 0;  ///< in `before`
};

/// The word that ends at `end`, with the dots inside it, in lower case.
std::string word_before(std::string_view text, std::size_t end) {
    std::size_t from = end;
    while (from > 0 && !is_space(static_cast<unsigned char>(text[from - 1])) && end - from < 40) --from;
    std::string word;
    for (std::size_t at = from; at < end;) {
        const auto c = decode_at(text.substr(0, end), at);
        if (!is_opener(c.value)) append_utf8(word, fold_case(c.value));
        at += c.size;
    }
    return word;
}

/// "J", "U.S", "т.д": letters each with its dot.
bool is_initials(std::string_view word) {
    bool letter = false;
    for (std::size_t at = 0; at < word.size();) {
        const auto c = decode_at(word, at);
        at += c.size;
        if (letter ? c.value != '.' : !is_word(c.value) || is_digit(c.value)) return false;
        letter = !letter;
    }
    return letter;
}

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789.") == std::string_view::npos;
}

char32_t next_start(std::string_view after) {
    for (std::size_t at = 0; at < after.size();) {
        const auto c = decode_at(after, at);
        if (!is_space(c.value) && !is_opener(c.value)) return c.value;
        at += c.size;
    }
    return 0;
}

bool dot_ends(const Around& around) {
    const std::string word = word_before(around.before, around.mark_at);
    const char32_t next = next_start(around.after);
    if (word.empty()) return true;
    // "3. Open the file": a list item's number is the start of a sentence.
    if (is_number(word) && trim(around.before).size() == word.size() + 1) return false;
    if (contains(kEitherWay, word)) return is_upper(next);
    if (contains(kBeforeNumber, word)) return !is_digit(next);
    if (contains(kAbbreviations, word)) return false;
    if (!is_initials(word)) return true;
    // "J. Smith" goes on; "in the U.S. The law" and "plan B. Then" do not, and can't always be told apart.
    const bool single = word.find('.') == std::string::npos;
    return !single && is_upper(next);
}

bool ends_here(const Around& around) {
    const char32_t next = next_start(around.after);
    if (next == 0) return true;
    if (is_lower(next)) return false;
    return around.mark != '.' || dot_ends(around);
}

/// One step over the text: finds the end of the sentence that starts at `from`.
class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    std::size_t end_of(std::size_t from) {
        char32_t before = 0;
        for (std::size_t at = from; at < text_.size();) {
            const auto c = decode_at(text_, at);
            const std::size_t next = at + c.size;
            if (c.value == '\n') return at;
            if (is_wide_mark(c.value)) return after_closers(next);
            // A semicolon after Greek letters is the question mark.
            const bool greek_question = c.value == ';' && is_greek(before);
            if (is_dot(c.value) || is_mark(c.value) || greek_question) {
                const auto end = after_closers(next);
                if (is_end(from, at, end, greek_question ? U'?' : c.value)) return end;
            }
            before = c.value;
            at = next;
        }
        return text_.size();
    }

private:
    std::size_t after_closers(std::size_t at) const {
        while (at < text_.size()) {
            const auto c = decode_at(text_, at);
            if (!is_closer(c.value) && !is_dot(c.value) && !is_mark(c.value) && !is_wide_mark(c.value)) break;
            at += c.size;
        }
        return at;
    }

    bool is_end(std::size_t from, std::size_t mark_at, std::size_t end, char32_t mark) const {
        if (end >= text_.size()) return true;
        const char32_t next = decode_at(text_, end).value;
        if (is_cjk(next)) return true;
        if (!is_space(next)) return false;
        Around around;
        around.before = text_.substr(from, end - from);
        around.after = text_.substr(end, 200);
        around.mark = mark;
        around.mark_at = mark_at - from;
        return ends_here(around);
    }

    std::string_view text_;
};

}  // namespace

std::vector<std::string_view> split_sentences(std::string_view text) {
    std::vector<std::string_view> sentences;
    Splitter splitter(text);
    for (std::size_t at = 0; at < text.size();) {
        const auto c = decode_at(text, at);
        if (is_space(c.value)) {
            at += c.size;
            continue;
        }
        const std::size_t end = splitter.end_of(at);
        sentences.push_back(trim(text.substr(at, end - at)));
        at = end;
    }
    return sentences;
}

bool ends_sentence(std::string_view text) {
    text = trim(text);
    while (!text.empty() && is_closer(last_code_point(text))) {
        std::string last;
        append_utf8(last, last_code_point(text));
        text.remove_suffix(last.size());
    }
    const char32_t last = last_code_point(text);
    return is_dot(last) || is_mark(last) || is_wide_mark(last);
}

}  // namespace longhand::sources
