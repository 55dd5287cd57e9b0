#include "store/sqlite/rows.h"

#include <sqlite3.h>

namespace longhand::store::sqlite {
namespace {

std::optional<std::string_view> word(Place place) {
    switch (place) {
        case Place::none:
            return std::nullopt;
        case Place::ready:
            return "ready";
        case Place::suspect:
            return "suspect";
        case Place::capped:
            return "capped";
        case Place::delayed:
            return "delayed";
    }
    return std::nullopt;
}

[[noreturn]] void damaged(const std::string& what) {
    throw UnreadableRow(what);
}

Place place_column(Statement& row) {
    const auto text = row.optional_text();
    for (const Place place : {Place::none, Place::ready, Place::suspect, Place::capped, Place::delayed}) {
        if (word(place) == text) return place;
    }
    damaged("a job's place in the queue is unknown");
}

job::Stage stage_column(Statement& row) {
    const auto stage = job::parse_stage(row.text());
    if (!stage) damaged("a job's stage is unknown");
    return *stage;
}

std::optional<job::Problem> problem_columns(Statement& row) {
    auto code = row.optional_text();
    auto message = row.optional_text();
    if (!code || !message) return std::nullopt;
    return job::Problem{std::move(*code), std::move(*message)};
}

// The columns that are the job's, in the order of the queries `job` and `job_of_owner`.
job::Job job_columns(Statement& row) {
    job::Job job;
    job.id = row.id();
    job.owner = row.id();
    job.project = row.id();
    job.state = state_column(row);
    job.stage = stage_column(row);
    job.run = static_cast<std::int32_t>(row.integer());
    job.lease = row.integer();
    job.worker = row.id();
    job.has_begun = row.flag();
    job.progress = row.real();
    job.counts.words_done = row.integer();
    job.counts.words_planned = row.integer();
    job.counts.prompt_tokens = row.integer();
    job.counts.completion_tokens = row.integer();
    job.title = row.optional_text();
    job.is_byok = row.flag();
    job.is_starred = row.flag();
    job.provider = row.text();
    job.reasoning_model = row.optional_text();
    job.writing_model = row.optional_text();
    job.function_model = row.optional_text();
    job.pipeline_version = static_cast<std::uint32_t>(row.integer());
    job.problem = problem_columns(row);
    job.created_at = row.time();
    job.updated_at = row.time();
    job.started_at = row.optional_time();
    job.finished_at = row.optional_time();
    job.not_before = row.optional_time();
    job.last_event = row.integer();
    job.rescues = static_cast<std::int32_t>(row.integer());
    return job;
}

std::optional<std::string_view> problem_code(const job::Job& job) {
    return job.problem ? std::optional<std::string_view>(job.problem->code) : std::nullopt;
}
std::optional<std::string_view> problem_message(const job::Job& job) {
    return job.problem ? std::optional<std::string_view>(job.problem->message) : std::nullopt;
}

}  // namespace

std::vector<Uuid> read_ids(Statement query) {
    std::vector<Uuid> found;
    while (query.step()) found.push_back(query.id());
    return found;
}

std::vector<std::string> read_texts(Statement query) {
    std::vector<std::string> found;
    while (query.step()) found.push_back(query.text());
    return found;
}

UnreadableRow::UnreadableRow(const std::string& what) : DatabaseFailure(SQLITE_CORRUPT, what) {}

std::optional<BareJob> load_bare_job(Connection& connection, const Uuid& id) {
    auto query = connection.query("bare_job");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    BareJob job;
    job.owner = query.id();
    job.state = job::parse_state(query.text());
    job.takes_slot = query.flag();
    return job;
}

job::State state_column(Statement& row) {
    const auto state = job::parse_state(row.text());
    if (!state) damaged("a job's state is unknown");
    return *state;
}

std::optional<JobRow> load_job(Connection& connection, const Uuid& id) {
    auto query = connection.query("job");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    JobRow row;
    row.job = job_columns(query);
    row.place = place_column(query);
    row.start_tag = query.integer();
    row.queued_at = query.optional_time();
    row.lease_expires = query.optional_time();
    row.hangs = static_cast<std::int32_t>(query.integer());
    row.deleted_at = query.optional_time();
    return row;
}

std::optional<job::Job> load_job_of_owner(Connection& connection, const Uuid& owner, const Uuid& id) {
    auto query = connection.query("job_of_owner");
    query.bind_all(id, owner);
    if (!query.step()) return std::nullopt;
    return job_columns(query);
}

void insert_job(Connection& connection, const JobRow& row) {
    const job::Job& job = row.job;
    connection.query("insert_job")
        .bind_all(job.id, job.owner, job.project, job::to_string(job.state), job::to_string(job.stage), job.run,
                  job.lease, job.worker, job.has_begun, job.progress, job.counts.words_done, job.counts.words_planned,
                  job.counts.prompt_tokens, job.counts.completion_tokens, job.title, job.is_byok, job.is_starred,
                  job.provider, job.reasoning_model, job.writing_model, job.function_model, job.pipeline_version,
                  problem_code(job), problem_message(job), job.created_at, job.updated_at, job.started_at,
                  job.finished_at, job.not_before, job.last_event, job.rescues, word(row.place), row.start_tag,
                  row.queued_at, row.lease_expires, row.hangs, job::occupies_project(job.state, job.has_begun))
        .run();
}

bool update_job(Connection& connection, const job::Job& before, const JobRow& after) {
    const job::Job& job = after.job;
    return connection.query("update_job")
               .bind_all(job::to_string(job.state), job::to_string(job.stage), job.run, job.lease, job.worker,
                         job.has_begun, job.progress, job.counts.words_done, job.counts.words_planned,
                         job.counts.prompt_tokens, job.counts.completion_tokens, job.title, problem_code(job),
                         problem_message(job), job.updated_at, job.started_at, job.finished_at, job.not_before,
                         job.last_event, job.rescues, word(after.place), after.start_tag, after.queued_at,
                         after.lease_expires, after.hangs, job::occupies_project(job.state, job.has_begun), job.id,
                         before.lease, job::to_string(before.state))
               .run() == 1;
}

bool update_job_progress(Connection& connection, const job::Job& before, const JobRow& after) {
    const job::Job& job = after.job;
    return connection.query("update_job_progress")
               .bind_all(job::to_string(job.stage), job.progress, job.counts.words_done, job.counts.words_planned,
                         job.counts.prompt_tokens, job.counts.completion_tokens, job.title, job.updated_at,
                         job.last_event, job.rescues, after.lease_expires, after.hangs, job.id, before.lease,
                         job::to_string(before.state))
               .run() == 1;
}

void set_place(Connection& connection, const Uuid& id, Place place) {
    connection.query("set_place").bind_all(word(place), id).run();
}

void insert_event(Connection& connection, const job::Event& event) {
    connection.query("insert_event").bind_all(event.job, event.seq, event.at, event.kind, event.data).run();
}

void add_to_count(Connection& connection, const Uuid& owner, job::State state, std::int64_t difference) {
    connection.query("add_to_count").bind_all(owner, job::to_string(state), difference).run();
}

Project project_columns(Statement& row) {
    Project project;
    project.id = row.id();
    project.owner = row.id();
    for (auto* field :
         {&project.title, &project.author, &project.email, &project.model, &project.prompt, &project.outline_text,
          &project.style_text, &project.supplemental_info, &project.work_description, &project.work_details,
          &project.work_vision, &project.questions_answers}) {
        *field = row.text();
    }
    project.created_at = row.time();
    project.updated_at = row.time();
    return project;
}

ProjectFile file_columns(Statement& row) {
    ProjectFile file;
    file.id = row.id();
    file.owner = row.id();
    file.project = row.id();
    file.name = row.text();
    file.type = row.text();
    file.size = static_cast<std::uint64_t>(row.integer());
    file.sha256 = row.text();
    file.path = row.text();
    file.created_at = row.time();
    return file;
}

User user_columns(Statement& row) {
    User user;
    user.id = row.id();
    user.email = row.text();
    user.created_at = row.time();
    return user;
}

std::vector<JobSource> job_sources(Connection& connection, const Uuid& job) {
    auto query = connection.query("job_sources");
    query.bind(job);
    std::vector<JobSource> sources;
    while (query.step()) {
        JobSource& source = sources.emplace_back();
        source.file = query.id();
        source.sha256 = query.text();
        source.name = query.text();
        source.size = static_cast<std::uint64_t>(query.integer());
        source.path = query.text();
    }
    return sources;
}

job::Settings job_settings(Connection& connection, const Uuid& job) {
    auto query = connection.query("settings");
    query.bind(job);
    auto settings = query.step() ? job::settings_from_json(query.text()) : std::nullopt;
    if (!settings) damaged("a job's settings can't be read");
    return std::move(*settings);
}

}  // namespace longhand::store::sqlite
