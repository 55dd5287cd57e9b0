#include "writing/quotes.h"

#include <algorithm>
#include <set>

#include "writing/clean.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

/// FNV-1a over the words from `first` on.
std::uint64_t hash_of(const std::vector<std::string>& words, std::size_t first) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (std::size_t i = first; i < first + QuoteIndex::kWords; ++i)
        for (const char c : words[i] + " ") hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
}

void drop_end_spaces(std::string_view& text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
}

/// Takes the citations off the end of `text`; gives them, each with a space before it.
std::string take_end_citations(std::string_view& text) {
    std::string taken;
    for (;;) {
        drop_end_spaces(text);
        const std::size_t open = text.rfind("[@");
        if (open == std::string_view::npos || text.find(']', open) + 1 != text.size()) return taken;
        taken = " " + std::string(text.substr(open)) + taken;
        text.remove_suffix(text.size() - open);
    }
}

/// `group` within the sentence that `unit` ends with: before its full stop, with the citations that stand behind that.
std::string with_group(const std::string& unit, const std::string& group) {
    std::string_view text = unit;
    const std::string cited = take_end_citations(text);
    const std::size_t end = end_marks(text);
    std::string_view before = text.substr(0, end);
    drop_end_spaces(before);
    if (before.empty()) return unit + " " + group;
    return std::string(before) + cited + " " + group + std::string(text.substr(end));
}

std::string with_citation(const std::string& unit, const std::string& key, BlockKind kind) {
    const std::string group = "[@" + key + "]";
    const std::size_t bar = kind == BlockKind::table ? unit.rfind('|') : std::string::npos;
    if (bar == std::string::npos || bar == 0) return with_group(unit, group);
    return with_group(std::string(trimmed(unit.substr(0, bar))), group) + " " + unit.substr(bar);
}

}  // namespace

/// A block in the parts that carry citations: sentences, items, rows.
struct QuoteIndex::Units {
    BlockKind kind = BlockKind::prose;
    std::vector<std::string> texts;
    std::vector<std::set<std::string>> cited;
    std::vector<std::string> words;
    std::vector<std::size_t> unit_of;  ///< of each word

    explicit Units(const Block& block) : kind(block.kind) {
        const bool lines = kind == BlockKind::list || kind == BlockKind::table;
        for (const std::string_view part : lines ? lines_of(block.text) : sentences(block.text)) add(std::string(part));
    }
    void add(std::string text) {
        for (std::string& word : folded_words(text)) {
            words.push_back(std::move(word));
            unit_of.push_back(texts.size());
        }
        const auto keys = cited_keys(text);
        cited.emplace_back(keys.begin(), keys.end());
        texts.push_back(std::move(text));
    }
    bool lines() const { return kind == BlockKind::list || kind == BlockKind::table; }
    /// Whether a citation of `key` covers a quotation that ends in `unit`.
    bool covers(const std::string& key, std::size_t unit) const {
        const std::size_t end = lines() ? unit + 1 : cited.size();
        for (std::size_t i = unit; i < end; ++i)
            if (cited[i].contains(key)) return true;
        return false;
    }
    std::string text() const {
        std::string out;
        for (const std::string& part : texts) out += (out.empty() ? "" : lines() ? "\n" : " ") + part;
        return out;
    }
};

void QuoteIndex::add(const sources::Passage& passage) {
    const auto id = static_cast<std::uint32_t>(keys_.size());
    keys_.push_back(passage.key);
    files_.push_back(passage.file_sha256);
    const auto words = folded_words(passage.text);
    for (std::size_t i = 0; i + kWords <= words.size(); ++i) {
        auto& owners = owners_[hash_of(words, i)];
        if (owners.empty() || owners.back() != id) owners.push_back(id);
    }
}

void QuoteIndex::find(Units& units, Found& found) const {
    std::vector<const std::string*> file_of_word(units.words.size(), nullptr);
    // From the end, so that one citation covers what stands before it in the paragraph.
    for (std::size_t i = units.words.size() < kWords ? 0 : units.words.size() - kWords + 1; i-- > 0;) {
        const auto entry = owners_.find(hash_of(units.words, i));
        if (entry == owners_.end()) continue;
        const auto& owners = entry->second;
        const std::size_t unit = units.unit_of[i + kWords - 1];
        const auto covering =
            std::find_if(owners.begin(), owners.end(), [&](auto id) { return units.covers(keys_[id], unit); });
        const std::uint32_t owner = covering != owners.end() ? *covering : owners.front();
        for (std::size_t w = i; w < i + kWords; ++w) file_of_word[w] = &files_[owner];
        if (covering != owners.end()) continue;
        units.cited[unit].insert(keys_[owner]);
        units.texts[unit] = with_citation(units.texts[unit], keys_[owner], units.kind);
        ++found.added;
    }
    for (const std::string* file : file_of_word)
        if (file != nullptr) ++found.quoted[*file];
}

std::vector<std::uint32_t> QuoteIndex::code_owners(const Block& block, Found& found) const {
    std::set<std::uint32_t> ids;
    const auto words = folded_words(block.text);
    std::vector<const std::string*> file_of_word(words.size(), nullptr);
    for (std::size_t i = 0; i + kWords <= words.size(); ++i) {
        const auto entry = owners_.find(hash_of(words, i));
        if (entry == owners_.end()) continue;
        const auto known =
            std::find_if(entry->second.begin(), entry->second.end(), [&](auto id) { return ids.contains(id); });
        const std::uint32_t owner = known != entry->second.end() ? *known : entry->second.front();
        ids.insert(owner);
        for (std::size_t w = i; w < i + kWords; ++w) file_of_word[w] = &files_[owner];
    }
    for (const std::string* file : file_of_word)
        if (file != nullptr) ++found.quoted[*file];
    return {ids.begin(), ids.end()};
}

QuoteIndex::Found QuoteIndex::cite(Blocks& blocks) const {
    Found found;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        if (blocks[i].kind != BlockKind::code) {
            Units units(blocks[i]);
            const std::int64_t before = found.added;
            find(units, found);
            if (found.added != before) blocks[i].text = units.text();
            continue;
        }
        std::string missing;
        const bool after_prose = i > 0 && blocks[i - 1].kind == BlockKind::prose;
        const auto near = after_prose ? cited_keys(blocks[i - 1].text) : std::vector<std::string>();
        for (const std::uint32_t id : code_owners(blocks[i], found)) {
            if (std::find(near.begin(), near.end(), keys_[id]) != near.end()) continue;
            missing += (missing.empty() ? "[@" : "; @") + keys_[id];
            ++found.added;
        }
        if (missing.empty()) continue;
        if (after_prose)
            blocks[i - 1].text = with_group(blocks[i - 1].text, missing + "]");
        else
            blocks.insert(blocks.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                          Block{BlockKind::prose, missing + "]", ""});
    }
    return found;
}

}  // namespace longhand::writing
