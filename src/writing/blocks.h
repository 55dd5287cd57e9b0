// Markdown as blocks: paragraphs, lists, tables, quotations, code. Just as much of the grammar as drafts need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::writing {

enum class BlockKind { prose, list, table, quote, code, heading };

struct Block {
    BlockKind kind = BlockKind::prose;
    std::string text;  ///< a list's items and a table's rows: one a line; code without its fence; a heading without `#`
    std::string info;  ///< a code block's language
    bool operator==(const Block&) const = default;
};
using Blocks = std::vector<Block>;

/// Thematic breaks, fenced divisions and link definitions are left out. A fence that is not closed ends with the text.
Blocks split_blocks(std::string_view markdown);
/// Markdown that `split_blocks` reads as the same blocks.
std::string join_blocks(const Blocks& blocks);

std::int64_t count_words(const Blocks& blocks);

}  // namespace longhand::writing
