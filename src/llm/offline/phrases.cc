#include "llm/offline/phrases.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_set>

#include "llm/offline/bag.h"
#include "llm/offline/words.h"
#include "llm/utf8.h"

namespace longhand::llm::offline {
namespace {

struct Token {
    std::string word;  // as written; empty: a stop, which no phrase crosses
    std::string lowered;
    bool starts = false;  // a sentence
};

bool joins_words(std::string_view gap) {
    return gap.find_first_not_of(' ') == std::string_view::npos;
}

/// The words of a text with stops where there is anything but blanks between them.
std::vector<Token> tokens_of(const std::string& text) {
    std::vector<Token> tokens;
    std::size_t at = 0;
    bool starts = true;
    for (const std::string& word : words_of(text)) {
        const std::size_t found = text.find(word, at);
        if (found == std::string::npos) continue;
        const std::string_view gap = std::string_view(text).substr(at, found - at);
        if (!joins_words(gap)) {
            tokens.push_back({});
            starts = gap.find_first_of(".!?:\n|") != std::string_view::npos;
        }
        tokens.push_back({word, lower(word), starts});
        starts = false;
        at = found + word.size();
    }
    tokens.push_back({});
    return tokens;
}

bool is_determiner(const std::string& word) {
    static const std::unordered_set<std::string> kWords = {
        "the",  "a",    "an",   "each", "every", "its", "their", "of",   "by",   "with", "for", "in",  "no",
        "one",  "from", "into", "at",   "any",   "per", "on",    "this", "that", "der",  "die", "das", "ein",
        "eine", "le",   "la",   "les",  "un",    "une", "des",   "du",   "de",   "el",   "los", "las", "una",
        "ο",    "η",    "το",   "τα",   "του",   "της", "των",   "в",    "на",   "с",    "для", "из"};
    return kWords.contains(word);
}

/// Words that are verbs, adverbs or adjectives more often than the subject of anything.
bool is_weak(const std::string& word) {
    static const std::unordered_set<std::string> kWords = {
        "new",       "old",       "same",    "different", "good",    "bad",     "better",    "best",     "great",
        "small",     "large",     "big",     "long",      "short",   "full",    "whole",     "empty",    "own",
        "able",      "ready",     "real",    "true",      "false",   "free",    "plain",     "clear",    "sure",
        "available", "possible",  "need",    "needs",     "want",    "wants",   "run",       "runs",     "make",
        "making",    "take",      "taking",  "find",      "found",   "come",    "comes",     "look",     "call",
        "called",    "start",     "starts",  "end",       "ends",    "way",     "ways",      "kind",     "kinds",
        "part",      "parts",     "place",   "case",      "cases",   "time",    "times",     "number",   "numbers",
        "example",   "examples",  "lot",     "set",       "sets",    "hold",    "holds",     "tell",     "tells",
        "show",      "shows",     "work",    "works",     "second",  "third",   "two",       "three",    "four",
        "five",      "day",       "rest",    "none",      "say",     "says",    "know",      "known",    "written",
        "writes",    "write",     "read",    "reads",     "reading", "point",   "person",    "sentence", "word",
        "words",     "thing",     "etc",     "line",      "lines",   "based",   "following", "null",     "bool",
        "int",       "string",    "void",    "const",     "return",  "returns", "std",       "name",     "later",
        "earlier",   "former",    "latter",  "next",      "last",    "only",    "today",     "here",     "change",
        "changes",   "bare",      "missing", "slow",      "fast",    "simple",  "common",    "single",   "main",
        "certain",   "important", "useful",  "current",   "local"};
    return kWords.contains(word) || word.ends_with("ly") || word.ends_with("ed") || word.ends_with("able") ||
           word.ends_with("ible") || word.ends_with("ful") || word.ends_with("ous");
}

bool may_be_in_phrase(const Token& token) {
    if (token.word.empty() || is_common(token.lowered)) return false;
    if (token.word.find_first_not_of("0123456789.,-") == std::string::npos) return false;
    if (token.lowered.ends_with("'s") || token.lowered.ends_with("’s") || token.lowered.ends_with("n't")) return false;
    return token.word.size() > 2 && token.word.find('_') == std::string::npos;
}

struct Count {
    std::map<std::string, std::size_t> forms;
    std::size_t all = 0, after_determiner = 0, inside_sentence = 0, capital_inside = 0;
    std::set<std::size_t> texts;
    std::size_t words = 1;
};
using Counts = std::map<std::string, Count>;  // ordered: what is counted alike must come out alike

void count_at(const std::vector<Token>& tokens, std::size_t start, std::size_t text, Counts& counts) {
    std::string key, form;
    for (std::size_t length = 1; length <= 3 && start + length <= tokens.size(); ++length) {
        const Token& token = tokens[start + length - 1];
        if (!may_be_in_phrase(token)) return;
        key += (length > 1 ? " " : "") + stem(token.lowered);
        form += (length > 1 ? " " : "") + (token.starts ? token.lowered : token.word);
        if (is_weak(token.lowered)) continue;  // may stand inside a phrase, not at its end
        Count& count = counts[key];
        count.words = length;
        ++count.all;
        ++count.forms[form];
        count.texts.insert(text);
        count.after_determiner += start > 0 && is_determiner(tokens[start - 1].lowered);
        std::size_t at = 0;
        if (!tokens[start].starts) {
            ++count.inside_sentence;
            count.capital_inside += is_upper(next_code_point(tokens[start].word, at));
        }
    }
}

/// Pairs of characters of scripts without spaces.
void count_pair(const std::vector<Token>& tokens, std::size_t start, std::size_t text, Counts& counts) {
    if (start + 1 >= tokens.size()) return;
    for (const Token* token : {&tokens[start], &tokens[start + 1]}) {
        std::size_t at = 0;
        if (token->word.empty() || is_common(token->word) || !is_unspaced_script(next_code_point(token->word, at)))
            return;
    }
    const std::string pair = tokens[start].word + tokens[start + 1].word;
    Count& count = counts[pair];
    ++count.all;
    ++count.after_determiner;
    ++count.forms[pair];
    count.texts.insert(text);
}

Phrase phrase_of(const Count& count, std::size_t all_texts) {
    Phrase phrase;
    std::size_t best = 0;
    for (const auto& [form, times] : count.forms) {
        if (times > best) {
            best = times;
            phrase.text = form;
        }
    }
    phrase.proper = count.capital_inside * 2 > count.inside_sentence && count.inside_sentence > 0;
    phrase.plural = phrase.text.ends_with('s') && !phrase.text.ends_with("ss") && !phrase.text.ends_with("us") &&
                    !phrase.text.ends_with("is");
    const double length_factor = count.words == 1 ? 1.0 : count.words == 2 ? 1.9 : 2.2;
    phrase.weight =
        static_cast<double>(count.all) * length_factor * (0.5 + static_cast<double>(count.texts.size()) * 0.5);
    // What is in nearly every text tells them apart no more than a common word.
    phrase.weight *= std::log(1.0 + static_cast<double>(all_texts) / static_cast<double>(count.texts.size()));
    return phrase;
}

bool worth_counting(const Count& count) {
    return count.all >= 2 && count.after_determiner * 10 >= count.all * 3;
}

bool overlaps(const Phrase& phrase, const std::vector<Phrase>& chosen) {
    const auto words = meaningful_stems(phrase.text);
    const std::set<std::string> own(words.begin(), words.end());
    return std::any_of(chosen.begin(), chosen.end(), [&](const Phrase& other) {
        const auto others = meaningful_stems(other.text);
        return std::any_of(others.begin(), others.end(), [&](const std::string& word) { return own.contains(word); });
    });
}

bool says_nothing(const std::string& lowered) {
    static const std::unordered_set<std::string> kWords = {"introduction", "overview",      "notes",
                                                           "note",         "example",       "examples",
                                                           "misc",         "miscellaneous", "readme",
                                                           "index",        "contents",      "table of contents",
                                                           "license",      "changelog",     "todo",
                                                           "summary",      "conclusion",    "appendix",
                                                           "references",   "bibliography",  "general",
                                                           "usage",        "see also",      "name",
                                                           "synopsis",     "description",   "options",
                                                           "about",        "background",    "the idea in one paragraph",
                                                           "more",         "credits",       "authors",
                                                           "copyright",    "faq",           "details",
                                                           "other",        "others",        "rules",
                                                           "bugs",         "history",       "files",
                                                           "abstract",     "decision",      "context",
                                                           "consequences", "status",        "text",
                                                           "line",         "place",         "process",
                                                           "data",         "result",        "results",
                                                           "answers",      "jobs",          "what else was tried"};
    return kWords.contains(lowered);
}

}  // namespace

std::vector<Phrase> key_phrases(const std::vector<std::string>& texts, std::size_t limit) {
    Counts counts;
    for (std::size_t text = 0; text < texts.size(); ++text) {
        const auto tokens = tokens_of(texts[text]);
        for (std::size_t at = 0; at < tokens.size(); ++at) {
            count_at(tokens, at, text, counts);
            count_pair(tokens, at, text, counts);
        }
    }
    std::vector<Phrase> all;
    for (const auto& [key, count] : counts) {
        if (worth_counting(count)) all.push_back(phrase_of(count, texts.size()));
    }
    std::stable_sort(all.begin(), all.end(), [](const Phrase& a, const Phrase& b) { return a.weight > b.weight; });
    std::vector<Phrase> chosen;
    for (const Phrase& phrase : all) {
        if (chosen.size() >= limit) break;
        if (!overlaps(phrase, chosen)) chosen.push_back(phrase);
    }
    return chosen;
}

std::string with_article(const Phrase& phrase) {
    return phrase.proper || phrase.plural ? phrase.text : "the " + phrase.text;
}

std::string listed(const std::vector<std::string>& parts) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += i + 1 == parts.size() ? " and " : ", ";
        out += parts[i];
    }
    return out;
}

