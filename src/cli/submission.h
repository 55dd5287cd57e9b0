// Starting a job on a running server: a project, the sources, the order.
#pragma once

#include <functional>
#include <string>

#include "cli/api_client.h"
#include "cli/work_order.h"

namespace longhand::cli {

/// Makes a project, uploads what can be read, starts the job and gives its id. `report` is told of each source that
/// does not come along, and why. Errors as ApiClient's; `broken` when sources were named and none came along. A stop
/// for `cancelled` cancels a job that was just begun, any other leaves it. `order` outlives the call.
awaitable<ClientResult<std::string>> submit_order(ApiClient& api, const WorkOrder& order,
                                                  std::function<void(const std::string&)> report, StopToken stop);

}  // namespace longhand::cli
