// Program text taken apart into what is comment and what is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/code.h"

namespace longhand::sources {

struct CodeLine {
    std::string_view whole;  ///< as it stands in the file
    std::string code;        ///< without comments; strings emptied
    std::string comment;     ///< without its marks, blanks at its start kept
    bool has_comment = false;
    bool documents_left = false;  ///< `///<`: it is about what stands before it
};

/// One for each line. Views into `text`.
std::vector<CodeLine> split_code(std::string_view text, CommentStyle style);

}  // namespace longhand::sources
