// JobStore's verbs on the ledger, and what other verbs do to it in their transactions.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

struct CallCost {
    std::optional<UsdMicros> amount;
    std::optional<job::CostFrom> from;
};
/// Of a call that has ended. The provider's `own` figure stands before one from our table.
CallCost cost_of_call(job::CallState state, const job::CallTokens& tokens, const std::optional<UsdMicros>& own,
                      const std::optional<job::Price>& price);

StoreResult<Uuid> reserve_call(Write& write, const CallIntent& intent);
StoreResult<void> open_call(Write& write, const CallOpening& opening);
StoreResult<void> settle_call(Write& write, const CallEnd& end);

void insert_budget(Connection& connection, const Uuid& job, const job::Budget& budget);
/// Errors: budget.
enum class Caps { higher, any };
StoreResult<void> raise_caps(Connection& connection, const Uuid& job, const job::Budget& raised,
                             Caps wanted = Caps::higher);

/// Counts what has ended at that time for its owner, who may read it by month, project and model.
void add_usage(Connection& connection, const Uuid& owner, WallTime ended_at, const Usage& more);
/// Ends a call, once. False when it is not there.
bool end_call(Write& write, const CallEnd& end);
/// Takes down how far the text of a call that has not ended has come.
void call_streamed(Connection& connection, const PartialText& text);
/// For the receipt of a job that has just been cancelled.
void mark_calls_in_flight(Connection& connection, const job::Job& job);
/// Ends calls whose process is gone, or whose job: all, or one job's.
/// A work is completed: it counts for its owner, in its project and for the model that wrote it.
void count_work(Write& write, const job::Job& job, std::int64_t pages);
void estimate_unfinished_calls(Write& write, std::optional<Uuid> job = std::nullopt);

}  // namespace longhand::store::sqlite
