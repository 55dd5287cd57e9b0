// Questions and answers, as callers send them: an array, or the JSON text of one.
#pragma once

#include <string>
#include <vector>

#include "http/json_body.h"
#include "job/settings.h"
#include "store/project_store.h"

namespace longhand::http {

/// Of `questions_and_answers` or `questions_answers`, whichever has any; empty when neither has. Refuses what does not
/// fit.
std::vector<job::QuestionAnswer> read_questions(BodyReader& body);
/// Whether the body says what the questions are, be it that there are none (`[]`).
bool names_questions(const BodyReader& body);
/// The JSON array that a project keeps.
std::string questions_json(const std::vector<job::QuestionAnswer>& questions);
/// What it keeps.
std::vector<job::QuestionAnswer> questions_of(const store::Project& project);

}  // namespace longhand::http
