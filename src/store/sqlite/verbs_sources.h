// What was read of files: JobStore's `put_source` and `source`.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<void> put_source(Write& write, const Uuid& owner, const StoredSource& source);
StoreResult<StoredSource> source(Connection& connection, const Uuid& owner, const std::string& sha256);

}  // namespace longhand::store::sqlite
