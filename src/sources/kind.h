// What a file is, by its first bytes; its name only tells apart what is all text.
#pragma once

#include <cstddef>
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

/// What a name tells of a text, in a word: bytes are read alike under all names of one word.
std::string_view reading_of(std::string_view name);

/// How much of a file's start tells what it is.
inline constexpr std::size_t kStartBytes = 8 * 1024;

enum class Form { text, pdf, zip, rtf, other };

struct Start {
    Form form = Form::text;
    std::string_view looks_like;  ///< of another form that is known: "a PNG image"
    std::string_view help;        ///< and what to do about it
};

/// What a file is by its start, whatever it is called; of longer bytes the first `kStartBytes` count. The reader and
/// the upload both ask here, so that what one takes the other takes.
Start start_of(std::string_view bytes);

/// `text`, `markdown`, `html`, `pdf`, `document`, `code`.
std::string_view word_of(Kind kind);

}  // namespace longhand::sources
