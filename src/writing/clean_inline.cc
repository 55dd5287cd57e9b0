// The inline half of cleaning: one pass over a paragraph's characters.
#include <algorithm>

#include "writing/clean.h"
#include "writing/markup.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/// `p12`, `P12` or a passage's key.
bool looks_like_id(std::string_view word) {
    if (word.size() < 2 || (word[0] != 'p' && word[0] != 'P') || !is_alnum(word[1])) return false;
    const bool alias = std::all_of(word.begin() + 1, word.end(), is_digit);
    const bool key = word.size() > 14 && word[13] == '-' && std::all_of(word.begin() + 14, word.end(), is_digit);
    return alias || key;
}

class InlineCleaner {
public:
    InlineCleaner(std::string_view text, const Aliases& aliases, CleanCounts& counts)
        : text_(text), aliases_(aliases), counts_(counts) {}

    std::string run() {
        while (at_ < text_.size()) step();
        return std::move(out_);
    }

private:
    std::string_view rest() const { return text_.substr(at_); }
    char previous() const { return at_ == 0 ? ' ' : text_[at_ - 1]; }
    void escape(std::size_t count = 1) {
        out_ += '\\';
        out_ += text_.substr(at_, count);
        at_ += count;
    }
    void leftover(std::size_t length) {
        ++counts_.leftovers;
        at_ += length;
    }

    void step() {
        switch (text_[at_]) {
            case '`':
                return code_span();
            case '$':
                return dollar();
            case '\\':
                return backslash();
            case '<':
                return angle();
            case '[':
                return bracket();
            case ']':
                return escape();
            case '!':
                return image();
            case '@':
                return at_sign();
            case '{':
                return brace();
            case '-':
                return dash();
            case '^':
                return rest().starts_with("^[") ? escape() : copy(1);
            default:
                return copy(1);
        }
    }

    void copy(std::size_t length) {
        out_ += text_.substr(at_, length);
        at_ += length;
    }

    void code_span() {
        const std::size_t ticks = std::min(rest().find_first_not_of('`'), rest().size());
        const std::string fence(ticks, '`');
        std::size_t end = rest().find(fence, ticks);
        while (end != std::string_view::npos && end + ticks < rest().size() && rest()[end + ticks] == '`')
            end = rest().find(fence, rest().find_first_not_of('`', end));
        if (end == std::string_view::npos) {
            for (std::size_t i = 0; i < ticks; ++i) escape();
            return;
        }
        copy(end + ticks);
    }

    /// pandoc's rule for `$math$`; any other dollar is a dollar.
    void dollar() {
        const std::size_t marks = rest().starts_with("$$") ? 2 : 1;
        const std::size_t end = rest().find(rest().substr(0, marks), marks);
        const bool closed = end != std::string_view::npos && end > marks;
        const bool tight = closed && rest()[marks] != ' ' && rest()[end - 1] != ' ' && rest()[end - 1] != '\\' &&
                           (end + marks >= rest().size() || !is_digit(rest()[end + marks]));
        if (!tight) return escape();
        copy(end + marks);
    }

    void backslash() {
        for (const auto& [open, close, mark] : {std::tuple{"\\(", "\\)", "$"}, std::tuple{"\\[", "\\]", "$$"}}) {
            if (!rest().starts_with(open)) continue;
            const std::size_t end = rest().find(close, 2);
            const auto math = end == std::string_view::npos ? std::string_view() : trimmed(rest().substr(2, end - 2));
            if (math.empty() || math.find('$') != std::string_view::npos) continue;
            // `\[12\]` and `\[sic\]` are brackets that somebody escaped.
            if (mark == std::string_view("$$") && math.find_first_of("\\^_=+<>") == std::string_view::npos) continue;
            out_ += mark + std::string(math) + mark;
            at_ += end + 2;
            return;
        }
        const bool punctuation = at_ + 1 < text_.size() && static_cast<unsigned char>(text_[at_ + 1]) < 0x80 &&
                                 text_[at_ + 1] > ' ' && !is_alnum(text_[at_ + 1]);
        punctuation ? copy(2) : escape();
    }

