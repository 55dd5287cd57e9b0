// From what readers take out of program text and tables (`name: what it does`) to sentences that can stand alone.
#pragma once

#include <string>
#include <string_view>

namespace longhand::llm::offline {

/// Program text, by the name of its file: `engine.h`. Its comments are notes beside names rather than prose.
bool is_program(std::string_view source);

/// Whether an English sentence has a finite verb, as far as a list of common verbs can tell. True for other languages.
bool has_verb(std::string_view text);

/// One line of comments, with the name it belongs to, as sentences: `claim: Moves jobs.` gives "`claim` moves jobs."
/// `name`: what the comment stands at where the line does not say it; may be empty. What does not become a sentence is
/// left out.
std::string statements_of_comment(std::string_view line, std::string_view name);

/// A line of prose. Rows of a table, lists of files and fragments behind a label give nothing; a word that is explained
/// (`queued: may be claimed.`) and a path at the start become `code`.
std::string statements_of_line(std::string_view line);

}  // namespace longhand::llm::offline
