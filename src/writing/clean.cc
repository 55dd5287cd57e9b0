#include "writing/clean.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "writing/answers.h"
#include "writing/markup.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

/// Some models wrap what they wrote: in a fence, in JSON, in the prompt's own mark.
std::string unwrapped(std::string_view raw, CleanCounts& counts) {
    std::string text(trimmed(raw));
    if (text.starts_with('{')) {
        if (const auto value = find_json(text); value && value->is_object() && !value->get_object().empty()) {
            for (const char* name : {"text", "content", "draft", "markdown", "section"})
                if (const auto* found = value->get_object().if_contains(name); found != nullptr && found->is_string()) {
                    ++counts.leftovers;
                    return std::string(trimmed(std::string_view(found->get_string())));
                }
        }
    }
    const std::size_t line_end = text.find('\n');
    if (!text.starts_with("```") || line_end == std::string::npos) return text;
    const std::string info = lower_ascii(trimmed(std::string_view(text).substr(3, line_end - 3)));
    if (!info.empty() && info != "markdown" && info != "md" && info != "text") return text;
    const std::size_t close = text.find("\n```", line_end);
    const bool at_end = close == std::string::npos || trimmed(std::string_view(text).substr(close + 4)).empty();
    if (!at_end) return text;
    ++counts.leftovers;
    return std::string(
        trimmed(std::string_view(text).substr(line_end, close == std::string::npos ? close : close - line_end)));
}

bool any_prefix(std::string_view text, std::initializer_list<std::string_view> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [text](auto prefix) { return starts_with_folded(text, prefix); });
}

/// A sentence by which a model speaks of itself or of its task.
bool is_leftover(std::string_view sentence, bool first, bool last) {
    const std::string lower = lower_ascii(sentence);
    for (const std::string_view phrase :
         {"as an ai", "as a language model", "i am an ai", "i'm an ai", "as a large language model", "my training data",
          "knowledge cutoff", "lorem ipsum"})
        if (lower.find(phrase) != std::string::npos) return true;
    std::string_view bare = lower;
    while (!bare.empty() && (bare[0] == '*' || bare[0] == '_' || bare[0] == '(' || bare[0] == ' '))
        bare.remove_prefix(1);
    if (any_prefix(bare,
                   {"word count:", "(word count", "end of section", "[end", "note to editor", "note: this section"}))
        return true;
    if (first &&
        any_prefix(bare, {"sure,", "sure!", "certainly,", "certainly!", "of course,", "of course!", "absolutely!"}))
        return true;
    const bool presents = any_prefix(bare, {"here is ", "here's ", "below is ", "here are ", "the following is "});
    const bool of_task = bare.find("section") != std::string::npos || bare.find("draft") != std::string::npos ||
                         bare.find("revised") != std::string::npos || bare.find("continuation") != std::string::npos;
    if (first && presents && of_task) return true;
    return last && any_prefix(bare, {"i hope this", "let me know if", "would you like me", "please let me know",
                                     "feel free to"});
}

std::string joined(const std::vector<std::string_view>& parts) {
    std::string out;
    for (const std::string_view part : parts) {
        if (!out.empty()) out += ' ';
        out += part;
    }
    return out;
}

void drop_leftovers(Blocks& blocks, CleanCounts& counts) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        Block& block = blocks[i];
        if (block.kind != BlockKind::prose && block.kind != BlockKind::quote) continue;
        std::vector<std::string_view> kept;
        const auto all = sentences(block.text);
        for (std::size_t s = 0; s < all.size(); ++s) {
            const bool first = i == 0 && kept.empty();
            if (is_leftover(all[s], first, i + 1 == blocks.size()))
                ++counts.leftovers;
            else
                kept.push_back(all[s]);
        }
        if (kept.size() != all.size()) block.text = joined(kept);
    }
    std::erase_if(blocks, [](const Block& block) { return trimmed(block.text).empty(); });
}

bool is_delimiter_row(std::string_view row) {
    return row.find('-') != std::string_view::npos && row.find_first_not_of("|:- \t") == std::string_view::npos;
}

std::string clean_rows(std::string_view text, const Aliases& aliases, CleanCounts& counts) {
    std::string out;
    for (const std::string_view line : lines_of(text)) {
        if (!out.empty()) out += '\n';
        if (is_delimiter_row(line)) {
            out += line;
            continue;
        }
        // A list's indentation carries its nesting.
        const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
        out += std::string(indent, ' ') + clean_inline(line.substr(indent), aliases, counts);
    }
    return out;
}

bool is_table(std::string_view text) {
    const auto rows = lines_of(text);
    return rows.size() > 2 && is_delimiter_row(rows[1]);
}

std::string safe_info(std::string_view info) {
    std::string out;
    for (const char c : info.substr(0, 20)) {
        const bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' || c == '-';
        if (!plain) break;
        out += c;
    }
    return out;
}

/// A line that pandoc would read as something else than a paragraph's start.
std::string guarded(std::string text) {
    const bool opens = text.starts_with('#') || text.starts_with('%') || text.starts_with('|') ||
                       text.starts_with(": ") || text.starts_with("~ ") || text.starts_with('>') ||
                       text.starts_with("(@");
    return opens ? "\\" + text : text;
}

