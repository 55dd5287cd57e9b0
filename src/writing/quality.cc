#include "writing/quality.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "writing/measures.h"
#include "writing/text.h"

namespace longhand::writing {

namespace json = boost::json;

namespace {

double rounded(double share) {
    return std::round(share * 1000) / 1000;
}

double share_of(double part, std::int64_t whole) {
    return whole > 0 ? rounded(part / static_cast<double>(whole)) : 0;
}

json::array sections_json(const Assembled& assembled) {
    json::array sections;
    for (const SectionFigures& section : assembled.sections)
        sections.push_back({{"number", section.number},
                            {"title", section.title},
                            {"words", section.words},
                            {"budget", section.budget}});
    return sections;
}

/// Of the passages that are cited, in their order.
json::array ids_json(const SourceUse& use) {
    json::array ids;
    for (const auto& [position, id] : use.ids) ids.emplace_back(id);
    return ids;
}

json::object source_json(const SourceInfo& source, const Work& work, const Assembled& assembled) {
    json::object entry;
    entry["name"] = source.name;
    entry["title"] = source.title;
    if (!source.address.empty()) {
        entry["address"] = source.address;
        entry["accessed_at"] = source.accessed_at;
    }
    entry["passages"] = source.passages;
    const std::string prefix = "p" + source.sha256.substr(0, 12) + "-";
    entry["passages_shown"] =
        std::count_if(work.shown.begin(), work.shown.end(), [&](auto& key) { return key.starts_with(prefix); });
    const auto use =
        std::find_if(assembled.uses.begin(), assembled.uses.end(), [&](auto& u) { return u.sha256 == source.sha256; });
    const bool used = use != assembled.uses.end();
    entry["passages_cited"] = used ? use->places.size() : 0;
    entry["passage_ids"] = used ? ids_json(*use) : json::array();
    entry["citations"] = used ? use->citations : 0;
    entry["share"] = share_of(used ? use->words : 0, assembled.words);
    const auto quoted = assembled.quoted.find(source.sha256);
    entry["quoted_share"] =
        share_of(quoted == assembled.quoted.end() ? 0 : static_cast<double>(quoted->second), assembled.words);
    return entry;
}

void add_sources(json::object& sheet, const std::vector<SourceInfo>& sources, const Work& work,
                 const Assembled& assembled) {
    json::array read, unread;
    double largest = 0;
    for (const SourceInfo& source : sources) {
        if (!source.problem.empty() || source.passages == 0) {
            unread.push_back(
                {{"name", source.name}, {"reason", source.problem.empty() ? "no text in it" : source.problem}});
            continue;
        }
        json::object entry = source_json(source, work, assembled);
        largest = std::max(largest, entry["share"].as_double());
        read.push_back(std::move(entry));
    }
    sheet["sources"] = std::move(read);
    sheet["sources_unread"] = std::move(unread);
    sheet["largest_source_share"] = largest;
}

/// Over the text that the manuscript has.
double repetition(const Work& work) {
    std::vector<std::string> words;
    for (const SectionState& state : work.sections)
        for (const Block& block : state.text)
            if (block.kind != BlockKind::code && block.kind != BlockKind::table)
                for (std::string& word : folded_words(block.text)) words.push_back(std::move(word));
    return rounded(repetition_share(words, 8));
}

/// `1 section is`, `3 sections are`
std::string sections(std::size_t count, std::string_view one, std::string_view more) {
    return std::to_string(count) + (count == 1 ? " section " : " sections ") + std::string(count == 1 ? one : more);
}

json::array warnings_json(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                          const Assembled& assembled) {
    json::array warnings;
    const auto warn = [&warnings](std::string_view text) { warnings.emplace_back(json::string(text)); };
    for (const std::string& text : work.warnings) warn(text);
    for (const std::string& text : settings.warnings) warn(text);
    for (const SourceInfo& source : sources)
        if (source.is_link() && !source.problem.empty())
            warn("A link could not be used as a source: " + source.problem);
    const bool partial = assembled.manuscript.partial;
    if (assembled.empty_sections > 0 && !partial)
        warn(sections(assembled.empty_sections, "is", "are") + " missing: the model gave no usable text.");
    if (!partial && words_off_target(work, assembled)) warn("The length asked for was not met.");
    const bool any_source = std::ranges::any_of(sources, [](const SourceInfo& source) { return source.passages > 0; });
    if (any_source && assembled.citations == 0 && !partial)
        warn("No source is cited: the model took nothing from them. Look whether they fit the prompt.");
    std::size_t faulty = 0;
    for (const SectionState& state : work.sections)
        if (!state.text.empty() &&
            !find_faults(state.versions[state.chosen], state.text, measure_of(work, state)).empty())
            ++faulty;
    if (faulty > 0 && !partial)
        warn(sections(faulty, "still falls", "still fall") + " short of a measure after revision.");
    return warnings;
}

}  // namespace

bool words_off_target(const Work& work, const Assembled& assembled) {
    if (work.pages > work.target.max_pages) return true;
    if (work.target.by_words) return std::abs(work.target.words - assembled.words) * 100 > work.target.words * 7;
    return work.pages < work.target.min_pages;
}

std::string quality_sheet(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                          const Assembled& assembled) {
    CleanCounts counts;
    std::int64_t repeats = 0, revisions = 0;
    for (const SectionState& state : work.sections) {
        if (state.versions.empty()) continue;
        counts += state.versions[state.chosen].counts;
        repeats += state.repeats;
        revisions += static_cast<std::int64_t>(state.versions.size()) - 1;
    }
    json::object sheet;
    sheet["partial"] = assembled.manuscript.partial;
    sheet["language"] = work.plan.language;
    sheet["pages_asked"] = work.target.by_words
                               ? json::value(nullptr)
                               : json::value({{"min", work.target.min_pages}, {"max", work.target.max_pages}});
    sheet["pages"] = work.pages;
    sheet["words_asked"] = work.target.words;
    sheet["words"] = assembled.words;
    sheet["sections"] = sections_json(assembled);
    sheet["citations"] = assembled.citations;
    sheet["citations_added"] = assembled.citations_added;
    sheet["citations_dropped"] = assembled.dropped_citations + counts.dropped_citations;
    sheet["references_dropped"] = assembled.dangling_references;
    sheet["repetition"] = repetition(work);
    sheet["repeats_removed"] = counts.repeats + repeats;
    sheet["leftovers_removed"] = counts.leftovers;
    sheet["truncated_mended"] = counts.truncated;
    sheet["revisions"] = revisions;
    add_sources(sheet, sources, work, assembled);
    sheet["warnings"] = warnings_json(settings, sources, work, assembled);
    return json::serialize(sheet);
}

}  // namespace longhand::writing
