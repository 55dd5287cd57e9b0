#include "sources/code_lines.h"

#include <algorithm>
#include <array>

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

bool is_name(char c) {
    return is_word_byte(c) || c == '_';
}

/// A scanner that knows strings and comments well enough for whole, valid programs and never fails on others.
class Scanner {
public:
    Scanner(std::string_view text, CommentStyle style) : text_(text), style_(style) {}

    std::vector<CodeLine> scan() {
        start_line();
        while (at_ < text_.size()) {
            if (text_[at_] == '\n') {
                end_line();
            } else if (in_block_) {
                block_comment();
            } else if (!comment_start() && !string_start()) {
                lines_.back().code += text_[at_++];
            }
        }
        finish_line();
        return std::move(lines_);
    }

private:
    bool at(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }

    void start_line() {
        lines_.emplace_back();
        line_from_ = at_;
        line_end_ = std::min(text_.find('\n', at_), text_.size());
    }
    void finish_line() { lines_.back().whole = text_.substr(line_from_, at_ - line_from_); }
    void end_line() {
        finish_line();
        ++at_;
        start_line();
        if (in_block_) lines_.back().has_comment = true;
    }

    bool comment_start() {
        auto& line = lines_.back();
        if (style_ == CommentStyle::slashes && at("/*")) {
            start_block("*/", 2);
            while (at_ < block_stop_ && (text_[at_] == '*' || text_[at_] == '!')) ++at_;
            left_mark();
            return true;
        }
        if (style_ == CommentStyle::hashes && trim(line.code).empty() && (at("\"\"\"") || at("'''"))) {
            start_block(text_.substr(at_, 3), 3);
            return true;
        }
        if (!line_comment()) return false;
        line.has_comment = true;
        const std::string_view marks = style_ == CommentStyle::slashes  ? "/!"
                                       : style_ == CommentStyle::hashes ? "#!"
                                                                        : "-";
        while (at_ < text_.size() && marks.find(text_[at_]) != std::string_view::npos) ++at_;
        left_mark();
        line.comment += text_.substr(at_, line_end_ - at_);
        at_ = line_end_;
        return true;
    }

    void start_block(std::string_view end, std::size_t mark_size) {
        in_block_ = lines_.back().has_comment = true;
        at_ += mark_size;
        block_stop_ = std::min(text_.find(end, at_), text_.size());
        block_end_size_ = end.size();
    }

    bool line_comment() const {
        const char before = at_ > 0 ? text_[at_ - 1] : '\n';
        if (style_ == CommentStyle::slashes) return at("//");
        if (style_ == CommentStyle::hashes)
            return text_[at_] == '#' && (before == '\n' || before == ' ' || before == '\t');
        return style_ == CommentStyle::dashes && at("--");
    }

    void left_mark() {
        if (at_ < text_.size() && text_[at_] == '<') {
            lines_.back().documents_left = true;
            ++at_;
        }
    }

    void block_comment() {
        auto& line = lines_.back();
        const auto end = std::min(block_stop_, line_end_);
        auto piece = text_.substr(at_, end - at_);
        // The column of stars down a block's left side.
        if (const auto star = piece.find_first_not_of(" \t"); style_ == CommentStyle::slashes && line.comment.empty() &&
                                                              star != std::string_view::npos && piece[star] == '*') {
            piece.remove_prefix(star + 1);
        }
        line.comment += piece;
        line.has_comment = true;
        at_ = end;
        if (at_ == block_stop_) {
            in_block_ = false;
            at_ = std::min(at_ + block_end_size_, text_.size());
        }
    }

    bool string_start() {
        if (style_ == CommentStyle::none) return false;
        if (style_ == CommentStyle::slashes && at("R\"") && (at_ == 0 || !is_name(text_[at_ - 1]))) return raw_string();
        const char quote = text_[at_];
        if (quote == '`' && style_ == CommentStyle::slashes) return quoted(quote, text_.size());
        if (quote != '"' && quote != '\'') return false;
        // 1'000 and the lifetimes of other languages are no character literals.
        if (quote == '\'' && at_ > 0 && is_name(text_[at_ - 1])) return false;
        return quoted(quote, line_end_);
    }

    /// Skips a string that closes before `limit`; one that does not is no string.
    bool quoted(char quote, std::size_t limit) {
        auto& unclosed = unclosed_until_[quote == '"' ? 0 : quote == '`' ? 1 : 2];
        if (at_ < unclosed) return false;
        auto end = at_ + 1;
        while (end < limit && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
        if (end >= limit) {
            unclosed = limit;
            return false;
        }
        lines_.back().code.append({quote, quote});
        skip_to(end + 1);
        return true;
    }

    bool raw_string() {
        const auto delimiter = text_.substr(at_, 19).find('(');
        if (delimiter == std::string_view::npos || raw_string_unclosed_) return false;
        const auto open = at_ + delimiter;
        const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
        const auto end = text_.find(close, open);
        if (end == std::string_view::npos) {
            raw_string_unclosed_ = true;
            return false;
        }
        lines_.back().code += "\"\"";
        skip_to(end + close.size());
        return true;
    }

    void skip_to(std::size_t end) {
        while (at_ < end) {
            if (text_[at_] == '\n') {
                end_line();
            } else {
                ++at_;
            }
        }
    }

    std::string_view text_;
    CommentStyle style_;
    std::vector<CodeLine> lines_;
    std::size_t at_ = 0, line_from_ = 0, line_end_ = 0;
    bool in_block_ = false;
    std::size_t block_stop_ = 0, block_end_size_ = 0;
    // So that no text is searched for the same end again and again.
    std::array<std::size_t, 3> unclosed_until_{};
    bool raw_string_unclosed_ = false;
};

}  // namespace

std::vector<CodeLine> split_code(std::string_view text, CommentStyle style) {
    return Scanner(text, style).scan();
}

}  // namespace longhand::sources
