// RequestStore inside a transaction.
#pragma once

#include <optional>
#include <string>

#include "store/request_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

std::optional<KeptRequest> kept_answer(Connection& connection, const Uuid& owner, const std::string& key, WallTime now);
/// False for a request without a key.
bool is_answered(const Write& write, const RepeatableRequest& request);
StoreFailure repeated();
void insert_answer(Write& write, const RepeatableRequest& request, const KeptAnswer& answer);
StoreResult<void> keep_answer(Write& write, const RepeatableRequest& request, const KeptAnswer& answer);
StoreResult<std::size_t> drop_old_answers(Write& write, std::size_t limit);

}  // namespace longhand::store::sqlite
