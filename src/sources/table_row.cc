#include "sources/table_row.h"

#include "sources/sentences.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

constexpr std::size_t kLongestName = 4;  // words

}  // namespace

std::string table_row(const std::vector<std::string>& header, const std::vector<std::string>& cells) {
    std::string row;
    std::size_t filled = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        std::string cell = squeeze(cells[i]);
        if (cell.empty()) continue;
        if (filled > 0) row += filled == 1 ? ": " : "; ";
        const bool named = i > 0 && cells.size() > 2 && i < header.size() && !header[i].empty();
        if (named && count_words(header[i]) <= kLongestName) row += squeeze(header[i]) + " ";
        row += cell;
        ++filled;
    }
    if (!row.empty() && !ends_sentence(row)) row += '.';
    return row;
}

}  // namespace longhand::sources
