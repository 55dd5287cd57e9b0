#include "engine/file_name.h"

namespace longhand::engine {
namespace {

constexpr std::size_t kLongest = 80;

bool is_refused(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos;
}

}  // namespace

std::string file_name(std::string_view title, std::string_view extension, bool partial) {
    std::string name;
    for (const char c : title) {
        const char kept = is_refused(c) ? ' ' : c;
        if (kept != ' ' || !name.ends_with(' ')) name += kept;
    }
    if (name.size() > kLongest) {
        std::size_t end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
        name.resize(end);
    }
    const std::size_t first = name.find_first_not_of(" .");
    const std::size_t last = name.find_last_not_of(" .");
    name = first == std::string::npos ? "document" : name.substr(first, last - first + 1);
    if (partial) name += " (partial)";
    return name + "." + std::string(extension);
}

}  // namespace longhand::engine
