// What a model answers, read with patience: JSON alone, in a code fence or with prose around it; else plain lines.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "writing/outline.h"

namespace longhand::writing {

enum class AnswerErrc {
    no_json,     ///< no JSON object or array that parses
    wrong_form,  ///< JSON of another form, or too little in it
};
/// The message tells the model what to mend.
template <class T>
using AnswerResult = Result<T, AnswerErrc>;

/// The first JSON object or array in a text that parses; at most 64 levels deep.
AnswerResult<boost::json::value> find_json(std::string_view text);

/// An entry of an outline's answer.
struct Heading {
    std::string title;
    std::string purpose;
    std::vector<std::string> keywords;
    bool operator==(const Heading&) const = default;
};

/// A plan must have a title; what else is missing stays empty, a language that is no BCP 47 tag too.
AnswerResult<Plan> parse_plan(std::string_view text);
/// `title: …`, `language: …` and the like, one a line.
AnswerResult<Plan> parse_plan_lines(std::string_view text);

/// Entries under `list` (`chapters`, `sections`), or a bare array; entries may be objects or strings. Titles are single
/// lines without numbers; doubles are left out. Fewer than `least`: wrong_form; more than `most`: the first `most`.
AnswerResult<std::vector<Heading>> parse_headings(std::string_view text, std::string_view list, std::size_t least,
                                                  std::size_t most);
/// `1. Title: purpose`, one a line; lines without a number or bullet are prose when others have one.
AnswerResult<std::vector<Heading>> parse_heading_lines(std::string_view text, std::size_t least, std::size_t most);

/// The schemas that go with the requests.
boost::json::value plan_schema();
boost::json::value headings_schema(std::string_view list);

bool is_language_tag(std::string_view tag);

}  // namespace longhand::writing
