// One stream of all jobs of an owner: kept while somebody listens to it.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

/// What the operation has changed so far that a listener is told of; nothing for owners without one.
void add_to_feeds(Write& write);

StoreResult<Feed> open_feed(Write& write, const Uuid& owner);
StoreResult<FeedPage> feed_after(Connection& connection, const Uuid& owner, std::int64_t seq, std::size_t limit);
StoreResult<std::size_t> drop_old_entries(Write& write, std::size_t limit);

}  // namespace longhand::store::sqlite
