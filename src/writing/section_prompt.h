// The prompt of a call that writes a section: bounded, whatever the length of the work.
#pragma once

#include "writing/asking.h"
#include "writing/steps.h"

namespace longhand::writing {

struct SectionPrompt {
    AskRequest request;
    Aliases aliases;  ///< of the passages that it shows
};

/// Sees the leaf, its ancestors and siblings, a line a chapter, the digest, the terms and the passages; where the
/// context is bounded, fewer passages and lines.
SectionPrompt section_prompt(StepContext& context, const Work& work, const SectionCall& call);

/// Asks for the rest of `draft`, of which the prompt holds the end.
AskRequest continue_prompt(StepContext& context, const Work& work, const SectionCall& call, const SectionPrompt& first,
                           std::string_view draft);

/// A draft with `[@KEY]` as a prompt shows it: `[@p1]`; keys without a name go.
std::string with_aliases(std::string_view text, const Aliases& aliases);

}  // namespace longhand::writing
