// Review: measures each section and sends back what falls short, with the reason.
#include "writing/measures.h"
#include "writing/steps.h"

namespace longhand::writing {

namespace {

constexpr unsigned kRevisions = 2;

std::vector<SectionCall> revisions(const Work& work, unsigned attempt) {
    std::vector<SectionCall> calls;
    for (const SectionState& state : work.sections) {
        // An attempt that an earlier round did not need is not made up for.
        if (state.versions.empty() || state.versions.size() != attempt - 1) continue;
        const auto findings = find_faults(state.versions[state.chosen], state.text, measure_of(work, state));
        if (findings.empty()) continue;
        const std::string base = "section/" + work.section(state.leaf).number;
        SectionCall call{state.leaf, job::StepKey(base + "/draft").attempt(attempt).text(), "revise", {}, state.budget,
                         ""};
        call.continue_key = job::StepKey(base + "/continue").attempt(attempt).text();
        for (const Finding& finding : findings) call.findings.push_back(finding.message);
        calls.push_back(std::move(call));
    }
    return calls;
}

}  // namespace

awaitable<StepResult<void>> review_step(StepContext* context, Work* work) {
    report(*context, *work, job::Stage::reviewing);
    for (unsigned attempt = 2; attempt <= kRevisions + 1; ++attempt) {
        std::vector<SectionCall> calls = revisions(*work, attempt);
        if (calls.empty()) break;
        StepResult<void> revised = co_await call_sections(context, work, std::move(calls), job::Stage::reviewing);
        if (!revised) co_return revised.error();
    }
    co_return StepResult<void>();
}

}  // namespace longhand::writing
