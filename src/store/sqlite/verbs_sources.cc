#include "store/sqlite/verbs_sources.h"

namespace longhand::store::sqlite {

StoreResult<void> put_source(Write& write, const Uuid& owner, const StoredSource& source) {
    Connection& connection = write.connection;
    const bool is_new =
        connection.query("insert_source").bind_all(owner, source.sha256, source.title, source.kind).run() == 1;
    if (!is_new) return {};
    for (const StoredPassage& passage : source.passages) {
        connection.query("insert_passage")
            .bind_all(owner, source.sha256, passage.position, passage.key, passage.locator, passage.text)
            .run();
    }
    return {};
}

StoreResult<StoredSource> source(Connection& connection, const Uuid& owner, const std::string& sha256) {
    const Snapshot snapshot(connection);
    StoredSource source;
    source.sha256 = sha256;
    {
        auto query = connection.query("source");
        query.bind_all(owner, sha256);
        if (!query.step()) return no_such("source");
        source.title = query.text();
        source.kind = query.text();
    }
    auto query = connection.query("passages");
    query.bind_all(owner, sha256);
    while (query.step()) {
        StoredPassage& passage = source.passages.emplace_back();
        passage.file_sha256 = sha256;
        passage.position = static_cast<std::uint32_t>(query.integer());
        passage.key = query.text();
        passage.locator = query.text();
        passage.text = query.text();
    }
    return source;
}

}  // namespace longhand::store::sqlite
