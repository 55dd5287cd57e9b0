// What an engine measures of its leases and its model calls.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "base/runtime.h"
#include "base/uuid.h"
#include "job/job.h"
#include "llm/chat.h"

namespace longhand::engine {

/// A failure that a provider is to blame for, as the ledger and the metrics call it. `withheld` and `stopped` have
/// words too, but no provider has any part in them.
std::string_view word_of(llm::LlmErrc failure);

struct LeaseFigures {
    std::optional<Milliseconds>
        oldest;  ///< since a running job's lease was last extended, of the job that waits longest
    /// Seconds between two extensions of a lease, of all that were extended.
    Histogram seconds{{0.5, 1, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 30, 60}};
};
struct CallFigures {
    /// Attempts that failed, by `word_of`; every kind, 0 included.
    std::vector<std::pair<std::string_view, std::int64_t>> failures;
    /// Seconds from an attempt's leaving to the provider's first byte, and to its end where it gave the answer.
    Histogram first_byte_seconds{{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120}};
    Histogram answer_seconds{{0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600}};
};

/// Thread-safe.
class Measures {
public:
    /// A run has its lease from the store, or has it extended: asked for at `when`.
    void lease_held(Uuid job, job::Lease lease, SteadyTime when);
    void lease_gone(Uuid job, job::Lease lease);
    LeaseFigures leases(SteadyTime now) const;

    void first_byte_after(SteadyTime::duration time);
    void answered_after(SteadyTime::duration time);
    /// Nothing for `stopped` and `withheld`.
    void failed(llm::LlmErrc failure);
    CallFigures calls() const;

private:
    mutable std::mutex mutex_;
    std::map<std::pair<Uuid, job::Lease>, SteadyTime> held_at_;
    LeaseFigures leases_;
    CallFigures calls_;
    std::map<llm::LlmErrc, std::int64_t> failures_;
};

}  // namespace longhand::engine
