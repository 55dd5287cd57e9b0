#include "llm/offline/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <sstream>
#include <string_view>

#include "llm/offline/bag.h"
#include "llm/offline/phrases.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

constexpr std::array<std::string_view, 22> kGenres = {
    "handbook",     "manual",   "guide",        "report",   "book",     "thesis",       "paper",  "essay",
    "introduction", "tutorial", "overview",     "study",    "survey",   "review",       "primer", "course",
    "work",         "article",  "dissertation", "document", "textbook", "documentation"};

bool starts_word(const std::vector<std::string>& words, std::size_t at, std::initializer_list<std::string_view> any) {
    return at < words.size() && std::find(any.begin(), any.end(), lower(words[at])) != any.end();
}

/// The words of the request's first sentence.
std::vector<std::string> request_words(const std::string& request) {
    std::vector<std::string> words;
    std::istringstream in(request.substr(0, request.find('\n')));
    for (std::string word; in >> word && words.size() < 40;) {
        const bool ends = std::string_view(".!?:;,").find(word.back()) != std::string_view::npos;
        while (!word.empty() && std::string_view(".!?:;,\"'").find(word.back()) != std::string_view::npos)
            word.pop_back();
        if (!word.empty()) words.push_back(word);
        if (ends) break;
    }
    return words;
}

bool asks(const std::string& part) {
    const auto words = words_of(part.substr(0, 20));
    return starts_word(words, 0, {"how", "what", "why", "when", "where", "which", "who", "whether"});
}

std::vector<std::string> split_at(std::string_view text, std::string_view mark) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(mark, at), text.size());
        pieces.emplace_back(text.substr(at, end - at));
        at = end + mark.size();
    }
    return pieces;
}

std::string without_and(std::string part) {
    while (!part.empty() && (part.front() == ' ' || part.front() == ',')) part.erase(0, 1);
    while (!part.empty() && (part.back() == ' ' || part.back() == ',')) part.pop_back();
    return part.starts_with("and ") ? part.substr(4) : part;
}

/// The list behind the first colon, up to the end of its sentence.
std::string list_in(const std::string& request) {
    const auto colon = request.find(": ");
    if (colon == std::string::npos) return "";
    std::string list = request.substr(colon + 2);
    for (const std::string_view end : {". ", ".\n", "\n"}) list = list.substr(0, list.find(end));
    while (!list.empty() && std::string_view(". \n!?").find(list.back()) != std::string_view::npos) list.pop_back();
    return list;
}

/// A piece that is no question belongs to the question before it: `how leases, journals and the store work`.
std::vector<std::string> pieces_of(const std::string& list) {
    if (list.find("; ") != std::string::npos) return split_at(list, "; ");
    std::vector<std::string> pieces = split_at(list, ", ");
    if (pieces.empty() || !asks(pieces.front())) return pieces;
    std::vector<std::string> joined;
    for (const std::string& piece : pieces) {
        if (joined.empty() || asks(without_and(piece)))
            joined.push_back(piece);
        else
            joined.back() += ", " + piece;
    }
    return joined;
}

/// A name in the request: written with a capital inside its first sentence.
std::string name_in(const std::string& request) {
    const auto words = request_words(request);
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i].size() > 2 && words[i][0] >= 'A' && words[i][0] <= 'Z') return words[i];
    }
    return "";
}

std::string joined_parts(const std::string& a, const std::string& b) {
    return a + (asks(b) ? ", and " : " and ") + b;
}

}  // namespace

Asked read_request(const std::string& request) {
    const auto words = request_words(request);
    Asked asked;
    std::size_t at = 0;
    while (starts_word(words, at,
                       {"please", "write", "produce", "create", "prepare", "draft", "make",     "generate", "compose",
                        "i",      "we",    "want",    "need",   "would",   "like",  "you",      "to",       "me",
                        "us",     "a",     "an",      "the",    "short",   "long",  "detailed", "complete", "full"}))
        ++at;
    for (std::size_t i = at; i < words.size() && i < at + 4; ++i) {
        if (std::find(kGenres.begin(), kGenres.end(), lower(words[i])) == kGenres.end()) continue;
        asked.genre = lower(words[i]);
        at = i + 1;
        break;
    }
    while (starts_word(
        words, at,
        {"about", "on", "of", "to", "over", "in", "covering", "describing", "explaining", "for", "and", "user"}))
        ++at;
    for (std::size_t i = at; i < words.size(); ++i) {
        if (i > at && starts_word(words, i, {"for"})) {
            for (std::size_t j = i + 1;
                 j < words.size() && j < i + 9 && !starts_word(words, j, {"from", "with", "based"}); ++j)
                asked.audience += (asked.audience.empty() ? "" : " ") + words[j];
            break;
        }
        if (i > at && starts_word(words, i, {"that", "which", "from", "with", "based", "using", "from"})) break;
        if (count_words(asked.subject) >= 9) break;
        asked.subject += (asked.subject.empty() ? "" : " ") + words[i];
    }
    return asked;
}

std::string title_from_request(const std::string& request) {
    const Asked asked = read_request(request);
    const std::string subject = capitalised(asked.subject);
    if (subject.empty()) return asked.genre.empty() ? "A Document" : "A " + capitalised(asked.genre);
    return asked.genre.empty() || asked.genre == "work" || asked.genre == "document"
               ? subject
               : fmt::format("{}: A {}", subject, capitalised(asked.genre));
}

std::vector<std::string> parts_from_request(const std::string& request, std::size_t most) {
    std::vector<std::string> parts;
    for (const std::string& piece : pieces_of(list_in(request))) {
        std::string part = without_and(piece);
        if (count_words(part) > 14 || meaningful_stems(part).empty()) continue;
        const std::string name = name_in(request);
        if (part.ends_with(" it") && !name.empty()) part = part.substr(0, part.size() - 2) + name;
        parts.push_back(std::move(part));
    }
    if (parts.size() < 2) return {};
    while (parts.size() > std::max<std::size_t>(most, 1)) {
        std::size_t at = 0;
        for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
            if (parts[i].size() + parts[i + 1].size() < parts[at].size() + parts[at + 1].size()) at = i;
        }
        parts[at] = joined_parts(parts[at], parts[at + 1]);
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    for (std::string& part : parts) part = capitalised(part);
    return parts;
}

}  // namespace longhand::llm::offline
