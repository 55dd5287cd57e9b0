#include "store/sqlite/verbs_sources.h"

#include "store/sqlite/rows.h"

namespace longhand::store::sqlite {
namespace {

std::vector<std::string> hashes(Connection& connection, std::string_view query, const Uuid& of) {
    auto rows = connection.query(query);
    rows.bind(of);
    return read_texts(std::move(rows));
}

bool is_named(Connection& connection, const Uuid& owner, const std::string& sha256) {
    auto query = connection.query("source_is_named");
    query.bind_all(owner, sha256);
    return query.step() && query.flag();
}

}  // namespace

std::vector<std::string> sources_of_job(Connection& connection, const Uuid& job) {
    return hashes(connection, "sources_of_job", job);
}

std::vector<std::string> sources_of_project(Connection& connection, const Uuid& project) {
    return hashes(connection, "sources_of_project", project);
}

void drop_unused_sources(Write& write, const Uuid& owner, const std::vector<std::string>& candidates) {
    for (const std::string& sha256 : candidates) {
        if (is_named(write.connection, owner, sha256)) continue;
        write.connection.query("delete_passages").bind_all(owner, sha256).run();
        write.connection.query("delete_source").bind_all(owner, sha256).run();
    }
}

StoreResult<void> put_source(Write& write, const Uuid& owner, const StoredSource& source,
                             const std::optional<Uuid>& link_of) {
    Connection& connection = write.connection;
    if (link_of) connection.query("insert_job_link").bind_all(*link_of, source.sha256).run();
    // What it was read of may have been deleted meanwhile; then nothing would ever take it away.
    if (!is_named(connection, owner, source.sha256)) return no_such("source");
    const bool is_new = connection.query("insert_source")
                            .bind_all(owner, source.sha256, source.reading, source.title, source.kind)
                            .run() == 1;
    if (!is_new) return {};
    for (const StoredPassage& passage : source.passages) {
        connection.query("insert_passage")
            .bind_all(owner, source.sha256, source.reading, passage.position, passage.key, passage.locator,
                      passage.text)
            .run();
    }
    return {};
}

StoreResult<StoredSource> source(Connection& connection, const Uuid& owner, const std::string& sha256,
                                 const std::string& reading) {
    const Snapshot snapshot(connection);
    StoredSource source;
    source.sha256 = sha256;
    {
        auto query = connection.query("source");
        query.bind_all(owner, sha256, reading);
        if (!query.step()) return no_such("source");
        source.title = query.text();
        source.kind = query.text();
        source.reading = query.text();
    }
    auto query = connection.query("passages");
    query.bind_all(owner, sha256, source.reading);
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
