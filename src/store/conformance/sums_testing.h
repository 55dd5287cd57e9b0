// What the calls of a ledger add up to, row by row: what the sums kept beside them have to say.
#pragma once

#include <vector>

#include "store/job_store.h"

namespace longhand::store::conformance {

inline job::Spending sums_of(const std::vector<Call>& calls) {
    job::Spending sums;
    for (const Call& call : calls) {
        if (job::is_unfinished(call.state)) {
            sums.reserved_cost += call.reserved.cost.value_or(UsdMicros{});
            sums.reserved_tokens += call.reserved.tokens;
            continue;
        }
        sums.spent_cost += call.cost.value_or(UsdMicros{});
        sums.spent_tokens += call.tokens.billed();
        if (!call.cost) ++sums.unknown_costs;
    }
    return sums;
}

}  // namespace longhand::store::conformance
