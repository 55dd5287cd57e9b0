#include "writing/measures.h"

#include <algorithm>
#include <cmath>

#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr double kTooShort = 0.6, kTooLong = 1.6, kTooRepetitive = 0.2;

std::string all_text(const Blocks& blocks) {
    std::string text;
    for (const Block& block : blocks)
        if (block.kind != BlockKind::code) text += without_citations(block.text) + "\n";
    return text;
}

std::string fingerprint(std::string_view text) {
    std::string print;
    for (const std::string& word : folded_words(text)) print += word + " ";
    return print;
}

/// What the sections before have said, word for word.
class Said {
public:
    /// The block without what was said; counts what goes.
    Block fresh(const Block& block, std::int64_t& repeats) {
        const std::string print = fingerprint(block.text);
        if (print.size() > 40 && !blocks_.insert(print).second) {
            ++repeats;
            return {};
        }
        if (block.kind != BlockKind::prose) return block;
        Block kept{block.kind, "", ""};
        for (const std::string_view sentence : sentences(block.text)) {
            const bool again = folded_words(sentence).size() >= 9 && !sentences_.insert(fingerprint(sentence)).second;
            repeats += again ? 1 : 0;
            if (!again) kept.text += (kept.text.empty() ? "" : " ") + std::string(sentence);
        }
        return kept;
    }

private:
    std::set<std::string> blocks_, sentences_;
};

}  // namespace

Measure measure_of(const Work& work, const SectionState& state) {
    return {state.budget, !state.keys.empty(), work.plan.language};
}

std::vector<Finding> find_faults(const Draft& draft, const Blocks& text, const Measure& measure) {
    std::vector<Finding> found;
    const auto words = static_cast<double>(count_words(text));
    const auto budget = static_cast<double>(measure.budget);
    const std::string wanted = std::to_string(measure.budget) + " words";
    const std::string counted = std::to_string(count_words(text));
    if (text.empty()) {
        found.push_back({Fault::empty, "There is no usable text. Write the section itself, " + wanted + " of it."});
        return found;
    }
    if (words < kTooShort * budget)
        found.push_back(
            {Fault::too_short, "It is too short: " + counted + " words that are new, instead of " + wanted + "."});
    if (words > kTooLong * budget)
        found.push_back({Fault::too_long, "It is too long: " + counted + " words instead of " + wanted + "."});
    if (draft.repetition > kTooRepetitive)
        found.push_back({Fault::repetitive, "It repeats itself. Say each thing once."});
    if (measure.has_passages && cited_keys(text).empty())
        found.push_back({Fault::uncited,
                         "It cites nothing. End each statement that comes from a passage with its id, as in [@p1]."});
    if (!same_script(main_script(all_text(text)), script_of_language(measure.language)))
        found.push_back(
            {Fault::wrong_script, "It is in the wrong language. Write in the language " + measure.language + "."});
    return found;
}

double badness(const Draft& draft, const Measure& measure) {
    double sum = 0;
    for (const Finding& finding : find_faults(draft, draft.blocks, measure)) {
        switch (finding.fault) {
            case Fault::empty:
                sum += 1000;
                break;
            case Fault::wrong_script:
                sum += 100;
                break;
            case Fault::repetitive:
                sum += 10;
                break;
            case Fault::uncited:
                sum += 5;
                break;
            case Fault::too_short:
            case Fault::too_long:
                sum += 3;
                break;
        }
    }
    const auto words = static_cast<double>(std::max<std::int64_t>(count_words(draft.blocks), 1));
    return sum + std::abs(std::log(words / static_cast<double>(std::max<std::int64_t>(measure.budget, 1))));
}

void settle(Work& work) {
    Said said;
    for (SectionState& state : work.sections) {
        const Measure measure = measure_of(work, state);
        state.text.clear();
        state.repeats = 0;
        for (std::size_t i = 0; i < state.versions.size(); ++i)
            if (i == 0 || badness(state.versions[i], measure) <= badness(state.versions[state.chosen], measure))
                state.chosen = i;
        if (state.versions.empty()) continue;
        for (const Block& block : state.versions[state.chosen].blocks) {
            Block fresh = said.fresh(block, state.repeats);
            if (!fresh.text.empty()) state.text.push_back(std::move(fresh));
        }
        end_with_sentence(state.text);
        // A title that stands above nothing now.
        while (!state.text.empty() && state.text.back().text.starts_with("**") &&
               state.text.back().text.ends_with("**"))
            state.text.pop_back();
    }
}

}  // namespace longhand::writing
