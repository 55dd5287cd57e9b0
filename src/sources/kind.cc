#include "sources/kind.h"

#include <algorithm>
#include <array>

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

using namespace std::string_view_literals;

struct Magic {
    std::string_view bytes;
    std::string_view looks_like;
    std::string_view help;
};
/// The only one of them whose files are text.
constexpr auto kPostScript = "%!PS"sv;

constexpr auto kConvert = "convert it to PDF, HTML or text first"sv;
constexpr auto kUnpack = "unpack it and give the files inside"sv;
constexpr auto kGiveText = "give a file that holds text"sv;
constexpr auto kMagics = std::to_array<Magic>({
    {"PK\x03\x04"sv, "a ZIP archive", kUnpack},
    {"PK\x05\x06"sv, "an empty ZIP archive", kUnpack},
    {"\x1F\x8B"sv, "a gzip file", kUnpack},
    {"BZh"sv, "a bzip2 file", kUnpack},
    {"\xFD"
     "7zXZ"sv,
     "an xz file", kUnpack},
    {"7z\xBC\xAF"sv, "a 7-Zip archive", kUnpack},
    {"Rar!"sv, "a RAR archive", kUnpack},
    {"\x28\xB5\x2F\xFD"sv, "a zstd file", kUnpack},
    {"\x89PNG"sv, "a PNG image", kGiveText},
    {"\xFF\xD8\xFF"sv, "a JPEG image", kGiveText},
    {"GIF8"sv, "a GIF image", kGiveText},
    {"II*\0"sv, "a TIFF image", kGiveText},
    {"MM\0*"sv, "a TIFF image", kGiveText},
    {"RIFF"sv, "a sound, film or image file", kGiveText},
    {"OggS"sv, "a sound or film file", kGiveText},
    {"ID3"sv, "a sound file", kGiveText},
    {"\x7F"
     "ELF"sv,
     "a program", kGiveText},
    {"MZ\x90"sv, "a Windows program", kGiveText},
    {"SQLite format 3"sv, "an SQLite database", kGiveText},
    {"\xD0\xCF\x11\xE0"sv, "an old or encrypted Microsoft Office document", kConvert},
    {kPostScript, "a PostScript document", kConvert},
    {"AT&TFORM"sv, "a DjVu document", kConvert},
    {"wOFF"sv, "a font", kGiveText},
});

/// No NUL, and next to no other control characters: that also lets Latin-1 through.
bool is_text(std::string_view bytes) {
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return true;  // UTF-16
    if (bytes.find('\0') != std::string_view::npos) return false;
    const auto controls = std::count_if(bytes.begin(), bytes.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' &&
               c != '\x1b' && c != '\b';
    });
    return static_cast<std::size_t>(controls) * 100 <= bytes.size();
}

/// The start of a file may end within a character.
bool is_utf8(std::string_view bytes) {
    constexpr std::size_t kLongest = 4;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto c = decode_at(bytes, at);
        if (!c.valid && at + kLongest <= bytes.size()) return false;
        at += c.size;
    }
    return true;
}

