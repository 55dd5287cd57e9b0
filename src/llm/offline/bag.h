// Bags of words with weights, and how alike two are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace longhand::llm::offline {

/// Stems, as numbers given out by a Vocabulary, with weights; sorted by number.
using Bag = std::vector<std::pair<std::uint32_t, float>>;

/// Gives stems their numbers and knows in how many of the texts each one occurs.
class Vocabulary {
public:
    /// Counts the text as one more, and gives its words (common ones left out) with how often each occurs.
    Bag add(std::string_view text);
    /// Words not seen before are left out.
    Bag known(std::string_view text) const;
    /// log(1 + N / n): high for rare words.
    float rarity(std::uint32_t word) const;
    /// The same bag with each weight dampened and times its rarity.
    Bag weighted(const Bag& counts) const;

private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<std::uint32_t> texts_with_;
    std::uint32_t texts_ = 0;
};

/// 0 to 1.
float cosine(const Bag& a, const Bag& b);
/// How much of `a` is in `b`, by weight: 0 to 1.
float contained(const Bag& a, const Bag& b);
void add_to(Bag& sum, const Bag& other, float factor = 1.0f);

/// Words that carry meaning, as stems, common ones left out; with repeats.
std::vector<std::string> meaningful_stems(std::string_view text);

}  // namespace longhand::llm::offline
