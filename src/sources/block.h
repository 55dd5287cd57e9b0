// What every reader makes of its kind of file: blocks of plain text with their places, in order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/passage.h"

namespace longhand::sources {

enum class BlockKind {
    prose,  ///< a paragraph: may be cut between its sentences
    line,   ///< a list item, a table row: like prose, but a line of its own
    code,   ///< lines that stay as they are
};

struct Block {
    BlockKind kind = BlockKind::prose;
    Place place;
    std::string text;  ///< valid UTF-8; prose and lines are squeezed
};

struct ReadText {
    std::string title;  ///< the document's own; may be empty
    std::vector<Block> blocks;
};

/// The headings above the place where a reader is.
class SectionPath {
public:
    /// A heading of `level` (from 1) closes those of its level and below.
    void enter(int level, std::string_view title);
    /// Joined by " > ".
    std::string joined() const;

private:
    struct Heading {
        int level;
        std::string title;
    };
    std::vector<Heading> headings_;
};

/// `section` with the mark of program text behind it.
std::string code_section(const std::string& section);

}  // namespace longhand::sources
