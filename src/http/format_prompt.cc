// formatPrompt: a better prompt and the questions worth asking, before any job.
#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"
#include "http/questions.h"

namespace longhand::http {
namespace {

using engine::PromptQuestion;

std::optional<Uuid> project_named(const BodyReader& body) {
    const boost::json::value* value = body.find("projectId");
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return Uuid::parse(std::string_view(value->get_string()));
}

/// `15-20` is of pages; what says more stands as it is.
std::string length_in_words(std::string_view sent) {
    const bool is_bare = sent.find_first_not_of("0123456789- ") == sent.npos;
    return std::string(sent) + (is_bare ? " pages" : "");
}

/// What a request says, and whether it says what the questions are.
struct Asked {
    PromptQuestion question;
    bool names_questions = false;
};

ApiResult<Asked> read_prompt_question(const boost::json::object& object) {
    BodyReader body(object);
    Asked asked;
    PromptQuestion& question = asked.question;
    writing::PromptWish& wish = question.wish;
    wish.prompt = body.required_text("prompt", {writing::kShortestPrompt, writing::kLongestPrompt});
    if (const auto length = body.length("page_length")) wish.length = length_in_words(length->text);
    wish.title = body.line("title", {0, 200}).value_or("");
    wish.outline = body.text("outline_text", {0, 5'000}).value_or("");
    wish.style = body.text("style_text", {0, 10'000}).value_or("");
    wish.notes = body.text("supplemental_info", {0, 50'000}).value_or("");
    wish.answers = read_questions(body);
    asked.names_questions = names_questions(body);
    question.project = project_named(body);
    if (body.problem()) return *body.problem();
    return asked;
}

/// What the project adds. One that is not there, or somebody else's, adds nothing and is not told apart from none.
awaitable<void> take_project(const Services& services, Asked* asked) {
    PromptQuestion* question = &asked->question;
    if (!question->project) co_return;
    const auto project = co_await services.deps.projects.project_for_owner(question->owner, *question->project);
    if (!project) {
        question->project.reset();
        co_return;
    }
    writing::PromptWish& wish = question->wish;
    if (wish.outline.empty()) wish.outline = project->outline_text;
    if (wish.style.empty()) wish.style = project->style_text;
    if (wish.notes.empty()) wish.notes = project->supplemental_info;
    if (!asked->names_questions) wish.answers = questions_of(*project);
    auto files = co_await services.deps.projects.files_of_project(question->owner, *question->project);
    if (files) question->files = std::move(*files);
    for (const store::ProjectFile& file : question->files) wish.files.push_back(file.name);
}

/// The server's model, or the same with the owner's own key; none where that key can't be used.
awaitable<void> choose_model(const Services& services, PromptQuestion* question) {
    const auto defaults = services.defaults.get();
    question->wish.context_tokens = defaults->context_tokens;
    const auto key = co_await written_with(services, question->owner, defaults->provider);
    if (!key) co_return;
    question->model = defaults->function_model;
    question->is_byok = *key == WrittenWith::own_key;
}

std::string better_prompt_json(const writing::BetterPrompt& better) {
    JsonArray questions;
    for (const std::string& question : better.questions) questions.raw(json_string(question));
    JsonObject out;
    for (const char* name : {"enhanced_prompt", "formatted_prompt", "formattedPrompt"}) out.add(name, better.prompt);
    out.raw("questions", std::move(questions).str());
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> format_prompt(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    auto asked = read_prompt_question(*body);
    if (!asked) co_return asked.error();
    PromptQuestion* question = &asked->question;
    question->owner = call.owner();
    auto taking = take_project(services, &*asked);
    co_await std::move(taking);
    if (!services.deps.better_prompt)
        co_return json_reply(better_prompt_json(writing::better_prompt_without_model(question->wish)));
    auto choosing = choose_model(services, question);
    co_await std::move(choosing);
    const StopToken gone = call.exchange.gone();
    auto improving = services.deps.better_prompt(std::move(*question), gone);
    const writing::BetterPrompt better = co_await std::move(improving);
    // Nobody reads it, and under an Idempotency-Key it should not be what the next one is told.
    if (gone.stopped()) co_return ApiError{ApiErrc::unavailable, "The request was given up; send it again."};
    co_return json_reply(better_prompt_json(better));
}

}  // namespace

std::vector<Route> prompt_routes(const Services& services) {
    return {{"POST", "/api/formatPrompt", Access::user, bound(services, format_prompt)}};
}

}  // namespace longhand::http
