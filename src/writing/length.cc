#include "writing/length.h"

#include <algorithm>
#include <cmath>

namespace longhand::writing {

namespace {

/// A leaf is longer in a long work: 315 words in one of 12 pages, 750 from 340 pages on.
std::int64_t leaf_words(std::int64_t total) {
    return std::min<std::int64_t>(750, 300 + total / 250);
}

}  // namespace

Target target_of(const job::Settings& settings) {
    const std::uint32_t cap = std::clamp<std::uint32_t>(settings.max_pages, 1, 350);
    Target target;
    if (settings.length.words) {
        target.by_words = true;
        target.words = std::clamp<std::int64_t>(*settings.length.words, 50, cap * kWordsPerPage);
        target.min_pages = 1;
        target.max_pages = cap;
        return target;
    }
    target.max_pages = std::clamp<std::uint32_t>(settings.length.max_pages, 1, cap);
    target.min_pages = std::clamp<std::uint32_t>(settings.length.min_pages, 1, target.max_pages);
    target.words = target.aim_pages() * kWordsPerPage;
    return target;
}

Shape shape_of(std::int64_t words) {
    Shape shape;
    const auto chapters = std::lround(std::sqrt(static_cast<double>(std::max<std::int64_t>(words, 1))) / 12);
    shape.chapters = static_cast<std::uint32_t>(std::clamp<long>(chapters, 1, 30));
    shape.sections = sections_of(words / shape.chapters, words);
    return shape;
}

std::uint32_t sections_of(std::int64_t words, std::int64_t total_words) {
    const std::int64_t leaf = leaf_words(total_words);
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>((words + leaf / 2) / leaf, 1, 12));
}

std::vector<std::int64_t> shares(std::int64_t total, std::size_t parts) {
    std::vector<std::int64_t> result(parts, parts == 0 ? 0 : total / static_cast<std::int64_t>(parts));
    const auto rest = parts == 0 ? 0 : static_cast<std::size_t>(total % static_cast<std::int64_t>(parts));
    for (std::size_t i = 0; i < rest; ++i) ++result[i];
    return result;
}

}  // namespace longhand::writing
