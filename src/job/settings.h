// What the owner asked for: fixed when the job starts, and the only input of its writing besides the sources.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "job/milestone.h"

namespace longhand::job {

enum class Choice { automatic, on, off };

struct QuestionAnswer {
    std::string question;
    std::string answer;
    bool operator==(const QuestionAnswer&) const = default;
};

/// How long the work is to be. Pages are those of the typeset PDF.
struct Length {
    std::uint32_t min_pages = 8;
    std::uint32_t max_pages = 12;
    std::optional<std::uint32_t> words;  ///< where words were asked for, the pages follow from them

    /// `15-20 pages`, `15-20`, `10`, `10 pages`, `5000 words`; a range is put in order. Nothing for anything else, 0
    /// pages or more than 350.
    static std::optional<Length> parse(std::string_view text);
    bool operator==(const Length&) const = default;
};

struct Settings {
    std::string prompt;
    std::string title;  ///< empty: the plan finds one
    std::string author;
    std::string email;
    std::string outline_text;
    std::string style_text;
    std::string supplemental_info;
    std::vector<QuestionAnswer> questions_and_answers;
    std::vector<std::string> urls_for_research;
    Length length;
    std::uint32_t max_pages = 350;
    Choice technical_diagrams = Choice::automatic;
    Choice table_of_contents = Choice::automatic;
    Choice web_research = Choice::automatic;
    bool guided = false;        ///< stops at each milestone for the user to read and edit it
    MilestoneTexts milestones;  ///< texts that were there before the job began
    std::string mode = "deepwriter";
    std::string reasoning_model;
    std::string writing_model;
    std::string function_model;
    std::uint32_t context_tokens = 0;  ///< bound on a prompt; 0: none
    /// Raised when the steps or prompts change so that old journals can't be walked by new code.
    std::uint32_t pipeline_version = 1;
    /// What was asked for and is not done, or not as asked, in words for the user: as the answer to the start said.
    std::vector<std::string> warnings;

    bool operator==(const Settings&) const = default;
};

/// One JSON object; fields that are not set are left out. `from_json` gives nothing for what `to_json` can't have made.
std::string to_json(const Settings& settings);
std::optional<Settings> settings_from_json(std::string_view text);

}  // namespace longhand::job
