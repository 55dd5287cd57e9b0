// What was read of files: JobStore's `put_source` and `source`.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<void> put_source(Write& write, const Uuid& owner, const StoredSource& source,
                             const std::optional<Uuid>& link_of);
StoreResult<StoredSource> source(Connection& connection, const Uuid& owner, const std::string& sha256,
                                 const std::string& reading);

/// The hashes of what was, or was to be, read for it.
std::vector<std::string> sources_of_job(Connection& connection, const Uuid& job);
std::vector<std::string> sources_of_project(Connection& connection, const Uuid& project);
/// Those that no file or job of the owner's names any more.
void drop_unused_sources(Write& write, const Uuid& owner, const std::vector<std::string>& candidates);

}  // namespace longhand::store::sqlite
