#include "llm/offline/material.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "llm/offline/phrases.h"
#include "llm/offline/statements.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

constexpr std::size_t kMostSentences = 3;  // of one unit
constexpr std::size_t kMostItems = 9;
constexpr std::size_t kMostItemWords = 28;
constexpr float kOfNotes = 0.6f;  // what notes beside names are worth, against prose
constexpr float kOfCited = 0.5f;  // what is left of a passage that another section cites

/// Makes units of one passage's blocks.
class UnitMaker {
public:
    UnitMaker(std::size_t passage, std::vector<Unit>& units) : passage_(passage), units_(units) {}

    /// Comments, a line each, with the names they stand at.
    void take_comments(const std::string& text, const std::string& name) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            open_ = false;
            for (const std::string& raw : sentences_of(statements_of_comment(line, name))) take_sentence(raw);
        }
    }

    void take(const Block& block) {
        switch (block.kind) {
            case Block::Kind::prose:
                return take_prose(block.text);
            case Block::Kind::list:
                return take_list(block.items);
            case Block::Kind::table:
                return take_table(block.items);
        }
    }

private:
    void take_prose(const std::string& text) {
        opener_.clear();
        open_ = false;
        for (const std::string& raw : sentences_of(statements_of_line(without_reference_marks(text))))
            take_sentence(raw);
        if (text.ends_with(':')) opener_ = clean_inline(sentences_of(text).back());
    }

    void take_sentence(const std::string& raw) {
        const auto sentence = clean_sentence(raw);
        const bool leans = sentence && leans_on_previous(*sentence);
        if (!sentence || (leans && !open_)) {
            // What leans on a sentence that was left out is left out too.
            open_ = false;
            ++position_;
            return;
        }
        if (leans && units_.back().sentences.size() < kMostSentences) {
            units_.back().sentences.push_back(*sentence);
            return;
        }
        open_ = !leans;
        ++position_;
        if (!leans) add(Unit::Kind::prose, {*sentence}, {});
    }

    void take_list(const std::vector<std::string>& items) {
        std::vector<std::string> clean;
        bool fits = !opener_.empty() && items.size() >= 2 && items.size() <= kMostItems;
        for (const std::string& item : items) {
            clean.push_back(clean_inline(without_reference_marks(item)));
            fits = fits && count_words(item) <= kMostItemWords && !clean.back().empty();
        }
        if (fits && clean_sentence(opener_.substr(0, opener_.size() - 1) + ".")) {
            add(Unit::Kind::list, {opener_}, std::move(clean));
        } else {
            for (const std::string& item : items) take_prose(item);
        }
        opener_.clear();
    }

    void take_table(const std::vector<std::string>& rows) {
        opener_.clear();
        const auto columns = [](const std::string& row) { return std::count(row.begin(), row.end(), '|'); };
        bool fits = rows.size() >= 3 && rows.size() <= kMostItems + 1 && columns(rows[0]) >= 3 && columns(rows[0]) <= 5;
        for (const std::string& row : rows) {
            fits = fits && columns(row) == columns(rows[0]) && count_words(row) <= kMostItemWords &&
                   row.find("\\|") == std::string::npos;
        }
        if (fits) add(Unit::Kind::table, {}, rows);
    }

    void add(Unit::Kind kind, std::vector<std::string> sentences, std::vector<std::string> items) {
        Unit unit;
        unit.kind = kind;
        unit.sentences = std::move(sentences);
        unit.items = std::move(items);
        unit.passage = passage_;
        unit.position = ++position_;
        units_.push_back(std::move(unit));
    }

    std::size_t passage_;
    std::vector<Unit>& units_;
    std::size_t position_ = 0;
    std::string opener_;
    bool open_ = false;
};

std::string text_of(const Unit& unit) {
    std::string text;
    for (const std::string& sentence : unit.sentences) text += sentence + " ";
    for (const std::string& item : unit.items) text += item + " ";
    return text;
}

/// The outline's lines, with the mark of this section left out: `own` false gives the others.
std::string outline_of_others(const Prompt& prompt) {
    std::istringstream lines(prompt.outline);
    std::string others;
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find_first_not_of(" \t");
        const bool own = first != std::string::npos && line[first] == '>';
        if (!own && line.find(prompt.section_title) == std::string::npos) others += line + "\n";
    }
    return others;
}

