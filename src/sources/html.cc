#include "sources/html.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sources/sentences.h"
#include "sources/table_row.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

/// Deeper pages are not written by people; the parser frees its tree by recursion.
constexpr std::size_t kDeepest = 3'000;
/// Open formatting elements times tags: each is made again in each paragraph.
constexpr std::size_t kMostCopies = 20'000'000;

/// These close by themselves, or have no end.
bool nests(std::string_view tag) {
    static constexpr auto kFlat = std::to_array<std::string_view>(
        {"p",     "li",     "dt",    "dd",   "tr",    "td",    "th",    "option",  "br",
         "img",   "hr",     "meta",  "link", "input", "col",   "area",  "base",    "embed",
         "param", "source", "track", "wbr",  "tbody", "thead", "tfoot", "colgroup"});
    return std::find(kFlat.begin(), kFlat.end(), tag) == kFlat.end();
}

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kSpace = " \t\r\n\f";

std::size_t behind(std::string_view text, std::size_t found) {
    return found >= text.size() ? npos : found + 1;
}

/// The place behind a tag whose name ends at `at`: behind its `>`, but not one in a quoted value.
std::size_t behind_tag(std::string_view text, std::size_t at) {
    while ((at = text.find_first_not_of(" \t\r\n\f/", at)) != npos && text[at] != '>') {
        // A name may start with any character.
        at = text.find_first_of(" \t\r\n\f/>=", at + 1);
        if (at == npos) return npos;
        at = text.find_first_not_of(kSpace, at);
        if (at == npos || text[at] != '=') continue;
        at = text.find_first_not_of(kSpace, at + 1);
        if (at == npos) return npos;
        const bool quoted = text[at] == '"' || text[at] == '\'';
        at = quoted ? behind(text, text.find(text[at], at + 1)) : text.find_first_of(" \t\r\n\f>", at);
    }
    return behind(text, at);
}

/// Where a comment that starts at `at` ends.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
    for (at = text.find("--", at + 2); at != npos; at = text.find("--", at + 1)) {
        const auto rest = text.substr(at + 2);
        if (rest.starts_with('>') || rest.starts_with("!>")) break;
    }
    return at;
}

/// These are closed together with what is around them.
bool is_inline(std::string_view tag) {
    static constexpr auto kInline = std::to_array<std::string_view>(
        {"a",    "b",    "i",      "u",    "s",    "em",    "strong", "small", "big",  "tt",
         "code", "font", "strike", "nobr", "span", "q",     "sub",    "sup",   "abbr", "cite",
         "kbd",  "var",  "samp",   "mark", "time", "label", "ins",    "del"});
    return std::find(kInline.begin(), kInline.end(), tag) != kInline.end();
}

/// How deep a page's tags may nest, found without making its tree. An end tag counts only when it closes what was
/// opened last, inline elements aside: the parser ignores others, or takes them for something else.
class Nesting {
public:
    explicit Nesting(std::string_view text) : text_(text) {
        for (auto at = text.find('<'); at < text.size() && deepest_ <= kDeepest; at = text.find('<', at)) {
            ++tags_;
            at = text.substr(at).starts_with("<!--") ? end_of_comment(text, at) : behind_mark(at + 1);
        }
    }

    bool is_hostile() const { return deepest_ > kDeepest || (deepest_ > 200 && deepest_ * tags_ > kMostCopies); }

private:
    static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

    std::size_t behind_mark(std::size_t at) {
        if (at >= text_.size()) return npos;
        if (text_[at] == '!' || text_[at] == '?') return text_.find('>', at);
        const bool closes = text_[at] == '/';
        if (closes) ++at;
        if (at >= text_.size()) return npos;
        // `</3 x>` is a comment; `<3` is text.
        if (!is_letter(text_[at])) return closes ? text_.find('>', at) : at;
        const auto end = std::min(text_.find_first_of(" \t\r\n\f/>", at), text_.size());
        std::string name = lower_ascii(text_.substr(at, std::min<std::size_t>(end - at, 64)));
        const auto next = behind_tag(text_, end);
        if (!nests(name)) return next;
        if (!closes) return open(std::move(name), next);
        close(name);
        return next;
    }

    void close(std::string_view name) {
        auto last = open_.rbegin();
        while (last != open_.rend() && *last != name && is_inline(*last) && name != "form") ++last;
        if (last != open_.rend() && *last == name) open_.erase(std::prev(last.base()), open_.end());
    }

    std::size_t open(std::string name, std::size_t next) {
        // Programs and styles hold no tags, but for those in a drawing.
        const bool program =
            (name == "script" || name == "style") && std::find(open_.begin(), open_.end(), "svg") == open_.end();
        if (program) return next == npos ? npos : end_of_program(name, next);
        open_.push_back(std::move(name));
        deepest_ = std::max(deepest_, open_.size());
        return next;
    }

