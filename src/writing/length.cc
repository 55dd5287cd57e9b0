#include "writing/length.h"

#include <algorithm>
#include <cmath>

namespace longhand::writing {

namespace {

/// A work has as many chapters as this goes into the square root of its words: 5 in one of 14 pages, two full pages
/// each.
constexpr double kWordsOfChapters = 12;

/// A leaf is longer in a long work: 345 words in one of 14 pages, 750 in a book.
std::int64_t leaf_words(std::int64_t total) {
    return std::min<std::int64_t>(750, 330 + total / 250);
}

}  // namespace

std::int64_t words_on(std::uint32_t pages) {
    if (pages < kBookPages) {
        const auto full = static_cast<std::int64_t>(std::max(pages, 1U));
        return 450 * full - (full > 2 ? 350 : 200);
    }
    // pages = 2 + words / 420 + chapters / 2, solved for the square root of the words: measured on typeset works.
    const double chapters = 1.0 / (2 * kWordsOfChapters);
    const double rest = std::max(0.0, static_cast<double>(pages) - 2);
    const double root = (std::sqrt(chapters * chapters + 4 * rest / 420) - chapters) * 210;
    return std::max<std::int64_t>(std::lround(root * root), 250 * static_cast<std::int64_t>(pages));
}

Target target_of(const job::Settings& settings) {
    const std::uint32_t cap = std::clamp<std::uint32_t>(settings.max_pages, 1, 350);
    Target target;
    if (settings.length.words) {
        target.by_words = true;
        // An article holds more on its pages than a short book does.
        const auto most = std::max(words_on(cap), words_on(std::min(cap, kBookPages - 1)));
        target.words = std::clamp<std::int64_t>(*settings.length.words, 50, most);
        target.min_pages = 1;
        target.max_pages = cap;
        if (target.words <= words_on(kBookPages - 1)) target.layout = typeset::Layout::article;
        return target;
    }
    target.max_pages = std::clamp<std::uint32_t>(settings.length.max_pages, 1, cap);
    target.min_pages = std::clamp<std::uint32_t>(settings.length.min_pages, 1, target.max_pages);
    target.words = words_on(target.aim_pages());
    if (target.aim_pages() < kBookPages) target.layout = typeset::Layout::article;
    return target;
}

Shape shape_of(std::int64_t words) {
    Shape shape;
    const auto chapters =
        std::lround(std::sqrt(static_cast<double>(std::max<std::int64_t>(words, 1))) / kWordsOfChapters);
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
