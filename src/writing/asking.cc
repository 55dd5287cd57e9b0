#include "writing/asking.h"

#include <algorithm>
#include <limits>

#include "writing/markup.h"
#include "writing/research.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr unsigned kJsonTries = 3;

AskRequest request_of(const Question& question, const std::string& key, Form form, const std::string& error) {
    Fields fields = question.fields;
    fields.text("key", key);
    fields.text("form", form == Form::json ? "json" : "lines");
    fields.text("shape", form == Form::json ? question.json_shape : question.lines_shape);
    fields.markup("error", error.empty() ? "" : element("error", error));
    AskRequest request;
    request.role = Role::reasoning;
    request.system = system_prompt();
    request.user = render_prompt(question.prompt, fields);
    request.max_tokens = question.max_tokens;
    request.schema_name = question.schema_name;
    if (form == Form::json) request.json_schema = question.schema;
    return request;
}

std::string answers_markup(const job::Settings& settings, std::size_t each) {
    std::string pairs;
    for (const job::QuestionAnswer& pair : settings.questions_and_answers) {
        std::string question = element("q", shortened(pair.question, each)),
                    answer = element("a", shortened(pair.answer, each));
        question.pop_back(), answer.pop_back();
        pairs += element_of_markup("qa", question + answer);
    }
    return pairs.empty() ? "" : element_of_markup("answers", "\n" + pairs);
}

/// Bytes of the request; the other elements have parts of it.
std::size_t share_bytes(const job::Settings& settings) {
    return settings.context_tokens > 0 ? std::max<std::size_t>(settings.context_tokens / 2, 200) : 20'000;
}

}  // namespace

awaitable<StepResult<std::optional<Answer>>> ask_patiently(StepContext* context, Question question) {
    const job::StepKey base(question.key);
    std::string error;
    for (unsigned attempt = 1; attempt <= kJsonTries + 1; ++attempt) {
        const Form form = attempt <= kJsonTries ? Form::json : Form::lines;
        const job::StepKey key = base.attempt(attempt);
        AskRequest request = request_of(question, key.text(), form, error);
        StepResult<AskReply> reply = co_await context->ask(key, std::move(request));
        if (!reply) co_return reply.error();
        const auto fault = question.fault(reply->text, form);
        if (!fault) co_return std::optional<Answer>(Answer{reply->text, form});
        error = *fault;
    }
    co_return std::optional<Answer>();
}

std::string milestones_markup(const job::MilestoneTexts& texts, std::size_t bytes) {
    std::string markup;
    for (const job::Milestone milestone : job::kMilestones) {
        const std::size_t room = milestone == job::Milestone::details ? bytes / 2 : bytes / 4;
        markup += optional_element(job::to_string(milestone), shortened(texts[milestone], room));
    }
    return markup;
}

std::size_t milestone_bytes(const job::Settings& settings) {
    return share_bytes(settings);
}

std::size_t milestone_bytes_of_draft(const job::Settings& settings) {
    return share_bytes(settings) / 4;
}

Fields settings_fields(const job::Settings& settings, const Work& work) {
    const std::size_t share = share_bytes(settings);
    Fields fields;
    fields.text("language", work.plan.language);
    fields.markup("request", element("request", shortened(settings.prompt, share)));
    fields.markup("title", optional_element("title", settings.title.empty() ? work.plan.title : settings.title));
    fields.markup("style", optional_element("style", shortened(settings.style_text, share / 4)));
    fields.markup("notes", optional_element("notes", shortened(settings.supplemental_info, share / 2)));
    const std::size_t pairs = std::max<std::size_t>(settings.questions_and_answers.size(), 1);
    fields.markup("answers", answers_markup(settings, share / 4 / pairs + 40));
    fields.markup("milestones", milestones_markup(work.milestones, milestone_bytes(settings)));
    return fields;
}

std::string system_prompt() {
    return render_prompt("system", {});
}

std::uint32_t bounded_max_tokens(const job::Settings& settings, std::int64_t wanted) {
    const std::int64_t most =
        settings.context_tokens > 0 ? std::max<std::int64_t>(settings.context_tokens / 2, 128) : 16'000;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 128, most));
}

std::size_t prompt_room(const job::Settings& settings, std::uint32_t max_tokens) {
    if (settings.context_tokens == 0) return std::numeric_limits<std::size_t>::max();
    const std::size_t taken = max_tokens + estimate_tokens(system_prompt());
    return settings.context_tokens > taken ? settings.context_tokens - taken : 1;
}

std::vector<std::string> fit_passages(StepContext& context, std::string_view prompt, Fields& fields,
                                      std::vector<std::string> keys, std::size_t room) {
    for (;;) {
        fields.markup("passages", passages_markup(context, keys));
        Fields whole = fields;
        for (const char* name : {"key", "form", "shape", "error"}) whole.markup(name, std::string(40, 'x'));
        if (keys.empty() || estimate_tokens(render_prompt(prompt, whole)) <= room) return keys;
        keys.pop_back();
    }
}

}  // namespace longhand::writing
