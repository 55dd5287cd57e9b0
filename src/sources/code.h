// Program text: what its comments say, as prose; then the program itself.
#pragma once

#include <string_view>

#include "sources/block.h"

namespace longhand::sources {

/// How a language marks comments.
enum class CommentStyle {
    slashes,  ///< `//`, `///`, `/* */`
    hashes,   ///< `#`, and Python's documentation strings
    dashes,   ///< `--`
    none,     ///< data: all of it is program text
};

/// `text` must come from to_utf8. A comment's section is the type around it, or the type that it documents; the comment
/// of another declaration starts with its name. A type with only a few words joins the
/// file's own section, its name in front. Licences and marks for checkers are left out. The program follows,
/// under the section `code`.
ReadText read_code(std::string_view text, CommentStyle style);

}  // namespace longhand::sources
