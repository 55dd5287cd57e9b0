#include "http/file_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/text.h"

namespace longhand::http {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// By the name's ending.
constexpr std::array<Pair, 20> kTextTypes = {{
    {"md", "text/markdown"},
    {"markdown", "text/markdown"},
    {"html", "text/html"},
    {"htm", "text/html"},
    {"xhtml", "application/xhtml+xml"},
    {"csv", "text/csv"},
    {"tsv", "text/tab-separated-values"},
    {"json", "application/json"},
    {"ipynb", "application/x-ipynb+json"},
    {"xml", "application/xml"},
    {"rss", "application/rss+xml"},
    {"atom", "application/atom+xml"},
    {"svg", "image/svg+xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"toml", "application/toml"},
    {"tex", "application/x-tex"},
    {"latex", "application/x-tex"},
    {"css", "text/css"},
    {"js", "text/javascript"},
}};

/// U+061C, U+200E to 200F, U+202A to 202E, U+2066 to 2069, each from the first to the last, as UTF-8.
constexpr std::array<Pair, 4> kDirectionMarks = {{
    {"\xD8\x9C", "\xD8\x9C"},
    {"\xE2\x80\x8E", "\xE2\x80\x8F"},
    {"\xE2\x80\xAA", "\xE2\x80\xAE"},
    {"\xE2\x81\xA6", "\xE2\x81\xA9"},
}};

std::string ending_of(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == name.npos ? std::string() : lower_case(name.substr(dot + 1));
}

/// The names of a zip's first entries, each behind a line end. An entry's name is 30 bytes behind its mark, its length
/// 26 bytes (APPNOTE.TXT, section 4.3.7).
std::string zip_names(std::string_view bytes) {
    constexpr std::string_view kMark = "PK\x03\x04";
    constexpr std::size_t kLengthAt = 26, kNameAt = 30;
    std::string names;
    for (auto at = bytes.find(kMark); at != bytes.npos; at = bytes.find(kMark, at + kMark.size())) {
        if (bytes.size() - at < kNameAt) break;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
        const std::size_t length = byte(kLengthAt) + 256U * byte(kLengthAt + 1);
        names.append("\n").append(bytes.substr(at + kNameAt, length));
    }
    return names + "\n";
}

/// A zip's first entries name what it holds.
std::optional<std::string> zip_type(std::string_view bytes, std::string_view ending) {
    constexpr std::string_view kWord = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    if (bytes.find("mimetypeapplication/epub+zip") != bytes.npos) return "application/epub+zip";
    if (bytes.find("mimetypeapplication/vnd.oasis.opendocument.text") != bytes.npos)
        return "application/vnd.oasis.opendocument.text";
    const std::string names = zip_names(bytes);
    const auto has = [&](const char* name) { return names.find(name) != names.npos; };
    if (has("\nword/")) return std::string(kWord);
    // Its folder may come later.
    const bool other = has("\nxl/") || has("\nppt/");
    if (has("\n[Content_Types].xml\n") && !other && ending == "docx") return std::string(kWord);
    return std::nullopt;
}

bool looks_like_html(std::string_view bytes) {
    constexpr std::string_view kBlanks = " \t\r\n\xEF\xBB\xBF";
    bytes.remove_prefix(std::min(bytes.find_first_not_of(kBlanks), bytes.size()));
    for (const std::string_view start : {"<!doctype html", "<html"}) {
        if (equal_ignoring_case(bytes.substr(0, start.size()), start)) return true;
    }
    return false;
}

}  // namespace

std::optional<std::string> media_type_of(std::string_view first_bytes, std::string_view file_name) {
    const std::string ending = ending_of(file_name);
    switch (sources::start_of(first_bytes).form) {
        case sources::Form::pdf:
            return "application/pdf";
        case sources::Form::zip:
            return zip_type(first_bytes, ending);
        case sources::Form::rtf:
            return "application/rtf";
        case sources::Form::other:
            return std::nullopt;
        case sources::Form::text:
            break;
    }
    for (const auto& [known, type] : kTextTypes) {
        if (ending == known) return std::string(type);
    }
    return looks_like_html(first_bytes) ? "text/html" : "text/plain";
}

std::string unreadable_because(std::string_view first_bytes) {
    if (first_bytes.starts_with("\xD0\xCF\x11\xE0"))
        return "is an old Office document or one with a password; save it as DOCX or PDF without a password";
    if (first_bytes.starts_with("PK\x03\x04"))
        return "is an archive, but not a Word document, an OpenDocument text or an EPUB; send the files that are in it";
    return "is of a type that can't be read as a source; send PDF, Word or text files";
}

std::optional<std::string> file_name_problem(std::string_view name) {
    // Of a path, which some clients send, the last part counts; but none leads up.
    std::string_view last = name;
    for (std::string_view rest = name;;) {
        const auto end = rest.find_first_of("/\\");
        last = rest.substr(0, end);
        if (last == "..") return "has a '..' in its path; send the name alone";
        if (end == rest.npos) break;
        rest.remove_prefix(end + 1);
    }
    if (last.find('\0') != last.npos) return "holds a NUL, which no name has";
    const std::size_t length = code_points(last);
    if (length > kMostNameCharacters)
        return fmt::format("has {} characters; it should have at most {}", length, kMostNameCharacters);
    // Marks of the direction of writing (Unicode's Bidi_Control), which make a name read as another.
    for (const auto& [from, to] : kDirectionMarks) {
        for (std::size_t at = 0; at < last.size(); ++at) {
            const auto mark = last.substr(at, from.size());
            if (mark >= from && mark <= to)
                return "holds a mark that changes the direction of writing, so that it reads as another; take that out";
        }
    }
    return std::nullopt;
}

std::string safe_file_name(std::string_view name) {
    const auto slash = name.find_last_of("/\\");
    if (slash != name.npos) name.remove_prefix(slash + 1);
    std::string out;
    std::size_t count = 0;
    for (; !name.empty() && count < kMostNameCharacters; ++count) {
        const std::size_t length = character_length(name);
        const auto first = static_cast<unsigned char>(name.front());
        // A lone byte of another encoding becomes the replacement character.
        if (length == 0)
            out += "\xEF\xBF\xBD";
        else if (first < 0x20 || first == 0x7f)
            out += '_';
        else
            out += name.substr(0, length);
        name.remove_prefix(std::max<std::size_t>(length, 1));
    }
    const std::string cleaned(trimmed(out));
    return cleaned.empty() || cleaned == "." || cleaned == ".." ? "file" : cleaned;
}

}  // namespace longhand::http
