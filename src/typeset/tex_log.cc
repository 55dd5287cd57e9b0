#include "typeset/tex_log.h"

#include <charconv>

namespace longhand::typeset {
namespace {

template <class Function>
void each_line(std::string_view text, Function function) {
    std::size_t offset = 0, number = 1;
    while (offset < text.size()) {
        const auto end = std::min(text.find('\n', offset), text.size());
        function(text.substr(offset, end - offset), number++, offset);
        offset = end + 1;
    }
}

std::size_t number_at_start(std::string_view text) {
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// The text behind `mark`; empty when the line does not hold it.
std::string_view after(std::string_view line, std::string_view mark) {
    const auto at = line.find(mark);
    return at == line.npos ? std::string_view() : line.substr(at + mark.size());
}

constexpr std::string_view kErrorMark = "document.tex:";
constexpr std::string_view kBlockMark = "%lh:";

void read_error(std::string_view line, TexLog& log) {
    const auto rest = after(line, kErrorMark);
    const auto number = number_at_start(rest);
    const auto colon = rest.find(": ");
    if (number == 0 || colon == rest.npos) return;
    log.error_lines.push_back(number);
    if (log.first_error.empty()) log.first_error = rest.substr(colon + 2);
}

}  // namespace

TexLog parse_tex_log(std::string_view text) {
    TexLog log;
    each_line(text, [&](std::string_view line, std::size_t, std::size_t) {
        if (line.starts_with(kErrorMark) || line.starts_with("./document.tex:")) return read_error(line, log);
        if (line.starts_with("! ") && log.first_error.empty()) log.first_error = line.substr(2);
        if (const auto rest = after(line, "There is no "); !rest.empty() && line.starts_with("Missing character")) {
            log.missing.emplace(rest.substr(0, rest.find(' ')));
        }
        if (line.starts_with("Output written on "))
            log.pages = static_cast<std::uint32_t>(number_at_start(after(line, "(")));
    });
    return log;
}

BlockMap::BlockMap(std::string_view tex) {
    each_line(tex, [&](std::string_view line, std::size_t number, std::size_t offset) {
        if (line.starts_with(kBlockMark)) blocks_.push_back({number, offset});
    });
}

std::size_t BlockMap::block_at_line(std::size_t line) const {
    std::size_t block = 0;
    while (block < blocks_.size() && blocks_[block].line <= line) ++block;
    return block;
}

std::string BlockMap::first_blocks(std::string_view tex, std::size_t blocks) const {
    if (blocks >= blocks_.size()) return std::string(tex);
    return std::string(tex.substr(0, blocks_[blocks].offset)) + "\n\\end{document}\n";
}

}  // namespace longhand::typeset
