// Blocks to passages.
#pragma once

#include <string>
#include <vector>

#include "sources/block.h"

namespace longhand::sources {

/// Whole sentences of neighbouring blocks of one section and one page, 40 to 180 words where they allow it; a sentence
/// past that is cut between words. Blocks without a letter or digit are dropped. The passages of a file with this
/// SHA-256 (hex).
std::vector<Passage> cut_passages(const std::vector<Block>& blocks, const std::string& file_sha256);

}  // namespace longhand::sources
