#include <set>

#include "writing/answers.h"
#include "writing/asking.h"
#include "writing/markup.h"
#include "writing/research.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr const char* kLines = "1. Title: purpose\n2. Title: purpose";

std::string shape_for(std::string_view list) {
    return "{\"" + std::string(list) + R"(": [{"title": "…", "purpose": "…", "keywords": ["…"]}]})";
}

AnswerResult<std::vector<Heading>> parsed(std::string_view text, Form form, std::string_view list, std::size_t wanted) {
    const std::size_t least = (wanted + 1) / 2;
    if (auto headings = parse_headings(text, list, least, wanted)) return headings;
    return form == Form::lines ? parse_heading_lines(text, least, wanted) : parse_headings(text, list, least, wanted);
}

std::string plan_text(const Plan& plan) {
    std::string text;
    const auto line = [&text](std::string_view name, std::string_view value) {
        if (!value.empty()) text += std::string(name) + ": " + std::string(value) + "\n";
    };
    const auto list = [](const std::vector<std::string>& items) {
        std::string joined;
        for (const std::string& item : items) joined += (joined.empty() ? "" : "; ") + item;
        return joined;
    };
    line("Audience", plan.audience);
    line("Thesis", plan.thesis);
    line("Themes", list(plan.themes));
    line("Terms", list(plan.terms));
    return text;
}

Question headings_question(StepContext& context, Work& work, std::string key, std::string prompt, std::string_view list,
                           std::size_t wanted) {
    Question question;
    question.key = std::move(key);
    question.prompt = std::move(prompt);
    question.max_tokens = bounded_max_tokens(context.settings(), 300 + 120 * static_cast<std::int64_t>(wanted));
    question.fields = settings_fields(context.settings(), work);
    question.json_shape = shape_for(list);
    question.lines_shape = kLines;
    question.schema_name = question.prompt;
    question.schema = headings_schema(list);
    question.fault = [list = std::string(list), wanted](std::string_view text,
                                                        Form form) -> std::optional<std::string> {
        const auto headings = parsed(text, form, list, wanted);
        return headings ? std::nullopt : std::optional(headings.error().message);
    };
    return question;
}

void give_passages(StepContext& context, Work& work, Question& question, std::vector<std::string> keys) {
    keys = fit_passages(context, question.prompt, question.fields, std::move(keys),
                        prompt_room(context.settings(), question.max_tokens));
    work.shown.insert(keys.begin(), keys.end());
}

Question chapters_question(StepContext& context, Work& work, std::uint32_t chapters) {
    Question question = headings_question(context, work, "outline", "outline", "chapters", chapters);
    question.fields.number("chapters", chapters);
    question.fields.number("words", work.target.words);
    question.fields.markup("plan", optional_element("plan", plan_text(work.plan)));
    std::string query = context.settings().prompt;
    for (const std::string& theme : work.plan.themes) query += " " + theme;
    give_passages(context, work, question, telling(context, query, 24));
    return question;
}

awaitable<StepResult<void>> ask_chapters(StepContext* context, Work* work) {
    const Shape shape = shape_of(work->target.words);
    Question question = chapters_question(*context, *work, shape.chapters);
    StepResult<std::optional<Answer>> answer = co_await ask_patiently(context, std::move(question));
    if (!answer) co_return answer.error();
    if (!answer->has_value()) {
        work->warnings.push_back(
            "The model gave no outline that could be read; one was made from the sources' headings.");
        work->outline.chapters = fallback_chapters(*context, work->plan, shape.chapters);
        co_return StepResult<void>();
    }
    const auto headings = parsed((*answer)->text, (*answer)->form, "chapters", shape.chapters);
    for (const Heading& heading : *headings)
        work->outline.chapters.push_back({{}, heading.title, heading.purpose, heading.keywords, {}});
    co_return StepResult<void>();
}

Question sections_question(StepContext& context, Work& work, std::size_t index, std::uint32_t count) {
    const Chapter& chapter = work.outline.chapters[index];
    const std::string number = std::to_string(index + 1);
    Question question = headings_question(context, work, "outline/" + number, "outline_chapter", "sections", count);
    std::string view;
    for (std::size_t c = 0; c < work.outline.chapters.size(); ++c) {
        const Chapter& other = work.outline.chapters[c];
        view += (c == index ? "> " : "") + std::to_string(c + 1) + " " + other.title;
        view += (other.purpose.empty() ? "" : ": " + shortened(other.purpose, 160)) + "\n";
    }
    question.fields.number("sections", count);
    question.fields.number("words", work.target.words / static_cast<std::int64_t>(work.outline.chapters.size()));
    question.fields.markup("outline", element("outline", view));
    question.fields.markup("section",
                           element("section", chapter.purpose, {{"number", number}, {"title", chapter.title}}));
    std::string query = chapter.title + " " + chapter.purpose;
    for (const std::string& word : chapter.keywords) query += " " + word;
    give_passages(context, work, question, telling(context, query, 20));
    return question;
}

