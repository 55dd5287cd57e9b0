#include "writing/text.h"

#include <algorithm>
#include <array>

namespace longhand::writing {

namespace {

bool between(char32_t c, char32_t low, char32_t high) {
    return c >= low && c <= high;
}

bool is_space(char32_t c) {
    return c == ' ' || c == '\n' || c == '\t' || c == 0xa0 || between(c, 0x2000, 0x200b) || c == 0x3000;
}

/// Simple case folding of the alphabets that have case; enough to compare two writings of the same sentence.
char32_t folded(char32_t c) {
    if (between(c, 'A', 'Z') || (between(c, 0xc0, 0xde) && c != 0xd7) || between(c, 0x391, 0x3a9) ||
        between(c, 0x410, 0x42f))
        return c + 32;
    if (between(c, 0x400, 0x40f)) return c + 80;
    if (between(c, 0x100, 0x17f) && c % 2 == 0) return c + 1;
    return c;
}

/// Length of the citation or cross-reference at the start of `text`; 0 when there is none.
std::size_t reference_length(std::string_view text) {
    if (text.size() < 3 || text[0] != '[' || (text[1] != '@' && text[1] != '#')) return 0;
    const std::size_t end = text.find(']');
    return end == std::string_view::npos || end > 400 ? 0 : end + 1;
}

Script script_of(char32_t c) {
    if (between(c, 'A', 'Z') || between(c, 'a', 'z') || between(c, 0xc0, 0x24f) || between(c, 0x1e00, 0x1eff))
        return Script::latin;
    if (between(c, 0x370, 0x3ff) || between(c, 0x1f00, 0x1fff)) return Script::greek;
    if (between(c, 0x400, 0x52f)) return Script::cyrillic;
    if (between(c, 0x590, 0x5ff)) return Script::hebrew;
    if (between(c, 0x600, 0x6ff) || between(c, 0x750, 0x77f)) return Script::arabic;
    if (between(c, 0x900, 0x97f)) return Script::devanagari;
    if (between(c, 0x3041, 0x30ff)) return Script::kana;
    if (between(c, 0xac00, 0xd7af) || between(c, 0x1100, 0x11ff)) return Script::hangul;
    if (between(c, 0x3400, 0x9fff) || between(c, 0x20000, 0x2ffff)) return Script::han;
    return c > 0x24f && is_word_char(c) ? Script::other : Script::none;
}

constexpr std::string_view kClosers[] = {"\"", "'", ")", "*", "_", "`", "\\]", "]", "”", "’", "»", "」", "』", "）"};

/// Past closing marks, spaces before citations, and citations.
std::size_t past_closers(std::string_view text, std::size_t at) {
    for (bool moved = true; moved;) {
        moved = false;
        for (const std::string_view closer : kClosers)
            if (text.substr(at).starts_with(closer)) at += closer.size(), moved = true;
        std::size_t next = at;
        while (next < text.size() && text[next] == ' ') ++next;
        if (text.substr(next).starts_with("[@"))
            if (const std::size_t length = reference_length(text.substr(next)); length > 0)
                at = next + length, moved = true;
    }
    return at;
}

bool is_wide_stop(char32_t c) {
    return c == 0x3002 || c == 0xff01 || c == 0xff1f;
}
bool is_stop(char32_t c) {
    return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x964 || c == 0x61f || c == 0x6d4 || is_wide_stop(c);
}

/// A full stop that ends no sentence: an abbreviation, an initial, a number at the line's start.
bool is_abbreviation(std::string_view before) {
    constexpr std::array<std::string_view, 20> kKnown = {"e.g", "i.e", "mr",  "mrs", "ms",  "dr",     "prof",
                                                         "fig", "no",  "vs",  "cf",  "st",  "approx", "vol",
                                                         "ed",  "pp",  "sec", "z.b", "т.е", "т.д"};
    const std::size_t space = before.find_last_of(" (\n[");
    const std::string_view word = space == std::string_view::npos ? before : before.substr(space + 1);
    if (word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z') return true;
    if (space == std::string_view::npos && !word.empty() &&
        std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return true;
    const std::string lower = lower_ascii(word);
    return std::find(kKnown.begin(), kKnown.end(), lower) != kKnown.end();
}

bool begins_sentence(std::string_view rest) {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n')) rest.remove_prefix(1);
    if (rest.empty()) return true;
    std::size_t at = 0;
    const char32_t c = next_code_point(rest, at);
    return folded(c) != c ||
           !(between(c, 'a', 'z') || between(c, 0xdf, 0xff) || between(c, 0x3b1, 0x3c9) || between(c, 0x430, 0x45f));
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned lead = byte(at);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t c = size == 1 ? lead : lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) c = (c << 6) | (byte(at + i) & 0x3f);
    at += std::min(size, text.size() - at);
    return c;
}

void append_utf8(std::string& out, char32_t c) {
    const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) return put(c);
    if (c < 0x800) return put(0xc0 | (c >> 6)), put(0x80 | (c & 0x3f));
    if (c < 0x10000) return put(0xe0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3f)), put(0x80 | (c & 0x3f));
    put(0xf0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3f)), put(0x80 | ((c >> 6) & 0x3f)), put(0x80 | (c & 0x3f));
}

