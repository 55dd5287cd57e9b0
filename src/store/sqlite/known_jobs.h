// The rows of live jobs that are read over and over, so that a poll costs no query; never older than the last commit.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "base/recent_map.h"
#include "job/job.h"

namespace longhand::store::sqlite {

/// A row is forgotten before the commit that changes it (`changing`) and can't be kept again until that commit has
/// ended
/// (`changed`), so a reader that comes after a commit never finds what was there before it. What was read is kept only
/// if no change came near it since its ticket was taken, so a slow reader can't bring back an old row either. Jobs that
/// have ended are not kept: nobody polls them for long, and they are the many. Thread-safe.
class KnownJobs {
public:
    using Row = std::shared_ptr<const job::Job>;

    /// The same object at each call as long as nothing has changed the row. Null: not known, or not that owner's; the
    /// database is to be asked.
    Row find(const Uuid& owner, const Uuid& job);

    /// To be taken before the database is read.
    std::uint64_t ticket(const Uuid& job);
    void keep(Row row, std::uint64_t ticket);

    /// Before the commit; each call is followed by one of `changed` with the same jobs, whether it succeeded or not.
    void changing(const std::vector<Uuid>& jobs);
    void changed(const std::vector<Uuid>& jobs);

private:
    struct Shard {
        std::mutex mutex;
        RecentMap<Uuid, Row> rows{kGeneration};
        std::uint64_t changes = 0;    ///< begun and ended
        std::uint64_t under_way = 0;  ///< begun and not ended
    };
    static constexpr std::size_t kShards = 16;
    static constexpr std::size_t kGeneration = 1024;  ///< of a shard: 32,768 rows in all, some 20 MB

    Shard& shard_of(const Uuid& job);

    std::array<Shard, kShards> shards_;
};

}  // namespace longhand::store::sqlite
