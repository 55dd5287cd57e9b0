// How long the parts of a work are: pure functions of the length that was asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "job/settings.h"
#include "typeset/typesetter.h"

namespace longhand::writing {

/// Works of fewer pages are set as articles: no page goes to their title, and none ends with a chapter.
inline constexpr std::uint32_t kBookPages = 11;
/// Words that so many pages of our designs hold. A full page holds 470; an article's title, contents and sources take
/// 0.8 of a page together, without contents half of it. In a book, title page, contents, the ends of chapters and the
/// sources leave 260 a page in one of 11 pages, 280 in one of 14 and 400 in one of 350.
std::int64_t words_on(std::uint32_t pages);

/// What the finished work is to measure.
struct Target {
    std::uint32_t min_pages = 1;
    std::uint32_t max_pages = 1;
    std::int64_t words = 0;  ///< the budget of all leaves together
    bool by_words = false;   ///< words were asked for: they are the measure, and pages only cap
    /// The page count to aim for when the work is too short or too long.
    std::uint32_t aim_pages() const { return (min_pages + max_pages + 1) / 2; }
    typeset::Layout layout = typeset::Layout::book;
};
/// The pages are capped by `max_pages`.
Target target_of(const job::Settings& settings);

struct Shape {
    std::uint32_t chapters = 1;
    std::uint32_t sections = 1;  ///< of a chapter
    bool operator==(const Shape&) const = default;
};
Shape shape_of(std::int64_t words);
/// How many sections a chapter of `words` has in a work of `total_words`.
std::uint32_t sections_of(std::int64_t words, std::int64_t total_words);

/// `total` in `parts` shares that differ by one word at most and add up to it.
std::vector<std::int64_t> shares(std::int64_t total, std::size_t parts);

}  // namespace longhand::writing
