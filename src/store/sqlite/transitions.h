// The one way in which a job's row changes: `job::apply`, then the row, the event and the counters in the same
// transaction.
#pragma once

#include "job/transition.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<JobRow> row_of(Write& write, const Uuid& job);
/// Errors: not_found, for another owner's too, and for one that its owner has deleted.
StoreResult<JobRow> row_of_owner(Write& write, const Uuid& owner, const Uuid& job);

/// `before` is as it was loaded, but that the caller may have set what is the store's own and belongs to the change
/// (lease_expires, hangs). Errors: stale (counted), wrong_state, not_found.
StoreResult<job::Job> change_job(Write& write, const JobRow& before, const job::Change& change);
/// Loads and changes a job under a lease: one that is not there any more is stale too.
StoreResult<job::Job> change_held_job(Write& write, const Uuid& job, const job::Change& change);

/// The second half of `change_job`, for an outcome that was looked at first.
StoreResult<job::Job> store_change(Write& write, const JobRow& before, job::Applied applied);
/// Counts a late write.
StoreFailure stale_write(Write& write);
StoreFailure failure_of(Write& write, const Failure<job::Refusal>& refusal);

}  // namespace longhand::store::sqlite
