// A request for a document that is to be made better before any job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "store/project_store.h"
#include "writing/better_prompt.h"

namespace longhand::engine {

struct PromptQuestion {
    Uuid owner;
    std::optional<Uuid> project;
    writing::PromptWish wish;               ///< without passages
    std::vector<store::ProjectFile> files;  ///< of the project
    std::string model;                      ///< empty: none is asked
    bool is_byok = false;
};

}  // namespace longhand::engine
