// Text without sources: sentences of the project's own (text/*.txt), set on the words of the request.
#pragma once

#include <string>
#include <vector>

#include "llm/offline/prompt.h"

namespace longhand::llm::offline {

/// What filler paragraphs begin with, so that nobody takes them for more.
inline constexpr const char* kFillerMark = "(filler text)";

/// About so many words of paragraphs, the first with the mark; drawn by the section's number and title and the seed.
/// Lines of
/// `<said>` are not said again while there are others.
std::string filler_section(const Prompt& prompt, std::size_t words, std::uint64_t seed);

/// An answer to a chat without marks: says what it is, and what the message is about.
std::string plain_answer(const std::string& message);

}  // namespace longhand::llm::offline
