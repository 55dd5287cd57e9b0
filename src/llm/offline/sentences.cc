#include "llm/offline/sentences.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/text.h"
#include "llm/offline/words.h"
#include "llm/utf8.h"

namespace longhand::llm::offline {
namespace {

/// The mark of a list item at the start of a line, with its space; 0 when there is none.
std::size_t list_mark(std::string_view line) {
    for (const std::string_view mark : {"- ", "* ", "+ ", "• ", "– "}) {
        if (line.starts_with(mark)) return mark.size();
    }
    std::size_t digits = 0;
    while (digits < line.size() && line[digits] >= '0' && line[digits] <= '9') ++digits;
    const bool numbered = digits > 0 && digits < 4 && digits + 1 < line.size() &&
                          (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
    return numbered ? digits + 2 : 0;
}

std::string_view without_comment_mark(std::string_view line) {
    for (const std::string_view mark : {"///<", "///", "//!", "//", "> "}) {
        if (line.starts_with(mark)) return trimmed(line.substr(mark.size()));
    }
    return line;
}

bool is_rule(std::string_view line) {
    return line.size() >= 3 && line.find_first_not_of("-=*_~ ") == std::string_view::npos;
}

bool is_table_row(std::string_view line) {
    if (line.starts_with('|')) return line.size() > 2;
    return std::count(line.begin(), line.end(), '|') >= 2 && line.find(" | ") != std::string_view::npos &&
           line.find("||") == std::string_view::npos;
}

/// Lines in, blocks out.
class BlockReader {
public:
    void take_line(std::string_view line) {
        line = trimmed(line);
        if (line.starts_with("```") || line.starts_with("~~~")) {
            end_block();
            in_code_ = !in_code_;
            return;
        }
        if (in_code_) return;
        line = without_comment_mark(line);
        if (line.empty() || line.starts_with('#') || is_rule(line)) return end_block();
        if (is_table_row(line)) return take_row(line);
        if (const std::size_t mark = list_mark(line)) return take_item(line.substr(mark));
        take_text(line);
    }

    std::vector<Block> finish() {
        end_block();
        return std::move(blocks_);
    }

private:
    void take_row(std::string_view line) {
        if (block_.kind != Block::Kind::table) end_block();
        block_.kind = Block::Kind::table;
        if (line.find_first_not_of("|-: +") == std::string_view::npos) return;
        std::string row = line.starts_with('|') ? std::string(line) : "| " + std::string(line);
        if (!row.ends_with('|')) row += " |";
        block_.items.push_back(std::move(row));
    }
    void take_item(std::string_view text) {
        if (block_.kind != Block::Kind::list) end_block();
        block_.kind = Block::Kind::list;
        block_.items.emplace_back(text);
    }
    void take_text(std::string_view line) {
        // A line that ends as a sentence does is a paragraph or an item; one that does not goes on.
        const bool whole = block_.kind == Block::Kind::prose && !block_.text.empty() &&
                           std::string_view(".!?:").find(block_.text.back()) != std::string_view::npos;
        if (block_.kind == Block::Kind::table || whole) end_block();
        std::string& target = block_.kind == Block::Kind::list ? block_.items.back() : block_.text;
        if (!target.empty()) target += ' ';
        target += line;
    }
    void end_block() {
        if (!block_.text.empty() || !block_.items.empty()) blocks_.push_back(std::move(block_));
        block_ = {};
    }

    std::vector<Block> blocks_;
    Block block_;
    bool in_code_ = false;
};

bool ends_unspaced(char32_t c) {
    return c == 0x3002 || c == 0xFF01 || c == 0xFF1F;
}

bool is_closing(char32_t c) {
    return c == ')' || c == ']' || c == '"' || c == '\'' || c == 0x201D || c == 0x2019 || c == 0xBB || c == 0x300D ||
           c == 0x300F || c == 0xFF09;
}

bool is_abbreviation(std::string_view before_dot) {
    static const std::unordered_set<std::string> kKnown = {
        "e.g", "i.e", "etc",    "vs", "cf",  "dr",  "mr",  "mrs", "ms",   "prof", "st",   "fig",
        "no",  "al",  "approx", "ca", "z.b", "d.h", "bzw", "usw", "evtl", "nr",   "abs",  "vgl",
        "p",   "pp",  "vol",    "ed", "eds", "sec", "ch",  "eq",  "inc",  "ltd",  "jr",   "sr",
        "т.е", "т.д", "т.п",    "др", "см",  "стр", "рис", "гл",  "π.χ",  "κ.λπ", "incl", "resp"};
    const auto start = before_dot.find_last_of(" (\n\t/");
    const std::string_view word = start == std::string_view::npos ? before_dot : before_dot.substr(start + 1);
    const bool is_initial = word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z';
    return is_initial || kKnown.contains(lower(word));
}

/// Whether a sentence may begin with what follows the blank after a full stop.
bool may_begin(std::string_view rest) {
    std::size_t at = 0;
    if (rest.empty()) return true;
    char32_t c = next_code_point(rest, at);
    while ((c == '*' || c == '_' || c == '(' || c == '"' || c == 0x201C || c == 0xAB) && at < rest.size())
        c = next_code_point(rest, at);
    return !is_lower(c) && c != ',' && c != ';' && c != '-';
}

/// Positions behind the sentence that starts at `start`: its end, and the start of the next.
std::size_t end_of_sentence(std::string_view prose, std::size_t start) {
    bool in_code = false;
    for (std::size_t at = start; at < prose.size();) {
        const std::size_t here = at;
        const char32_t c = next_code_point(prose, at);
        if (c == '`') in_code = !in_code;
        if (in_code) continue;
        if (ends_unspaced(c)) {
            for (std::size_t next = at; next < prose.size() && is_closing(next_code_point(prose, next));) at = next;
            return at;
        }
        if (c != '.' && c != '!' && c != '?' && c != 0x2026) continue;
        std::size_t end = at;
        for (std::size_t next = end; next < prose.size();) {
            const char32_t after = next_code_point(prose, next);
            if (!is_closing(after) && after != '.' && after != '!' && after != '?' && after != '*' && after != '_')
                break;
            end = next;
        }
        if (end < prose.size() && prose[end] != ' ') continue;
        if (c == '.' && is_abbreviation(prose.substr(start, here - start))) continue;
        if (!may_begin(trimmed(prose.substr(end)))) continue;
        return end;
    }
    return prose.size();
}

/// Removes `[text](target)`, images, `<tags>` and emphasis, outside of code.
class MarkupRemover {
public:
    explicit MarkupRemover(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) step();
        return std::move(out_);
    }

private:
    void step() {
        const char c = text_[at_];
        if (c == '`') return copy_code();
        if (c == '!' && text_.substr(at_ + 1).starts_with('[') && skip_link(at_ + 1, false)) return;
        if (c == '[' && skip_link(at_, true)) return;
        if (c == '*' || (c == '_' && at_word_edge())) {
            ++at_;
            return;
        }
        out_ += c;
        ++at_;
    }
    void copy_code() {
        const auto end = text_.find('`', at_ + 1);
        const std::size_t stop = end == std::string_view::npos ? at_ + 1 : end + 1;
        out_ += text_.substr(at_, stop - at_);
        at_ = stop;
    }
    bool skip_link(std::size_t bracket, bool keep_text) {
        const auto close = text_.find(']', bracket);
        if (close == std::string_view::npos || close + 1 >= text_.size() || text_[close + 1] != '(') return false;
        const auto end = text_.find(')', close);
        if (end == std::string_view::npos) return false;
        if (keep_text) out_ += MarkupRemover(text_.substr(bracket + 1, close - bracket - 1)).run();
        at_ = end + 1;
        return true;
    }
    bool at_word_edge() const {
        const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
        const bool before = at_ > 0 && is_word(text_[at_ - 1]);
        const bool after = at_ + 1 < text_.size() && is_word(text_[at_ + 1]);
        return before != after;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
};

/// Blanks as one space, and a backslash before what Markdown would read as a mark, outside of code.
std::string as_markdown(std::string_view text) {
    static constexpr std::string_view kMisread = "\\*$<>[]^~#|";
    std::string out;
    bool in_code = false;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (blank && (out.empty() || out.back() == ' ')) continue;
        if (c == '`') in_code = !in_code;
        if (!in_code && kMisread.find(c) != std::string_view::npos) out += '\\';
        out += blank ? ' ' : c;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

/// Bytes of a mark such as `[12]` at the start of `text`; 0 when there is none.
std::size_t reference_mark(std::string_view text) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end < 2 || end > 24) return 0;
    if (end + 1 < text.size() && text[end + 1] == '(') return 0;  // a link
    const std::string_view inside = text.substr(1, end - 1);
    const bool letter = inside.size() == 1 && inside[0] >= 'a' && inside[0] <= 'z';
    bool digits = false, others = false;
    for (std::size_t i = 0; i < inside.size(); ++i) {
        const bool digit = inside[i] >= '0' && inside[i] <= '9';
        digits |= digit;
        others |= !digit && inside[i] != ',' && inside[i] != ' ' && inside[i] != '-' && inside[i] != ';' &&
                  static_cast<unsigned char>(inside[i]) < 0x80;
    }
    const bool numbers = digits && !others && inside[0] >= '0' && inside[0] <= '9';
    return numbers || letter || inside == "citation needed" ? end + 1 : 0;
}

struct Shape {
    std::size_t characters = 0, symbols = 0, code = 0, letters = 0, capitals = 0, unspaced = 0;
    int parentheses = 0, quotes = 0, ticks = 0;
};

Shape shape_of(std::string_view text) {
    static constexpr std::string_view kSymbols = "{}=<>|;\\/#@$%^*+~_&[]";
    Shape shape;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        ++shape.characters;
        if (c == '`') ++shape.ticks;
        if (shape.ticks % 2 == 1) {
            ++shape.code;
            continue;
        }
        if (c == '(' || c == 0xFF08) ++shape.parentheses;
        if (c == ')' || c == 0xFF09) shape.parentheses = shape.parentheses > 0 ? shape.parentheses - 1 : -1000;
        if (c == '"') ++shape.quotes;
        if (c < 0x80 && kSymbols.find(static_cast<char>(c)) != std::string_view::npos) ++shape.symbols;
        shape.letters += is_letter(c);
        shape.capitals += is_upper(c);
        shape.unspaced += is_unspaced_script(c);
    }
    return shape;
}

bool ends_like_a_sentence(std::string_view text) {
    std::vector<char32_t> tail;
    for (std::size_t at = 0; at < text.size();) tail.push_back(next_code_point(text, at));
    while (!tail.empty() && is_closing(tail.back())) tail.pop_back();
    if (tail.empty()) return false;
    const char32_t last = tail.back();
    return last == '.' || last == '!' || last == '?' || last == 0x2026 || ends_unspaced(last);
}

bool begins_like_a_sentence(std::string_view text) {
    std::size_t at = 0;
    const char32_t c = next_code_point(text, at);
    return (is_letter(c) && !is_lower(c)) || c == '`' || c == '"' || c == 0x201C || c == 0xAB || c == 0x300C ||
           (c >= '0' && c <= '9');
}

bool has_sentence_words(std::string_view text) {
    std::size_t words = 0, common = 0;
    for (const std::string& word : words_of(text)) {
        ++words;
        common += is_common(lower(word));
    }
    if (words < 5 || words > 65) return false;
    std::size_t at = 0;
    const bool latin = next_code_point(text, at) < 0x250;
    return !latin || common * 8 >= words;
}

bool is_pointer(const std::string& text) {
    for (const char* start :
         {"See ", "Figure ", "Table ", "Note that this ", "Copyright", "http", "Usage:", "TODO", "Example:"}) {
        if (text.starts_with(start)) return true;
    }
    return text.find("http://") != std::string::npos || text.find("https://") != std::string::npos;
}

}  // namespace

