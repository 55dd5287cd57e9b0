#include "llm/offline/selection.h"

#include <algorithm>
#include <map>

#include "llm/offline/sentences.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

constexpr float kSameThing = 0.55f;    // cosine, past which two units say one thing
constexpr float kSaidAlready = 0.72f;  // share of a unit's words in one line of what was said
constexpr std::size_t kParagraphWords = 95;

/// Whether a text of what was said has most of the unit in it.
bool was_said(const Unit& unit, const std::vector<Bag>& said) {
    return std::any_of(said.begin(), said.end(),
                       [&](const Bag& line) { return contained(unit.bag, line) > kSaidAlready; });
}

std::vector<Bag> said_bags(const Material& material, const Prompt& prompt, const std::string& avoid) {
    std::vector<Bag> bags;
    for (const std::string& line : prompt.said) bags.push_back(material.vocabulary.known(line));
    for (const std::string& sentence : sentences_of(avoid)) bags.push_back(material.vocabulary.known(sentence));
    return bags;
}

/// Greedy choice by score, less what is taken already.
class Selector {
public:
    Selector(const Material& material, const Prompt& prompt, const DraftOptions& options)
        : material_(material), prompt_(prompt), options_(options), taken_(material.units.size()) {
        const auto said = said_bags(material, prompt, options.avoid);
        for (std::size_t i = 0; i < material.units.size(); ++i) taken_[i] = was_said(material.units[i], said);
        for (const Unit& unit : material.units) best_ = std::max(best_, unit.score);
        for (const PromptPassage& passage : prompt.passages) sources_[passage.source] = 0;
    }

    std::vector<std::size_t> run() {
        while (words_ < options_.words) {
            const auto next = best_next();
            if (next == material_.units.size()) break;
            take(next);
        }
        return std::move(chosen_);
    }

private:
    std::size_t best_next() const {
        std::size_t best = material_.units.size();
        float best_value = options_.take_all ? -1e9f : 0.0f;
        for (std::size_t i = 0; i < material_.units.size(); ++i) {
            if (taken_[i] || !fits(material_.units[i])) continue;
            const float value = value_of(i);
            if (value > best_value) {
                best_value = value;
                best = i;
            }
        }
        return best;
    }

    bool fits(const Unit& unit) const {
        if (unit.kind != Unit::Kind::prose && (laid_out_ || words_ + unit.words > options_.words)) return false;
        // The last unit may go a little over; one that goes far over leaves its place to a shorter one.
        return words_ + unit.words <= options_.words + options_.words / 12 + 12;
    }

    float value_of(std::size_t i) const {
        const Unit& unit = material_.units[i];
        float near = 0;
        for (const std::size_t other : chosen_) near = std::max(near, cosine(unit.bag, material_.units[other].bag));
        if (near > kSameThing && !options_.take_all) return -1;
        if (near > 0.8f) return -1e9f;
        float value = unit.score - 0.7f * best_ * near;
        const std::string& source = prompt_.passages[unit.passage].source;
        if (sources_.size() > 1 && words_ > 60) {
            const float share = static_cast<float>(sources_.at(source)) / static_cast<float>(words_);
            const float fair = 1.0f / static_cast<float>(std::min<std::size_t>(sources_.size(), 3));
            if (share > fair) value -= best_ * 0.6f * (share - fair) / (1 - fair);
        }
        // A source that is cited anyway costs the reader no further entry.
        if (sources_.at(source) > 0) value += 0.15f * best_;
        const auto used = by_passage_.find(unit.passage);
        if (used != by_passage_.end()) value -= 0.06f * best_ * static_cast<float>(used->second);
        // Weak fits serve while many words are missing.
        const bool short_of_words = words_ * 10 < options_.words * 9;
        return value + best_ * (short_of_words ? 0.3f : 0.0f);
    }

