// JobStore's verbs on calls outside any job.
#include "store/sqlite/sqlite_store_impl.h"
#include "store/sqlite/verbs_prompt_calls.h"

namespace longhand::store::sqlite {

awaitable<StoreResult<Uuid>> SqliteStore::reserve_prompt_call(PromptCallIntent intent) {
    return write<Uuid>("reserve_prompt_call", [intent = std::move(intent)](Write& write) {
        return sqlite::reserve_prompt_call(write, intent);
    });
}

awaitable<StoreResult<void>> SqliteStore::end_prompt_call(PromptCallEnd end) {
    return write<void>("end_prompt_call",
                       [end = std::move(end)](Write& write) { return sqlite::end_prompt_call(write, end); });
}

awaitable<StoreResult<std::vector<PromptCall>>> SqliteStore::prompt_calls_of_owner(Uuid owner, std::size_t limit) {
    return read<std::vector<PromptCall>>(
        [owner, limit](Connection& connection) { return sqlite::prompt_calls_of_owner(connection, owner, limit); });
}

}  // namespace longhand::store::sqlite
