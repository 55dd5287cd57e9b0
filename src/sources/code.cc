#include "sources/code.h"

#include <algorithm>
#include <utility>

#include "sources/code_lines.h"
#include "sources/declaration.h"
#include "sources/plain.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

enum class ScopeKind { space, type, body };

struct Scope {
    ScopeKind kind;
    std::string name;
};

/// Which braces are open, in languages that have them.
class Scopes {
public:
    /// Moves over one line's code.
    void pass(std::string_view code) {
        if (trim(code).starts_with("#")) return;  // the preprocessor's
        for (const char c : code) {
            if (c == '{') {
                open();
            } else if (c == '}') {
                if (!open_.empty()) open_.pop_back();
                statement_.clear();
            } else if (c == ';') {
                statement_.clear();
            } else if (c == ':' && is_access_label(trim(statement_))) {
                statement_.clear();
            } else if (statement_.size() < 1'000) {
                statement_ += c;
            }
        }
        statement_ += ' ';
    }

    /// Names of the types around, joined.
    std::string section() const {
        SectionPath path;
        int level = 0;
        for (const auto& scope : open_) {
            if (scope.kind == ScopeKind::type) path.enter(++level, scope.name);
        }
        return path.joined();
    }
    bool in_body() const { return !open_.empty() && open_.back().kind == ScopeKind::body; }

private:
    static bool is_access_label(std::string_view word) {
        return word == "public" || word == "private" || word == "protected";
    }

    void open() {
        const auto declaration = read_declaration(statement_);
        statement_.clear();
        if (open_.size() > kDeepest) return;
        auto kind = ScopeKind::body;
        if (declaration.kind == DeclarationKind::scope) kind = ScopeKind::space;
        if (declaration.kind == DeclarationKind::type && !in_body()) kind = ScopeKind::type;
        open_.push_back({kind, declaration.name});
    }

    static constexpr std::size_t kDeepest = 200;
    std::vector<Scope> open_;
    std::string statement_;
};

bool is_licence(std::string_view text) {
    return text.find("Copyright") != std::string_view::npos || text.find("SPDX-License") != std::string_view::npos ||
           text.find("Licensed under") != std::string_view::npos;
}

/// Marks for tools, and rules of dashes or slashes.
bool is_for_tools(std::string_view comment) {
    comment = trim(comment);
    for (const std::string_view mark : {"NOLINT", "IWYU", "clang-format", "eslint", "type:", "noqa", "namespace"}) {
        if (comment.starts_with(mark)) return true;
    }
    return !comment.empty() && count_words(comment) == 0;
}

bool has_code(const CodeLine& line) {
    return !trim(line.code).empty();
}

bool is_include(std::string_view code) {
    code = trim(code);
    return code.starts_with("#include") || code.starts_with("#pragma") || code.starts_with("import ");
}

constexpr std::size_t kFewestWords = 40;

/// The types of a header often have a line or two each: those join their neighbours, under their names.
void join_short_sections(std::vector<Block>& blocks) {
    for (std::size_t from = 0, to = 0; from < blocks.size(); from = to) {
        const std::string section = blocks[from].place.section;
        std::size_t words = 0;
        for (to = from; to < blocks.size() && blocks[to].place.section == section; ++to) {
            words += count_words(blocks[to].text);
        }
        if (section.empty() || words >= kFewestWords) continue;
        for (auto i = from; i < to; ++i) blocks[i].place.section.clear();
        blocks[from].text = section + ": " + blocks[from].text;
    }
}

class CodeReader {
public:
    CodeReader(const std::vector<CodeLine>& lines, ReadText& out) : lines_(lines), out_(out) {}

    void read() {
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            const auto& line = lines_[i];
            if (line.has_comment && !has_code(line)) {
                i = comment_block(i);
                continue;
            }
            if (line.has_comment) trailing_comment(i);
            if (has_code(line)) program_line(i);
            scopes_.pass(line.code);
        }
        flush_program();
        join_short_sections(out_.blocks);
        std::move(program_.begin(), program_.end(), std::back_inserter(out_.blocks));
    }

private:
    /// Comments on lines of their own, one after the other; the last of them.
    std::size_t comment_block(std::size_t from) {
        std::size_t to = from;
        while (to + 1 < lines_.size() && lines_[to + 1].has_comment && !has_code(lines_[to + 1])) ++to;
        std::vector<Line> text;
        bool licence = false;
        for (std::size_t i = from; i <= to; ++i) {
            const bool skipped = is_for_tools(lines_[i].comment);
            text.push_back({skipped ? std::string_view{} : lines_[i].comment, static_cast<std::uint32_t>(i + 1), 0});
            licence = licence || is_licence(lines_[i].comment);
        }
        if (!licence) add_comment(text, declaration_after(to));
        return to;
    }

    /// What follows a comment directly.
    Declaration declaration_after(std::size_t at) const {
        if (at + 1 >= lines_.size() || !has_code(lines_[at + 1])) return {};
        std::string code;
        for (std::size_t i = at + 1; i < std::min(at + 4, lines_.size()); ++i) code += lines_[i].code + " ";
        return read_declaration(code);
    }

    void add_comment(const std::vector<Line>& text, const Declaration& declaration) {
        std::vector<Block> blocks;
        SectionPath none;
        read_lines(text, Headings::none, none, blocks);
        const std::string around = scopes_.section();
        std::string section = around;
        if (declaration.kind == DeclarationKind::type && !scopes_.in_body()) {
            section += (section.empty() ? "" : " > ") + declaration.name;
        }
        const bool named = declaration.kind == DeclarationKind::other && !scopes_.in_body();
        for (auto& block : blocks) {
            if (block.kind == BlockKind::code) continue;
            if (named && &block == &blocks.front()) block.text = declaration.name + ": " + block.text;
            block.place.section = section;
            out_.blocks.push_back(std::move(block));
        }
    }

    /// `name = 3;  ///< what it is`
    void trailing_comment(std::size_t at) {
        const auto& line = lines_[at];
        if (is_for_tools(line.comment) || scopes_.in_body() || trim(line.code).starts_with("}")) return;
        const auto declaration = read_declaration(line.code);
        std::string text = squeeze(line.comment);
        for (auto next = at + 1; next < lines_.size() && lines_[next].documents_left && !has_code(lines_[next]);
             ++next) {
            text += " " + squeeze(lines_[next].comment);
        }
        if (text.empty()) return;
        if (declaration.kind == DeclarationKind::other) text = declaration.name + ": " + text;
        out_.blocks.push_back(
            {BlockKind::line, {scopes_.section(), 0, static_cast<std::uint32_t>(at + 1)}, std::move(text)});
    }

    void program_line(std::size_t at) {
        if (is_include(lines_[at].code)) return;
        const std::string section = code_section(scopes_.section());
        if (!current_.text.empty() && current_.place.section != section) flush_program();
        if (current_.text.empty()) {
            current_.kind = BlockKind::code;
            current_.place = {section, 0, static_cast<std::uint32_t>(at + 1)};
        }
        current_.text.append(lines_[at].whole) += '\n';
    }

    void flush_program() {
        if (!current_.text.empty()) program_.push_back(std::move(current_));
        current_ = {};
    }

    const std::vector<CodeLine>& lines_;
    ReadText& out_;
    Scopes scopes_;
    Block current_;
    std::vector<Block> program_;
};

}  // namespace

ReadText read_code(std::string_view text, CommentStyle style) {
    ReadText out;
    const auto lines = split_code(text, style);
    CodeReader(lines, out).read();
    return out;
}

}  // namespace longhand::sources
