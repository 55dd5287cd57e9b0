// Arithmetic of fitting a work to its pages. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "writing/work.h"

namespace longhand::writing {

/// Words to add (or, below 0, to take away); nothing when the work measures what was asked.
std::optional<std::int64_t> words_off(const Target& target, std::uint32_t pages, std::int64_t words);

struct NewBudget {
    LeafRef leaf;
    std::int64_t words = 0;
};
/// The sections that are furthest off their budgets, and what each is to measure so that together they bring `delta`.
/// One grows by at most 60 % of its length (but 100 words may always come), and shrinks by at most 40 %.
std::vector<NewBudget> spread_delta(const Work& work, std::int64_t delta);

/// Cuts last paragraphs, from the sections that are longest for their budget on, until at least `words` are gone or
/// each has one paragraph left. The last resort: no model is asked.
void cut_words(Work& work, std::int64_t words);

}  // namespace longhand::writing
