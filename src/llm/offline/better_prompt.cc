#include "llm/offline/better_prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "llm/offline/outline.h"
#include "llm/offline/phrases.h"
#include "llm/offline/request.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

namespace json = boost::json;

constexpr std::size_t kTopicsNamed = 6, kTermsNamed = 6, kQuestionsAsked = 9;

std::vector<std::string> source_names(const Prompt& prompt) {
    std::vector<std::string> names;
    for (const PromptPassage& passage : prompt.passages) {
        if (std::find(names.begin(), names.end(), passage.source) == names.end()) names.push_back(passage.source);
    }
    return names;
}

std::vector<std::string> topic_titles(const Prompt& prompt) {
    std::vector<std::string> titles = parts_from_request(prompt.request, kTopicsNamed);
    if (!titles.empty() || prompt.passages.empty()) return titles;
    for (const Topic& topic : find_topics(prompt, kTopicsNamed, {})) titles.push_back(topic.title);
    return titles;
}

std::vector<std::string> terms_of(const Prompt& prompt) {
    std::vector<std::string> texts, terms;
    for (const PromptPassage& passage : prompt.passages) texts.push_back(passage.text);
    for (const Phrase& phrase : key_phrases(texts, kTermsNamed)) terms.push_back(phrase.text);
    return terms;
}

/// In English, as the rules are: for requests in other languages the request's own words stand alone.
std::string said_again(const Prompt& prompt, const Asked& asked, const std::vector<std::string>& topics) {
    std::string text = prompt.request;
    const std::string language = guess_language(prompt.request);
    if (!language.empty() && language != "en") return text;
    if (!asked.audience.empty()) text += fmt::format("\n\nIt is for {}.", asked.audience);
    if (!topics.empty())
        text += fmt::format("\n\nCover these parts, in an order that builds up: {}.", fmt::join(topics, "; "));
    const auto sources = source_names(prompt);
    if (!sources.empty()) {
        text += fmt::format("\n\nRest it on the sources ({}), and state as fact only what they say.",
                            fmt::join(sources, ", "));
    }
    const auto terms = terms_of(prompt);
    if (terms.size() > 1) text += fmt::format(" Use these words alike throughout: {}.", fmt::join(terms, ", "));
    text +=
        "\n\nExplain each term where it first comes up, give an example for each main point, and end with what "
        "follows.";
    return text;
}

std::vector<std::string> questions_on(const Asked& asked, const std::vector<std::string>& topics,
                                      const std::vector<std::string>& terms) {
    std::vector<std::string> questions;
    const std::string subject = asked.subject.empty() ? "the subject" : asked.subject;
    if (asked.audience.empty())
        questions.push_back(fmt::format("Who will read it, and what do they know of {}?", subject));
    questions.push_back(fmt::format("What should a reader be able to do after reading about {}?", subject));
    for (const std::string& topic : topics) questions.push_back(fmt::format("What matters most about “{}”?", topic));
    for (const std::string& term : terms)
        questions.push_back(fmt::format("Does “{}” need an explanation for its readers?", term));
    if (questions.size() > kQuestionsAsked) questions.resize(kQuestionsAsked);
    return questions;
}

}  // namespace

std::string write_better_prompt(const Prompt& prompt) {
    const Asked asked = read_request(prompt.request);
    const auto topics = topic_titles(prompt);
    json::array questions;
    for (const std::string& question : questions_on(asked, topics, terms_of(prompt)))
        questions.push_back(json::value(question));
    return json::serialize(
        json::object{{"prompt", said_again(prompt, asked, topics)}, {"questions", std::move(questions)}});
}

}  // namespace longhand::llm::offline
