// The offline model's answers: a pure function of the prompt. It selects and orders sentences from the passages, by
// counting words; it understands nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/chat.h"

namespace longhand::llm::offline {

/// How it misbehaves, for tests of what stands above it.
enum class Manner {
    plain,
    terse,     ///< half the words asked for
    verbose,   ///< twice as many
    loop,      ///< the first sentence for ever: up to `max_tokens`
    drift,     ///< changes the subject half-way
    bad_json,  ///< prose where JSON is asked for; the right form once it is told its error
    invent,    ///< cites passages that do not exist
};
std::optional<Manner> parse_manner(std::string_view name);

inline constexpr std::string_view kNotice =
    "This is no large language model: it selects and orders sentences from the sources by counting words, and "
    "understands nothing.";

/// Same messages, manner and seed: same answer, on every machine. `loop_words`: how much a loop is worth writing.
std::string write_answer(const std::vector<Message>& messages, Manner manner, std::uint64_t seed,
                         std::size_t loop_words);

}  // namespace longhand::llm::offline
