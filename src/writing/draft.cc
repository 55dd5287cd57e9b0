// Drafting in waves: side by side within one, and each seeing only what the waves before it have said.
#include <algorithm>

#include "writing/measures.h"
#include "writing/research.h"
#include "writing/section_prompt.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr std::size_t kSideBySide = 8;

struct Prepared {
    SectionCall call;
    SectionPrompt prompt;
    StepResult<void> result;
};

struct Batch {
    StepContext* context;
    Work* work;
    job::Stage stage;
};

/// A model takes "the next character" more or less to the letter.
std::string continued(std::string text, std::string_view rest) {
    const bool open_word = !text.empty() && text.back() != ' ' && text.back() != '\n';
    const bool starts = !rest.empty() && rest[0] != ' ' && rest[0] != '\n';
    const bool capital = starts && rest[0] >= 'A' && rest[0] <= 'Z';
    if (open_word && starts && (capital || ends_as_sentence(text))) text += ' ';
    return text + std::string(rest);
}

std::vector<std::string> titles_of(const Work& work, LeafRef leaf) {
    return {work.section(leaf).title, work.chapter(leaf).title, work.plan.title};
}

awaitable<void> call_section(Batch* batch, Prepared* prepared) {
    const SectionCall& call = prepared->call;
    AskRequest request = prepared->prompt.request;
    StepResult<AskReply> reply = co_await batch->context->ask(job::StepKey(call.key), std::move(request));
    if (!reply) {
        prepared->result = reply.error();
        co_return;
    }
    std::string text = std::move(reply->text);
    if (reply->finish == Finish::length && !call.continue_key.empty() && count_words(text) > 0) {
        AskRequest rest = continue_prompt(*batch->context, *batch->work, call, prepared->prompt, sanitized(text));
        StepResult<AskReply> more = co_await batch->context->ask(job::StepKey(call.continue_key), std::move(rest));
        if (!more) {
            prepared->result = more.error();
            co_return;
        }
        text = continued(std::move(text), more->text);
    }
    SectionState& state = batch->work->at(call.leaf);
    state.versions.push_back(clean_draft(text, prepared->prompt.aliases, titles_of(*batch->work, call.leaf)));
    if (state.text.empty()) state.text = state.versions.back().blocks;
    report(*batch->context, *batch->work, batch->stage);
}

StepResult<void> first_failure(const std::vector<Prepared>& calls) {
    StepResult<void> found;
    for (const Prepared& call : calls)
        if (!call.result && (found.has_value() || found.error().code == StepErrc::stopped)) found = call.result;
    return found;
}

awaitable<StepResult<std::string>> research_wave(StepContext* context, Work* work, std::vector<LeafRef> wave) {
    std::vector<std::vector<std::string>> keys;
    for (const LeafRef leaf : wave) keys.push_back(passages_for(*context, *work, leaf));
    co_return StepResult<std::string>(keys_to_text(keys));
}

/// Retrieval is a step: what was found stands, also for the journal's readers that have no index.
awaitable<StepResult<void>> research(StepContext* context, Work* work, std::vector<LeafRef> wave, std::size_t number) {
    if (readable(context->sources()) == 0) co_return StepResult<void>();
    std::string input;
    for (const LeafRef leaf : wave) input += work->section(leaf).number + " " + work->section(leaf).title + "\n";
    const Usage before = work->usage;
    const job::StepKey key("research/" + std::to_string(number));
    std::function<awaitable<StepResult<std::string>>()> run = [context, work, wave] {
        return research_wave(context, work, wave);
    };
    StepResult<std::string> found = co_await context->run(key, std::move(input), std::move(run));
    if (!found) co_return found.error();
    // The same count whether it was retrieved now or read from the journal.
    work->usage = before;
    const auto keys = keys_from_text(*found);
    for (std::size_t i = 0; i < wave.size() && i < keys.size(); ++i) {
        work->at(wave[i]).keys = keys[i];
        work->shown.insert(keys[i].begin(), keys[i].end());
        for (const std::string& used : keys[i]) work->usage.add(used);
    }
    co_return StepResult<void>();
}

