// `write` without a server: this process is the installation's only one, and claims its own job alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/installation.h"
#include "cli/option_set.h"
#include "cli/work_order.h"

namespace longhand::cli {

struct WriteCall {
    const Options& options;
    std::optional<WorkOrder> order;  ///< nothing: --resume
    std::optional<Uuid> resume;
    job::Budget raised;  ///< of the job that is resumed
    std::vector<std::string> formats;
    std::string out;  ///< a folder that is there
};

/// The command that goes on with `job`, with the flags that found it and those of its documents.
std::string resume_command(const WriteCall& call, const std::string& job);
/// Why a job in that state takes no other budget.
std::string fixed_budget(std::string_view state);
/// What to do about a job that ended with the problem `code`: to go on with it, or to begin another where that would
/// end in the same.
std::string advice_after(const WriteCall& call, const std::string& job, const std::string& code,
                         const std::string& message);

/// Runs the job to its end and delivers its documents. Gives the exit status; nothing when the folder belongs to a
/// server, whose client `write` then is. `call` outlives it.
std::optional<int> write_alone(const WriteCall& call);

}  // namespace longhand::cli
