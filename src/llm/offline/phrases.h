// What a text is about, in a few words: key phrases with their articles, and headings fit to be titles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace longhand::llm::offline {

struct Phrase {
    std::string text;     ///< as it is written mostly: `lease`, `offline model`, `SQLite`
    bool proper = false;  ///< a name: written with a capital within sentences
    bool plural = false;
    double weight = 0;
};

/// The phrases of one to three words that the sentences turn on, best first. They occur twice at least, mostly behind
/// an article or a preposition (so they are nouns, as far as counting can tell). For scripts without spaces: pairs of
/// characters. Texts: one passage each.
std::vector<Phrase> key_phrases(const std::vector<std::string>& texts, std::size_t limit);

/// `the lease`, `leases`, `SQLite`: as it stands in an English sentence.
std::string with_article(const Phrase& phrase);
/// `a`, `a and b`, `a, b and c`.
std::string listed(const std::vector<std::string>& parts);

/// First letter as a capital, all else as it is.
std::string capitalised(std::string_view text);
/// A heading as a title: without numbers, marks and a closing stop; empty when it is unfit (code, a path, too long, or
/// a word like "Introduction" or "Notes" that says nothing).
std::string title_from_heading(std::string_view heading);
/// The last part of `A > B > C`.
std::string last_heading(std::string_view place);
/// Whether two titles name one thing: half of the meaningful words of the shorter one are in the other.
bool same_title(std::string_view a, std::string_view b);

}  // namespace longhand::llm::offline
