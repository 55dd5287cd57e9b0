#include "writing/work.h"

#include <algorithm>
#include <stdexcept>

namespace longhand::writing {

std::string file_of_key(std::string_view key) {
    return std::string(key.substr(0, key.find('-'))).substr(key.empty() ? 0 : 1);
}

void Usage::add(const std::string& key, int weight) {
    passages[key] += weight;
    files[file_of_key(key)] += weight;
    total += weight;
}

SectionState& Work::at(LeafRef leaf) {
    const auto found =
        std::find_if(sections.begin(), sections.end(), [leaf](auto& state) { return state.leaf == leaf; });
    if (found == sections.end()) throw std::logic_error("no such section");
    return *found;
}

std::int64_t Work::words() const {
    std::int64_t words = 0;
    for (const SectionState& state : sections) words += count_words(state.text);
    return words;
}

void open_sections(Work& work) {
    work.sections.clear();
    for (const LeafRef leaf : leaves(work.outline)) {
        SectionState state;
        state.leaf = leaf;
        state.budget = work.section(leaf).words;
        work.sections.push_back(std::move(state));
    }
    work.words_planned = std::max<std::int64_t>(work.words_planned, work.target.words);
}

void report(StepContext& context, Work& work, job::Stage stage) {
    const std::int64_t done = work.words();
    work.words_planned = std::max(work.words_planned, done);
    ProgressReport told;
    told.stage = stage;
    told.words_done = done;
    told.words_planned = work.words_planned == 0 ? work.target.words : work.words_planned;
    if (!work.plan.title.empty()) told.title = work.plan.title;
    context.report(std::move(told));
}

}  // namespace longhand::writing
