#include "store/sqlite/verbs_deletion.h"

#include "store/file_store.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/transitions.h"
#include "store/sqlite/verbs_accounts.h"
#include "store/sqlite/verbs_jobs.h"
#include "store/sqlite/verbs_ledger.h"
#include "store/sqlite/verbs_sources.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {
namespace {

// All that was written for a job, and what it was asked for.
void delete_texts(Connection& connection, const Uuid& job) {
    for (const char* rows :
         {"delete_settings", "delete_job_sources", "delete_job_links", "delete_events", "delete_journal",
          "delete_partial_texts", "delete_outputs", "delete_milestones", "delete_guided", "delete_job"}) {
        connection.query(rows).bind(job).run();
    }
}

// By something that stays: jobs that are due before the same time go with this one.
bool is_named_elsewhere(Connection& connection, const std::string& path, const Uuid& job, WallTime before) {
    auto query = connection.query("path_is_named_beside_job");
    query.bind_all(path, job, before);
    return query.step() && query.flag();
}

std::vector<std::string> paths_of_job_alone(Connection& connection, const Uuid& job, WallTime before) {
    auto query = connection.query("paths_of_job");
    query.bind(job);
    auto paths = read_texts(std::move(query));
    std::erase_if(paths, [&](const std::string& path) { return is_named_elsewhere(connection, path, job, before); });
    // With what was made and is named nowhere; the index is made anew by the project's next job.
    paths.push_back(FileStore::artifact_folder(job));
    if (const auto row = load_job(connection, job)) paths.push_back(FileStore::index_file(row->job.project));
    return paths;
}

void set_deleted(Connection& connection, const Uuid& job, std::optional<WallTime> at) {
    connection.query("set_deleted").bind_all(at, job).run();
}

}  // namespace

StoreResult<job::Job> amend(Write& write, const Uuid& owner, const Uuid& id, const job::Amendment& amendment) {
    const auto row = row_of_owner(write, owner, id);
    if (!row) return row.error();
    job::Job job = job::amended(row->job, write.now, amendment);
    write.connection.query("amend_job").bind_all(job.title, job.is_starred, job.updated_at, id).run();
    write.changes.push_back({job, std::nullopt, "amended"});
    return job;
}

StoreResult<WallTime> delete_job(Write& write, const Uuid& owner, const Uuid& id) {
    auto row = row_of_owner(write, owner, id);
    if (!row) return row.error();
    if (!job::is_terminal(row->job.state)) {
        auto cancelled = cancel(write, owner, id);
        if (!cancelled) return cancelled.error();
        row->job = std::move(*cancelled);
    }
    set_deleted(write.connection, id, write.now);
    add_to_count(write.connection, owner, row->job.state, -1);
    // Who waits for the row finds that it is not there any more.
    write.changes.push_back({row->job, std::nullopt, "deleted"});
    return write.now;
}

StoreResult<job::Job> undelete_job(Write& write, const Uuid& owner, const Uuid& id, WallTime since) {
    const auto row = row_of(write, id);
    if (!row) return row.error();
    if (row->job.owner != owner || !row->deleted_at || *row->deleted_at <= since) return no_such("job");
    if (user_is_removed(write.connection, owner)) return no_such("job");
    set_deleted(write.connection, id, std::nullopt);
    add_to_count(write.connection, owner, row->job.state, 1);
    write.changes.push_back({row->job, std::nullopt, "restored"});
    return row->job;
}

std::vector<DeletedJob> jobs_to_purge(Connection& connection, WallTime before, std::size_t limit) {
    const Snapshot snapshot(connection);
    auto query = connection.query("jobs_to_purge");
    query.bind_all(before, static_cast<std::int64_t>(limit));
    std::vector<DeletedJob> jobs;
    for (const Uuid& id : read_ids(std::move(query))) jobs.push_back({id, paths_of_job_alone(connection, id, before)});
    return jobs;
}

StoreResult<void> purge_job(Write& write, const Uuid& id) {
    const auto row = load_job(write.connection, id);
    if (!row || !row->deleted_at) return {};
    write.connection.query("insert_purged_job")
        .bind_all(id, row->job.owner, row->job.project, row->job.created_at, *row->deleted_at)
        .run();
    delete_webhooks_of_job(write, id);
    delete_messages_of_job(write, id, Messages::all);
    const auto read = sources_of_job(write.connection, id);
    delete_texts(write.connection, id);
    drop_unused_sources(write, row->job.owner, read);
    return {};
}

void erase_job(Write& write, const JobRow& row) {
    // While the sums of its owner still can be told what they cost.
    estimate_unfinished_calls(write, row.job.id);
    delete_webhooks_of_job(write, row.job.id);
    // Who is told of jobs hears of this one's end, too.
    delete_messages_of_job(write, row.job.id, Messages::ended);
    delete_texts(write.connection, row.job.id);
    write.connection.query("delete_calls").bind(row.job.id).run();
    write.connection.query("delete_budget").bind(row.job.id).run();
    // One that its owner had deleted before was counted and told then.
    if (row.deleted_at) return;
    add_to_count(write.connection, row.job.owner, row.job.state, -1);
    write.changes.push_back({row.job, std::nullopt, "deleted"});
}

}  // namespace longhand::store::sqlite
