// Fitting: pages are measured on the typeset PDF, and sections topped up or trimmed in at most three rounds.
#include "writing/fit.h"

#include <algorithm>

#include "writing/assemble.h"
#include "writing/measures.h"
#include "writing/research.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr unsigned kRounds = 3;

double fullness(const SectionState& state) {
    return static_cast<double>(count_words(state.text)) / static_cast<double>(std::max<std::int64_t>(state.budget, 1));
}

/// Sections with text, furthest off in the direction of `delta` first.
std::vector<const SectionState*> candidates(const Work& work, std::int64_t delta) {
    std::vector<const SectionState*> found;
    for (const SectionState& state : work.sections)
        if (!state.text.empty()) found.push_back(&state);
    std::stable_sort(found.begin(), found.end(), [delta](auto* a, auto* b) {
        return delta > 0 ? fullness(*a) < fullness(*b) : fullness(*a) > fullness(*b);
    });
    return found;
}

}  // namespace

std::optional<std::int64_t> words_off(const Target& target, std::uint32_t pages, std::int64_t words) {
    const auto per_page = [&] { return std::max<std::int64_t>(words / std::max<std::int64_t>(pages, 1), 50); };
    if (pages > target.max_pages) {
        return -static_cast<std::int64_t>(pages - target.max_pages) * per_page();
    }
    if (target.by_words) {
        const std::int64_t off = target.words - words;
        return std::abs(off) * 100 > target.words * 7 ? std::optional(off) : std::nullopt;
    }
    if (pages >= target.min_pages) return std::nullopt;
    return static_cast<std::int64_t>(std::max(target.aim_pages() - pages, 1U)) * per_page();
}

std::vector<NewBudget> spread_delta(const Work& work, std::int64_t delta) {
    std::vector<NewBudget> budgets;
    std::int64_t left = std::abs(delta);
    for (const SectionState* state : candidates(work, delta)) {
        if (left <= 0) break;
        const std::int64_t words = count_words(state->text);
        const std::int64_t most = delta > 0 ? std::max<std::int64_t>(words * 6 / 10, 100) : words * 4 / 10;
        // A call for a handful of words is not worth its price.
        const std::int64_t step = std::min(std::max<std::int64_t>(left, 60), most);
        if (step <= 0) continue;
        budgets.push_back({state->leaf, delta > 0 ? words + step : words - step});
        left -= step;
    }
    return budgets;
}

void cut_words(Work& work, std::int64_t words) {
    while (words > 0) {
        SectionState* longest = nullptr;
        for (SectionState& state : work.sections)
            if (state.text.size() > 1 && (longest == nullptr || fullness(state) > fullness(*longest))) longest = &state;
        if (longest == nullptr) return;
        const std::int64_t before = count_words(longest->text);
        longest->text.pop_back();
        end_with_sentence(longest->text);
        words -= std::max<std::int64_t>(before - count_words(longest->text), 1);
    }
}

namespace {

/// The sections' own passages that they cite, then fresh ones.
awaitable<StepResult<std::string>> fresh_passages(StepContext* context, Work* work, std::vector<NewBudget> budgets) {
    std::vector<std::vector<std::string>> all;
    for (const NewBudget& budget : budgets) {
        std::vector<std::string> keys;
        for (const std::string& key : cited_keys(work->at(budget.leaf).text))
            if (keys.size() < 6 && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
        for (const std::string& key : passages_for(*context, *work, budget.leaf))
            if (keys.size() < 14 && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
        all.push_back(std::move(keys));
    }
    co_return StepResult<std::string>(keys_to_text(all));
}

awaitable<StepResult<void>> research_fit(StepContext* context, Work* work, std::string base,
                                         std::vector<NewBudget> budgets) {
    if (readable(context->sources()) == 0) co_return StepResult<void>();
    std::string input;
    for (const NewBudget& budget : budgets)
        input += work->section(budget.leaf).number + " " + std::to_string(budget.words) + "\n";
    const Usage before = work->usage;
    const job::StepKey key(base + "/research");
    std::function<awaitable<StepResult<std::string>>()> run = [context, work, budgets] {
        return fresh_passages(context, work, budgets);
    };
    StepResult<std::string> found = co_await context->run(key, std::move(input), std::move(run));
    if (!found) co_return found.error();
    work->usage = before;
    const auto keys = keys_from_text(*found);
    for (std::size_t i = 0; i < budgets.size() && i < keys.size(); ++i) {
        work->at(budgets[i].leaf).keys = keys[i];
        work->shown.insert(keys[i].begin(), keys[i].end());
        for (const std::string& used : keys[i]) work->usage.add(used);
    }
    co_return StepResult<void>();
}

std::string length_finding(std::int64_t words, std::int64_t wanted) {
    const std::string figures = std::to_string(words) + " words instead of " + std::to_string(wanted) + ".";
    if (words < wanted)
        return "It is too short: " + figures + " Add what the passages have that is not said yet; keep the rest.";
    return "It is too long: " + figures + " Drop what matters least; keep the rest.";
}

awaitable<StepResult<void>> mend_length(StepContext* context, Work* work, std::string base, std::int64_t delta) {
    const std::vector<NewBudget> budgets = spread_delta(*work, delta);
    if (delta > 0) {
        StepResult<void> found = co_await research_fit(context, work, base, budgets);
        if (!found) co_return found.error();
        work->words_planned = std::max(work->words_planned, work->words() + delta);
    }
    std::vector<SectionCall> calls;
    for (const NewBudget& budget : budgets) {
        SectionState& state = work->at(budget.leaf);
        state.budget = budget.words;
        const std::string key = base + "/section/" + work->section(budget.leaf).number;
        const std::string finding = length_finding(count_words(state.text), budget.words);
        calls.push_back({budget.leaf, key, "revise", {finding}, budget.words, key + "/continue"});
    }
    StepResult<void> revised = co_await call_sections(context, work, std::move(calls), job::Stage::typesetting);
    co_return revised;
}

PassageLookup lookup_in(StepContext* context) {
    return [context](std::string_view key) { return context->passage(key); };
}

awaitable<StepResult<void>> count(StepContext* context, Work* work, unsigned round) {
    // Later rounds stay at one stage: what is watched should not go back and forth.
    if (round == 1) report(*context, *work, job::Stage::assembling);
    Assembled assembled =
        assemble(context->settings(), context->sources(), *work, lookup_in(context), Completeness::whole);
    report(*context, *work, job::Stage::typesetting);
    const job::StepKey key("fit/" + std::to_string(round));
    StepResult<std::uint32_t> pages = co_await context->count_pages(key, std::move(assembled.manuscript));
    if (!pages) co_return pages.error();
    work->pages = *pages;
    co_return StepResult<void>();
}

}  // namespace

awaitable<StepResult<void>> fit_step(StepContext* context, Work* work) {
    StepResult<void> counted = co_await count(context, work, 1);
    for (unsigned round = 1; counted && round <= kRounds; ++round) {
        const auto delta = words_off(work->target, work->pages, work->words());
        if (!delta) break;
        if (round == kRounds && *delta < 0) {
            cut_words(*work, -*delta);
        } else {
            StepResult<void> mended = co_await mend_length(context, work, "fit/" + std::to_string(round), *delta);
            if (!mended) co_return mended.error();
        }
        counted = co_await count(context, work, round + 1);
    }
    co_return counted;
}

}  // namespace longhand::writing
