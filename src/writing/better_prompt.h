// A request for a document, made better before any job: the prompt said more plainly, and the questions worth asking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/settings.h"
#include "sources/passage.h"
#include "writing/step_context.h"

namespace longhand::writing {

/// A better prompt is of so many characters, whatever a model answers.
inline constexpr std::size_t kShortestPrompt = 10, kLongestPrompt = 10'000;
inline constexpr std::size_t kQuestions = 9;

struct NamedPassage {
    std::string source;  ///< the file's name
    sources::Passage passage;
};

/// What is known of the wish. Texts may be empty.
struct PromptWish {
    std::string prompt;  ///< kShortestPrompt to kLongestPrompt characters
    std::string length;  ///< `15-20 pages`
    std::string title;
    std::string outline;
    std::string style;
    std::string notes;
    std::vector<job::QuestionAnswer> answers;
    std::vector<std::string> files;      ///< names of the project's files
    std::vector<NamedPassage> passages;  ///< of them, the best first
    std::uint32_t context_tokens = 0;    ///< bound on the model's prompt; 0: none
};

struct BetterPrompt {
    std::string prompt;                  ///< kShortestPrompt to kLongestPrompt characters
    std::vector<std::string> questions;  ///< kQuestions, single lines, no two alike
};

AskRequest better_prompt_request(const PromptWish& wish);
/// Of a model's answer: what can be used of it, made up to the bounds. Nothing when there is no prompt in it.
std::optional<BetterPrompt> read_better_prompt(std::string_view answer, const PromptWish& wish);
/// The request as it was sent, what is known beside it, and general questions.
BetterPrompt better_prompt_without_model(const PromptWish& wish);

}  // namespace longhand::writing