    /// At its end tag, which then closes nothing.
    std::size_t end_of_program(std::string_view name, std::size_t at) const {
        for (at = text_.find("</", at); at != npos; at = text_.find("</", at + 2)) {
            if (lower_ascii(text_.substr(at + 2, name.size())) == name) return at;
        }
        return npos;
    }

    std::string_view text_;
    std::vector<std::string> open_;
    std::size_t deepest_ = 0, tags_ = 0;
};

struct OutputDeleter {
    void operator()(GumboOutput* output) const { gumbo_destroy_output(&kGumboDefaultOptions, output); }
};

std::string_view attribute(const GumboNode* node, const char* name) {
    const auto* found = gumbo_get_attribute(&node->v.element.attributes, name);
    return found == nullptr ? std::string_view{} : std::string_view(found->value);
}

bool is_element(const GumboNode* node) {
    return node->type == GUMBO_NODE_ELEMENT;
}

GumboTag tag_of(const GumboNode* node) {
    return is_element(node) ? node->v.element.tag : GUMBO_TAG_UNKNOWN;
}

int heading_level(const GumboNode* node) {
    const auto tag = tag_of(node);
    return is_element(node) && tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? tag - GUMBO_TAG_H1 + 1 : 0;
}

/// Steps through a tree without recursion: `enter(node)` says whether to go below it, `leave(node)` is called for
/// those.
template <class Enter, class Leave>
void traverse(const GumboNode* root, Enter enter, Leave leave) {
    const auto children = [](const GumboNode* node) -> const GumboVector* {
        return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE ? &node->v.element.children
                                                                                     : nullptr;
    };
    const GumboNode* node = root;
    for (;;) {
        const bool below = enter(node);
        const auto* list = below ? children(node) : nullptr;
        if (list != nullptr && list->length > 0) {
            node = static_cast<const GumboNode*>(list->data[0]);
            continue;
        }
        if (below) leave(node);
        for (;;) {
            if (node == root) return;
            const auto* siblings = children(node->parent);
            if (siblings != nullptr && node->index_within_parent + 1 < siblings->length) {
                node = static_cast<const GumboNode*>(siblings->data[node->index_within_parent + 1]);
                break;
            }
            node = node->parent;
            leave(node);
        }
    }
}

bool has_heading(const GumboNode* root) {
    bool found = false;
    traverse(
        root, [&](const GumboNode* node) { return !(found = found || heading_level(node) > 0); },
        [](const GumboNode*) {});
    return found;
}

/// The part that is marked as the main one; the whole when none is, or several are.
const GumboNode* main_part(const GumboNode* root) {
    std::vector<const GumboNode*> mains, articles;
    traverse(
        root,
        [&](const GumboNode* node) {
            if (!is_element(node)) return false;
            if (tag_of(node) == GUMBO_TAG_MAIN || attribute(node, "role") == "main") mains.push_back(node);
            if (tag_of(node) == GUMBO_TAG_ARTICLE) articles.push_back(node);
            return mains.empty();
        },
        [](const GumboNode*) {});
    if (mains.size() == 1) return mains.front();
    return articles.size() == 1 ? articles.front() : root;
}

std::string text_below(const GumboNode* root) {
    std::string text;
    traverse(
        root,
        [&](const GumboNode* node) {
            if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE) text += node->v.text.text;
            return true;
        },
        [](const GumboNode*) {});
    return text;
}

bool has_class(const GumboNode* node, const auto& names) {
    std::string_view classes = attribute(node, "class");
    while (!classes.empty()) {
        const auto end = std::min(classes.find(' '), classes.size());
        if (std::find(names.begin(), names.end(), classes.substr(0, end)) != names.end()) return true;
        classes.remove_prefix(std::min(end + 1, classes.size()));
    }
    return false;
}

constexpr auto kSkippedTags = std::to_array<GumboTag>(
    {GUMBO_TAG_HEAD, GUMBO_TAG_NAV, GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE,
     GUMBO_TAG_ASIDE, GUMBO_TAG_FOOTER, GUMBO_TAG_FORM, GUMBO_TAG_BUTTON, GUMBO_TAG_SELECT, GUMBO_TAG_SVG,
     GUMBO_TAG_IFRAME, GUMBO_TAG_OBJECT, GUMBO_TAG_TEXTAREA, GUMBO_TAG_CANVAS, GUMBO_TAG_VIDEO, GUMBO_TAG_AUDIO});
