#include <string>

#include "base/digest.h"
#include "writing/asking.h"
#include "writing/blocks.h"
#include "writing/clean.h"
#include "writing/research.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

using job::kMilestones;
using job::Milestone;

constexpr std::size_t kPassagesShown = 12;
constexpr std::size_t kMostBytes = 20'000;  // of a text by the model
constexpr unsigned kTextTries = 2;

std::int64_t words_of(Milestone milestone) {
    switch (milestone) {
        case Milestone::description:
            return 120;
        case Milestone::details:
            return 300;
        case Milestone::vision:
            return 160;
    }
    return 0;
}

/// Names what the text is made of: a text before it that the user has changed asks for another one.
job::StepKey milestone_key(Milestone milestone, const job::MilestoneTexts& texts) {
    std::string key = "milestone/" + std::string(job::to_string(milestone));
    std::string before;
    for (const Milestone earlier : kMilestones) {
        if (earlier < milestone) before += texts[earlier] + '\0';
    }
    if (!before.empty()) key += "/" + sha256_hex(before).substr(0, 12);
    return job::StepKey(key);
}

AskRequest request_for(StepContext& context, Work& work, Milestone milestone, const std::string& key) {
    const job::Settings& settings = context.settings();
    const std::string prompt(job::to_string(milestone));
    AskRequest request;
    request.role = Role::reasoning;
    request.system = system_prompt();
    request.max_tokens = bounded_max_tokens(settings, words_of(milestone) * 4 + 300);
    Fields fields = settings_fields(settings, work);
    fields.text("key", key);
    fields.number("words", words_of(milestone));
    const auto keys = fit_passages(context, prompt, fields, spread(context.sources(), kPassagesShown),
                                   prompt_room(settings, request.max_tokens));
    work.shown.insert(keys.begin(), keys.end());
    request.user = render_prompt(prompt, fields);
    return request;
}

/// The user reads it, and later prompts have it: plain Markdown, without what only the model's own prompt gave names
/// to.
std::string plain(std::string_view raw) {
    return shortened(join_blocks(clean_draft(raw, {}, {}).blocks), kMostBytes);
}

/// Empty when the model gave nothing of use, also when asked again.
awaitable<StepResult<job::ShownText>> ask_for(StepContext* context, Work* work, Milestone milestone) {
    const job::StepKey base = milestone_key(milestone, work->milestones);
    job::ShownText shown;
    for (unsigned attempt = 1; attempt <= kTextTries && shown.text.empty(); ++attempt) {
        const job::StepKey key = base.attempt(attempt);
        AskRequest request = request_for(*context, *work, milestone, key.text());
        StepResult<AskReply> reply = co_await context->ask(key, std::move(request));
        if (!reply) co_return reply.error();
        shown = {plain(reply->text), key.text()};
    }
    if (shown.text.empty()) {
        work->warnings.push_back("The model gave no " + std::string(job::to_string(milestone)) +
                                 " that could be read; the work was written without one.");
    }
    co_return shown;
}

/// The user's own text stands whatever comes before it; what the model wrote follows from what comes before.
std::string users_text(const StepContext& context, Milestone milestone) {
    return context.guidance().of[milestone].text.value_or(context.settings().milestones[milestone]);
}

}  // namespace

awaitable<StepResult<void>> milestone_step(StepContext* context, Work* work) {
    if (!context->settings().guided) {
        work->milestones = context->settings().milestones;
        co_return StepResult<void>();
    }
    work->plan.language = fallback_plan(context->settings()).language;
    report(*context, *work, job::Stage::planning);
    job::ShownTexts shown;
    for (const Milestone milestone : kMilestones) shown[milestone].text = users_text(*context, milestone);
    for (const Milestone milestone : kMilestones) {
        if (shown[milestone].text.empty()) {
            StepResult<job::ShownText> asked = co_await ask_for(context, work, milestone);
            if (!asked) co_return asked.error();
            shown[milestone] = std::move(*asked);
        }
        work->milestones[milestone] = shown[milestone].text;
        if (context->guidance().has_passed(milestone, shown[milestone].key)) continue;
        co_return context->await_user({.milestone = milestone, .shown = shown});
    }
    co_return StepResult<void>();
}

}  // namespace longhand::writing
