#include "llm/offline/statements.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <sstream>
#include <unordered_set>
#include <vector>

#include "llm/embedded.h"
#include "llm/offline/phrases.h"
#include "llm/offline/sentences.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

struct Verbs {
    std::unordered_set<std::string> acting;  // `returns`: may begin a note on a name
    std::unordered_set<std::string> all;
};

/// `verbs.txt`: verbs as they follow on a name; then those that are nouns as often (`marks`); then auxiliaries and
/// plural forms.
const Verbs& verbs() {
    static const Verbs known = [] {
        Verbs read;
        std::istringstream lines{std::string(embedded("verbs.txt").value_or(""))};
        std::size_t number = 0;
        for (std::string line; std::getline(lines, line); ++number) {
            std::istringstream words(line);
            for (std::string word; words >> word;) {
                if (number < 2) read.acting.insert(word);
                if (number != 1) read.all.insert(word);
            }
        }
        return read;
    }();
    return known;
}

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    }) && !std::isdigit(static_cast<unsigned char>(text[0]));
}

/// Takes `name: ` off the front; the innermost name where there are several.
std::string take_names(std::string_view& line) {
    std::string name;
    for (;;) {
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) return name;
        name = line.substr(0, colon);
        line.remove_prefix(colon + 2);
    }
}

std::string first_word(std::string_view text) {
    const auto words = words_of(text.substr(0, 60));
    return words.empty() ? "" : words.front();
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
    return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return text.starts_with(start); });
}

std::string lower_first(std::string_view text) {
    const std::string word = first_word(text);
    if (word.size() > 1 && lower(word.substr(1)) != word.substr(1)) return std::string(text);  // `HTTP`, `SQLite`
    std::string out(text);
    if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
    return out;
}

bool is_participle(const std::string& word) {
    static const std::unordered_set<std::string> kIrregular = {"told", "made",  "kept",    "set",  "given", "taken",
                                                               "held", "drawn", "written", "read", "left",  "found"};
    return kIrregular.contains(word) || (word.size() > 3 && word.ends_with("ed"));
}

/// The first clause without what a relative word begins: a verb in there is not the sentence's own.
std::string_view main_clause(std::string_view sentence) {
    std::string_view clause = sentence.substr(0, sentence.find_first_of(",:;("));
    for (const std::string_view relative : {" that ", " which ", " who ", " as ", " where ", " whose ", " when "}) {
        clause = clause.substr(0, clause.find(relative));
    }
    return clause;
}

bool has_auxiliary(std::string_view clause) {
    return clause.find(" is ") != std::string_view::npos || clause.find(" are ") != std::string_view::npos ||
           clause.find(" has ") != std::string_view::npos || clause.find(" may ") != std::string_view::npos;
}

bool is_noun_phrase(std::string_view sentence) {
    return starts_with_any(sentence, {"A ", "An ", "The "}) && !has_verb(main_clause(sentence)) &&
           sentence.find(", is ") == std::string_view::npos && sentence.find(" is a ") == std::string_view::npos;
}

/// A sentence that says whom it is about; notes often leave that to the name they stand at.
bool has_subject(std::string_view sentence) {
    if (starts_with_any(sentence,
                        {"What ", "How ",  "Why ",   "Whether ", "Where ", "Who ",    "When ",  "Nothing", "Something",
                         "Empty", "Must ", "Retry ", "Of ",      "About ", "For ",    "Words ", "Also ",   "Only ",
                         "Not ",  "Then ", "Ask ",   "Used ",    "Until ", "With it", "To ",    "As "}))
        return false;
    const std::string word = lower(first_word(sentence));
    if (sentence.find("…") != std::string_view::npos) return false;
    return !verbs().all.contains(word) && !is_participle(word) && has_verb(main_clause(sentence));
}

/// A sentence of a note on `name`; empty where it makes none. `follows`: the one before it was kept.
std::string statement(const std::string& sentence, const std::string& name, bool follows) {
    if (starts_with_any(sentence, {"Errors", "Error:", "See ", "Port 0"})) return "";
    if (!std::isupper(static_cast<unsigned char>(sentence[0])))
        return sentence[0] == '`' && has_subject(sentence) ? sentence : "";
    const std::string word = lower(first_word(sentence));
    const bool named = name.size() > 2 && name != "std";
    const bool is_type = named && std::isupper(static_cast<unsigned char>(name[0]));
    const std::string subject = follows ? "It" : "`" + name + "`";
    // `Blocks without a letter are dropped` begins with a noun.
    const bool acts = verbs().acting.contains(word) && !has_auxiliary(main_clause(sentence));
    if (acts) return named ? subject + " " + lower_first(sentence) : "";
    if (is_participle(word)) return named ? subject + " is " + lower_first(sentence) : "";
    if (is_noun_phrase(sentence))
        return named && !follows ? subject + (is_type ? " is " : " gives ") + lower_first(sentence) : "";
    if (is_type && !follows && starts_with_any(sentence, {"What ", "How "}) && sentence.find(", ") == std::string::npos)
        return subject + " is " + lower_first(sentence);
    return has_subject(sentence) ? sentence : "";
}