void clean_block(Block& block, const Aliases& aliases, CleanCounts& counts) {
    switch (block.kind) {
        case BlockKind::code:
            block.info = safe_info(block.info);
            return;
        case BlockKind::table:
            if (!is_table(block.text)) {
                block.kind = BlockKind::prose;
                std::replace(block.text.begin(), block.text.end(), '\n', ' ');
                std::replace(block.text.begin(), block.text.end(), '|', ' ');
                return clean_block(block, aliases, counts);
            }
            [[fallthrough]];
        case BlockKind::list:
            block.text = clean_rows(block.text, aliases, counts);
            return;
        case BlockKind::heading:
        case BlockKind::prose:
        case BlockKind::quote:
            block.text = guarded(std::string(trimmed(clean_inline(block.text, aliases, counts))));
            return;
    }
}

/// `3.2 The engine` -> the words of `The engine`.
std::vector<std::string> title_words(std::string_view title) {
    const std::size_t start = title.find_first_not_of("0123456789.*_# ");
    return folded_words(start == std::string_view::npos ? title : title.substr(start));
}

bool is_bold_line(const Block& block) {
    return block.kind == BlockKind::prose && block.text.starts_with("**") && block.text.ends_with("**") &&
           block.text.size() > 4 && block.text.find("**", 2) == block.text.size() - 2;
}

void place_headings(Blocks& blocks, const std::vector<std::string>& titles, CleanCounts& counts) {
    const auto repeats_title = [&titles](std::string_view text) {
        const auto words = title_words(text);
        return words.empty() ||
               std::any_of(titles.begin(), titles.end(), [&](auto& title) { return title_words(title) == words; });
    };
    Blocks kept;
    for (Block& block : blocks) {
        const bool heading = block.kind == BlockKind::heading || is_bold_line(block);
        if (heading && repeats_title(block.text)) {
            ++counts.leftovers;
            continue;
        }
        if (block.kind == BlockKind::heading) {
            std::string title = without_citations(block.text);
            std::erase(title, '*');
            while (title.ends_with('#') || title.ends_with(' ')) title.pop_back();
            block = {BlockKind::prose, "**" + title + "**", ""};
        }
        kept.push_back(std::move(block));
    }
    // A heading with nothing under it.
    for (std::size_t i = kept.size(); i-- > 0;)
        if (is_bold_line(kept[i]) && (i + 1 == kept.size() || is_bold_line(kept[i + 1])))
            kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i));
    blocks = std::move(kept);
}

std::string fingerprint(std::string_view text) {
    std::string key;
    for (const std::string& word : folded_words(text)) key += word + " ";
    return key;
}

/// Sentences of fewer words may well come twice.
constexpr std::size_t kRepeatableWords = 7;

void drop_repeats(Blocks& blocks, CleanCounts& counts) {
    std::set<std::string> paragraphs, said;
    Blocks kept;
    for (Block& block : blocks) {
        const std::string print = fingerprint(block.text);
        if (print.size() > 20 && !paragraphs.insert(print).second) {
            ++counts.repeats;
            continue;
        }
        if (block.kind == BlockKind::prose) {
            std::vector<std::string_view> parts;
            for (const std::string_view sentence : sentences(block.text)) {
                const bool repeated =
                    folded_words(sentence).size() >= kRepeatableWords && !said.insert(fingerprint(sentence)).second;
                repeated ? void(++counts.repeats) : parts.push_back(sentence);
            }
            block.text = joined(parts);
        }
        if (!block.text.empty()) kept.push_back(std::move(block));
    }
    blocks = std::move(kept);
}

std::vector<std::string> prose_words(const Blocks& blocks) {
    std::vector<std::string> words;
    for (const Block& block : blocks)
        if (block.kind != BlockKind::code && block.kind != BlockKind::table)
            for (std::string& word : folded_words(block.text)) words.push_back(std::move(word));
    return words;
}

}  // namespace

CleanCounts& CleanCounts::operator+=(const CleanCounts& other) {
    leftovers += other.leftovers;
    dropped_citations += other.dropped_citations;
    repeats += other.repeats;
    truncated += other.truncated;
    return *this;
}

double repetition_share(const std::vector<std::string>& words, std::size_t n) {
    if (words.size() < n * 4) return 0;
    std::set<std::string> seen;
    std::size_t repeated = 0;
    for (std::size_t i = 0; i + n <= words.size(); ++i) {
        std::string gram;
        for (std::size_t j = i; j < i + n; ++j) gram += words[j] + " ";
        if (!seen.insert(std::move(gram)).second) ++repeated;
    }
    return static_cast<double>(repeated) / static_cast<double>(words.size() - n + 1);
}

bool end_with_sentence(Blocks& blocks) {
    bool cut = false;
    while (!blocks.empty()) {
        Block& last = blocks.back();
        if (last.kind == BlockKind::code || last.kind == BlockKind::table || last.kind == BlockKind::list) break;
        if (ends_as_sentence(last.text)) break;
        cut = true;
        auto parts = sentences(last.text);
        parts.pop_back();
        if (!parts.empty()) {
            last.text = joined(parts);
            break;
        }
        blocks.pop_back();
    }
    return cut;
}

Draft clean_draft(std::string_view raw, const Aliases& aliases, const std::vector<std::string>& titles) {
    Draft draft;
    draft.blocks = split_blocks(unescaped(unwrapped(sanitized(raw), draft.counts)));
    for (Block& block : draft.blocks) clean_block(block, aliases, draft.counts);
    place_headings(draft.blocks, titles, draft.counts);
    drop_leftovers(draft.blocks, draft.counts);
    draft.repetition = repetition_share(prose_words(draft.blocks), 5);
    drop_repeats(draft.blocks, draft.counts);
    if (end_with_sentence(draft.blocks)) ++draft.counts.truncated;
    return draft;
}

}  // namespace longhand::writing
