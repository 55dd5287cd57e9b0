#include "writing/answers.h"
#include "writing/asking.h"
#include "writing/research.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr std::size_t kSpread = 12;
constexpr const char* kPlanShape =
    R"({"title": "…", "subtitle": "…", "audience": "…", "language": "en", "thesis": "…", "themes": ["…"], "terms": ["…"]})";
constexpr const char* kPlanLines =
    "title: …\nsubtitle: …\naudience: …\nlanguage: en\nthesis: …\nthemes: …, …\nterms: …, …";

AnswerResult<Plan> parsed(std::string_view text, Form form) {
    if (auto plan = parse_plan(text)) return plan;
    return form == Form::lines ? parse_plan_lines(text) : parse_plan(text);
}

Question question_of(StepContext& context, Work& work) {
    const job::Settings& settings = context.settings();
    Question question;
    question.key = "plan";
    question.prompt = "plan";
    question.max_tokens = bounded_max_tokens(settings, 1500);
    question.fields = settings_fields(settings, work);
    question.fields.number("words", work.target.words);
    question.json_shape = kPlanShape;
    question.lines_shape = kPlanLines;
    question.schema_name = "plan";
    question.schema = plan_schema();
    question.fault = [](std::string_view text, Form form) -> std::optional<std::string> {
        const auto plan = parsed(text, form);
        return plan ? std::nullopt : std::optional(plan.error().message);
    };
    const auto keys = fit_passages(context, question.prompt, question.fields, spread(context.sources(), kSpread),
                                   prompt_room(settings, question.max_tokens));
    work.shown.insert(keys.begin(), keys.end());
    return question;
}

}  // namespace

awaitable<StepResult<void>> plan_step(StepContext* context, Work* work) {
    const Plan fallback = fallback_plan(context->settings());
    work->plan.language = fallback.language;
    report(*context, *work, job::Stage::planning);
    Question question = question_of(*context, *work);
    StepResult<std::optional<Answer>> answer = co_await ask_patiently(context, std::move(question));
    if (!answer) co_return answer.error();
    if (answer->has_value()) {
        work->plan = *parsed((*answer)->text, (*answer)->form);
        if (work->plan.language.empty()) work->plan.language = fallback.language;
    } else {
        work->plan = fallback;
        work->warnings.push_back("The model gave no plan that could be read; one was made from the prompt.");
    }
    if (!trimmed(context->settings().title).empty()) work->plan.title = trimmed(context->settings().title);
    report(*context, *work, job::Stage::planning);
    co_return StepResult<void>();
}

}  // namespace longhand::writing
