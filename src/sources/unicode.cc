#include "sources/unicode.h"

#include <array>

#include "base/text.h"

namespace longhand::sources {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool in(char32_t c, char32_t low, char32_t high) {
    return c >= low && c <= high;
}

bool is_ascii_alnum(char32_t c) {
    return in(c, '0', '9') || in(c, 'a', 'z') || in(c, 'A', 'Z');
}

/// Vanishes when text is squeezed.
bool is_invisible(char32_t c) {
    return c == 0xAD || in(c, 0x200B, 0x200F) || c == 0x2060 || c == 0xFEFF;
}

/// Bytes of the sequence that `lead` starts; 0: none.
std::size_t sequence_size(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

}  // namespace

CodePoint decode_at(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const CodePoint invalid{kReplacement, 1, false};
    const std::size_t size = sequence_size(lead);
    if (size == 1) return {lead, 1, true};
    if (size == 0 || at + size > text.size()) return invalid;
    char32_t value = lead & (0x7F >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        if ((next & 0xC0) != 0x80) return invalid;
        value = value << 6 | (next & 0x3F);
    }
    static constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    if (value < kSmallest[size] || in(value, 0xD800, 0xDFFF) || value > 0x10FFFF) return invalid;
    return {value, size, true};
}

char32_t first_code_point(std::string_view text) {
    return text.empty() ? 0 : decode_at(text, 0).value;
}

char32_t last_code_point(std::string_view text) {
    if (text.empty()) return 0;
    std::size_t at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    return decode_at(text, at).value;
}

void append_utf8(std::string& text, char32_t c) {
    const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    }
}

bool is_cjk(char32_t c) {
    return in(c, 0x3040, 0x30FF) || in(c, 0x3105, 0x312F) || in(c, 0x3400, 0x4DBF) || in(c, 0x4E00, 0x9FFF) ||
           in(c, 0xAC00, 0xD7A3) || in(c, 0xF900, 0xFAFF) || in(c, 0x20000, 0x3FFFF) || c == 0x3005;
}

bool is_space(char32_t c) {
    return c == ' ' || in(c, 9, 13) || c == 0x85 || c == 0xA0 || c == 0x1680 || in(c, 0x2000, 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word(char32_t c) {
    if (c < 0x80) return is_ascii_alnum(c);
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
    if (c == 0xD7 || c == 0xF7 || c == 0x37E || c == 0x387 || c == kReplacement) return false;
    return !in(c, 0x2000, 0x206F) && !in(c, 0x20A0, 0x2BFF) && !in(c, 0x2E00, 0x2E7F) && !in(c, 0x3000, 0x3004) &&
           !in(c, 0x3008, 0x3020) && !in(c, 0xE000, 0xF8FF) && !in(c, 0xFE10, 0xFE6F) && !in(c, 0xFF01, 0xFF0F) &&
           !in(c, 0xFF1A, 0xFF20) && !in(c, 0xFF3B, 0xFF40) && !in(c, 0xFF5B, 0xFF65) && !in(c, 0x1F000, 0x1FAFF);
}

bool is_word_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || is_ascii_alnum(byte);
}

bool is_greek(char32_t c) {
    return in(c, 0x386, 0x3FF) || in(c, 0x1F00, 0x1FFF);
}

bool is_upper(char32_t c) {
    return fold_case(c) != c;
}

bool is_lower(char32_t c) {
    if (in(c, 'a', 'z') || (in(c, 0xDF, 0xFF) && c != 0xF7)) return true;
    if (in(c, 0x100, 0x17F)) return (c & 1) != 0;
    return in(c, 0x3AC, 0x3CE) || in(c, 0x430, 0x45F);
}

char32_t fold_case(char32_t c) {
    if (in(c, 'A', 'Z')) return c + 32;
    if (in(c, 0xC0, 0xDE) && c != 0xD7) return c + 32;
    if (in(c, 0x391, 0x3AB) && c != 0x3A2) return c + 32;
    if (in(c, 0x410, 0x42F)) return c + 32;
    if (in(c, 0x400, 0x40F)) return c + 80;
    return c;
}

std::size_t count_words(std::string_view text) {
    std::size_t words = 0, cjk = 0;
    bool inside = false;
    for (std::size_t at = 0; at < text.size();) {
        const auto c = decode_at(text, at);
        at += c.size;
        if (is_cjk(c.value)) {
            ++cjk;
            inside = false;
        } else if (is_word(c.value)) {
            words += !inside;
            inside = true;
        } else if (c.value != '\'' && c.value != 0x2019 && c.value != '_') {
            inside = false;
        }
    }
    return words + (cjk + 1) / 2;
}

std::string squeeze(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool space = false;
    for (std::size_t at = 0; at < text.size();) {
        const auto c = decode_at(text, at);
        const auto bytes = text.substr(at, c.size);
        at += c.size;
        if (is_invisible(c.value)) continue;
        if (is_space(c.value)) {
            space = true;
            continue;
        }
        if (space && !out.empty()) out.push_back(' ');
        space = false;
        out.append(bytes);
    }
    return out;
}

std::string_view trim(std::string_view text) {
    return trimmed(text, " \t\r\n\f\v");
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
    return text.substr(0, bytes);
}

}  // namespace longhand::sources
