#include "sources/search_terms.h"

#include <unordered_set>

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

constexpr std::size_t kLongestTerm = 100;  // bytes

/// Without the accents that the tokenizer, which knows those of Latin letters, would keep: of Greek, and of Cyrillic
/// yo.
char32_t without_accent(char32_t c) {
    static constexpr std::u32string_view kFrom = U"άέήίόύώΐΰϊϋςΆΈΉΊΌΎΏёЁ", kTo = U"αεηιουωιυιυσαεηιουωее";
    const auto at = c < 0x386 || c > 0x451 ? std::u32string_view::npos : kFrom.find(c);
    return at == std::u32string_view::npos ? c : kTo[at];
}

/// The run of CJK characters at `at`, one string each.
std::vector<std::string_view> cjk_run(std::string_view text, std::size_t& at) {
    std::vector<std::string_view> run;
    while (at < text.size()) {
        const auto c = decode_at(text, at);
        if (!is_cjk(c.value)) break;
        run.push_back(text.substr(at, c.size));
        at += c.size;
    }
    return run;
}

std::string pair_at(const std::vector<std::string_view>& run, std::size_t i) {
    std::string pair(run[i]);
    if (i + 1 < run.size()) pair += run[i + 1];
    return pair;
}

/// The run of other letters and digits at `at`, in lower case.
std::string word_at(std::string_view text, std::size_t& at) {
    std::string word;
    while (at < text.size()) {
        const auto c = decode_at(text, at);
        if (!is_word(c.value) || is_cjk(c.value)) break;
        append_utf8(word, without_accent(fold_case(c.value)));
        at += c.size;
    }
    return word;
}

}  // namespace

std::string text_for_index(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto run = cjk_run(text, at);
        for (std::size_t i = 0; i < run.size(); ++i) out += " " + pair_at(run, i) + " ";
        if (!run.empty()) continue;
        const auto c = decode_at(text, at);
        append_utf8(out, without_accent(c.value));
        at += c.size;
    }
    return out;
}

std::vector<std::string> search_terms(std::string_view text) {
    std::vector<std::string> terms;
    std::unordered_set<std::string> seen;
    const auto add = [&](std::string term) {
        if (!term.empty() && term.size() <= kLongestTerm && seen.insert(term).second) terms.push_back(std::move(term));
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto from = at;
        const auto run = cjk_run(text, at);
        if (run.size() == 1) add(std::string(run[0]));
        for (std::size_t i = 0; i + 1 < run.size(); ++i) add(pair_at(run, i));
        add(word_at(text, at));
        if (at == from) at += decode_at(text, at).size;
    }
    return terms;
}

std::string quoted_term(const std::string& term) {
    const auto c = decode_at(term, 0);
    const bool single_cjk = is_cjk(c.value) && c.size == term.size();
    return "\"" + term + (single_cjk ? "\" *" : "\"");
}

}  // namespace longhand::sources
