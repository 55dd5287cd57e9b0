// What a walk over the steps knows so far: made from settings, sources and answers alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "job/milestone.h"
#include "job/settings.h"
#include "sources/passage.h"
#include "writing/clean.h"
#include "writing/length.h"
#include "writing/outline.h"
#include "writing/step_context.h"

namespace longhand::writing {

/// A section between its first draft and the manuscript.
struct SectionState {
    LeafRef leaf;
    std::int64_t budget = 0;        ///< words; moves while the pages are fitted
    std::vector<std::string> keys;  ///< of the passages that its calls were given
    std::vector<Draft> versions;    ///< in the order they were asked for
    std::size_t chosen = 0;         ///< of versions
    Blocks text;                    ///< the chosen version without what earlier sections have said
    std::int64_t repeats = 0;       ///< paragraphs and sentences that an earlier section has too
};

/// How often passages and files were given to a section already.
struct Usage {
    std::map<std::string, int> passages;
    std::map<std::string, int> files;
    int total = 0;
    void add(const std::string& key, int weight = 1);
};

struct Work {
    Target target;
    job::MilestoneTexts milestones;
    Plan plan;
    Outline outline;
    std::vector<SectionState> sections;  ///< in the order of the text
    std::set<std::string> shown;         ///< keys of all passages that any call was given
    Usage usage;
    std::vector<std::string> warnings;
    std::int64_t words_planned = 0;
    std::uint32_t pages = 0;  ///< of the last count

    SectionState& at(LeafRef leaf);
    const SectionState& at(LeafRef leaf) const { return const_cast<Work*>(this)->at(leaf); }
    const Section& section(LeafRef leaf) const { return outline.chapters[leaf.chapter].sections[leaf.section]; }
    const Chapter& chapter(LeafRef leaf) const { return outline.chapters[leaf.chapter]; }
    std::int64_t words() const;
};

/// Makes the section states of a work whose outline is set.
void open_sections(Work& work);

/// SHA-256 of a passage's file as its key has it: the first 12 hex digits.
std::string file_of_key(std::string_view key);

using PassageLookup = std::function<std::optional<sources::Passage>(std::string_view)>;

/// Tells the progress: words of finished sections against words planned.
void report(StepContext& context, Work& work, job::Stage stage);

}  // namespace longhand::writing
