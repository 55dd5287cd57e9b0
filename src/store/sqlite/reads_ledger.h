// JobStore's reads of the ledger.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

std::optional<Call> load_call(Connection& connection, const Uuid& job, const Uuid& call);
/// Of a job that is there.
JobBudget budget_of(Connection& connection, const Uuid& job);
StoreResult<JobBudget> budget_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<Ledger> ledger_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
std::vector<UnsureCall> unsure_calls(Connection& connection, const std::string& provider, WallTime since,
                                     std::size_t limit);
std::vector<Usage> usage_of_owner(Connection& connection, const Uuid& owner, const std::string& from,
                                  const std::string& to);
LedgerTotals ledger_totals(Connection& connection);

}  // namespace longhand::store::sqlite
