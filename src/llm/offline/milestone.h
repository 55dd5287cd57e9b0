// The milestones of a guided work, by counting: what it is, what it covers, what it is for.
#pragma once

#include <string>

#include "llm/offline/prompt.h"

namespace longhand::llm::offline {

inline bool is_milestone(const std::string& task) {
    return task == "description" || task == "details" || task == "vision";
}

/// `description`, `details`, `vision`: a frame of fixed sentences in English, around topics that were counted out of
/// the passages and the request, and sentences taken from the passages and from the milestones before.
std::string write_milestone(const Prompt& prompt);

}  // namespace longhand::llm::offline