    /// `--flag` as code: as prose it would be set with a dash.
    void dash() {
        const bool begins = at_ == 0 || !(is_alnum(text_[at_ - 1]) || text_[at_ - 1] == '-' ||
                                          static_cast<unsigned char>(text_[at_ - 1]) >= 0x80);
        const bool flag = rest().starts_with("--") && rest().size() > 2 && is_alnum(rest()[2]);
        if (!begins || !flag) return copy(std::min(rest().find_first_not_of('-'), rest().size()));
        std::size_t end = 2;
        while (end < rest().size() && (is_alnum(rest()[end]) || rest()[end] == '-' || rest()[end] == '_')) ++end;
        out_ += "`" + std::string(rest().substr(0, end)) + "`";
        at_ += end;
    }

    void angle() {
        if (rest().starts_with("<!--")) {
            const std::size_t end = rest().find("-->");
            return leftover(end == std::string_view::npos ? 4 : end + 3);
        }
        if (const std::size_t mark = mark_length(rest()); mark > 0) return leftover(mark);
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
        const bool tag = is_alnum(next) ? !is_digit(next) : next == '/' || next == '!' || next == '?';
        tag ? escape() : copy(1);
    }

    void bracket() {
        const std::size_t end = matching_bracket(rest());
        if (end == std::string_view::npos) return escape();
        const std::string_view inside = rest().substr(1, end - 1);
        if (citation_group(inside, end + 1)) return;
        if (is_cross_reference(inside)) return copy(end + 1);
        if (inside.starts_with('^')) return leftover(end + 1);
        if (link(inside, end)) return;
        if (is_placeholder(inside)) return leftover(end + 1);
        escape();
    }