struct Chapters {
    StepContext* context;
    Work* work;
    std::vector<std::vector<Section>> sections;
    std::vector<StepResult<void>> results;
};

awaitable<void> ask_sections(Chapters* all, std::size_t index, std::uint32_t count) {
    Question question = sections_question(*all->context, *all->work, index, count);
    StepResult<std::optional<Answer>> answer = co_await ask_patiently(all->context, std::move(question));
    if (!answer) {
        all->results[index] = answer.error();
        co_return;
    }
    const Chapter& chapter = all->work->outline.chapters[index];
    if (!answer->has_value()) {
        all->sections[index] = fallback_sections(*all->context, chapter, count);
        co_return;
    }
    const auto headings = parsed((*answer)->text, (*answer)->form, "sections", count);
    for (const Heading& heading : *headings)
        all->sections[index].push_back({{}, heading.title, heading.purpose, heading.keywords, 0});
}

/// The first that is worth telling: a failure before a mere stop.
StepResult<void> first_failure(const std::vector<StepResult<void>>& results) {
    StepResult<void> found;
    for (const auto& result : results)
        if (!result && (found.has_value() || found.error().code == StepErrc::stopped)) found = result;
    return found;
}

std::string print_of(std::string_view title) {
    std::string print;
    for (const std::string& word : folded_words(title)) print += word + " ";
    return print;
}

/// Chapters are divided side by side, so two may come to the same title: the later one gets another from the sources,
/// or goes.
void tell_apart(StepContext& context, std::vector<Chapter>& chapters) {
    std::set<std::string> seen;
    for (const Chapter& chapter : chapters) seen.insert(print_of(chapter.title));
    for (Chapter& chapter : chapters) {
        std::vector<Section> kept;
        for (Section& section : chapter.sections) {
            if (seen.insert(print_of(section.title)).second) {
                kept.push_back(std::move(section));
                continue;
            }
            for (Section& other : fallback_sections(context, chapter, 8)) {
                if (count_words(other.title) < 2 || !seen.insert(print_of(other.title)).second) continue;
                kept.push_back(std::move(other));
                break;
            }
        }
        chapter.sections = std::move(kept);
    }
}

awaitable<StepResult<void>> ask_all_sections(StepContext* context, Work* work) {
    const std::size_t count = work->outline.chapters.size();
    Chapters all{context, work, std::vector<std::vector<Section>>(count), std::vector<StepResult<void>>(count)};
    const auto budgets = shares(work->target.words, count);
    std::vector<awaitable<void>> tasks;
    for (std::size_t c = 0; c < count; ++c) {
        const std::uint32_t sections = sections_of(budgets[c], work->target.words);
        if (sections < 2 || !work->outline.chapters[c].sections.empty()) continue;
        tasks.push_back(ask_sections(&all, c, sections));
    }
    if (!tasks.empty()) co_await context->all(std::move(tasks));
    const StepResult<void> failure = first_failure(all.results);
    if (!failure) co_return failure.error();
    for (std::size_t c = 0; c < count; ++c)
        if (!all.sections[c].empty()) work->outline.chapters[c].sections = std::move(all.sections[c]);
    if (trimmed(context->settings().outline_text).empty()) tell_apart(*context, work->outline.chapters);
    co_return StepResult<void>();
}

}  // namespace

awaitable<StepResult<void>> outline_step(StepContext* context, Work* work) {
    report(*context, *work, job::Stage::outlining);
    work->outline = parse_owner_outline(context->settings().outline_text);
    fold_small_sections(work->outline, work->target.words);
    if (work->outline.chapters.empty()) {
        StepResult<void> asked = co_await ask_chapters(context, work);
        if (!asked) co_return asked.error();
    }
    StepResult<void> asked = co_await ask_all_sections(context, work);
    if (!asked) co_return asked.error();
    number_and_budget(work->outline, work->target.words);
    open_sections(*work);
    report(*context, *work, job::Stage::outlining);
    co_return StepResult<void>();
}

}  // namespace longhand::writing
