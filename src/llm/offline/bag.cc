#include "llm/offline/bag.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

float norm(const Bag& bag) {
    float sum = 0;
    for (const auto& [word, weight] : bag) sum += weight * weight;
    return std::sqrt(sum);
}

float dot(const Bag& a, const Bag& b) {
    float sum = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        if (i->first < j->first)
            ++i;
        else if (j->first < i->first)
            ++j;
        else
            sum += i++->second * j++->second;
    }
    return sum;
}

bool is_unspaced_word(const std::string& word) {
    return word.size() == 3 && static_cast<unsigned char>(word[0]) >= 0xE0;
}

Bag bag_of(const std::map<std::uint32_t, float>& counts) {
    return {counts.begin(), counts.end()};
}

}  // namespace

std::vector<std::string> meaningful_stems(std::string_view text) {
    std::vector<std::string> stems;
    std::string previous;  // of an unspaced script: pairs of characters stand for words
    for (const std::string& word : words_of(text)) {
        if (is_unspaced_word(word)) {
            if (!previous.empty()) stems.push_back(previous + word);
            previous = word;
            continue;
        }
        previous.clear();
        if (is_common(lower(word)) || word.find_first_not_of("0123456789") == std::string::npos) continue;
        if (std::string base = stem(word); base.size() > 1) stems.push_back(std::move(base));
    }
    return stems;
}

Bag Vocabulary::add(std::string_view text) {
    ++texts_;
    std::map<std::uint32_t, float> counts;
    for (const std::string& base : meaningful_stems(text)) {
        const auto [found, fresh] = numbers_.try_emplace(base, static_cast<std::uint32_t>(numbers_.size()));
        if (fresh) texts_with_.push_back(0);
        if (counts[found->second]++ == 0) ++texts_with_[found->second];
    }
    return bag_of(counts);
}

Bag Vocabulary::known(std::string_view text) const {
    std::map<std::uint32_t, float> counts;
    for (const std::string& base : meaningful_stems(text)) {
        if (const auto found = numbers_.find(base); found != numbers_.end()) ++counts[found->second];
    }
    return bag_of(counts);
}

float Vocabulary::rarity(std::uint32_t word) const {
    return std::log(1.0f + static_cast<float>(texts_) / static_cast<float>(std::max(1u, texts_with_[word])));
}

Bag Vocabulary::weighted(const Bag& counts) const {
    Bag out = counts;
    for (auto& [word, weight] : out) weight = (1 + std::log(std::max(weight, 1.0f))) * rarity(word);
    return out;
}

float cosine(const Bag& a, const Bag& b) {
    const float scale = norm(a) * norm(b);
    return scale > 0 ? dot(a, b) / scale : 0;
}

float contained(const Bag& a, const Bag& b) {
    float all = 0, shared = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end(); ++i) {
        all += i->second;
        while (j != b.end() && j->first < i->first) ++j;
        if (j != b.end() && j->first == i->first) shared += i->second;
    }
    return all > 0 ? shared / all : 0;
}

void add_to(Bag& sum, const Bag& other, float factor) {
    Bag out;
    out.reserve(sum.size() + other.size());
    auto i = sum.begin();
    for (auto j = other.begin(); i != sum.end() || j != other.end();) {
        if (j == other.end() || (i != sum.end() && i->first < j->first))
            out.push_back(*i++);
        else if (i == sum.end() || j->first < i->first)
            out.emplace_back(j->first, j->second * factor), ++j;
        else
            out.emplace_back(i->first, i->second + j->second * factor), ++i, ++j;
    }
    sum = std::move(out);
}

}  // namespace longhand::llm::offline
