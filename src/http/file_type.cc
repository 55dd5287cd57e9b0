#include "http/file_type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/text.h"

namespace longhand::http {
namespace {

using Ending = std::pair<std::string_view, std::string_view>;

constexpr std::array<Ending, 20> kTextTypes = {{
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

std::string ending_of(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == name.npos ? std::string() : lower_case(name.substr(dot + 1));
}

/// A zip's first entries name what it holds.
std::optional<std::string> zip_type(std::string_view bytes, std::string_view ending) {
    if (bytes.find("mimetypeapplication/epub+zip") != bytes.npos) return "application/epub+zip";
    if (bytes.find("mimetypeapplication/vnd.oasis.opendocument.text") != bytes.npos)
        return "application/vnd.oasis.opendocument.text";
    const bool office = bytes.find("[Content_Types].xml") != bytes.npos || bytes.find("word/") != bytes.npos;
    if (office && ending == "docx") return "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    return std::nullopt;
}

/// No NUL, and next to no other control characters: that also lets Latin-1 through.
bool is_text(std::string_view bytes) {
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return true;  // UTF-16
    if (bytes.find('\0') != bytes.npos) return false;
    const auto controls = std::count_if(bytes.begin(), bytes.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' &&
               c != '\x1b' && c != '\b';
    });
    return static_cast<std::size_t>(controls) * 100 <= bytes.size();
}

}  // namespace

std::optional<std::string> media_type_of(std::string_view first_bytes, std::string_view file_name) {
    const std::string ending = ending_of(file_name);
    const auto head = first_bytes.substr(0, 1024);
    if (head.find("%PDF-") != head.npos) return "application/pdf";
    if (first_bytes.starts_with("PK\x03\x04")) return zip_type(first_bytes, ending);
    if (first_bytes.starts_with("{\\rtf")) return "application/rtf";
    if (first_bytes.starts_with("\xD0\xCF\x11\xE0") && ending == "doc") return "application/msword";
    if (!is_text(first_bytes)) return std::nullopt;
    for (const auto& [known, type] : kTextTypes) {
        if (ending == known) return std::string(type);
    }
    return "text/plain";
}

std::string safe_file_name(std::string_view name) {
    const auto slash = name.find_last_of("/\\");
    if (slash != name.npos) name.remove_prefix(slash + 1);
    std::string out;
    std::size_t count = 0;
    for (; !name.empty() && count < 200; ++count) {
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