    void take(std::size_t i) {
        const Unit& unit = material_.units[i];
        taken_[i] = true;
        chosen_.push_back(i);
        words_ += unit.words;
        sources_[prompt_.passages[unit.passage].source] += unit.words;
        by_passage_[unit.passage] += unit.sentences.size();
        laid_out_ |= unit.kind != Unit::Kind::prose;
    }

    const Material& material_;
    const Prompt& prompt_;
    const DraftOptions& options_;
    std::vector<bool> taken_;
    std::vector<std::size_t> chosen_;
    std::map<std::string, std::size_t> sources_;     // words
    std::map<std::size_t, std::size_t> by_passage_;  // sentences
    std::size_t words_ = 0;
    float best_ = 0;
    bool laid_out_ = false;
};

/// How well a unit goes on from the paragraph so far.
float follows(const Prompt& prompt, const Bag& paragraph, const Unit& last, const Unit& next) {
    float value = cosine(paragraph, next.bag) + 0.4f * cosine(last.bag, next.bag);
    const bool same_passage = last.passage == next.passage;
    if (same_passage && next.position == last.position + 1) return value + 0.5f;  // it was written to follow
    if (same_passage)
        value -= next.position < last.position ? 0.15f : 0.02f;
    else if (prompt.passages[last.passage].source == prompt.passages[next.passage].source)
        value -= 0.02f;
    if (prompt.passages[last.passage].place == prompt.passages[next.passage].place && !same_passage) value += 0.05f;
    return value;
}

/// Says what something is: a good first sentence.
float opening_value(const Unit& unit) {
    float value = unit.score;
    const std::string& first = unit.sentences.front();
    if (std::count(first.begin(), first.end(), ',') >= 4 || std::count(first.begin(), first.end(), '`') >= 4)
        value *= 0.6f;
    for (const char* sign :
         {" is a ", " is the ", " are the ", " means ", " consists of ", " is an ", " ist ein", " est un", " es un"}) {
        if (first.find(sign) != std::string::npos) {
            value *= 1.3f;
            break;
        }
    }
    if (first.starts_with('`')) value *= 0.6f;
    return unit.position <= 1 ? value * 1.15f : value;
}

}  // namespace

std::vector<std::size_t> select_units(const Material& material, const Prompt& prompt, const DraftOptions& options) {
    return Selector(material, prompt, options).run();
}

std::vector<std::vector<std::size_t>> arrange(const Material& material, const Prompt& prompt,
                                              std::vector<std::size_t> chosen) {
    std::vector<std::vector<std::size_t>> paragraphs;
    std::vector<std::size_t> laid_out;
    std::erase_if(chosen, [&](std::size_t i) {
        if (material.units[i].kind == Unit::Kind::prose) return false;
        laid_out.push_back(i);
        return true;
    });
    while (!chosen.empty()) {
        const auto first = std::max_element(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) {
            return opening_value(material.units[a]) < opening_value(material.units[b]);
        });
        std::vector<std::size_t> paragraph{*first};
        chosen.erase(first);
        std::size_t words = material.units[paragraph.front()].words;
        Bag bag = material.units[paragraph.front()].bag;
        // What is left should not be too short for a paragraph of its own.
        while (!chosen.empty() && (words < kParagraphWords || chosen.size() == 1)) {
            const Unit& last = material.units[paragraph.back()];
            const auto next = std::max_element(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) {
                return follows(prompt, bag, last, material.units[a]) < follows(prompt, bag, last, material.units[b]);
            });
            words += material.units[*next].words;
            add_to(bag, material.units[*next].bag);
            paragraph.push_back(*next);
            chosen.erase(next);
        }
        paragraphs.push_back(std::move(paragraph));
    }
    const std::size_t at = std::min<std::size_t>(1, paragraphs.size());
    for (const std::size_t i : laid_out) paragraphs.insert(paragraphs.begin() + at, {i});
    return paragraphs;
}

}  // namespace longhand::llm::offline
