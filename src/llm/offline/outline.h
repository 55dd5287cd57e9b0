// Plans and outlines, by counting: what the passages are about, which of them belong together, what to call it.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "llm/offline/prompt.h"

namespace longhand::llm::offline {

struct Topic {
    std::string title;
    std::string purpose;
    std::vector<std::string> keywords;
};

/// So many topics, unlike each other and unlike `taken`. Of a work: the parts that the request lists (then there may be
/// fewer than `count`), else groups of passages that are near to each other. Of a chapter: headings that fit it better
/// than the other chapters. Headings of prose come first, then key phrases, then parts that every work has.
std::vector<Topic> find_topics(const Prompt& prompt, std::size_t count, const std::vector<std::string>& taken);

/// The sentence of the passages that has most in common with all the others; empty when there is none.
std::string central_sentence(const Prompt& prompt);
/// What a work would be called that is asked for so.
std::string work_title(const Prompt& prompt);

/// `outline`, `outline_chapter`: in the form that the prompt asks for.
std::string write_outline(const Prompt& prompt);
/// `plan`, likewise.
std::string write_plan(const Prompt& prompt);

}  // namespace longhand::llm::offline
