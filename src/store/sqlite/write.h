// What a writing verb works with: one operation inside a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/runtime.h"
#include "store/job_store.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/webhook_owners.h"

namespace longhand::store::sqlite {

struct Write {
    Connection& connection;
    Runtime& runtime;  ///< for ids
    WebhookOwners& webhook_owners;
    WallTime now;
    std::int32_t user_cap;           ///< jobs of one owner that may be claimed or run at once
    std::vector<Committed> changes;  ///< told to the observer once they are committed
    std::int64_t stale = 0;          ///< late writes that were dropped
    std::optional<Uuid> removed_user = {};
};

inline StoreFailure no_such(const char* what) {
    return {StoreErrc::not_found, std::string("no such ") + what};
}

}  // namespace longhand::store::sqlite
