#include "sources/block.h"

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

constexpr std::size_t kLongestTitle = 120;  // bytes

}  // namespace

void SectionPath::enter(int level, std::string_view title) {
    while (!headings_.empty() && headings_.back().level >= level) headings_.pop_back();
    std::string plain = squeeze(title);
    if (plain.empty()) return;
    headings_.push_back({level, std::string(utf8_prefix(plain, kLongestTitle))});
}

std::string SectionPath::joined() const {
    std::string path;
    for (const auto& heading : headings_) {
        if (!path.empty()) path += " > ";
        path += heading.title;
    }
    return path;
}

std::string code_section(const std::string& section) {
    return section.empty() ? std::string(kCodeSection) : section + " > " + std::string(kCodeSection);
}

}  // namespace longhand::sources
