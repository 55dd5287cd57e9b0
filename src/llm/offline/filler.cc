#include "llm/offline/filler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "llm/embedded.h"
#include "llm/offline/phrases.h"
#include "llm/offline/request.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

constexpr std::array<std::string_view, 5> kTexts = {"research.txt", "structure.txt", "method.txt", "planning.txt",
                                                    "checking.txt"};
constexpr std::size_t kSentencesAParagraph = 5;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) lines.push_back(line);
    }
    return lines;
}

std::string lower_first(const std::string& title) {
    const auto words = words_of(title);
    const bool is_name = words.empty() || (words[0].size() > 1 && lower(words[0].substr(1)) != words[0].substr(1));
    if (is_name) return title;
    return lower(words[0]) + title.substr(title.find(words[0]) + words[0].size());
}

std::string subject_of(const Prompt& prompt) {
    const std::string title = title_from_request(prompt.request.empty() ? prompt.title : prompt.request);
    const std::string subject = lower_first(title.substr(0, title.find(':')));
    return subject.empty() ? "the subject" : subject;
}

std::string with_topic(std::string sentence, const std::string& topic) {
    static constexpr std::string_view kPlace = "{topic}";
    for (std::size_t at; (at = sentence.find(kPlace)) != std::string::npos;) sentence.replace(at, kPlace.size(), topic);
    return capitalised(sentence);
}

/// Goes through the sentences of one text after the other in an order of its own, without repeating one before all are
/// used.
class FillerSource {
public:
    FillerSource(const Prompt& prompt, std::uint64_t seed)
        : subject_(subject_of(prompt)),
          title_(prompt.section_title.empty() ? subject_ : "“" + prompt.section_title + "”") {
        for (const std::string& line : prompt.said) said_ += line + "\n";
        const std::uint64_t start = stable_hash(prompt.section_number + prompt.section_title + prompt.request, seed);
        text_ = start % kTexts.size();
        for (const auto name : kTexts) {
            auto lines = lines_of(embedded(name).value_or(""));
            std::stable_sort(lines.begin(), lines.end(), [&](const std::string& a, const std::string& b) {
                return stable_hash(a, start) < stable_hash(b, start);
            });
            texts_.push_back(std::move(lines));
        }
    }

    /// The sentences of one paragraph: all of one text.
    std::vector<std::string> paragraph() {
        std::vector<std::string> out;
        auto& lines = texts_[text_++ % texts_.size()];
        while (out.size() < kSentencesAParagraph && !lines.empty()) {
            // The title once, then the subject: a phrase in every sentence would be too much.
            const std::string sentence = with_topic(lines.back(), out.empty()           ? title_
                                                                  : out.size() % 2 == 0 ? subject_
                                                                                        : "the subject");
            lines.pop_back();
            if (said_.find(sentence) == std::string::npos) out.push_back(sentence);
        }
        return out;
    }

private:
    std::string subject_;
    std::string title_;
    std::string said_;
    std::size_t text_ = 0;
    std::vector<std::vector<std::string>> texts_;
};

}  // namespace

std::string filler_section(const Prompt& prompt, std::size_t words, std::uint64_t seed) {
    FillerSource source(prompt, seed);
    std::string out = kFillerMark;
    std::size_t written = 0, round = 0;
    while (written < words) {
        const auto sentences = source.paragraph();
        if (sentences.empty()) {
            if (++round > kTexts.size()) {
                // Everything was said: once more, in another order.
                Prompt unsaid = prompt;
                unsaid.said.clear();
                source = FillerSource(unsaid, ++seed);
                round = 0;
            }
            continue;
        }
        round = 0;
        std::string paragraph;
        for (const std::string& sentence : sentences) {
            if (written >= words) break;
            paragraph += (paragraph.empty() ? "" : " ") + sentence;
            written += count_words(sentence);
        }
        out += (out.size() == std::string_view(kFillerMark).size() ? " " : "\n\n") + paragraph;
    }
    return out;
}

std::string plain_answer(const std::string& message) {
    std::vector<std::string> about;
    std::unordered_set<std::string> seen;
    for (const std::string& word : words_of(message)) {
        if (about.size() < 5 && word.size() > 3 && !is_common(lower(word)) && seen.insert(stem(word)).second)
            about.push_back(word);
    }
    const std::string words = about.empty() ? "nothing that I can count" : listed(about);
    return fmt::format(
        "This is the offline model. It is no large language model: it selects and orders sentences from sources that "
        "are given to it, by counting "
        "words. No sources came with this message, so there is nothing to select from. The message is about {}.",
        words);
}

}  // namespace longhand::llm::offline
