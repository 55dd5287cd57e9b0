#include "sources/declaration.h"

#include <algorithm>
#include <array>
#include <vector>

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

constexpr auto kScopes = std::to_array<std::string_view>({"namespace", "package", "module", "extern", "mod", "impl"});
constexpr auto kTypes =
    std::to_array<std::string_view>({"class", "struct", "enum", "union", "interface", "trait", "concept"});
constexpr auto kNamed = std::to_array<std::string_view>(
    {"def", "fn", "func", "function", "using", "define", "type", "let", "const", "var", "typedef"});
constexpr auto kStatements = std::to_array<std::string_view>(
    {"if",      "for",       "while",    "switch",  "return", "else",  "case",     "do",      "try",
     "catch",   "co_return", "co_await", "throw",   "delete", "goto",  "public",   "private", "protected",
     "default", "import",    "from",     "include", "pragma", "break", "continue", "friend"});

bool contains(const auto& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

struct Token {
    std::string_view text;
    bool name = false;
};

std::vector<Token> tokens_of(std::string_view code) {
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < code.size() && tokens.size() < 200;) {
        const auto from = at;
        while (at < code.size() && (is_word_byte(code[at]) || code[at] == '_')) ++at;
        const bool name = at > from;
        if (!name) ++at;
        if (name || (code[from] != ' ' && code[from] != '\t' && code[from] != '\n')) {
            tokens.push_back({code.substr(from, at - from), name});
        }
    }
    return tokens;
}

/// Past the brackets that open at `at`.
std::size_t skip_brackets(const std::vector<Token>& tokens, std::size_t at, std::string_view open,
                          std::string_view close) {
    int depth = 0;
    for (; at < tokens.size(); ++at) {
        if (tokens[at].text == open) ++depth;
        if (tokens[at].text == close && --depth == 0) return at + 1;
    }
    return at;
}

/// `template <…>`, `[[…]]`, `#`.
std::size_t skip_prefixes(const std::vector<Token>& tokens) {
    std::size_t at = 0;
    for (std::size_t before = 1; at < tokens.size() && before != at;) {
        before = at;
        if (tokens[at].text == "template") at = skip_brackets(tokens, at + 1, "<", ">");
        if (at < tokens.size() && tokens[at].text == "[") at = skip_brackets(tokens, at, "[", "]");
        if (at < tokens.size() && (tokens[at].text == "#" || tokens[at].text == "export")) ++at;
    }
    return at;
}

std::string name_after(const std::vector<Token>& tokens, std::size_t at) {
    while (at < tokens.size() && (!tokens[at].name || contains(kTypes, tokens[at].text))) {
        if (tokens[at].text == "{" || tokens[at].text == ";" || tokens[at].text == "=") return {};
        at = tokens[at].text == "[" ? skip_brackets(tokens, at, "[", "]") : at + 1;
    }
    return at < tokens.size() ? std::string(tokens[at].text) : std::string();
}

/// `Result<int> name(…)`, `int name = 3;`, `name,`: the name before the first mark that ends one.
std::string name_before_mark(const std::vector<Token>& tokens, std::size_t at) {
    int angles = 0;
    std::string_view last;
    for (; at < tokens.size(); ++at) {
        const auto& token = tokens[at];
        if (token.name) last = token.text;
        if (token.text == "<") ++angles;
        if (token.text == ">") --angles;
        const bool ends =
            token.text.size() == 1 && std::string_view("(=;{,[:").find(token.text[0]) != std::string_view::npos;
        const bool qualifies = token.text == ":" && at + 1 < tokens.size() && tokens[at + 1].text == ":";
        if (qualifies) ++at;
        if (ends && !qualifies && angles <= 0) break;
    }
    const bool plain = !last.empty() && (last[0] < '0' || last[0] > '9') && last != "operator";
    return plain ? std::string(last) : std::string();
}

}  // namespace

Declaration read_declaration(std::string_view code) {
    const auto tokens = tokens_of(code);
    std::size_t at = skip_prefixes(tokens);
    while (at < tokens.size() &&
           contains(std::array<std::string_view, 5>{"static", "inline", "constexpr", "pub", "abstract"},
                    tokens[at].text)) {
        ++at;
    }
    if (at >= tokens.size()) return {};
    const auto word = tokens[at].text;
    if (contains(kStatements, word)) return {};
    if (contains(kScopes, word)) return {DeclarationKind::scope, name_after(tokens, at + 1)};
    const auto kind = contains(kTypes, word) ? DeclarationKind::type : DeclarationKind::other;
    const bool keyword = kind == DeclarationKind::type || contains(kNamed, word);
    std::string name = keyword ? name_after(tokens, at + 1) : name_before_mark(tokens, at);
    if (name.empty()) return {};
    return {kind, std::move(name)};
}

}  // namespace longhand::sources
