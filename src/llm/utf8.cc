#include "llm/utf8.h"

#include <cstdint>

namespace longhand::llm {
namespace {

/// How many bytes follow this first byte, and the bounds of the next one (Unicode 15, table 3-7).
struct Lead {
    int more = -1;  // -1: no first byte
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
};

Lead lead_of(unsigned char first) {
    if (first < 0x80) return {0};
    if (first >= 0xC2 && first <= 0xDF) return {1};
    if (first == 0xE0) return {2, 0xA0, 0xBF};
    if (first == 0xED) return {2, 0x80, 0x9F};
    if (first >= 0xE1 && first <= 0xEF) return {2};
    if (first == 0xF0) return {3, 0x90, 0xBF};
    if (first >= 0xF1 && first <= 0xF3) return {3};
    if (first == 0xF4) return {3, 0x80, 0x8F};
    return {};
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
    const auto first = static_cast<unsigned char>(text[position++]);
    Lead lead = lead_of(first);
    if (lead.more == 0) return first;
    if (lead.more < 0) return kReplacement;
    char32_t value = first & (0x3F >> lead.more);
    for (int i = 0; i < lead.more; ++i) {
        if (position >= text.size()) return kReplacement;
        const auto next = static_cast<unsigned char>(text[position]);
        if (next < lead.low || next > lead.high) return kReplacement;
        lead.low = 0x80;
        lead.high = 0xBF;
        value = value << 6 | (next & 0x3F);
        ++position;
    }
    return value;
}

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

std::string repair_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) append_utf8(out, next_code_point(text, at));
    return out;
}

std::string shortened(std::string_view text, std::size_t limit) {
    std::string out;
    std::size_t at = 0;
    for (std::size_t count = 0; at < text.size() && count < limit; ++count) append_utf8(out, next_code_point(text, at));
    if (at < text.size()) out += "…";
    return out;
}

bool is_unspaced_script(char32_t c) {
    return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

}  // namespace longhand::llm
