// A prompt's marks (docs/prompts.md), as the offline model reads them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::llm::offline {

/// `<name attribute="value">text</name>`; text and values with their entities resolved.
struct Mark {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::string raw;  ///< what is inside, as it stands

    std::string attribute(const std::string& key) const;
    std::string text() const;
    std::vector<Mark> inside() const;
};

/// The marks of a text, in order, without those inside others. What is between them is left out.
std::vector<Mark> marks_of(std::string_view text);

struct PromptPassage {
    std::string id;
    std::string source;
    std::string place;
    std::string text;
};

struct Prompt {
    std::string task;
    std::string key;
    std::string instructions;
    std::size_t words = 0;
    std::size_t chapters = 0;
    std::size_t sections = 0;
    std::string language;
    std::string request;
    std::string title;
    std::string outline;
    std::string section_number;
    std::string section_title;
    std::string chapter;  ///< of the section; for `outline_chapter` the section is the chapter itself
    std::string purpose;
    std::string description;  ///< of the whole work, as its user has approved it; `details` likewise
    std::string details;
    std::vector<std::string> said;
    std::vector<std::string> terms;
    std::vector<PromptPassage> passages;
    std::string draft;
    std::vector<std::string> faults;
    std::string error;
    std::string form;    ///< of the answer: `json`, `lines`, or empty
    std::string others;  ///< texts of marks not named above: themes, keywords, what else there may be
};

/// Nothing when the text has no `<task>`.
std::optional<Prompt> parse_prompt(std::string_view text);

}  // namespace longhand::llm::offline
