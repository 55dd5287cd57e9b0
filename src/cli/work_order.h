// What `write` and `submit` are asked for: the prompt, the sources, and how the work is to be.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "cli/option_set.h"
#include "cli/values.h"
#include "job/ledger.h"
#include "job/settings.h"

namespace longhand::cli {

struct WorkOrder {
    job::Settings settings;
    job::Budget budget;
    std::string pages;                    ///< as typed
    std::vector<std::string> sources;     ///< files that can be opened
    std::vector<std::string> unreadable;  ///< `FILE: reason`, for those that can't
};

std::vector<OptionSpec> work_options();  ///< --source, --pages, --title, --author
/// From PROMPT and the options. Errors: wrong.
Value<WorkOrder> work_order(const Options& options);
/// The order as a body of generateWizardWork.
boost::json::object request_body(const WorkOrder& order, const std::string& project);
/// As generateWizardWork and resumeJob take them.
void add_caps(boost::json::object& body, const job::Budget& budget);
/// What a project made for it is called.
std::string project_title(const WorkOrder& order);

}  // namespace longhand::cli
