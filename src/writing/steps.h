// The steps of a work, in their order. Each reads and adds to the Work; none knows another's inside.
#pragma once

#include <string>
#include <vector>

#include "writing/work.h"

namespace longhand::writing {

/// `milestone/description`, `milestone/details/<hash>`, `milestone/vision/<hash>`, where the hash is of the texts
/// before: those of a guided job, each read by its user before the next. Any other job has what its settings bring.
awaitable<StepResult<void>> milestone_step(StepContext* context, Work* work);
/// `plan`. Never empty-handed: a model that gives no plan gets one made of the prompt.
awaitable<StepResult<void>> plan_step(StepContext* context, Work* work);
/// `outline`, `outline/1` …: chapters, then each chapter's sections. The owner's outline where there is one.
awaitable<StepResult<void>> outline_step(StepContext* context, Work* work);
/// `research/1`, `section/1.1/draft`, `section/1.1/continue` …: wave by wave.
awaitable<StepResult<void>> draft_step(StepContext* context, Work* work);
/// `section/1.1/draft#2` …: what falls short goes back, at most twice.
awaitable<StepResult<void>> review_step(StepContext* context, Work* work);
/// `fit/1` … `fit/4` count pages; `fit/1/research` and `fit/1/section/1.1` mend the length.
awaitable<StepResult<void>> fit_step(StepContext* context, Work* work);

// ---- parts that steps share

/// A call that gives a section a version.
struct SectionCall {
    LeafRef leaf;
    std::string key;
    std::string prompt = "draft";       ///< or `revise`
    std::vector<std::string> findings;  ///< of a revision
    std::int64_t words = 0;
    std::string continue_key;  ///< empty: a cut answer is trimmed, not continued
};
/// Makes the calls side by side, at most 8 at once; each adds a version. What they see of the work is as it was before
/// the first.
awaitable<StepResult<void>> call_sections(StepContext* context, Work* work, std::vector<SectionCall> calls,
                                          job::Stage stage);

/// Lines of `<said>`: the first sentence of each drafted section, nearest chapters first where there are more than
/// `most`, in the order of the text; with the names of those of `aliases` that it cites.
std::vector<std::string> said_lines(const Work& work, LeafRef leaf, const Aliases& aliases, std::size_t most = 60);

/// Made of the prompt's words.
Plan fallback_plan(const job::Settings& settings);
/// Up to `count` titles for chapters out of the sources' headings, the plan's themes and the prompt's words; at least
/// one.
std::vector<Chapter> fallback_chapters(StepContext& context, const Plan& plan, std::size_t count);
/// Up to `count` sections of a chapter, out of the headings of passages about it and its keywords.
std::vector<Section> fallback_sections(StepContext& context, const Chapter& chapter, std::size_t count);
/// Distinct words of five letters and more, the most frequent first.
std::vector<std::string> telling_words(std::string_view text, std::size_t most);

}  // namespace longhand::writing
