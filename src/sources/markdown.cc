#include "sources/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string_view>

#include "sources/plain.h"
#include "sources/table_row.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

struct ParserDeleter {
    void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};
struct NodeDeleter {
    void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Document = std::unique_ptr<cmark_node, NodeDeleter>;

// Past these a document is not written by people, and costs the parser more than linear time or memory.
constexpr std::size_t kLongestLine = 100'000, kMostMarks = 60, kMostColumns = 200, kMostCells = 2'000'000;

/// Containers that the start of a line may open: `> - 1. > `.
std::size_t container_marks(std::string_view line) {
    const auto start = line.substr(0, std::min(line.find_first_not_of(" \t>-+*.)0123456789"), line.size()));
    // A rule of dashes or stars.
    if (start.size() == line.size() && start.find_first_not_of("-* \t") == std::string_view::npos) return 0;
    return static_cast<std::size_t>(std::count_if(start.begin(), start.end(), [](char c) {
        return c == '>' || c == '-' || c == '+' || c == '*' || c == ')' || c == '.';
    }));
}

bool is_hostile(std::string_view text) {
    std::size_t lines = 0, columns = 0, paragraph = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto pipes = static_cast<std::size_t>(std::count(line.begin(), line.end(), '|'));
        columns = std::max(columns, pipes);
        paragraph = trim(line).empty() ? 0 : paragraph + line.size();
        ++lines;
        if (line.size() > kLongestLine || paragraph > 2 * kLongestLine) return true;
        if (container_marks(line) > kMostMarks || pipes > kMostColumns) return true;
    }
    return columns * lines > kMostCells * 10;
}

// One at a time. The library keeps its extensions, and the characters that mean something to them, in tables of the
// process: the first is filled once, and a second filling ends the process; the other is changed by each parser while
// it works (github/cmark-gfm, pull request 176). What is parsed is a tree of its own.
Document parse(std::string_view text) {
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    cmark_gfm_core_extensions_ensure_registered();
    const std::unique_ptr<cmark_parser, ParserDeleter> parser(cmark_parser_new(CMARK_OPT_DEFAULT));
    for (const char* name : {"table", "strikethrough"}) {
        if (auto* extension = cmark_find_syntax_extension(name)) {
            cmark_parser_attach_syntax_extension(parser.get(), extension);
        }
    }
    cmark_parser_feed(parser.get(), text.data(), text.size());
    return Document(cmark_parser_finish(parser.get()));
}

/// All inline text below `node`, plain.
std::string inline_text(cmark_node* node) {
    std::string text;
    const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> it(cmark_iter_new(node), &cmark_iter_free);
    while (cmark_iter_next(it.get()) != CMARK_EVENT_DONE) {
        auto* at = cmark_iter_get_node(it.get());
        const auto type = cmark_node_get_type(at);
        if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) text += ' ';
        if (type != CMARK_NODE_TEXT && type != CMARK_NODE_CODE) continue;
        if (const char* literal = cmark_node_get_literal(at)) text += literal;
    }
    return squeeze(text);
}

/// Walks the document's blocks and collects them.
class Walker {
public:
    Walker(ReadText& out, std::uint32_t first_line) : out_(out), first_line_(first_line) {}

    void walk(cmark_node* document) {
        const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> it(cmark_iter_new(document), &cmark_iter_free);
        for (auto event = cmark_iter_next(it.get()); event != CMARK_EVENT_DONE; event = cmark_iter_next(it.get())) {
            auto* node = cmark_iter_get_node(it.get());
            if (event != CMARK_EVENT_ENTER) {
                leave(node);
            } else if (enter(node)) {
                cmark_iter_reset(it.get(), node, CMARK_EVENT_EXIT);
            }
        }
    }

private:
    /// True when all of the node has been taken.
    bool enter(cmark_node* node) {
        const auto type = cmark_node_get_type(node);
        if (type == CMARK_NODE_ITEM) ++items_;
        if (type == CMARK_NODE_HEADING) {
            heading(node);
        } else if (type == CMARK_NODE_PARAGRAPH) {
            add(items_ > 0 ? BlockKind::line : BlockKind::prose, node, inline_text(node));
        } else if (type == CMARK_NODE_CODE_BLOCK) {
            add_code(node);
        } else if (std::string_view(cmark_node_get_type_string(node)) == "table") {
            table(node);
        } else {
            return false;
        }
        return type != CMARK_NODE_CODE_BLOCK;  // a leaf: it has no exit
    }

