#include "writing/blocks.h"

#include <algorithm>

#include "writing/text.h"

namespace longhand::writing {

namespace {

std::size_t fence_length(std::string_view line) {
    line = trimmed(line);
    if (line.empty() || (line[0] != '`' && line[0] != '~')) return 0;
    const std::size_t end = std::min(line.find_first_not_of(line[0]), line.size());
    return end >= 3 && (line[0] == '~' || line.substr(end).find('`') == std::string_view::npos) ? end : 0;
}

bool is_list_item(std::string_view line) {
    line = trimmed(line);
    if (line.size() > 2 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && line[1] == ' ') return true;
    if (line.starts_with("• ") || line.starts_with("– ")) return true;
    const std::size_t digits = line.find_first_not_of("0123456789");
    return digits != 0 && digits < 4 && digits + 1 < line.size() && (line[digits] == '.' || line[digits] == ')') &&
           line[digits + 1] == ' ';
}

bool is_rule(std::string_view line, char only) {
    line = trimmed(line);
    if (line.size() < 3) return false;
    return std::all_of(line.begin(), line.end(), [only](char c) { return c == only || c == ' '; });
}

bool is_left_out(std::string_view line) {
    line = trimmed(line);
    const bool definition =
        line.starts_with('[') && line.find("]: ") != std::string_view::npos && line.find("]: ") < line.find(' ') + 1;
    return line.starts_with(":::") || definition || is_rule(line, '*') || is_rule(line, '_') || is_rule(line, '-');
}

BlockKind kind_of(std::string_view line) {
    const std::string_view bare = trimmed(line);
    if (bare.starts_with('>')) return BlockKind::quote;
    if (bare.starts_with('|')) return BlockKind::table;
    if (is_list_item(line)) return BlockKind::list;
    const std::size_t hashes = bare.find_first_not_of('#');
    if (hashes != 0 && hashes != std::string_view::npos && hashes <= 6 && bare[hashes] == ' ')
        return BlockKind::heading;
    return BlockKind::prose;
}

/// `  * item` -> `  - item`, with the indentation a multiple of four, as pandoc nests.
std::string list_line(std::string_view line) {
    const std::size_t indent = std::min<std::size_t>(line.find_first_not_of(" \t"), 12);
    std::string_view item = trimmed(line);
    if (item[0] < '0' || item[0] > '9') {
        item = trimmed(item.substr(item.find(' ')));
        return std::string((indent + 2) / 4 * 4, ' ') + "- " + std::string(item);
    }
    return std::string((indent + 1) / 4 * 4, ' ') + std::string(item);
}

/// Line by line; what a line means depends on the block that is open.
class Splitter {
public:
    void line(std::string_view raw) {
        if (fence_ > 0) return code_line(raw);
        if (const std::size_t fence = fence_length(raw); fence > 0) return open_fence(raw, fence);
        const std::string_view bare = trimmed(raw);
        if (bare.empty()) return blank();
        if (is_rule(bare, '=') || is_rule(bare, '-')) return underline();
        if (is_left_out(bare)) return close();
        text_line(raw, bare);
    }
    Blocks take() {
        close();
        return std::move(blocks_);
    }

private:
    void code_line(std::string_view raw) {
        const std::string_view bare = trimmed(raw);
        if (fence_length(raw) >= fence_ && bare.find_first_not_of(bare[0]) == std::string_view::npos) {
            fence_ = 0;
            return close();
        }
        current_.text += std::string(raw) + "\n";
    }

    void open_fence(std::string_view raw, std::size_t fence) {
        close();
        open_ = true;
        fence_ = fence;
        current_ = {BlockKind::code, "", std::string(trimmed(trimmed(raw).substr(fence)))};
    }

    void blank() {
        if (open_ && current_.kind == BlockKind::list)
            after_blank_ = true;
        else
            close();
    }

    /// `===` or `---` below a single line makes it a heading; anywhere else it is a rule.
    void underline() {
        if (open_ && current_.kind == BlockKind::prose && lines_ == 1) current_.kind = BlockKind::heading;
        close();
    }

    void text_line(std::string_view raw, std::string_view bare) {
        const BlockKind kind = kind_of(raw);
        const bool indented = raw[0] == ' ' || raw[0] == '\t';
        if (open_ && current_.kind == BlockKind::list && kind == BlockKind::prose && (!after_blank_ || indented)) {
            current_.text += " " + std::string(bare);
            return;
        }
        if (!open_ || current_.kind != kind || kind == BlockKind::heading) start(kind);
        if (after_blank_ && kind != BlockKind::list) start(kind);
        after_blank_ = false;
        append(kind, raw, bare);
        if (kind == BlockKind::heading) close();
    }

    void append(BlockKind kind, std::string_view raw, std::string_view bare) {
        std::string line(bare);
        if (kind == BlockKind::quote)
            line = trimmed(bare.substr(
                bare.find_first_not_of("> ") == std::string_view::npos ? bare.size() : bare.find_first_not_of("> ")));
        if (kind == BlockKind::heading) line = trimmed(bare.substr(bare.find_first_not_of('#')));
        if (kind == BlockKind::list) line = list_line(raw);
        while (kind == BlockKind::prose && line.ends_with('\\')) line.pop_back();
        const bool per_line = kind == BlockKind::list || kind == BlockKind::table;
        if (!current_.text.empty()) current_.text += per_line ? "\n" : " ";
        current_.text += line;
        ++lines_;
    }

    void start(BlockKind kind) {
        close();
        open_ = true;
        current_.kind = kind;
    }

    void close() {
        const bool code = current_.kind == BlockKind::code;
        while (code && current_.text.ends_with('\n')) current_.text.pop_back();
        if (open_ && !trimmed(current_.text).empty()) blocks_.push_back(std::move(current_));
        current_ = {};
        open_ = after_blank_ = false;
        lines_ = 0;
    }

    Blocks blocks_;
    Block current_;
    bool open_ = false;
    bool after_blank_ = false;
    std::size_t lines_ = 0;
    std::size_t fence_ = 0;
};

std::string fenced(const Block& block) {
    std::size_t longest = 2, run = 0;
    for (const char c : block.text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    return fence + block.info + "\n" + block.text + "\n" + fence;
}

}  // namespace

Blocks split_blocks(std::string_view markdown) {
    Splitter splitter;
    for (const std::string_view line : lines_of(markdown)) splitter.line(line);
    return splitter.take();
}

std::string join_blocks(const Blocks& blocks) {
    std::string out;
    for (const Block& block : blocks) {
        if (!out.empty()) out += "\n\n";
        switch (block.kind) {
            case BlockKind::code:
                out += fenced(block);
                break;
            case BlockKind::quote:
                out += "> " + block.text;
                break;
            case BlockKind::heading:
                out += "### " + block.text;
                break;
            case BlockKind::prose:
            case BlockKind::list:
            case BlockKind::table:
                out += block.text;
                break;
        }
    }
    return out;
}

std::int64_t count_words(const Blocks& blocks) {
    std::int64_t words = 0;
    for (const Block& block : blocks) words += count_words(block.text);
    return words;
}

}  // namespace longhand::writing
