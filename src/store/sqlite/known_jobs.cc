#include "store/sqlite/known_jobs.h"

namespace longhand::store::sqlite {

KnownJobs::Shard& KnownJobs::shard_of(const Uuid& job) {
    return shards_[job.bytes.back() % kShards];
}

KnownJobs::Row KnownJobs::find(const Uuid& owner, const Uuid& job) {
    Shard& shard = shard_of(job);
    const std::lock_guard lock(shard.mutex);
    const Row* row = shard.rows.find(job);
    return row != nullptr && (*row)->owner == owner ? *row : nullptr;
}

std::uint64_t KnownJobs::ticket(const Uuid& job) {
    Shard& shard = shard_of(job);
    const std::lock_guard lock(shard.mutex);
    return shard.changes;
}

void KnownJobs::keep(Row row, std::uint64_t ticket) {
    if (job::is_terminal(row->state)) return;
    Shard& shard = shard_of(row->id);
    const std::lock_guard lock(shard.mutex);
    if (shard.under_way > 0 || shard.changes != ticket) return;
    const Uuid id = row->id;
    shard.rows.put(id, std::move(row));
}

void KnownJobs::changing(const std::vector<Uuid>& jobs) {
    for (const Uuid& job : jobs) {
        Shard& shard = shard_of(job);
        const std::lock_guard lock(shard.mutex);
        shard.rows.erase(job);
        ++shard.changes;
        ++shard.under_way;
    }
}

void KnownJobs::changed(const std::vector<Uuid>& jobs) {
    for (const Uuid& job : jobs) {
        Shard& shard = shard_of(job);
        const std::lock_guard lock(shard.mutex);
        ++shard.changes;
        --shard.under_way;
    }
}

}  // namespace longhand::store::sqlite
