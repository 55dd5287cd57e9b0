// Text out of a file: text and code, Markdown, HTML, PDF, Word and its like; by content, not by name. Files are
// hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/runtime.h"
#include "base/stop.h"
#include "sandbox/run.h"
#include "sources/passage.h"

namespace longhand::sources {

enum class SourceErrc {
    missing,      ///< no such file, or not readable
    empty,        ///< no bytes, or no text in them
    unsupported,  ///< binary, or a kind that can't be read here; the message names what it looks like
    encrypted,    ///< needs a password
    broken,       ///< damaged, or not what it says it is
    too_large,    ///< past a limit: pages, text, time
    unavailable,  ///< it says nothing of the source: this machine lacks a program, the sandbox, memory or descriptors
                  ///< now
    stopped,      ///< quiet
};
template <class T>
using SourceResult = Result<T, SourceErrc>;

struct ReadSource {
    std::string title;  ///< the document's own; empty: it has none
    std::string kind;   ///< `text`, `markdown`, `html`, `pdf`, `document`, `code`
    std::vector<Passage> passages;
};

/// Limits of one source.
inline constexpr std::uint64_t kMostBytes = 50ULL << 20;
inline constexpr std::uint64_t kMostUnpacked = 200ULL << 20;  ///< of a document that is an archive
inline constexpr std::size_t kMostText = 20ULL << 20;         ///< bytes of UTF-8
inline constexpr std::size_t kMostPages = 5'000;

/// Reads a whole source. Same bytes and name, same passages, whatever `file.sha256` says: it names the passages and is
/// the caller's to have right. PDFs are read by pdftotext, documents (DOCX, ODT, EPUB, RTF) by pandoc, in the sandbox,
/// two minutes at most; `scratch` is a folder
/// that this call may fill and empties. A failure's message is a sentence that names the file, the reason and what
/// helps. Parsing runs in the runtime's blocking pool. `policy` is that of its children.
awaitable<SourceResult<ReadSource>> read_source(Runtime& runtime, SourceFile file, std::string scratch, StopToken stop,
                                                sandbox::Policy policy = {});

}  // namespace longhand::sources
