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

/// So many topics, unlike each other and unlike `taken`: passages that are near to each other become one, named by the
/// best of their headings, else by their key phrase. Fewer passages than topics: key phrases, then parts that every
/// work has.
std::vector<Topic> find_topics(const Prompt& prompt, std::size_t count, const std::vector<std::string>& taken);

/// `outline`, `outline_chapter`: in the form that the prompt asks for.
std::string write_outline(const Prompt& prompt);
/// `plan`, likewise.
std::string write_plan(const Prompt& prompt);

/// What the request asks for, as a title: `A handbook of the Longhand server for ...` gives `The Longhand Server: A
/// Handbook`.
std::string title_from_request(const std::string& request);

}  // namespace longhand::llm::offline
