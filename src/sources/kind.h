// What a file is, by its first bytes; its name only tells apart what is all text.
#pragma once

#include <string>
#include <string_view>

#include "sources/code.h"

namespace longhand::sources {

enum class Kind { text, markdown, html, pdf, document, code, unsupported };

struct FileKind {
    Kind kind = Kind::text;
    CommentStyle comments = CommentStyle::none;  ///< of code
    std::string format;                          ///< of a document: pandoc's word for it
    std::string looks_like;                      ///< of what is not supported: "a ZIP archive"
    std::string help;                            ///< and what to do about it
};

FileKind kind_of(std::string_view bytes, std::string_view name);

/// `text`, `markdown`, `html`, `pdf`, `document`, `code`.
std::string_view word_of(Kind kind);

}  // namespace longhand::sources
