// `format_prompt`: a request said again by rules, and questions made of what the request and the passages are about.
#pragma once

#include <string>

#include "llm/offline/prompt.h"

namespace longhand::llm::offline {

/// `{"prompt", "questions"}`. The request's words stand in it as they are; what is added is counted out of the
/// passages.
std::string write_better_prompt(const Prompt& prompt);

}  // namespace longhand::llm::offline
