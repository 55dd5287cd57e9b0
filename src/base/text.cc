#include "base/text.h"

namespace longhand {

std::string_view trimmed(std::string_view text, std::string_view blanks) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> comma_separated(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto comma = text.find(',');
        if (const auto word = trimmed(text.substr(0, comma)); !word.empty()) words.push_back(word);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return words;
}

std::string escaped_for_markdown(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\`*_{}[]<>#$^~@|&!").find(c) != std::string_view::npos) out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

}  // namespace longhand
