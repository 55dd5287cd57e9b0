// What paging did to a text, undone.
#pragma once

#include <string>
#include <vector>

#include "sources/plain.h"

namespace longhand::sources {

/// Drops page numbers and lines that come again at the head or at the foot of three pages or more, numbers aside.
void strip_running_lines(std::vector<Line>& lines);

/// The lines as one text, with a form feed between pages; a word cut by a hyphen at a line's end is made whole, its
/// hyphen kept where the text writes the word so elsewhere. Ligatures become letters.
std::string make_words_whole(const std::vector<Line>& lines);

/// A paragraph whose sentence goes on in the first paragraph of the next page takes that in.
void join_over_pages(std::vector<Block>& blocks);

}  // namespace longhand::sources
