#include "store/sqlite/verbs_feed.h"

#include "store/sqlite/verbs_accounts.h"

namespace longhand::store::sqlite {
namespace {

Feed load_feed(Connection& connection, const Uuid& owner) {
    auto query = connection.query("feed");
    query.bind(owner);
    Feed feed;
    if (query.step()) {
        feed.last = query.integer();
        feed.since = query.integer();
    }
    return feed;
}

// Nothing: nobody listens.
std::optional<std::int64_t> next_number(Write& write, const Uuid& owner) {
    auto query = write.connection.query("next_feed_number");
    query.bind_all(owner, write.now - kFeedKept);
    if (!query.step()) return std::nullopt;
    const std::int64_t number = query.integer();
    // To its end: the statement that a step leaves open would hold the transaction.
    while (query.step()) continue;
    return number;
}

}  // namespace

void add_to_feeds(Write& write) {
    for (const Committed& change : write.changes) {
        if (!change.event && change.mark.empty()) continue;
        const auto number = next_number(write, change.job.owner);
        if (!number) continue;
        const std::string_view kind = change.event ? std::string_view(change.event->kind) : change.mark;
        const WallTime at = change.event ? change.event->at : write.now;
        std::optional<std::int64_t> event;
        if (change.event) event = change.event->seq;
        write.connection.query("insert_feed_entry")
            .bind_all(change.job.owner, *number, at, change.job.id, kind, event)
            .run();
    }
}

StoreResult<Feed> open_feed(Write& write, const Uuid& owner) {
    if (user_is_removed(write.connection, owner)) return no_such("user");
    write.connection.query("open_feed").bind_all(owner, write.now, write.now - kFeedKept).run();
    return load_feed(write.connection, owner);
}

StoreResult<FeedPage> feed_after(Connection& connection, const Uuid& owner, std::int64_t seq, std::size_t limit) {
    const Snapshot snapshot(connection);
    FeedPage page;
    page.feed = load_feed(connection, owner);
    auto query = connection.query("feed_after");
    query.bind_all(owner, seq, static_cast<std::int64_t>(limit));
    while (query.step()) {
        FeedEntry& entry = page.entries.emplace_back();
        entry.seq = query.integer();
        entry.at = query.time();
        entry.job = query.id();
        entry.kind = query.text();
        entry.event = query.optional_integer();
        entry.data = query.optional_text().value_or("{}");
    }
    return page;
}

StoreResult<std::size_t> drop_old_entries(Write& write, std::size_t limit) {
    Connection& connection = write.connection;
    std::vector<std::pair<Uuid, std::int64_t>> old;
    {
        auto query = connection.query("old_feed_entries");
        query.bind_all(write.now - kFeedKept, static_cast<std::int64_t>(limit));
        while (query.step()) {
            const Uuid owner = query.id();
            old.emplace_back(owner, query.integer());
        }
    }
    for (const auto& [owner, seq] : old) {
        connection.query("drop_feed_entry").bind_all(owner, seq).run();
        connection.query("note_feed_gap").bind_all(seq, owner).run();
    }
    return old.size();
}

}  // namespace longhand::store::sqlite