namespace {

/// Bytes of the well-formed sequence at the start (RFC 3629: no overlong forms, no surrogates); 0 when there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xc2 && lead < 0xe0   ? 2
                             : (lead & 0xf0) == 0xe0       ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
    if (size == 0 || size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    std::size_t at = 0;
    const char32_t c = next_code_point(text, at);
    const bool overlong = (size == 3 && c < 0x800) || (size == 4 && c < 0x10000);
    return overlong || between(c, 0xd800, 0xdfff) || c > 0x10ffff ? 0 : size;
}

bool is_invisible(char32_t c) {
    return (c < 0x20 && c != '\n' && c != '\t') || between(c, 0x7f, 0x9f) || c == 0xfeff || c == 0x200b ||
           between(c, 0x202a, 0x202e) || between(c, 0x2066, 0x2069) || c == 0xfffe || c == 0xffff;
}

}  // namespace

std::string sanitized(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t size = utf8_length(text);
        if (size == 0) {
            out += "\xef\xbf\xbd";
            text.remove_prefix(1);
            continue;
        }
        std::size_t at = 0;
        const char32_t c = next_code_point(text, at);
        if (c == 0x2028 || c == 0x2029 || (c == '\r' && !text.substr(1).starts_with('\n'))) out += '\n';
        if (!is_invisible(c) && c != 0x2028 && c != 0x2029) out += text.substr(0, size);
        text.remove_prefix(size);
    }
    return out;
}

bool is_unspaced(char32_t c) {
    return between(c, 0x3041, 0x30ff) || between(c, 0x3400, 0x9fff) || between(c, 0xf900, 0xfaff) ||
           between(c, 0x20000, 0x2ffff) || between(c, 0xe00, 0xeff);
}

bool is_word_char(char32_t c) {
    if (c < 0x80) return between(c, '0', '9') || between(c, 'A', 'Z') || between(c, 'a', 'z');
    if (between(c, 0x2000, 0x206f) || between(c, 0x2190, 0x2bff) || between(c, 0x3000, 0x303f)) return false;
    if (between(c, 0xff00, 0xff0f) || between(c, 0xff1a, 0xff20) || c == 0xfffd) return false;
    return c > 0xbf && c != 0xd7 && c != 0xf7 && !between(c, 0xe000, 0xf8ff);
}

std::string without_citations(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = text[i] == '[' ? reference_length(text.substr(i)) : 0;
        if (length == 0) {
            out += text[i++];
            continue;
        }
        if (text[i + 1] == '@' && !out.empty() && out.back() == ' ') out.pop_back();
        i += length;
    }
    return out;
}

std::int64_t count_words(std::string_view text) {
    const std::string bare = without_citations(text);
    std::int64_t words = 0, unspaced = 0;
    bool in_word = false;
    for (std::size_t at = 0; at < bare.size();) {
        const char32_t c = next_code_point(bare, at);
        if (is_space(c)) in_word = false;
        if (is_unspaced(c)) ++unspaced;
        if (is_word_char(c) && !is_unspaced(c) && !in_word) ++words, in_word = true;
    }
    return words + (unspaced + 1) / 2;
}

std::vector<std::string> folded_words(std::string_view text) {
    const std::string bare = without_citations(text);
    std::vector<std::string> words;
    std::string word;
    const auto finish = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    for (std::size_t at = 0; at < bare.size();) {
        const char32_t c = next_code_point(bare, at);
        if (!is_word_char(c) || is_unspaced(c)) finish();
        if (is_word_char(c)) append_utf8(word, folded(c));
        if (is_unspaced(c)) finish();
    }
    finish();
    return words;
}

std::vector<std::string_view> sentences(std::string_view paragraph) {
    std::vector<std::string_view> found;
    std::size_t start = 0;
    for (std::size_t at = 0; at < paragraph.size();) {
        const std::size_t here = at;
        const char32_t c = next_code_point(paragraph, at);
        if (!is_stop(c)) continue;
        const std::size_t end = past_closers(paragraph, at);
        const bool spaced = end == paragraph.size() || paragraph[end] == ' ' || paragraph[end] == '\n';
        if (!is_wide_stop(c) && (!spaced || !begins_sentence(paragraph.substr(end)))) continue;
        if (c == '.' && end < paragraph.size() && is_abbreviation(paragraph.substr(start, here - start))) continue;
        if (const auto sentence = trimmed(paragraph.substr(start, end - start)); !sentence.empty())
            found.push_back(sentence);
        start = at = end;
    }
    if (const auto rest = trimmed(paragraph.substr(start)); !rest.empty()) found.push_back(rest);
    return found;
}

