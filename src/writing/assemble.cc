#include "writing/assemble.h"

#include "writing/quotes.h"

namespace longhand::writing {

namespace {

/// What a reader will see of the outline.
struct Numbering {
    std::map<std::string, References::Target> targets;  ///< by the outline's number
    std::map<std::string, std::size_t> shown_sections;  ///< of a chapter, by its number in the outline
};

std::string anchor_of(std::string number) {
    for (char& c : number)
        if (c == '.') c = '-';
    return "section-" + number;
}

Numbering number(const Work& work) {
    Numbering numbering;
    std::size_t chapter = 0, section = 0;
    std::string last;
    for (const SectionState& state : work.sections) {
        if (state.text.empty()) continue;
        const std::string& outline_number = work.chapter(state.leaf).number;
        if (outline_number != last) ++chapter, section = 0, last = outline_number;
        ++section;
        ++numbering.shown_sections[outline_number];
        const std::string c = std::to_string(chapter), s = c + "." + std::to_string(section);
        numbering.targets[outline_number] = {c, anchor_of(c)};
        numbering.targets[work.section(state.leaf).number] = {s, anchor_of(s)};
    }
    // A section that is its whole chapter has no heading of its own.
    for (const auto& [outline_number, count] : numbering.shown_sections)
        for (auto& [key, target] : numbering.targets)
            if (count == 1 && key.starts_with(outline_number + ".")) target = numbering.targets[outline_number];
    return numbering;
}

std::string heading(std::string_view marks, const References::Target& target, std::string_view title) {
    return std::string(marks) + " " + target.number + " " + literal_markdown(title) + " {#" + target.anchor + "}\n\n";
}

QuoteIndex quote_index(const Work& work, const PassageLookup& lookup) {
    QuoteIndex index;
    for (const std::string& key : work.shown)
        if (const auto passage = lookup(key)) index.add(*passage);
    return index;
}

void append_section(Assembled& out, const Work& work, const SectionState& state, const Numbering& numbering,
                    const QuoteIndex& quotes, References& references) {
    const Chapter& chapter = work.chapter(state.leaf);
    const Section& section = work.section(state.leaf);
    const References::Target& target = numbering.targets.at(section.number);
    std::string& markdown = out.manuscript.markdown;
    if (numbering.shown_sections.at(chapter.number) > 1) markdown += heading("##", target, section.title);
    Blocks blocks = state.text;
    const QuoteIndex::Found found = quotes.cite(blocks);
    out.citations_added += found.added;
    for (const auto& [file, words] : found.quoted) out.quoted[file] += words;
    for (Block& block : blocks) block.text = references.resolve(block, target.number);
    markdown += join_blocks(blocks) + "\n\n";
    out.sections.push_back({target.number, section.title, count_words(state.text), state.budget});
    out.words += out.sections.back().words;
}

/// Unless the owner has said so, two pages need none.
bool wants_contents(const job::Settings& settings, const Target& target) {
    if (settings.table_of_contents != job::Choice::automatic) return settings.table_of_contents == job::Choice::on;
    return target.by_words ? target.words > words_on(2) : target.aim_pages() > 2;
}

}  // namespace

Assembled assemble(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                   const PassageLookup& lookup, Completeness completeness) {
    Assembled out;
    out.manuscript.title = work.plan.title;
    out.manuscript.author = settings.author;
    out.manuscript.language = work.plan.language;
    out.manuscript.table_of_contents = wants_contents(settings, work.target);
    out.manuscript.layout = work.target.layout;
    out.manuscript.partial = completeness == Completeness::partial;
    const Numbering numbering = number(work);
    const QuoteIndex quotes = quote_index(work, lookup);
    References references(lookup, numbering.targets);
    const Chapter* open = nullptr;
    for (const SectionState& state : work.sections) {
        if (state.text.empty()) {
            ++out.empty_sections;
            continue;
        }
        const Chapter& chapter = work.chapter(state.leaf);
        if (&chapter != open)
            out.manuscript.markdown += heading("#", numbering.targets.at(chapter.number), chapter.title);
        open = &chapter;
        append_section(out, work, state, numbering, quotes, references);
    }
    out.manuscript.markdown += bibliography(references.uses(), sources, work.plan.language);
    out.uses = references.uses();
    out.citations = references.citations();
    out.dropped_citations = references.dropped();
    out.dangling_references = references.dangling();
    return out;
}

}  // namespace longhand::writing
