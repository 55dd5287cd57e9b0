// What a project's files say of a request, for a question that waits for its answer.
#pragma once

#include <vector>

#include "engine/prompt_help.h"

namespace longhand::engine {

/// The passages that fit the request best, of files that were read before and of those that can be read until
/// `deadline`; these are kept as read. Fewer, or none, when that takes longer, or can't be done.
awaitable<std::vector<writing::NamedPassage>> passages_for_prompt(Environment& environment,
                                                                  const PromptQuestion* question, SteadyTime deadline,
                                                                  StopToken stop);

}  // namespace longhand::engine
