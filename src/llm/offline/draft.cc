#include "llm/offline/draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "llm/offline/phrases.h"
#include "llm/offline/selection.h"
#include "llm/offline/words.h"
#include "llm/utf8.h"

namespace longhand::llm::offline {
namespace {

/// Puts the citation before the stop that ends the sentence, so that it belongs to it.
std::string cited(const std::string& sentence, const std::string& id) {
    const std::string mark = "[@" + id + "]";
    for (const std::string_view end : {"。", "！", "？", ".", "!", "?"}) {
        if (!sentence.ends_with(end)) continue;
        const std::string body = sentence.substr(0, sentence.size() - end.size());
        if (body.ends_with('.')) break;  // an ellipsis
        return body + (end.size() == 1 ? " " : "") + mark + std::string(end);
    }
    return sentence + " " + mark;
}

/// Writes paragraphs with their citations: sentences of one passage in a row share one.
class ParagraphWriter {
public:
    ParagraphWriter(const Material& material, const Prompt& prompt) : material_(material), prompt_(prompt) {}

    std::string prose(const std::vector<std::size_t>& units) {
        std::string out;
        for (std::size_t i = 0; i < units.size(); ++i) {
            const Unit& unit = material_.units[units[i]];
            const bool goes_on = i + 1 < units.size() && material_.units[units[i + 1]].passage == unit.passage;
            for (std::size_t s = 0; s < unit.sentences.size(); ++s) {
                const bool last = s + 1 == unit.sentences.size() && !goes_on;
                append(out, last ? cited(unit.sentences[s], id(unit)) : unit.sentences[s]);
            }
        }
        return out;
    }

    std::string list(const Unit& unit) const {
        std::string out = unit.sentences.front() + "\n\n";
        for (std::size_t i = 0; i < unit.items.size(); ++i) {
            const bool last = i + 1 == unit.items.size();
            out += "- " + (last ? cited(unit.items[i], id(unit)) : unit.items[i]) + (last ? "" : "\n");
        }
        return out;
    }

    std::string table(const Unit& unit) const {
        const PromptPassage& passage = prompt_.passages[unit.passage];
        const std::string place = clean_inline(last_heading(passage.place));
        std::string out = place.empty()
                              ? cited("The source gives it as a table.", id(unit))
                              : cited(fmt::format("Under “{}” the source gives it as a table.", place), id(unit));
        out += "\n\n" + unit.items.front() + "\n|";
        for (auto columns = std::count(unit.items[0].begin(), unit.items[0].end(), '|'); columns > 1; --columns)
            out += " --- |";
        for (std::size_t i = 1; i < unit.items.size(); ++i) out += "\n" + unit.items[i];
        return out;
    }

private:
    const std::string& id(const Unit& unit) const { return prompt_.passages[unit.passage].id; }
    static void append(std::string& out, const std::string& sentence) {
        const bool unspaced = out.ends_with("。") || out.ends_with("！") || out.ends_with("？");
        if (!out.empty() && !unspaced) out += ' ';
        out += sentence;
    }

    const Material& material_;
    const Prompt& prompt_;
};

/// Too few words from what fits well: what fits less well then, too.
std::vector<std::size_t> enough_units(const Material& material, const Prompt& prompt, DraftOptions options) {
    auto chosen = select_units(material, prompt, options);
    std::size_t words = 0;
    for (const std::size_t i : chosen) words += material.units[i].words;
    if (options.take_all || words * 10 >= options.words * 9) return chosen;
    options.take_all = true;
    return select_units(material, prompt, options);
}

}  // namespace

std::string draft_from_passages(const Prompt& prompt, const DraftOptions& options) {
    const Material material = gather(prompt);
    ParagraphWriter writer(material, prompt);
    std::string out;
    for (const auto& paragraph : arrange(material, prompt, enough_units(material, prompt, options))) {
        const Unit& first = material.units[paragraph.front()];
        if (!out.empty()) out += "\n\n";
        switch (first.kind) {
            case Unit::Kind::list:
                out += writer.list(first);
                break;
            case Unit::Kind::table:
                out += writer.table(first);
                break;
            case Unit::Kind::prose:
                out += writer.prose(paragraph);
                break;
        }
    }
    return out;
}

std::size_t words_of_draft(std::string_view markdown) {
    std::string plain;
    for (std::size_t at = 0; at < markdown.size();) {
        if (markdown.substr(at).starts_with("[@")) {
            at = std::min(markdown.find(']', at), markdown.size() - 1) + 1;
            continue;
        }
        plain += markdown[at++];
    }
    return count_words(plain);
}

}  // namespace longhand::llm::offline