/// Some PDFs have a few bytes of something else in front; the format allows a kilobyte. A text may name the mark.
bool is_pdf(std::string_view bytes) {
    const auto mark = bytes.substr(0, 1024).find("%PDF-");
    if (mark == std::string_view::npos) return false;
    if (bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF") == mark || !is_text(bytes)) return true;
    return !is_utf8(bytes) && bytes.find(" obj", mark) != std::string_view::npos;
}

/// A text may begin with a mark of letters, such as "BZh"; with one of other bytes none does.
bool may_begin_text(std::string_view mark) {
    return mark != kPostScript && std::all_of(mark.begin(), mark.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// What kind of document a ZIP holds, by the names near its start.
FileKind zip_kind(std::string_view bytes) {
    struct Inside {
        std::string_view mark, looks_like, format;  // no format: it can't be read
    };
    static constexpr auto kInside =
        std::to_array<Inside>({{"word/", "a Word document (DOCX)", "docx"},
                               {"xl/", "an Excel sheet (XLSX)", ""},
                               {"ppt/", "a PowerPoint file (PPTX)", ""},
                               {"application/epub+zip", "an e-book (EPUB)", "epub"},
                               {"application/vnd.oasis.opendocument.text", "an OpenDocument text", "odt"},
                               {"application/vnd.oasis", "an OpenDocument file", ""}});
    const auto tail = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 65'536));
    for (const auto& inside : kInside) {
        const bool found = bytes.substr(0, 4096).find(inside.mark) != std::string_view::npos ||
                           tail.find(inside.mark) != std::string_view::npos;
        if (!found) continue;
        if (!inside.format.empty()) return {Kind::document, {}, std::string(inside.format)};
        return {Kind::unsupported, {}, {}, std::string(inside.looks_like), std::string(kConvert)};
    }
    return {Kind::unsupported, {}, {}, "a ZIP archive", std::string(kUnpack)};
}

bool one_of(std::string_view word, std::string_view list) {
    return !word.empty() && (" " + std::string(list) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

std::string extension(std::string_view name) {
    const auto dot = name.find_last_of('.');
    return dot == std::string_view::npos ? std::string() : lower_ascii(name.substr(dot + 1));
}

bool looks_like_html(std::string_view bytes) {
    const std::string head = lower_ascii(bytes.substr(0, 2048));
    const auto start =
        std::string_view(head).substr(std::min(head.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), head.size()));
    if (start.starts_with("<?xml") || start.starts_with("<!doctype html") || start.starts_with("<html")) return true;
    return start.starts_with("<") &&
           (head.find("<html") != std::string::npos || head.find("<body") != std::string::npos ||
            head.find("<head") != std::string::npos);
}

constexpr auto kText = "text"sv, kMarkdown = "markdown"sv, kMarkup = "markup"sv, kSlashes = "slashes"sv,
               kHashes = "hashes"sv, kDashes = "dashes"sv, kTable = "table"sv;

FileKind text_kind(std::string_view bytes, std::string_view name) {
    const std::string_view reading = reading_of(name);
    if (looks_like_html(bytes)) return {Kind::html};
    if (reading == kMarkdown) return {Kind::markdown};
    const bool tag = trim(bytes.substr(0, 512)).starts_with("<");
    if (reading == kMarkup && tag) return {Kind::html};
    if (reading == kSlashes) return {Kind::code, CommentStyle::slashes};
    if (reading == kHashes || bytes.starts_with("#!")) return {Kind::code, CommentStyle::hashes};
    if (reading == kDashes) return {Kind::code, CommentStyle::dashes};
    if (reading == kTable) return {Kind::code};
    return {};
}

}  // namespace

FileKind kind_of(std::string_view bytes, std::string_view name) {
    const Start start = start_of(bytes);
    switch (start.form) {
        case Form::pdf:
            return {Kind::pdf};
        case Form::zip:
            return zip_kind(bytes);
        case Form::rtf:
            return {Kind::document, {}, "rtf"};
        case Form::other:
            if (start.looks_like.empty()) break;
            return {Kind::unsupported, {}, {}, std::string(start.looks_like), std::string(start.help)};
        case Form::text:
            break;
    }
    return text_kind(bytes, name);
}

std::string_view reading_of(std::string_view name) {
    const std::string end = extension(name);
    if (one_of(end, "md markdown mdown mkd mdx rmd qmd")) return kMarkdown;
    if (one_of(end, "html htm xhtml xml svg rss atom opml")) return kMarkup;
    if (one_of(end,
               "h hh hpp hxx c cc cpp cxx inc ipp m mm java js mjs ts tsx jsx go rs cs swift kt kts scala php dart css "
               "scss proto groovy zig v sv cu glsl json json5 jsonc ipynb svelte vue")) {
        return kSlashes;
    }
    if (one_of(end, "py pyi rb sh bash zsh fish pl pm r jl tcl mk cmake yaml yml toml cfg conf ini awk nix ex exs") ||
        one_of(name, "Makefile Dockerfile CMakeLists.txt")) {
        return kHashes;
    }
    if (one_of(end, "sql lua hs ada adb ads vhd")) return kDashes;
    if (one_of(end, "csv tsv")) return kTable;
    return kText;
}

Start start_of(std::string_view bytes) {
    bytes = bytes.substr(0, kStartBytes);
    if (is_pdf(bytes)) return {Form::pdf, {}, {}};
    if (bytes.starts_with("PK\x03\x04")) return {Form::zip, {}, {}};
    if (bytes.starts_with("{\\rtf")) return {Form::rtf, {}, {}};
    const bool text = is_text(bytes);
    for (const auto& magic : kMagics) {
        if (!bytes.starts_with(magic.bytes) || (text && may_begin_text(magic.bytes))) continue;
        return {Form::other, magic.looks_like, magic.help};
    }
    return {text ? Form::text : Form::other, {}, {}};
}

std::string_view word_of(Kind kind) {
    switch (kind) {
        case Kind::text:
            return "text";
        case Kind::markdown:
            return "markdown";
        case Kind::html:
            return "html";
        case Kind::pdf:
            return "pdf";
        case Kind::document:
            return "document";
        case Kind::code:
            return "code";
        case Kind::unsupported:
            return "unsupported";
    }
    return {};
}

}  // namespace longhand::sources