/// Text that earlier waves took from a passage weighs more than the passage having been shown.
void count_citations(Work& work, const std::vector<LeafRef>& wave) {
    for (const LeafRef leaf : wave) {
        const auto cited = cited_keys(work.at(leaf).text);
        for (const std::string& key : std::set<std::string>(cited.begin(), cited.end())) work.usage.add(key);
    }
}

}  // namespace

std::vector<std::string> said_lines(const Work& work, LeafRef leaf, const Aliases& aliases, std::size_t most) {
    struct Line {
        std::size_t distance, order;
        std::string text;
    };
    std::vector<Line> lines;
    for (std::size_t i = 0; i < work.sections.size(); ++i) {
        const SectionState& state = work.sections[i];
        if (state.text.empty() || state.leaf == leaf) continue;
        const auto first = sentences(state.text.front().text);
        const Section& section = work.section(state.leaf);
        std::string line = section.number + " " + section.title + ": " +
                           (first.empty() ? "" : shortened(without_citations(first.front()), 160));
        std::replace(line.begin(), line.end(), '\n', ' ');
        const auto cited = cited_keys(state.text);
        for (const auto& [alias, key] : aliases)
            if (std::find(cited.begin(), cited.end(), key) != cited.end()) line += " [" + alias + "]";
        const std::size_t chapter = state.leaf.chapter;
        lines.push_back({chapter > leaf.chapter ? chapter - leaf.chapter : leaf.chapter - chapter, i, std::move(line)});
    }
    std::stable_sort(lines.begin(), lines.end(), [](auto& a, auto& b) { return a.distance < b.distance; });
    if (lines.size() > most) lines.resize(most);
    std::sort(lines.begin(), lines.end(), [](auto& a, auto& b) { return a.order < b.order; });
    std::vector<std::string> texts;
    for (Line& line : lines) texts.push_back(std::move(line.text));
    return texts;
}

awaitable<StepResult<void>> call_sections(StepContext* context, Work* work, std::vector<SectionCall> calls,
                                          job::Stage stage) {
    Batch batch{context, work, stage};
    std::vector<Prepared> prepared;
    for (SectionCall& call : calls) {
        SectionPrompt prompt = section_prompt(*context, *work, call);
        prepared.push_back({std::move(call), std::move(prompt), {}});
    }
    StepResult<void> failure;
    for (std::size_t from = 0; from < prepared.size() && failure; from += kSideBySide) {
        std::vector<awaitable<void>> tasks;
        for (std::size_t i = from; i < std::min(from + kSideBySide, prepared.size()); ++i)
            tasks.push_back(call_section(&batch, &prepared[i]));
        co_await context->all(std::move(tasks));
        failure = first_failure(prepared);
    }
    settle(*work);
    co_return failure;
}

awaitable<StepResult<void>> draft_step(StepContext* context, Work* work) {
    report(*context, *work, job::Stage::researching);
    const auto all = waves(work->outline);
    for (std::size_t number = 0; number < all.size(); ++number) {
        const std::vector<LeafRef>& wave = all[number];
        StepResult<void> found = co_await research(context, work, wave, number + 1);
        if (!found) co_return found.error();
        report(*context, *work, job::Stage::generating_work);
        std::vector<SectionCall> calls;
        for (const LeafRef leaf : wave) {
            const std::string base = "section/" + work->section(leaf).number;
            calls.push_back({leaf, base + "/draft", "draft", {}, work->at(leaf).budget, base + "/continue"});
        }
        StepResult<void> drafted = co_await call_sections(context, work, std::move(calls), job::Stage::generating_work);
        if (!drafted) co_return drafted.error();
        count_citations(*work, wave);
    }
    co_return StepResult<void>();
}

}  // namespace longhand::writing
