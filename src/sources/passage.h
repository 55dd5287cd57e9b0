// A passage: a piece of a source that keeps its place, and the unit of retrieval and of citation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace longhand::sources {

/// Where a passage comes from, as a reader would look for it.
struct Place {
    std::string section;     ///< titles of the headings above it, joined by " > "; may be empty
    std::uint32_t page = 0;  ///< of a paged source, from 1; 0: no pages
    std::uint32_t line = 0;  ///< of a text source, from 1; 0: no lines
};

struct Passage {
    /// `p` + the first 12 hex digits of the file's SHA-256 + `-` + position: names it in prompts and citations,
    /// whatever machine reads the file.
    std::string key;
    std::string file_sha256;     ///< hex
    std::uint32_t position = 0;  ///< in its file, from 0
    Place place;
    /// UTF-8, plain: whole sentences, 40 to 180 words where the source allows it. Paragraphs, list items and table rows
    /// end with a line end; a row reads "first cell: second; third".
    std::string text;
};

/// The last title of a section that holds program text rather than prose.
inline constexpr std::string_view kCodeSection = "code";
/// Program text: of lesser use to a writer, ranked below prose by the index.
inline bool is_code(const Place& place) {
    return place.section == kCodeSection || place.section.ends_with(" > code");
}

/// A source as a job knows it: a file at one moment.
struct SourceFile {
    std::string sha256;  ///< hex, of its bytes
    std::string name;    ///< as its owner called it, without folders
    std::string path;    ///< where the bytes lie, for this process
    std::uint64_t size = 0;
};

}  // namespace longhand::sources
