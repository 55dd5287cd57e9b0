// JobStore's verbs on calls outside any job.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<Uuid> reserve_prompt_call(Write& write, const PromptCallIntent& intent);
StoreResult<void> end_prompt_call(Write& write, const PromptCallEnd& end);
/// Of a process that died: each becomes `estimated`, by its prompt alone.
void estimate_unfinished_prompt_calls(Write& write);

StoreResult<std::vector<PromptCall>> prompt_calls_of_owner(Connection& connection, const Uuid& owner,
                                                           std::size_t limit);

}  // namespace longhand::store::sqlite