std::vector<Block> blocks_of(std::string_view passage) {
    BlockReader reader;
    for (std::size_t at = 0; at <= passage.size();) {
        const auto end = std::min(passage.find('\n', at), passage.size());
        reader.take_line(passage.substr(at, end - at));
        at = end + 1;
    }
    return reader.finish();
}

std::string without_reference_marks(std::string_view prose) {
    std::string out;
    bool in_code = false;
    for (std::size_t at = 0; at < prose.size();) {
        const std::size_t mark = prose[at] == '[' && !in_code ? reference_mark(prose.substr(at)) : 0;
        if (mark > 0) {
            while (!out.empty() && out.back() == ' ') out.pop_back();
            at += mark;
            continue;
        }
        if (prose[at] == '`') in_code = !in_code;
        out += prose[at++];
    }
    return out;
}

std::vector<std::string> sentences_of(std::string_view prose) {
    std::vector<std::string> sentences;
    for (std::size_t start = 0; start < prose.size();) {
        const std::size_t end = end_of_sentence(prose, start);
        if (const auto sentence = trimmed(prose.substr(start, end - start)); !sentence.empty())
            sentences.emplace_back(sentence);
        start = end;
    }
    return sentences;
}

std::string clean_inline(std::string_view raw) {
    return as_markdown(MarkupRemover(trimmed(raw)).run());
}

