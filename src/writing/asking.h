// The calls that several steps make: a structured answer with bounded repair, and the parts that prompts share.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>

#include "writing/prompts.h"
#include "writing/work.h"

namespace longhand::writing {

enum class Form { json, lines };

struct Question {
    std::string key;
    std::string prompt;      ///< its file's name
    Fields fields;           ///< all but `key`, `form`, `shape` and `error`
    std::string json_shape;  ///< shows the model what to answer
    std::string lines_shape;
    std::string schema_name;
    boost::json::value schema;
    std::uint32_t max_tokens = 2000;
    /// What is wrong with an answer, for the model; nothing when it will do.
    std::function<std::optional<std::string>(std::string_view text, Form form)> fault;
};
struct Answer {
    std::string text;
    Form form = Form::json;
};

/// Asks for JSON, twice more with the error, once for plain lines. Nothing when the model never got there. Attempts are
/// `key`, `key#2` … `key#4`.
awaitable<StepResult<std::optional<Answer>>> ask_patiently(StepContext* context, Question question);

/// The elements that come from the settings: request, title, style, notes, answers; and the milestones. With a bound on
/// the prompt they are shortened to fit a third of it.
Fields settings_fields(const job::Settings& settings, const Work& work);

/// The milestones that are there, as elements: half of `bytes` for the details, a quarter for each of the others.
std::string milestones_markup(const job::MilestoneTexts& texts, std::size_t bytes);
/// Bytes of the milestones in a prompt that plans, and in one of the many that draft.
std::size_t milestone_bytes(const job::Settings& settings);
std::size_t milestone_bytes_of_draft(const job::Settings& settings);

std::string system_prompt();

/// Tokens left for the user's message; very many when there is no bound.
std::size_t prompt_room(const job::Settings& settings, std::uint32_t max_tokens);
/// `wanted`, but at most half of the context where that is bounded.
std::uint32_t bounded_max_tokens(const job::Settings& settings, std::int64_t wanted);

/// As many of `keys`, from the first on, as leave the rendered prompt within the room; fields get `passages`.
std::vector<std::string> fit_passages(StepContext& context, std::string_view prompt, Fields& fields,
                                      std::vector<std::string> keys, std::size_t room);

}  // namespace longhand::writing