    static std::size_t matching_bracket(std::string_view text) {
        int depth = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\\')
                ++i;
            else if (text[i] == '[')
                ++depth;
            else if (text[i] == ']' && --depth == 0)
                return i;
        }
        return std::string_view::npos;
    }

    static bool is_cross_reference(std::string_view inside) {
        return inside.size() > 1 && inside[0] == '#' && is_digit(inside[1]) &&
               inside.find_first_not_of("0123456789.", 1) == std::string_view::npos && inside.back() != '.';
    }

    /// What an author leaves for later, and numbers that stand for references nobody has.
    bool is_placeholder(std::string_view inside) const {
        const bool number = !inside.empty() && inside.find_first_not_of("0123456789, -") == std::string_view::npos;
        if (number && (previous() == ' ' || previous() == '.' || previous() == ']')) return true;
        for (const std::string_view word :
             {"insert ", "todo", "your ", "citation needed", "placeholder", "tbd", "fill in", "add "})
            if (starts_with_folded(inside, word)) return true;
        return false;
    }

    bool citation_group(std::string_view inside, std::size_t length) {
        std::vector<std::string> keys;
        std::size_t ids = 0, others = 0;
        for (std::size_t from = 0; from <= inside.size();) {
            const std::size_t to = std::min(inside.find_first_of(";,", from), inside.size());
            std::string_view item = trimmed(inside.substr(from, to - from));
            const bool marked = item.starts_with('@');
            if (marked) item.remove_prefix(1);
            if (starts_with_folded(item, "passage ")) item = trimmed(item.substr(8));
            if (marked || looks_like_id(item)) {
                ++ids;
                resolve(item.substr(0, item.find(' ')), keys);
            } else {
                ++others;
            }
            from = to + 1;
        }
        const bool is_group = inside.starts_with('@') || (ids > 0 && others == 0);
        if (!is_group) return pending_drops_ = 0, false;
        counts_.dropped_citations += pending_drops_;
        pending_drops_ = 0;
        cite(keys);
        at_ += length;
        return true;
    }

    void resolve(std::string_view id, std::vector<std::string>& keys) {
        const auto found = aliases_.find(lower_ascii(id));
        const bool is_key =
            std::any_of(aliases_.begin(), aliases_.end(), [id](auto& alias) { return alias.second == id; });
        const std::string key = found != aliases_.end() ? found->second : is_key ? std::string(id) : "";
        if (key.empty())
            ++pending_drops_;
        else if (std::find(keys.begin(), keys.end(), key) == keys.end())
            keys.push_back(key);
    }

    void cite(const std::vector<std::string>& keys) {
        if (keys.empty()) {
            while (out_.ends_with(' ')) out_.pop_back();
            return;
        }
        std::string group = "[";
        for (const std::string& key : keys) group += (group.size() > 1 ? "; @" : "@") + key;
        if (!out_.empty() && out_.back() != ' ') out_ += ' ';
        out_ += group + "]";
    }

    /// `[text](address)` and `[text][reference]` keep their text: an address is a source that nobody stored.
    bool link(std::string_view inside, std::size_t end) {
        const std::string_view after = rest().substr(end + 1);
        const char close = after.starts_with('(')                               ? ')'
                           : after.starts_with('[') && !after.starts_with("[@") ? ']'
                                                                                : ' ';
        const std::size_t stop = close == ' ' ? std::string_view::npos : after.find(close);
        if (stop == std::string_view::npos) return false;
        if (close == ']' && looks_like_id(after.substr(1, stop - 1))) return false;
        out_ += clean_inline(inside, aliases_, counts_);
        leftover(end + 1 + stop + 1);
        return true;
    }

    void image() {
        if (!rest().starts_with("![")) return copy(1);
        const std::size_t end = matching_bracket(rest().substr(1));
        if (end == std::string_view::npos || rest().substr(end + 2, 1) != "(") return escape();
        const std::size_t stop = rest().find(')', end);
        leftover(stop == std::string_view::npos ? rest().size() : stop + 1);
    }

    void at_sign() {
        std::size_t length = 1;
        while (length < rest().size() && (is_alnum(rest()[length]) || rest()[length] == '-')) ++length;
        const std::string_view id = rest().substr(1, length - 1);
        if (is_alnum(previous())) return copy(1);
        if (!looks_like_id(id)) return escape();
        std::vector<std::string> keys;
        resolve(id, keys);
        counts_.dropped_citations += pending_drops_;
        pending_drops_ = 0;
        cite(keys);
        at_ += length;
    }

    void brace() {
        if (rest().starts_with("{{")) {
            const std::size_t end = rest().find("}}");
            if (end != std::string_view::npos && end < 80) return leftover(end + 2);
        }
        const char next = rest().size() > 1 ? rest()[1] : ' ';
        const bool attribute = next == '#' || next == '.' || next == '=' || takes_attributes();
        attribute ? escape() : copy(1);
    }

    /// Whether what came last may have attributes behind it: code, a link, a bracketed span. The first character of a
    /// text counts, as the text may go behind something.
    bool takes_attributes() const {
        constexpr std::string_view kClosing = "`)]";
        return at_ == 0 || kClosing.find(previous()) != std::string_view::npos || out_.empty() ||
               kClosing.find(out_.back()) != std::string_view::npos;
    }

    std::string_view text_;
    const Aliases& aliases_;
    CleanCounts& counts_;
    std::string out_;
    std::size_t at_ = 0;
    std::int64_t pending_drops_ = 0;
};

}  // namespace

std::string clean_inline(std::string_view text, const Aliases& aliases, CleanCounts& counts) {
    return InlineCleaner(text, aliases, counts).run();
}

std::vector<std::string> cited_keys(std::string_view text) {
    std::vector<std::string> keys;
    for (std::size_t at = text.find("[@"); at != std::string_view::npos; at = text.find("[@", at + 1)) {
        const std::size_t end = std::min(text.find(']', at), text.size());
        for (std::size_t from = at + 1; from < end;) {
            const std::size_t to = std::min(text.find(';', from), end);
            const std::string_view item = trimmed(text.substr(from, to - from));
            if (item.starts_with('@')) keys.emplace_back(item.substr(1));
            from = to + 1;
        }
    }
    return keys;
}

std::vector<std::string> cited_keys(const Blocks& blocks) {
    std::vector<std::string> keys;
    for (const Block& block : blocks) {
        if (block.kind == BlockKind::code) continue;
        for (std::string& key : cited_keys(block.text)) keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace longhand::writing