std::optional<std::string> clean_sentence(std::string_view raw) {
    raw = trimmed(raw);
    raw.remove_prefix(list_mark(raw));
    const std::string plain = MarkupRemover(raw).run();
    if (plain.empty() || !begins_like_a_sentence(plain) || !ends_like_a_sentence(plain) || is_pointer(plain))
        return std::nullopt;
    const Shape shape = shape_of(plain);
    if (shape.parentheses != 0 || shape.quotes % 2 != 0 || shape.ticks % 2 != 0) return std::nullopt;
    if (shape.symbols * 22 > shape.characters || shape.code * 2 > shape.characters) return std::nullopt;
    if (shape.capitals * 2 > shape.letters) return std::nullopt;
    const bool unspaced = shape.unspaced * 2 > shape.letters;
    if (unspaced ? shape.characters < 8 || shape.characters > 160 : !has_sentence_words(plain)) return std::nullopt;
    return as_markdown(plain);
}

bool leans_on_previous(std::string_view sentence) {
    static const std::unordered_set<std::string> kLeaning = {
        "it",      "its",      "this", "these",   "they",         "their",     "them",        "that",    "those",
        "he",      "she",      "his",  "her",     "but",          "so",        "and",         "or",      "then",
        "also",    "however",  "thus", "hence",   "such",         "therefore", "both",        "neither", "otherwise",
        "instead", "likewise", "nor",  "which",   "consequently", "moreover",  "furthermore", "again",   "below",
        "above",   "here",     "er",   "sie",     "dies",         "diese",     "dieser",      "dieses",  "damit",
        "dabei",   "dadurch",  "aber", "daher",   "deshalb",      "il",        "elle",        "ils",     "elles",
        "mais",    "donc",     "ello", "pero",    "он",           "она",       "они",         "это",     "этот",
        "эта",     "эти",      "но",   "поэтому", "αυτό",         "αυτή",      "αυτός",       "όμως"};
    const auto words = words_of(sentence.substr(0, 80));
    if (words.empty()) return false;
    if (kLeaning.contains(lower(words[0]))) return true;
    // `The engine implements it ...` does not say what.
    for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 5); ++i) {
        if (words[i] == "it" || words[i] == "them" || words[i] == "they") return true;
    }
    static constexpr std::array<std::string_view, 5> kUnspaced = {"它", "这", "但", "因此", "所以"};
    return std::any_of(kUnspaced.begin(), kUnspaced.end(),
                       [&](std::string_view start) { return sentence.starts_with(start); });
}

}  // namespace longhand::llm::offline
