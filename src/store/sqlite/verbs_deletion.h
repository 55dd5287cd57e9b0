// An owner's marks on a job, and its end: deleted, brought back, purged.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<job::Job> amend(Write& write, const Uuid& owner, const Uuid& job, const job::Amendment& amendment);
StoreResult<WallTime> delete_job(Write& write, const Uuid& owner, const Uuid& job);
StoreResult<job::Job> undelete_job(Write& write, const Uuid& owner, const Uuid& job, WallTime since);
std::vector<DeletedJob> jobs_to_purge(Connection& connection, WallTime before, std::size_t limit);
StoreResult<void> purge_job(Write& write, const Uuid& job);

/// A job that has ended leaves no row, not even of its calls; what they cost stays in the sums of its owner. Who
/// listens is told, unless the job was deleted before.
void erase_job(Write& write, const JobRow& row);

}  // namespace longhand::store::sqlite