bool ends_as_sentence(std::string_view paragraph) {
    std::string bare = without_citations(trimmed(paragraph));
    for (bool moved = true; moved;) {
        moved = false;
        while (bare.ends_with(' ')) bare.pop_back();
        // The first that fits, then from the start: `\]` is one closer, not a backslash and another.
        const auto* closer =
            std::find_if(std::begin(kClosers), std::end(kClosers), [&](auto c) { return bare.ends_with(c); });
        if (closer != std::end(kClosers)) bare.resize(bare.size() - closer->size()), moved = true;
    }
    std::size_t last = bare.size();
    while (last > 0 && (static_cast<unsigned char>(bare[--last]) & 0xc0) == 0x80) {
    }
    return !bare.empty() && is_stop(next_code_point(bare, last));
}

std::size_t end_marks(std::string_view sentence) {
    std::string_view bare = sentence;
    const auto drop_closer = [&bare] {
        const auto* closer =
            std::find_if(std::begin(kClosers), std::end(kClosers), [&](auto c) { return bare.ends_with(c); });
        if (closer == std::end(kClosers) || *closer == "`") return false;
        bare.remove_suffix(closer->size());
        return true;
    };
    while (drop_closer()) {
    }
    std::size_t stop = bare.size();
    while (stop > 0) {
        std::size_t last = stop - 1;
        while (last > 0 && (static_cast<unsigned char>(bare[last]) & 0xc0) == 0x80) --last;
        std::size_t after = last;
        const char32_t c = next_code_point(bare, after);
        if (!is_stop(c) && c != 0x965 && c != ':' && c != 0xff1a) break;
        stop = last;
    }
    if (stop == bare.size()) return sentence.size();
    if (stop > 0 && bare[stop - 1] == '\\') --stop;
    // The target of a link has marks of its own.
    const std::size_t link = sentence.rfind("](");
    const bool in_link = link != std::string_view::npos && sentence.find(')', link) >= stop;
    return in_link && link < stop ? sentence.size() : stop;
}

Script main_script(std::string_view text) {
    std::array<std::size_t, static_cast<std::size_t>(Script::none) + 1> counts{};
    for (std::size_t at = 0; at < text.size();)
        ++counts[static_cast<std::size_t>(script_of(next_code_point(text, at)))];
    const auto best = std::max_element(counts.begin(), counts.end() - 1);
    if (*best == 0) return Script::none;
    const auto script = static_cast<Script>(best - counts.begin());
    const std::size_t kana = counts[static_cast<std::size_t>(Script::kana)];
    return script == Script::han && kana * 10 > *best ? Script::kana : script;
}

Script script_of_language(std::string_view language) {
    const std::string tag = lower_ascii(language.substr(0, language.find('-')));
    const auto any = [&tag](std::initializer_list<std::string_view> tags) {
        return std::find(tags.begin(), tags.end(), tag) != tags.end();
    };
    if (any({"ru", "uk", "be", "bg", "mk", "kk", "mn"})) return Script::cyrillic;
    if (any({"zh"})) return Script::han;
    if (any({"ja"})) return Script::kana;
    if (any({"ko"})) return Script::hangul;
    if (any({"el"})) return Script::greek;
    if (any({"ar", "fa", "ur"})) return Script::arabic;
    if (any({"he", "yi"})) return Script::hebrew;
    if (any({"hi", "mr", "ne"})) return Script::devanagari;
    if (any({"th", "ka", "hy", "bn", "ta", "te", "sr"})) return Script::other;
    return Script::latin;
}

std::string_view language_of_script(Script script) {
    switch (script) {
        case Script::cyrillic:
            return "ru";
        case Script::greek:
            return "el";
        case Script::han:
            return "zh";
        case Script::kana:
            return "ja";
        case Script::hangul:
            return "ko";
        case Script::arabic:
            return "ar";
        case Script::hebrew:
            return "he";
        case Script::devanagari:
            return "hi";
        case Script::latin:
        case Script::other:
        case Script::none:
            break;
    }
    return "en";
}

bool same_script(Script a, Script b) {
    const auto east = [](Script s) { return s == Script::han || s == Script::kana; };
    return a == b || (east(a) && east(b)) || a == Script::none || b == Script::none || a == Script::other ||
           b == Script::other;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

bool starts_with_folded(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && lower_ascii(text.substr(0, prefix.size())) == prefix;
}

std::string shortened(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string(text);
    std::size_t cut = bytes;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    const std::size_t space = text.substr(0, cut).rfind(' ');
    if (space != std::string_view::npos && space > bytes / 2) cut = space;
    return std::string(trimmed(text.substr(0, cut))) + "…";
}

std::size_t estimate_tokens(std::string_view text) {
    std::size_t ascii = 0, other = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) ++ascii;
        if (byte >= 0xc0) ++other;
    }
    return ascii / 3 + other + 1;
}

}  // namespace longhand::writing
