// Questions and answers, as callers send them: an array, or the JSON text of one.
#pragma once

#include <string>
#include <vector>

#include "http/json_body.h"
#include "job/settings.h"

namespace longhand::http {

/// Of `questions_and_answers` or `questions_answers`, whichever is there; empty when neither is. Refuses what does not
/// fit.
std::vector<job::QuestionAnswer> read_questions(BodyReader& body);
/// The JSON array that a project keeps.
std::string questions_json(const std::vector<job::QuestionAnswer>& questions);

}  // namespace longhand::http