bool is_path(std::string_view word) {
    while (!word.empty() && std::string_view(".,;:()").find(word.back()) != std::string_view::npos)
        word.remove_suffix(1);
    if (word.find("//") != std::string_view::npos || word.find('`') != std::string_view::npos) return false;
    const auto slash = word.find('/');
    if (slash != std::string_view::npos && slash > 0 && word.find('.') != std::string_view::npos) return true;
    return word.size() > 2 && (is_program(word) || word.ends_with(".md") || (word.ends_with('/') && slash > 0));
}

std::size_t count_paths(std::string_view sentence) {
    std::istringstream words{std::string(sentence)};
    std::size_t paths = 0;
    for (std::string word; words >> word;) paths += is_path(word);
    return paths;
}

/// `label: cell; cell`, or a label with something behind it that is no sentence.
bool is_row(std::string_view sentence) {
    const auto colon = sentence.find(": ");
    if (colon == std::string_view::npos) return false;
    const std::string_view label = sentence.substr(0, colon), rest = sentence.substr(colon + 2);
    const bool short_label = count_words(label) <= 6 && !has_verb(label);
    if (!has_verb(rest) && (short_label || std::isupper(static_cast<unsigned char>(rest[0])))) return true;
    if (!short_label) return false;
    const std::string_view word = rest.substr(0, rest.find(' '));
    return is_path(word) || word.ends_with(':') || label.find('/') != std::string_view::npos ||
           (is_name(label) && rest.find("; ") != std::string_view::npos);
}

/// With a path or an explained word at its start as `code`.
std::string with_code_first(const std::string& sentence) {
    const auto space = sentence.find(' ');
    if (space == std::string::npos || space == 0) return sentence;
    const std::string word = sentence.substr(0, space);
    const bool label = word.ends_with(':') && is_name(word.substr(0, word.size() - 1)) &&
                       std::islower(static_cast<unsigned char>(word[0]));
    if (label) return "`" + word.substr(0, word.size() - 1) + "`" + sentence.substr(space - 1);
    if (is_path(word) && std::isalnum(static_cast<unsigned char>(word.back())))
        return "`" + word + "`" + sentence.substr(space);
    return sentence;
}

/// `Decision. job/table.cc holds ...`: without the word before.
std::string without_label(const std::string& sentence) {
    const auto stop = sentence.find(". ");
    if (stop == std::string::npos || sentence.substr(0, stop).find(' ') != std::string::npos) return sentence;
    return sentence.substr(stop + 2);
}

void append(std::string& out, const std::string& sentence) {
    if (!sentence.empty()) out += (out.empty() ? "" : " ") + sentence;
}

}  // namespace

bool is_program(std::string_view source) {
    static constexpr std::array<std::string_view, 27> kEndings = {
        ".h",  ".hh",  ".hpp",   ".c",    ".cc",  ".cpp",  ".cxx",   ".py",  ".js",
        ".ts", ".go",  ".rs",    ".java", ".rb",  ".sh",   ".sql",   ".css", ".cs",
        ".kt", ".lua", ".cmake", ".yaml", ".yml", ".json", ".swift", ".php", ".toml"};
    return std::any_of(kEndings.begin(), kEndings.end(),
                       [&](std::string_view ending) { return source.ends_with(ending); });
}

bool has_verb(std::string_view text) {
    for (const std::string& word : words_of(text)) {
        if (verbs().all.contains(lower(word))) return true;
    }
    return false;
}

std::string statements_of_comment(std::string_view line, std::string_view around) {
    std::string name = take_names(line);
    if (name.empty() && is_name(around)) name = around;
    std::string out;
    bool follows = false;
    for (const std::string& sentence : sentences_of(line)) {
        const std::string made = statement(sentence, name, follows);
        follows = !made.empty();
        append(out, made);
    }
    return out;
}

std::string statements_of_line(std::string_view line) {
    const std::string language = guess_language(line);
    const bool plain =
        std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (language.empty() ? !plain : language != "en") return std::string(line);
    std::string out;
    for (const std::string& sentence : sentences_of(line)) {
        if (is_row(sentence)) return out;  // what stands behind it in a row belongs to its label
        if (count_paths(sentence) > 2 || sentence.find('[') != std::string::npos || sentence.ends_with("…")) continue;
        const std::string made = with_code_first(without_label(sentence));
        append(out, made);
        if (made.starts_with('`') && made.find("`: ") != std::string::npos) return out;
    }
    return out;
}

}  // namespace longhand::llm::offline