    void leave(cmark_node* node) {
        if (cmark_node_get_type(node) == CMARK_NODE_ITEM) --items_;
    }

    void heading(cmark_node* node) {
        const std::string title = inline_text(node);
        const int level = cmark_node_get_heading_level(node);
        if (out_.title.empty() && level == 1) out_.title = title;
        sections_.enter(level, title);
    }

    void add_code(cmark_node* node) {
        const char* literal = cmark_node_get_literal(node);
        if (literal == nullptr) return;
        Block block{BlockKind::code, place(node), literal};
        block.place.section = code_section(block.place.section);
        out_.blocks.push_back(std::move(block));
    }

    void table(cmark_node* node) {
        std::vector<std::string> header;
        for (auto* row = cmark_node_first_child(node); row != nullptr; row = cmark_node_next(row)) {
            std::vector<std::string> cells;
            for (auto* cell = cmark_node_first_child(row); cell != nullptr; cell = cmark_node_next(cell)) {
                cells.push_back(inline_text(cell));
            }
            if (row == cmark_node_first_child(node)) {
                header = std::move(cells);
            } else {
                add(BlockKind::line, row, table_row(header, cells));
            }
        }
    }

    void add(BlockKind kind, cmark_node* node, std::string text) {
        if (!text.empty()) out_.blocks.push_back({kind, place(node), std::move(text)});
    }

    Place place(cmark_node* node) const {
        const int line = cmark_node_get_start_line(node);
        return {sections_.joined(), 0, line > 0 ? first_line_ + static_cast<std::uint32_t>(line) : 0};
    }

    ReadText& out_;
    std::uint32_t first_line_;
    SectionPath sections_;
    int items_ = 0;
};

/// `title: "A title"` or `title = "A title"` of front matter.
std::string front_title(std::string_view front) {
    while (!front.empty()) {
        const auto end = std::min(front.find('\n'), front.size());
        auto line = trim(front.substr(0, end));
        front.remove_prefix(std::min(end + 1, front.size()));
        if (!line.starts_with("title")) continue;
        line = trim(line.substr(5));
        if (line.empty() || (line.front() != ':' && line.front() != '=')) continue;
        line = trim(line.substr(1));
        if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front()) {
            line = line.substr(1, line.size() - 2);
        }
        return squeeze(line);
    }
    return {};
}

/// Bytes of the front matter at the start, with its fences; 0: none.
std::size_t front_matter_size(std::string_view text) {
    for (const std::string_view fence : {"---\n", "+++\n"}) {
        if (!text.starts_with(fence)) continue;
        const std::string close = "\n" + std::string(fence.substr(0, 3));
        const auto end = text.find(close, 3);
        if (end == std::string_view::npos) return 0;
        const auto after = end + close.size();
        if (after < text.size() && text[after] != '\n') return 0;
        // A rule at the top of a text without keys is no front matter.
        if (text.substr(4, end - 4).find_first_of(":=") == std::string_view::npos) return 0;
        return std::min(after + 1, text.size());
    }
    return 0;
}

}  // namespace

ReadText read_markdown(std::string_view text) {
    ReadText out;
    const auto front = text.substr(0, front_matter_size(text));
    out.title = front_title(front);
    const auto body = text.substr(front.size());
    if (is_hostile(body)) return read_plain(text);
    const auto document = parse(body);
    Walker(out, static_cast<std::uint32_t>(std::count(front.begin(), front.end(), '\n'))).walk(document.get());
    return out;
}

}  // namespace longhand::sources
