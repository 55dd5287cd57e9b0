#include "typeset/text.h"

namespace longhand::typeset {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_bidi_control(char32_t code) {
    return code == 0x200E || code == 0x200F || code == 0x061C || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

bool is_invisible(char32_t code) {
    if (code == '\t' || code == '\n') return false;
    if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) return true;
    if ((code >= 0xFE00 && code <= 0xFE0F) || (code >= 0xE0000 && code <= 0xE0FFF)) return true;
    const bool noncharacter = (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
    return is_bidi_control(code) || noncharacter || code == 0xFEFF || code == 0x200B || code == 0x2060;
}

bool is_line_end(char32_t code) {
    return code == '\r' || code == 0x0B || code == 0x0C || code == 0x85 || code == 0x2028 || code == 0x2029;
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
    const auto first = static_cast<unsigned char>(text[position++]);
    if (first < 0x80) return first;
    const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || position + more > text.size()) return kReplacement;
    char32_t code = first & (0x3F >> more);
    for (int i = 0; i < more; ++i) {
        const auto byte = static_cast<unsigned char>(text[position + i]);
        if ((byte & 0xC0) != 0x80) return kReplacement;
        code = code << 6 | (byte & 0x3F);
    }
    constexpr char32_t kLowest[] = {0, 0x80, 0x800, 0x10000};
    if (code < kLowest[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kReplacement;
    position += more;
    return code;
}

void append_utf8(std::string& text, char32_t code) {
    const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            put(0xE0 | code >> 12);
        } else {
            put(0xF0 | code >> 18);
            put(0x80 | (code >> 12 & 0x3F));
        }
        put(0x80 | (code >> 6 & 0x3F));
    }
    put(0x80 | (code & 0x3F));
}

std::string cleaned(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto code = next_code_point(text, at);
        if (is_line_end(code)) {
            if (code == '\r' && at < text.size() && text[at] == '\n') ++at;
            out.push_back('\n');
        } else if (!is_invisible(code)) {
            append_utf8(out, code);
        }
    }
    return out;
}

std::string cleaned_line(std::string_view text) {
    std::string out;
    for (const char c : cleaned(text)) {
        const bool space = c == ' ' || c == '\t' || c == '\n';
        if (!space)
            out.push_back(c);
        else if (!out.empty() && out.back() != ' ')
            out.push_back(' ');
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

}  // namespace longhand::typeset
