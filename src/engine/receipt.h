// What a cancelled job has cost, from its ledger.
#pragma once

#include <optional>
#include <vector>

#include "store/job_store.h"

namespace longhand::engine {

struct InFlight {
    store::Call call;
    std::optional<bool> bills_the_rest;  ///< of the answer, though its stream was closed; nothing: not known
};

struct Receipt {
    WallTime cancelled_at{};
    job::Spending spent_before;       ///< by the calls that had ended
    std::vector<InFlight> in_flight;  ///< those that the cancel found
    std::int64_t words_kept = 0;      ///< in the sections that were finished
};

/// Nothing for a job that is not cancelled.
std::optional<Receipt> receipt_of(const store::Ledger& ledger);

}  // namespace longhand::engine
