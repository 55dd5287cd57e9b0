#include "writing/estimate.h"

#include <algorithm>

#include "writing/asking.h"
#include "writing/outline.h"
#include "writing/prompts.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

// Passages have some 90 words (sources/cut.cc), with their mark; those of code, tables and lists are often half as
// long.
constexpr std::int64_t kPassageBytes = 600, kPassageTokens = 190, kShortPassageTokens = 100;
constexpr std::int64_t kLineTokens = 25;  // of an outline, with its purpose
constexpr std::int64_t kSaidTokens = 50;  // a line of what other sections have said
constexpr std::int64_t kMostSaidLines = 60;
constexpr std::int64_t kPlanTokens = 250, kHeadingTokens = 45;  // of an answer
constexpr std::int64_t kPlanPassages = 12, kOutlinePassages = 24, kChapterPassages = 20;

std::int64_t tokens_of(std::string_view text) {
    return static_cast<std::int64_t>(estimate_tokens(text));
}

/// What every prompt carries: the rules, its task, and what the owner said.
std::int64_t common_tokens(const job::Settings& settings) {
    std::int64_t tokens = tokens_of(system_prompt()) + 250 + tokens_of(settings.prompt) +
                          tokens_of(settings.style_text) + tokens_of(settings.supplemental_info);
    for (const job::QuestionAnswer& pair : settings.questions_and_answers)
        tokens += tokens_of(pair.question) + tokens_of(pair.answer);
    return tokens;
}

std::int64_t bounded(const job::Settings& settings, std::int64_t tokens) {
    return settings.context_tokens > 0 ? std::min<std::int64_t>(tokens, settings.context_tokens) : tokens;
}

struct Counts {
    std::int64_t chapters = 1, sections = 1, divided = 0;  ///< `divided`: chapters whose sections a call finds
    bool own_outline = false;
};

Counts counts_of(const job::Settings& settings, std::int64_t words) {
    Counts counts;
    Outline own = parse_owner_outline(settings.outline_text);
    fold_small_sections(own, words);
    if (own.chapters.empty()) {
        const Shape shape = shape_of(words);
        counts.chapters = shape.chapters;
        counts.sections = static_cast<std::int64_t>(shape.chapters) * shape.sections;
        counts.divided = shape.sections > 1 ? counts.chapters : 0;
        return counts;
    }
    counts.own_outline = true;
    counts.chapters = static_cast<std::int64_t>(own.chapters.size());
    counts.sections = 0;
    const auto budgets = shares(words, own.chapters.size());
    for (std::size_t c = 0; c < own.chapters.size(); ++c) {
        const auto given = static_cast<std::int64_t>(own.chapters[c].sections.size());
        const std::int64_t wanted = sections_of(budgets[c], words);
        if (given == 0 && wanted > 1) ++counts.divided;
        counts.sections += std::max<std::int64_t>(given > 0 ? given : wanted, 1);
    }
    return counts;
}

CallsEstimate planning_of(const job::Settings& settings, const Counts& counts, std::int64_t passages) {
    CallsEstimate planning;
    const std::int64_t calls = 1 + (counts.own_outline ? 0 : 1) + counts.divided;
    const auto prompts = [&](std::int64_t passage_tokens) {
        const auto prompt = [&](std::int64_t most_passages, std::int64_t more) {
            return bounded(settings,
                           common_tokens(settings) + more + std::min(passages, most_passages) * passage_tokens);
        };
        const std::int64_t outline = counts.own_outline ? 0 : prompt(kOutlinePassages, kPlanTokens);
        return prompt(kPlanPassages, 0) + outline +
               counts.divided * prompt(kChapterPassages, counts.chapters * kLineTokens);
    };
    std::int64_t out = kPlanTokens + counts.sections * kHeadingTokens;
    if (!counts.own_outline) out += counts.chapters * kHeadingTokens;
    // An answer that can't be read is asked for again.
    planning.calls = {calls, calls + (calls + 2) / 3};
    planning.prompt_tokens = {prompts(kShortPassageTokens) * 7 / 10, prompts(kPassageTokens) * 3 / 2};
    planning.completion_tokens = {out / 4, out * 3};
    return planning;
}

CallsEstimate writing_of(const job::Settings& settings, const Counts& counts, std::int64_t words,
                         std::int64_t passages) {
    const std::int64_t budget = words / std::max<std::int64_t>(counts.sections, 1);
    const std::int64_t given = std::min(passages, std::clamp<std::int64_t>(budget / 12 + 1, 12, 36));
    const std::int64_t said = std::min(kMostSaidLines, counts.sections) / 2 * kSaidTokens;
    const std::int64_t lines =
        (counts.chapters + counts.sections / std::max<std::int64_t>(counts.chapters, 1)) * kLineTokens;
    const auto prompt_with = [&](std::int64_t passage_tokens) {
        return bounded(settings, common_tokens(settings) + lines + said + given * passage_tokens);
    };
    const std::int64_t least = prompt_with(kShortPassageTokens), prompt = prompt_with(kPassageTokens);
    const std::int64_t again = 3 * counts.sections + (counts.sections + 3) / 4;
    CallsEstimate writing;
    writing.calls = {counts.sections, counts.sections + again};
    writing.prompt_tokens = {counts.sections * least * 6 / 10,
                             counts.sections * prompt * 3 / 2 + again * (prompt * 3 / 2 + budget * 5 / 2)};
    writing.completion_tokens = {words * 8 / 10, words * 5 / 2 + again * budget * 5 / 2};
    return writing;
}

}  // namespace

Estimate estimate(const job::Settings& settings, std::uint64_t source_bytes) {
    Estimate made;
    made.target = target_of(settings);
    const std::int64_t words = made.target.words;
    const Counts counts = counts_of(settings, words);
    const std::int64_t passages = (static_cast<std::int64_t>(source_bytes) + kPassageBytes - 1) / kPassageBytes;
    made.chapters = static_cast<std::uint32_t>(counts.chapters);
    made.sections = static_cast<std::uint32_t>(counts.sections);
    made.planning = planning_of(settings, counts, passages);
    made.writing = writing_of(settings, counts, words, passages);
    return made;
}

}  // namespace longhand::writing
