#include "llm/offline/offline_writer.h"

#include <algorithm>

#include "llm/offline/better_prompt.h"
#include "llm/offline/draft.h"
#include "llm/offline/filler.h"
#include "llm/offline/milestone.h"
#include "llm/offline/outline.h"
#include "llm/offline/prompt.h"
#include "llm/offline/sentences.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

constexpr std::size_t kWordsUnlessTold = 300;
constexpr std::size_t kMostWords = 20'000;

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
    const std::string lowered = lower(text);
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return lowered.find(word) != std::string::npos; });
}

std::string section(const Prompt& prompt, const DraftOptions& options, std::uint64_t seed) {
    std::string text = prompt.passages.empty() ? "" : draft_from_passages(prompt, options);
    if (text.empty()) text = filler_section(prompt, options.words, seed);
    return text;
}

/// The draft again with the faults in mind: what they quote is left out, what was too short takes all there is.
std::string revised(const Prompt& prompt, DraftOptions options, std::uint64_t seed) {
    for (const std::string& fault : prompt.faults) {
        if (mentions(fault, {"short", "more words", "too few", "longer"})) options.take_all = true;
        if (mentions(fault, {"repeat", "repetition", "again", "said"})) options.avoid += fault + "\n";
    }
    const std::size_t had = words_of_draft(prompt.draft);
    if (had * 10 < options.words * 8) options.take_all = true;
    return section(prompt, options, seed);
}

/// What is missing of a draft that was cut: the same draft again gives it; where it can't (other words, other
/// passages), the sentence is closed and others follow.
std::string continued(const Prompt& prompt, DraftOptions options, std::uint64_t seed) {
    const std::size_t had = words_of_draft(prompt.draft);
    DraftOptions whole = options;
    for (const std::size_t words : {options.words, options.words + had}) {
        whole.words = words;
        const std::string text = section(prompt, whole, seed);
        if (text.starts_with(prompt.draft)) return text.substr(prompt.draft.size());
    }
    options.avoid += prompt.draft;
    std::string rest = section(prompt, options, seed);
    const auto sentences = sentences_of(prompt.draft);
    const bool ended = sentences.empty() || clean_sentence(sentences.back()).has_value() || prompt.draft.ends_with('.');
    if (ended) return "\n\n" + rest;
    // The cut sentence is one of the passages': it goes on where it was cut.
    const std::string& cut = sentences.back();
    for (const PromptPassage& passage : prompt.passages) {
        const auto at = passage.text.find(cut);
        if (at == std::string::npos) continue;
        const std::string tail = passage.text.substr(at + cut.size());
        const auto ends = sentences_of(tail);
        if (!ends.empty()) return (tail.starts_with(' ') ? " " : "") + ends.front() + " " + rest;
    }
    return "…\n\n" + rest;
}

std::string with_invented_ids(std::string text) {
    std::size_t number = 0;
    for (std::size_t at = 0; (at = text.find("[@", at)) != std::string::npos; at += 2) {
        const auto end = text.find(']', at);
        if (end == std::string::npos) break;
        if (++number % 2 == 1) text.replace(at, end - at + 1, "[@p" + std::to_string(9000 + number) + "]");
    }
    return number == 0 ? text + " [@p9001]" : text;
}

/// The first half of the text, then the second half of a text on something else.
std::string drifting(const std::string& text, std::size_t words, std::uint64_t seed) {
    auto half = text.find(". ", text.size() / 2);
    half = half == std::string::npos ? text.size() : half + 1;
    Prompt other;
    other.request = "A guide to keeping bees";
    other.section_title = "Bees in winter";
    return text.substr(0, half) + "\n\n" + filler_section(other, words / 2, seed);
}

std::string looping(const std::string& text, std::size_t words) {
    const auto sentences = sentences_of(text.substr(0, 2000));
    const std::string first = sentences.empty() ? "Again." : sentences.front();
    std::string out;
    for (std::size_t written = 0; written < words; written += std::max<std::size_t>(1, count_words(first)))
        out += first + " ";
    return out;
}

std::string prose_answer(const Prompt& prompt, Manner manner, std::uint64_t seed) {
    DraftOptions options;
    options.words = std::clamp<std::size_t>(prompt.words == 0 ? kWordsUnlessTold : prompt.words, 20, kMostWords);
    if (manner == Manner::terse) options.words /= 2;
    if (manner == Manner::verbose) options.words *= 2;
    if (prompt.task == "revise") return revised(prompt, options, seed);
    if (prompt.task == "continue") return continued(prompt, options, seed);
    std::string text = section(prompt, options, seed);
    if (manner == Manner::verbose && words_of_draft(text) * 3 < options.words * 2)
        text += "\n\n" + filler_section(prompt, options.words - words_of_draft(text), seed);
    return text;
}

std::string task_answer(const Prompt& prompt, Manner manner, std::uint64_t seed) {
    if (is_milestone(prompt.task)) return write_milestone(prompt);
    if (prompt.task == "format_prompt" && manner != Manner::bad_json) return write_better_prompt(prompt);
    const bool structured = prompt.task == "format_prompt" || prompt.task == "plan" || prompt.task == "outline" ||
                            prompt.task == "outline_chapter";
    if (!structured) return prose_answer(prompt, manner, seed);
    if (manner == Manner::bad_json && prompt.error.empty())
        return "Certainly. The work could begin with the question it answers, and go on from there in a natural order.";
    return prompt.task == "plan" ? write_plan(prompt) : write_outline(prompt);
}

const std::string& last_user_message(const std::vector<Message>& messages) {
    static const std::string kNone;
    const auto found =
        std::find_if(messages.rbegin(), messages.rend(), [](const Message& message) { return message.role == "user"; });
    return found == messages.rend() ? kNone : found->content;
}

}  // namespace

std::optional<Manner> parse_manner(std::string_view name) {
    static constexpr std::pair<std::string_view, Manner> kNames[] = {
        {"plain", Manner::plain}, {"terse", Manner::terse},       {"verbose", Manner::verbose}, {"loop", Manner::loop},
        {"drift", Manner::drift}, {"bad-json", Manner::bad_json}, {"invent", Manner::invent}};
    for (const auto& [known, manner] : kNames) {
        if (known == name) return manner;
    }
    return std::nullopt;
}

std::string write_answer(const std::vector<Message>& messages, Manner manner, std::uint64_t seed,
                         std::size_t loop_words) {
    const std::string& message = last_user_message(messages);
    const auto prompt = parse_prompt(message);
    std::string text = prompt ? task_answer(*prompt, manner, seed) : plain_answer(message);
    const bool prose = !prompt || prompt->task == "draft" || prompt->task == "revise" || prompt->task == "continue";
    if (!prose) return text;
    if (manner == Manner::loop) return looping(text, loop_words);
    if (manner == Manner::drift) return drifting(text, count_words(text), seed);
    if (manner == Manner::invent) return with_invented_ids(std::move(text));
    return text;
}

}  // namespace longhand::llm::offline
