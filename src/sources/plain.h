// Plain text: paragraphs, headings, lists and listings told apart by their looks; paged text too.
#pragma once

#include <string_view>
#include <vector>

#include "sources/block.h"

namespace longhand::sources {

struct Line {
    std::string_view text;
    std::uint32_t number = 0;  ///< from 1
    std::uint32_t page = 0;    ///< from 1; 0: no pages
};

/// What may be believed of the lines.
enum class Headings { found, none };

/// `text` must come from to_utf8. Form feeds make pages of it.
ReadText read_plain(std::string_view text);

/// The text that pdftotext gives: pages end with a form feed. Page numbers and what repeats at the head or foot of
/// pages go; words cut at line ends are made whole; a paragraph that goes on over the page is of the page where it
/// starts. Places have pages and no lines.
ReadText read_pages(std::string_view text);

/// The blocks of some lines, with `sections` for those above; headings move it on where they are looked for.
void read_lines(const std::vector<Line>& lines, Headings headings, SectionPath& sections, std::vector<Block>& blocks);

/// Lines of `text`, numbered; a form feed starts a page when there are `pages`.
enum class Pages { none, by_form_feed };
std::vector<Line> split_lines(std::string_view text, Pages pages);

}  // namespace longhand::sources
