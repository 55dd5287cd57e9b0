// What a webhook is told of an event: the words for its types, and its body.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/job.h"

namespace longhand::job {

/// The words that events' kinds may be: `submitted`, and those of the transitions.
const std::vector<std::string_view>& event_kinds();

/// `job.completed` of `completed`.
std::string notice_type(std::string_view kind);
/// The kind, of `job.completed` or `completed`; nothing for what no event is called.
std::optional<std::string> kind_of_notice(std::string_view type);

/// The ends of runs, the pause, and the stop at which the user is to read: what a webhook gets that names no events.
std::vector<std::string> usual_notices();

/// `{"type":"job.completed","timestamp":…,"data":{…}}`, as Standard Webhooks has it; `data` is the job as the event
/// left it, and the event. Fixed when the event happens.
std::string notice(const Job& job, const Event& event);

}  // namespace longhand::job
