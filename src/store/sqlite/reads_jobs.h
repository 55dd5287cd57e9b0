// JobStore's reads of jobs: rows, lists, events, figures.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

bool job_exists(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<job::Job> job_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<job::Settings> settings_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<std::vector<JobSource>> sources_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<std::vector<job::Event>> events_after(Connection& connection, const Uuid& owner, const Uuid& job,
                                                  std::int64_t seq, std::size_t limit);
StoreResult<JobsPage> jobs_of_owner(Connection& connection, const JobsQuery& query);
/// What the tables tell; the process's own figures are not filled in.
StoreResult<StoreStats> table_stats(Connection& connection);

/// Of an owner's jobs in one state, the newest that are older than `before`.
std::vector<Uuid> job_ids_in_state(Connection& connection, const Uuid& owner, job::State state, const Uuid& before,
                                   std::size_t limit);
std::vector<Uuid> job_ids_of_project(Connection& connection, const Uuid& project);
/// Greater than every id.
Uuid past_all_ids();

}  // namespace longhand::store::sqlite