/// What is asked, as a bag whose weights say how much each word counts.
Bag question(const Prompt& prompt, const Vocabulary& vocabulary) {
    Bag bag;
    add_to(bag, vocabulary.known(prompt.section_title), 4.0f);
    add_to(bag, vocabulary.known(prompt.purpose), 2.0f);
    add_to(bag, vocabulary.known(prompt.chapter), 2.0f);
    add_to(bag, vocabulary.known(prompt.request), 0.3f);
    add_to(bag, vocabulary.known(prompt.others), 0.2f);
    const Bag own = bag;
    for (const auto& [word, weight] : vocabulary.known(outline_of_others(prompt))) {
        const bool asked = std::any_of(own.begin(), own.end(),
                                       [&](const auto& entry) { return entry.first == word && entry.second > 1; });
        if (!asked) add_to(bag, Bag{{word, 1.0f}}, -0.6f);
    }
    for (auto& [word, weight] : bag) weight = std::min(weight, 8.0f) * vocabulary.rarity(word);
    return bag;
}

/// How much of the text is code: such sentences read badly outside their context.
float code_share(const Unit& unit) {
    std::size_t code = 0, all = 0;
    for (const std::string& sentence : unit.sentences) {
        bool inside = false;
        for (const char c : sentence) {
            if (c == '`') inside = !inside;
            code += inside || c == '\\';
            ++all;
        }
        if (sentence.find("→") != std::string::npos) code += all / 3;
    }
    return all > 0 ? std::min(1.0f, static_cast<float>(code) / static_cast<float>(all)) : 0.0f;
}

/// A string of names rather than a statement.
bool enumerates(const Unit& unit) {
    return !unit.sentences.empty() &&
           std::count(unit.sentences.front().begin(), unit.sentences.front().end(), ',') >= 6;
}

float fit(const Unit& unit, const Bag& question, float place_fit, std::size_t rank) {
    float sum = 0;
    for (auto i = unit.counts.begin(), j = question.begin(); i != unit.counts.end() && j != question.end();) {
        if (i->first < j->first)
            ++i;
        else if (j->first < i->first)
            ++j;
        else
            sum += std::min(i++->second, 2.0f) * j++->second;
    }
    const auto words = static_cast<float>(unit.words);
    float score = sum / std::sqrt(words + 8.0f) + 2.5f * place_fit + 1.5f / (1.0f + 0.3f * static_cast<float>(rank));
    if (words < 8) score *= 0.5f;
    score *= 1.0f - 0.9f * code_share(unit);
    if (enumerates(unit)) score *= 0.75f;
    if (unit.kind != Unit::Kind::prose) score *= 0.8f;
    return score;
}

/// Whether a line of what was said names the passage: `1.2 Title: first sentence [p3]`.
bool is_cited(const std::vector<std::string>& said, const std::string& id) {
    return std::any_of(said.begin(), said.end(), [mark = "[" + id + "]"](const std::string& line) {
        return line.find(mark) != std::string::npos;
    });
}

}  // namespace

Material gather(const Prompt& prompt) {
    Material material;
    for (std::size_t i = 0; i < prompt.passages.size(); ++i) {
        const PromptPassage& passage = prompt.passages[i];
        UnitMaker maker(i, material.units);
        if (passage.place == "code" || passage.place.ends_with(" > code")) continue;
        if (is_program(passage.source)) {
            maker.take_comments(passage.text, last_heading(passage.place));
            continue;
        }
        for (const Block& block : blocks_of(passage.text)) maker.take(block);
    }
    for (Unit& unit : material.units) {
        const std::string text = text_of(unit);
        unit.words = count_words(text);
        unit.counts = material.vocabulary.add(text);
    }
    const Bag asked = question(prompt, material.vocabulary);
    const Bag title = material.vocabulary.known(prompt.section_title + " " + prompt.purpose);
    for (Unit& unit : material.units) {
        unit.bag = material.vocabulary.weighted(unit.counts);
        const float place_fit =
            cosine(material.vocabulary.known(last_heading(prompt.passages[unit.passage].place)), title);
        unit.score = fit(unit, asked, place_fit, unit.passage);
        const PromptPassage& passage = prompt.passages[unit.passage];
        if (is_program(passage.source)) unit.score *= kOfNotes;
        if (is_cited(prompt.said, passage.id)) unit.score *= kOfCited;
    }
    return material;
}

}  // namespace longhand::llm::offline
