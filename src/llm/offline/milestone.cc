#include "llm/offline/milestone.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "llm/offline/outline.h"
#include "llm/offline/phrases.h"
#include "llm/offline/request.h"
#include "llm/offline/sentences.h"

namespace longhand::llm::offline {
namespace {

constexpr std::size_t kTopicsOfDescription = 3, kTopicsOfDetails = 6, kTopicsOfVision = 2;

std::vector<std::string> titles_of(const Prompt& prompt, std::size_t count) {
    std::vector<std::string> titles;
    for (const Topic& topic : find_topics(prompt, count, {})) titles.push_back(topic.title);
    return titles;
}

std::string first_sentence(const std::string& text) {
    const auto sentences = sentences_of(text);
    return sentences.empty() ? "" : sentences.front();
}

/// The topics are those of the request and of what the user has approved.
Prompt approved(const Prompt& prompt) {
    Prompt wider = prompt;
    wider.others = prompt.description + "\n" + prompt.details;
    return wider;
}

std::string closed(std::string sentence) {
    if (!sentence.empty() && sentence.back() != '.' && sentence.back() != '!' && sentence.back() != '?')
        sentence += ".";
    return sentence;
}

std::string description(const Prompt& prompt) {
    const Asked asked = read_request(prompt.request);
    const std::string genre = asked.genre.empty() ? "work" : asked.genre;
    std::string text = fmt::format("“{}” is the {} that the request asks for", work_title(prompt), genre);
    if (!asked.audience.empty()) text += ", for " + asked.audience;
    text += ".";
    const auto topics = titles_of(prompt, kTopicsOfDescription);
    if (!topics.empty()) text += fmt::format(" Its subjects are: {}.", listed(topics));
    const std::string central = central_sentence(prompt);
    if (!central.empty()) text += "\n\nThe sources say at their centre: " + closed(central);
    return text;
}

std::string details(const Prompt& prompt) {
    std::string text;
    const std::string lead = first_sentence(prompt.description);
    if (!lead.empty()) text = fmt::format("The work keeps to its description: {}\n\n", closed(lead));
    text += "It covers, in this order:\n\n";
    for (const Topic& topic : find_topics(approved(prompt), kTopicsOfDetails, {}))
        text += fmt::format("- {}: {}\n", topic.title, closed(topic.purpose.empty() ? topic.title : topic.purpose));
    return text + "\nWhat the sources do not say is left out.";
}

std::string vision(const Prompt& prompt) {
    std::string text =
        fmt::format("“{}” says what its sources say, in their own words, and cites them.", work_title(prompt));
    const std::string lead = first_sentence(prompt.description);
    if (!lead.empty()) text += " It begins from its description: " + closed(lead);
    const auto topics = titles_of(approved(prompt), kTopicsOfVision);
    if (!topics.empty()) text += fmt::format("\n\nWho has read it knows what the sources have on {}.", listed(topics));
    return text;
}

}  // namespace

std::string write_milestone(const Prompt& prompt) {
    if (prompt.task == "description") return description(prompt);
    return prompt.task == "details" ? details(prompt) : vision(prompt);
}

}  // namespace longhand::llm::offline