/// As manuals made by Texinfo, DocBook, Sphinx, Doxygen and pandoc mark what is no text.
constexpr auto kSkippedClasses = std::to_array<std::string_view>({"nav",
                                                                  "navbar",
                                                                  "navigation",
                                                                  "navheader",
                                                                  "navfooter",
                                                                  "nav-panel",
                                                                  "toc",
                                                                  "TOC",
                                                                  "contents",
                                                                  "table-of-contents",
                                                                  "summarycontents",
                                                                  "shortcontents",
                                                                  "Contents_element",
                                                                  "breadcrumb",
                                                                  "breadcrumbs",
                                                                  "sidebar",
                                                                  "sphinxsidebar",
                                                                  "related",
                                                                  "menu",
                                                                  "footer",
                                                                  "headerlink",
                                                                  "copiable-link",
                                                                  "footnotes-segment",
                                                                  "copyright",
                                                                  "navpath"});
constexpr auto kHeaderClasses = std::to_array<std::string_view>({"header", "top", "banner"});

bool is_skipped(const GumboNode* node) {
    if (std::find(kSkippedTags.begin(), kSkippedTags.end(), tag_of(node)) != kSkippedTags.end()) return true;
    if (gumbo_get_attribute(&node->v.element.attributes, "hidden") != nullptr) return true;
    if (attribute(node, "role") == "navigation" || has_class(node, kSkippedClasses)) return true;
    const bool header = tag_of(node) == GUMBO_TAG_HEADER || has_class(node, kHeaderClasses);
    return header && heading_level(node) == 0 && !has_heading(node);
}

/// "title", "admonition-title" and the like.
bool has_title_class(const GumboNode* node) {
    std::string_view classes = attribute(node, "class");
    while (!classes.empty()) {
        const auto end = std::min(classes.find(' '), classes.size());
        if (classes.substr(0, end).ends_with("title")) return true;
        classes.remove_prefix(std::min(end + 1, classes.size()));
    }
    return false;
}

bool is_block(GumboTag tag) {
    static constexpr auto kBlocks = std::to_array<GumboTag>(
        {GUMBO_TAG_P,       GUMBO_TAG_DIV,     GUMBO_TAG_UL,         GUMBO_TAG_OL,         GUMBO_TAG_LI,
         GUMBO_TAG_DL,      GUMBO_TAG_DD,      GUMBO_TAG_TABLE,      GUMBO_TAG_SECTION,    GUMBO_TAG_ARTICLE,
         GUMBO_TAG_MAIN,    GUMBO_TAG_BODY,    GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FIGURE,
         GUMBO_TAG_HEADER,  GUMBO_TAG_ADDRESS, GUMBO_TAG_CENTER,     GUMBO_TAG_HR,         GUMBO_TAG_CAPTION,
         GUMBO_TAG_DETAILS, GUMBO_TAG_SUMMARY});
    return std::find(kBlocks.begin(), kBlocks.end(), tag) != kBlocks.end();
}

/// A table that is being read; one with much text in a cell only lays out the page.
struct Table {
    std::vector<std::string> header, cells;
    std::string cell;
    bool in_cell = false, head_row = false, first_row = true;
};
constexpr std::size_t kLongestCell = 800;  // bytes

class HtmlReader {
public:
    explicit HtmlReader(ReadText& out) : out_(out) {}

