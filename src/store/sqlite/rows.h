// Rows as the verbs see them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "job/job.h"
#include "job/transition.h"
#include "store/account_store.h"
#include "store/job_store.h"
#include "store/project_store.h"
#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

/// A row that holds what this version does not know. The rest of the database may be sound.
class UnreadableRow : public DatabaseFailure {
public:
    explicit UnreadableRow(const std::string& what);
};

/// The ids in the first column of all rows that are left.
std::vector<Uuid> read_ids(Statement query);
/// The same with one column of text.
std::vector<std::string> read_texts(Statement query);

/// Where a job stands in the queue. Only `ready` ones are claimed, in the order of their start tags.
enum class Place {
    none,  ///< not queued
    ready,
    suspect,  ///< its process died three times with nothing new durable: runs alone
    capped,   ///< its owner has enough in the queue: waits for one of those to leave
    delayed,  ///< until not_before
};

/// A job's row with what is the store's own.
struct JobRow {
    job::Job job;
    Place place = Place::none;
    std::int64_t start_tag = 0;
    std::optional<WallTime> queued_at;
    std::optional<WallTime> lease_expires;
    std::int32_t hangs = 0;
    std::optional<WallTime> deleted_at;  ///< set: it is not there for anybody
};

std::optional<JobRow> load_job(Connection& connection, const Uuid& id);
std::optional<job::Job> load_job_of_owner(Connection& connection, const Uuid& owner, const Uuid& id);
void insert_job(Connection& connection, const JobRow& row);
/// False when the row is not as `before` says any more.
bool update_job(Connection& connection, const job::Job& before, const JobRow& after);
bool update_job_progress(Connection& connection, const job::Job& before, const JobRow& after);
void set_place(Connection& connection, const Uuid& id, Place place);

void insert_event(Connection& connection, const job::Event& event);
void add_to_count(Connection& connection, const Uuid& owner, job::State state, std::int64_t difference);

/// Of a row that may be unreadable.
struct BareJob {
    Uuid owner;
    std::optional<job::State> state;
    bool takes_slot = false;  ///< of its owner's in the queue
};
std::optional<BareJob> load_bare_job(Connection& connection, const Uuid& id);

job::State state_column(Statement& row);
Project project_columns(Statement& row);
ProjectFile file_columns(Statement& row);
User user_columns(Statement& row);

std::vector<JobSource> job_sources(Connection& connection, const Uuid& job);
job::Settings job_settings(Connection& connection, const Uuid& job);

}  // namespace longhand::store::sqlite
