#include "llm/offline/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

/// Sentences of our own that lead into a section and from one paragraph to the next. English only; each section draws
/// its own by its number and title.
class Connectives {
public:
    Connectives(const Prompt& prompt, const Material& material)
        : seed_(stable_hash(prompt.section_number + prompt.section_title)), material_(material), prompt_(prompt) {
        std::string all;
        for (const Unit& unit : material.units) all += unit.sentences.empty() ? "" : unit.sentences.front() + " ";
        const std::string& language = prompt.language;
        english_ = (language.empty() || language.starts_with("en")) && guess_language(all) == "en";
    }

    std::string lead(const std::vector<std::vector<std::size_t>>& paragraphs) const {
        if (!english_ || prompt_.section_title.empty()) return "";
        std::vector<std::string> topics;
        for (const Phrase& phrase : key_phrases(texts(paragraphs), 8)) {
            if (topics.size() < 3 && !same_title(phrase.text, prompt_.section_title))
                topics.push_back(with_article(phrase));
        }
        if (topics.size() < 2) return "";
        static constexpr std::array<std::string_view, 8> kForms = {
            "This section is about {0}.",
            "Three things belong together here: {0}.",
            "The thread through what follows is {0}.",
            "What matters here is {0}.",
            "The pages on “{1}” turn on {0}.",
            "To understand “{1}”, look at {0}.",
            "Under “{1}” come {0}.",
            "The key to this part is {0}.",
        };
        std::string_view form = kForms[seed_ % kForms.size()];
        if (topics.size() < 3 && form.starts_with("Three")) form = kForms[0];
        return fmt::format(fmt::runtime(form), listed(topics), prompt_.section_title);
    }

    /// Before the paragraph with that number, where one helps; else empty.
    std::string bridge(std::size_t number, const std::vector<std::size_t>& paragraph) const {
        if (!english_ || number == 0 || (number + seed_) % 2 == 0) return "";
        const Unit& first = material_.units[paragraph.front()];
        const std::string place = clean_inline(last_heading(prompt_.passages[first.passage].place));
        if (place.empty() || count_words(place) > 9 || same_title(place, prompt_.section_title)) return "";
        static constexpr std::array<std::string_view, 6> kForms = {
            "The next point is “{0}”.",
            "Close to this lies “{0}”.",
            "It also helps to look at “{0}”.",
            "“{0}” adds to this.",
            "The same holds from another side, that of “{0}”.",
            "There is more to say under “{0}”.",
        };
        return fmt::format(fmt::runtime(kForms[(seed_ / 16 + number) % kForms.size()]), place);
    }

private:
    std::vector<std::string> texts(const std::vector<std::vector<std::size_t>>& paragraphs) const {
        std::vector<std::string> out;
        for (const auto& paragraph : paragraphs) {
            for (const std::size_t i : paragraph) {
                out.emplace_back();
                for (const std::string& sentence : material_.units[i].sentences) out.back() += sentence + " ";
            }
        }
        return out;
    }

    std::uint64_t seed_;
    const Material& material_;
    const Prompt& prompt_;
    bool english_ = false;
};

}  // namespace

std::string draft_from_passages(const Prompt& prompt, const DraftOptions& options) {
    const Material material = gather(prompt);
    const auto paragraphs = arrange(material, prompt, select_units(material, prompt, options));
    ParagraphWriter writer(material, prompt);
    const Connectives connectives(prompt, material);
    std::string out = paragraphs.empty() ? "" : connectives.lead(paragraphs);
    for (std::size_t i = 0; i < paragraphs.size(); ++i) {
        const Unit& first = material.units[paragraphs[i].front()];
        if (i > 0)
            out += "\n\n";
        else if (!out.empty())
            out += first.kind == Unit::Kind::prose ? " " : "\n\n";
        switch (first.kind) {
            case Unit::Kind::list:
                out += writer.list(first);
                break;
            case Unit::Kind::table:
                out += writer.table(first);
                break;
            case Unit::Kind::prose:
                if (const std::string bridge = connectives.bridge(i, paragraphs[i]); !bridge.empty())
                    out += bridge + " ";
                out += writer.prose(paragraphs[i]);
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