    void read(const GumboNode* root) {
        traverse(
            root, [this](const GumboNode* node) { return enter(node); },
            [this](const GumboNode* node) { leave(node); });
        flush();
        release_label();
    }

private:
    bool enter(const GumboNode* node) {
        if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
            text_ += node->v.text.text;
        }
        if (!is_element(node) || is_skipped(node)) return false;
        const auto tag = tag_of(node);
        if (const int level = heading_level(node); level > 0) return heading(level, node), false;
        if (tag == GUMBO_TAG_PRE) return program(node), false;
        if (tag == GUMBO_TAG_BR) text_ += ' ';
        if (is_block(tag) || tag == GUMBO_TAG_DT) flush();
        if (tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DT || tag == GUMBO_TAG_TABLE) release_label(":");
        if (tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DD) ++items_;
        if (tag == GUMBO_TAG_TABLE) tables_.emplace_back();
        if (!tables_.empty()) enter_table_part(tag);
        return true;
    }

    void leave(const GumboNode* node) {
        const auto tag = tag_of(node);
        if (tag == GUMBO_TAG_DT) return take_term();
        if (is_block(tag)) is_label(node) ? take_label() : flush();
        if ((tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DD) && items_ > 0) --items_;
        if (tag == GUMBO_TAG_DL) emit(BlockKind::line, std::exchange(term_, {}));
        if (tables_.empty()) return;
        if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) leave_cell();
        if (tag == GUMBO_TAG_TR) leave_row();
        if (tag == GUMBO_TAG_TABLE) tables_.pop_back();
    }

    void enter_table_part(GumboTag tag) {
        auto& table = tables_.back();
        if (tag == GUMBO_TAG_TR) table.head_row = table.first_row;
        if (tag == GUMBO_TAG_TD) table.head_row = false;
        if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) {
            flush();
            table.in_cell = true;
        }
    }

    void leave_cell() {
        flush();
        auto& table = tables_.back();
        table.cells.push_back(std::exchange(table.cell, {}));
        table.in_cell = false;
    }

    void leave_row() {
        auto& table = tables_.back();
        auto cells = std::exchange(table.cells, {});
        table.first_row = false;
        if (table.head_row) {
            table.header = std::move(cells);
        } else {
            emit(BlockKind::line, cells.size() == 1 ? cells[0] : table_row(table.header, cells));
        }
    }

    void take_term() {
        const auto text = squeeze(std::exchange(text_, {}));
        if (!term_.empty() && !text.empty()) term_ += ", ";
        term_ += text;
    }

    /// "Note", "Warning": what stands above the text that it is about, in a block of its own.
    bool is_label(const GumboNode* node) const {
        constexpr std::size_t kMostWords = 3, kMostTitleWords = 8;
        const bool title = has_title_class(node);
        if (!title && (tag_of(node) != GUMBO_TAG_P || items_ > 0)) return false;
        if (!term_.empty() || (!tables_.empty() && tables_.back().in_cell)) return false;
        const std::string text = squeeze(text_);
        const auto words = count_words(text);
        return words > 0 && words <= (title ? kMostTitleWords : kMostWords) && !ends_sentence(text) &&
               std::string_view(":;,").find(text.back()) == std::string_view::npos;
    }

    void take_label() {
        release_label();
        label_ = squeeze(std::exchange(text_, {}));
    }

    /// As a line of its own: no paragraph is below that it could be put before.
    void release_label(std::string_view end = "") {
        if (!label_.empty()) push(BlockKind::line, std::exchange(label_, {}).append(end));
    }

    void heading(int level, const GumboNode* node) {
        flush();
        release_label();
        std::string title = squeeze(text_below(node));
        while (title.ends_with("\u00B6") || title.ends_with("\u00A7")) title.resize(title.size() - 2);
        title = std::string(trim(title));
        if (out_.title.empty() && level == 1) out_.title = title;
        sections_.enter(level, title);
    }

    void program(const GumboNode* node) {
        flush();
        release_label(":");
        std::string text = text_below(node);
        // Manual pages set as HTML are prose with line ends kept.
        Place place{code_section(sections_.joined()), 0, 0};
        if (!trim(text).empty()) out_.blocks.push_back({BlockKind::code, std::move(place), std::move(text)});
    }

    void flush() {
        std::string text = squeeze(std::exchange(text_, {}));
        if (!tables_.empty() && tables_.back().in_cell) return add_to_cell(std::move(text));
        if (text.empty()) return;
        // A name and what it means are one line: "name: meaning".
        if (auto term = std::exchange(term_, {}); !term.empty())
            text = term + (term.ends_with(':') ? " " : ": ") + text;
        if (auto label = std::exchange(label_, {}); !label.empty()) text = label + ": " + text;
        emit(items_ > 0 ? BlockKind::line : BlockKind::prose, std::move(text));
    }

    void add_to_cell(std::string text) {
        auto& cell = tables_.back().cell;
        if (text.empty()) return;
        if (cell.size() + text.size() > kLongestCell) {
            emit(BlockKind::prose, std::exchange(cell, {}));
            return emit(BlockKind::prose, std::move(text));
        }
        if (!cell.empty()) cell += ' ';
        cell += text;
    }

    void emit(BlockKind kind, std::string text) {
        if (text.empty()) return;
        release_label();
        push(kind, std::move(text));
    }

    void push(BlockKind kind, std::string text) {
        out_.blocks.push_back({kind, {sections_.joined(), 0, 0}, std::move(text)});
    }

    ReadText& out_;
    SectionPath sections_;
    std::string text_, term_;
    std::string label_;  ///< waits for the text that it stands above
    int items_ = 0;
    std::vector<Table> tables_;
};

std::string title_of(const GumboNode* root) {
    std::string title;
    traverse(
        root,
        [&](const GumboNode* node) {
            if (is_element(node) && tag_of(node) == GUMBO_TAG_TITLE && title.empty()) title = squeeze(text_below(node));
            return title.empty() && is_element(node) && tag_of(node) != GUMBO_TAG_BODY;
        },
        [](const GumboNode*) {});
    return title;
}

}  // namespace

std::optional<ReadText> read_html(std::string_view text) {
    if (Nesting(text).is_hostile()) return std::nullopt;
    ReadText out;
    GumboOptions options = kGumboDefaultOptions;
    options.max_errors = 0;
    const std::unique_ptr<GumboOutput, OutputDeleter> parsed(
        gumbo_parse_with_options(&options, text.data(), text.size()));
    out.title = title_of(parsed->root);
    HtmlReader(out).read(main_part(parsed->root));
    return out;
}

}  // namespace longhand::sources
