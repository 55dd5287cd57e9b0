#include "llm/offline/outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <sstream>

#include "llm/offline/material.h"
#include "llm/offline/phrases.h"
#include "llm/offline/request.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

namespace json = boost::json;

bool points_at_the_sources(const std::string& subject) {
    const std::string text = lower(subject);
    for (const char* words : {"this project", "these files", "the sources", "this repository", "these documents",
                              "this program", "it", "this"}) {
        if (text == words) return true;
    }
    return subject.empty();
}

std::vector<std::string> passage_texts(const Prompt& prompt) {
    std::vector<std::string> texts;
    for (const PromptPassage& passage : prompt.passages) texts.push_back(passage.text);
    return texts;
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.push_back(json::value(text));
    return out;
}

/// Chapters or sections that the prompt's outline has already.
std::vector<std::string> titles_in_outline(const Prompt& prompt) {
    std::vector<std::string> titles{prompt.section_title};
    std::istringstream lines(prompt.outline);
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find_first_not_of(" \t>-0123456789.");
        if (first != std::string::npos) titles.push_back(line.substr(first, line.find(": ", first) - first));
    }
    std::erase(titles, "");
    return titles;
}

std::string as_lines(const std::vector<Topic>& topics) {
    std::string out;
    for (std::size_t i = 0; i < topics.size(); ++i)
        out += fmt::format("{}. {}: {}\n", i + 1, topics[i].title, topics[i].purpose);
    return out;
}

std::string as_json(const std::vector<Topic>& topics, const char* list) {
    json::array out;
    for (const Topic& topic : topics) {
        json::object entry{{"title", topic.title}, {"purpose", topic.purpose}};
        entry["keywords"] = array_of(topic.keywords);
        out.push_back(std::move(entry));
    }
    return json::serialize(json::object{{list, std::move(out)}});
}

std::string fitting_title(const Prompt& prompt, const std::vector<Phrase>& phrases) {
    if (!prompt.title.empty()) return prompt.title;
    const Asked asked = read_request(prompt.request);
    if (!points_at_the_sources(asked.subject)) return title_from_request(prompt.request);
    const auto proper =
        std::find_if(phrases.begin(), phrases.end(), [](const Phrase& phrase) { return phrase.proper; });
    const std::string subject = proper != phrases.end() ? proper->text
                                : phrases.empty()       ? "A Document"
                                                        : capitalised(phrases.front().text);
    return asked.genre.empty() ? subject : fmt::format("{}: A {}", subject, capitalised(asked.genre));
}

}  // namespace

std::string central_sentence(const Prompt& prompt) {
    const Material material = gather(prompt);
    Bag all;
    for (const Unit& unit : material.units) add_to(all, unit.bag);
    const Unit* best = nullptr;
    float best_value = 0;
    for (const Unit& unit : material.units) {
        if (unit.kind != Unit::Kind::prose || unit.words < 8 || unit.words > 45 ||
            unit.sentences.front().find('`') != std::string::npos)
            continue;
        const float value = cosine(unit.bag, all) + 0.05f * unit.score;
        if (value > best_value) {
            best_value = value;
            best = &unit;
        }
    }
    return best ? best->sentences.front() : "";
}

std::string work_title(const Prompt& prompt) {
    return fitting_title(prompt, key_phrases(passage_texts(prompt), 24));
}

std::string write_outline(const Prompt& prompt) {
    const bool chapters = prompt.task == "outline";
    const std::size_t asked = chapters ? prompt.chapters : prompt.sections;
    const std::size_t count = std::clamp<std::size_t>(asked == 0 ? (chapters ? 6 : 3) : asked, 1, 60);
    std::vector<std::string> taken;
    if (!chapters) taken = titles_in_outline(prompt);
    const auto topics = find_topics(prompt, count, taken);
    return prompt.form == "lines" ? as_lines(topics) : as_json(topics, chapters ? "chapters" : "sections");
}

std::string write_plan(const Prompt& prompt) {
    const auto phrases = key_phrases(passage_texts(prompt), 24);
    const Asked asked = read_request(prompt.request);
    std::vector<std::string> themes, terms;
    for (const Topic& topic : find_topics(prompt, std::clamp<std::size_t>(prompt.passages.size(), 3, 8), {}))
        themes.push_back(topic.title);
    for (const Phrase& phrase : phrases) {
        if (terms.size() < 12) terms.push_back(phrase.text);
    }
    const std::string title = fitting_title(prompt, phrases);
    std::string thesis = central_sentence(prompt);
    if (thesis.empty()) thesis = fmt::format("The work is about {}.", title);
    std::string all = prompt.request;
    for (const PromptPassage& passage : prompt.passages) all += " " + passage.text;
    std::string language = guess_language(prompt.request);
    if (language.empty()) language = guess_language(all);
    if (language.empty()) language = prompt.language.empty() ? "en" : prompt.language;
    std::vector<std::string> first_terms;
    for (const Phrase& phrase : phrases) {
        if (first_terms.size() < 3 && !same_title(phrase.text, title)) first_terms.push_back(phrase.text);
    }
    const std::string subtitle = capitalised(language == "en" ? listed(first_terms) : "");
    const std::string audience =
        asked.audience.empty() ? "Readers who want to know the subject from its sources" : capitalised(asked.audience);
    if (prompt.form == "lines") {
        return fmt::format("title: {}\nsubtitle: {}\naudience: {}\nlanguage: {}\nthesis: {}\nthemes: {}\nterms: {}\n",
                           title, subtitle, audience, language, thesis, fmt::join(themes, "; "),
                           fmt::join(terms, "; "));
    }
    json::object plan{
        {"title", title}, {"subtitle", subtitle}, {"audience", audience}, {"language", language}, {"thesis", thesis}};
    plan["themes"] = array_of(themes);
    plan["terms"] = array_of(terms);
    return json::serialize(plan);
}

}  // namespace longhand::llm::offline
