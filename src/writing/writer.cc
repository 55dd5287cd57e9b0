#include "writing/writer.h"

#include "writing/assemble.h"
#include "writing/quality.h"
#include "writing/steps.h"
#include "writing/walk.h"

namespace longhand::writing {

Finished finish(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                const PassageLookup& lookup, Completeness completeness) {
    Assembled assembled = assemble(settings, sources, work, lookup, completeness);
    Finished finished;
    finished.quality = quality_sheet(settings, sources, work, assembled);
    finished.words = assembled.words;
    finished.citations = assembled.citations;
    finished.pages = work.pages;
    finished.manuscript = std::move(assembled.manuscript);
    return finished;
}

namespace {

std::size_t sections_with_text(const Work& work) {
    std::size_t count = 0;
    for (const SectionState& state : work.sections) count += state.text.empty() ? 0 : 1;
    return count;
}

/// Sections whose matter was said elsewhere are left out, and named on the quality sheet; a work without any text is
/// none.
StepResult<void> enough_text(const Work& work) {
    const std::size_t written = sections_with_text(work);
    if (written > 0) return {};
    return Failure<StepErrc>{StepErrc::failed,
                             "The model gave usable text for only " + std::to_string(written) + " of " +
                                 std::to_string(work.sections.size()) +
                                 " sections, also when asked again. Start a new job with another writing model."};
}

}  // namespace

awaitable<StepResult<void>> walk(StepContext* context, Work* work) {
    work->target = target_of(context->settings());
    work->words_planned = work->target.words;
    using Step = awaitable<StepResult<void>> (*)(StepContext*, Work*);
    for (const Step step : {&milestone_step, &plan_step, &outline_step, &draft_step, &review_step}) {
        StepResult<void> done = co_await step(context, work);
        if (!done) co_return done.error();
    }
    const StepResult<void> enough = enough_text(*work);
    if (!enough) co_return enough.error();
    StepResult<void> fitted = co_await fit_step(context, work);
    co_return fitted;
}

awaitable<StepResult<Finished>> write_document(StepContext& context) {
    Work work;
    StepResult<void> walked = co_await walk(&context, &work);
    if (!walked) co_return walked.error();
    const PassageLookup lookup = [&context](std::string_view key) { return context.passage(key); };
    co_return finish(context.settings(), context.sources(), work, lookup, Completeness::whole);
}

}  // namespace longhand::writing