std::string capitalised(std::string_view text) {
    if (text.empty()) return "";
    std::size_t at = 0;
    const char32_t first = next_code_point(text, at);
    // Every capital of the ranges known here lies where its small letter is looked for.
    char32_t upper = first;
    if (is_lower(first)) {
        for (const char32_t step : {32u, 80u, 1u, 37u, 63u}) {
            if (first >= step && to_lower(first - step) == first) {
                upper = first - step;
                break;
            }
        }
    }
    std::string out;
    append_utf8(out, upper);
    return out + std::string(text.substr(at));
}

std::string last_heading(std::string_view place) {
    const auto at = place.rfind(" > ");
    return std::string(at == std::string_view::npos ? place : place.substr(at + 3));
}

std::string title_from_heading(std::string_view heading) {
    std::string title;
    for (const char c : heading) {
        if (c != '`' && c != '*' && c != '#') title += c;
    }
    const auto first = title.find_first_not_of("0123456789.) \t-–");
    if (first == std::string::npos) return "";
    title.erase(0, first);
    while (!title.empty() && std::string_view(" .:,;-").find(title.back()) != std::string_view::npos) title.pop_back();
    const std::size_t words = count_words(title);
    const bool code = title.find_first_of("/\\(){}[]<>=;@_|$") != std::string::npos ||
                      title.find("::") != std::string::npos || title.find(".h") != std::string::npos ||
                      title.find(".md") != std::string::npos;
    if (words == 0 || words > 9 || code || title.size() < 4 || title.size() > 90 || says_nothing(lower(title)))
        return "";
    if (meaningful_stems(title).empty()) return "";
    return capitalised(title);
}

bool same_title(std::string_view a, std::string_view b) {
    const auto first = meaningful_stems(a), second = meaningful_stems(b);
    const std::set<std::string> in_a(first.begin(), first.end()), in_b(second.begin(), second.end());
    if (in_a.empty() || in_b.empty()) return lower(a) == lower(b);
    const auto shared =
        std::count_if(in_a.begin(), in_a.end(), [&](const std::string& word) { return in_b.contains(word); });
    return static_cast<std::size_t>(shared) * 2 >=
           std::min(in_a.size(), in_b.size()) + (std::min(in_a.size(), in_b.size()) == 1 ? 1 : 0);
}

}  // namespace longhand::llm::offline
