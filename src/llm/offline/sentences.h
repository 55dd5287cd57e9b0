// From a passage to sentences that can stand in a new text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::llm::offline {

/// A piece of a passage as it is laid out.
struct Block {
    enum class Kind { prose, list, table };
    Kind kind = Kind::prose;
    std::string text;                ///< of prose: one line
    std::vector<std::string> items;  ///< of a list: its items without marks; of a table: its rows as `| a | b |`
};

/// Headings, code and rules are left out; wrapped lines are joined.
std::vector<Block> blocks_of(std::string_view passage);

/// Without the marks that point to a source's own references, which is not the new text's: `[12]`, `[3, 4-6]`, `[a]`,
/// `[citation needed]`, and the blank before them.
std::string without_reference_marks(std::string_view prose);

/// Cuts prose where sentences end, in scripts with and without spaces. Abbreviations, numbers, file names and `code`
/// hold together.
std::vector<std::string> sentences_of(std::string_view prose);

/// The sentence as Markdown without links, emphasis and list marks, `code` kept, what Markdown would misread escaped.
/// Nothing when it is no whole sentence: a heading, a fragment, code, a row of numbers, shouting.
std::optional<std::string> clean_sentence(std::string_view raw);

/// Plain words of a list item or a table cell as Markdown, whether a sentence or not.
std::string clean_inline(std::string_view raw);

/// It leans on what was said before (`It ...`, `But ...`, `These ...`).
bool leans_on_previous(std::string_view sentence);

}  // namespace longhand::llm::offline
