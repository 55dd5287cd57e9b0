// Markdown in; PDF, LaTeX, Markdown, HTML, DOCX, EPUB out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/runtime.h"
#include "base/stop.h"
#include "sandbox/run.h"

namespace longhand::typeset {

enum class Format { pdf, tex, md, html, docx, epub };
inline constexpr Format kFormats[] = {Format::pdf, Format::tex, Format::md, Format::html, Format::docx, Format::epub};
std::string_view extension(Format format);   ///< `pdf`
std::string_view media_type(Format format);  ///< `application/pdf`
std::optional<Format> format_of(std::string_view extension);

/// Messages are fixed sentences for a job's owner, at most with TeX's first words: no paths, no child's output.
enum class TypesetErrc {
    unavailable,  ///< pandoc, TeX, fonts or the sandbox are missing; `doctor` says what to do
    disk,         ///< a file can't be written now
    refused,      ///< the document can't be set, even with parts of it set verbatim
    timeout,
    stopped,  ///< quiet
};
template <class T>
using TypesetResult = Result<T, TypesetErrc>;

/// A book has a title page and begins each chapter on a page of its own. An article, for a few pages, has its title and
/// contents above its text, and no chapter ends a page. The formats without pages do not differ.
enum class Layout { book, article };

/// A whole document. Raw TeX and raw HTML in it are text. Nothing that differs between equal runs belongs here.
struct Manuscript {
    std::string markdown;  ///< pandoc's Markdown: `#` is a chapter, numbers and cross-references already made in it
    std::string title;
    std::string author;
    std::string language = "en";  ///< BCP 47
    bool table_of_contents = true;
    bool partial = false;  ///< says so on its first page
    Layout layout = Layout::book;
};

struct Rendered {
    Format format = Format::pdf;
    std::string path;  ///< the file, in the folder that was given
    std::uint64_t size = 0;
    std::string sha256;              ///< hex
    std::uint32_t pages = 0;         ///< of a PDF
    std::vector<std::string> notes;  ///< what had to be done: sections set verbatim, characters without a glyph
};

class Typesetter {
public:
    virtual ~Typesetter() = default;
    /// Makes `folder`/document.EXT. Equal manuscripts give equal LaTeX and Markdown, byte for byte. At most as many
    /// child processes as the typesetter was made for run at once; others wait. A picture is shown when it is a file
    /// with a plain name in `folder`. Runs on the runtime's executor; two calls at once need different folders or
    /// formats. What TeX carries from pass to pass (the contents) is left in `folder`, so that a PDF of a like
    /// manuscript made there later takes fewer passes.
    virtual awaitable<TypesetResult<Rendered>> render(Manuscript manuscript, Format format, std::string folder,
                                                      StopToken stop) = 0;
    /// The pages that a PDF of it has, without making one: cheaper, above all in a folder that has seen a like
    /// manuscript. As `render` in everything else.
    virtual awaitable<TypesetResult<std::uint32_t>> count_pages(Manuscript manuscript, std::string folder,
                                                                StopToken stop) = 0;
};

/// The one over pandoc and XeLaTeX, in the sandbox.
std::unique_ptr<Typesetter> make_typesetter(Runtime& runtime, unsigned children_at_once, sandbox::Policy policy = {});

/// What `doctor` shows: each program and font, found or how to get it.
struct Check {
    std::string name;
    bool ok = false;
    std::string message;
};
/// Blocks; a second or so.
std::vector<Check> check_installation(sandbox::Confine confine = sandbox::Confine::required);

}  // namespace longhand::typeset
