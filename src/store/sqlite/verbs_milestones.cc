#include "store/sqlite/verbs_milestones.h"

#include <fmt/format.h>

#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/transitions.h"

namespace longhand::store::sqlite {
namespace {

using job::kMilestones;
using job::Milestone;

struct StoredVersion {
    MilestoneVersion version;
    bool passed = false;
};

Milestone milestone_column(Statement& row) {
    const std::string word = row.text();
    const auto milestone = job::parse_milestone(word);
    if (!milestone) throw UnreadableRow(fmt::format("the milestone '{}'", word));
    return *milestone;
}

/// Of one milestone after the other, each from its first version on.
std::vector<StoredVersion> versions_of(Connection& connection, const Uuid& job) {
    auto query = connection.query("milestones");
    query.bind(job);
    std::vector<StoredVersion> versions;
    while (query.step()) {
        StoredVersion& stored = versions.emplace_back();
        stored.version.milestone = milestone_column(query);
        stored.version.version = static_cast<std::int32_t>(query.integer());
        stored.version.by_user = query.flag();
        stored.version.key = query.text();
        stored.version.text = query.text();
        stored.passed = query.flag();
        stored.version.at = query.time();
    }
    return versions;
}

/// The newest version of each; none of those that have none.
job::PerMilestone<std::optional<MilestoneVersion>> newest_of(Connection& connection, const Uuid& job) {
    job::PerMilestone<std::optional<MilestoneVersion>> newest;
    for (StoredVersion& stored : versions_of(connection, job)) {
        newest[stored.version.milestone] = std::move(stored.version);
    }
    return newest;
}

struct NewVersion {
    Milestone milestone;
    bool by_user = false;
    std::string_view key;
    std::string_view text;
    bool passed = false;
};

void insert_version(Write& write, const Uuid& job, const NewVersion& version) {
    write.connection.query("insert_milestone")
        .bind_all(job, job::to_string(version.milestone), version.by_user, version.key, version.text, version.passed,
                  write.now)
        .run();
}

/// What the user wrote needs no showing.
void insert_users_text(Write& write, const Uuid& job, Milestone milestone, std::string_view text) {
    insert_version(write, job, {.milestone = milestone, .by_user = true, .key = "", .text = text, .passed = true});
}

struct InProject {
    Uuid shows;  ///< whose they are; nil: no job's
    job::MilestoneTexts texts;
};

InProject in_project(Connection& connection, const Uuid& project) {
    auto query = connection.query("shown_milestones");
    query.bind(project);
    InProject found;
    if (!query.step()) return found;
    found.shows = query.id();
    for (const Milestone milestone : kMilestones) found.texts[milestone] = query.text();
    return found;
}

void show_in_project(Write& write, const job::Job& job, const job::MilestoneTexts& texts) {
    write.connection.query("show_milestones")
        .bind_all(job.id, texts[Milestone::description], texts[Milestone::details], texts[Milestone::vision], write.now,
                  job.project)
        .run();
}

bool waits_for_user(const job::Job& job) {
    return job.state == job::State::draft && job.stage == job::Stage::waiting_for_user;
}

/// What one milestone is from now on: as the stop has it, or as the user wrote it into the project while the job ran.
std::string settle(Write& write, const Uuid& job, Milestone milestone, const job::ShownText& shown,
                   const std::optional<MilestoneVersion>& newest, const std::string& before,
                   const std::optional<std::string>& project) {
    const bool is_new =
        newest ? newest->text != shown.text || newest->key != shown.key : !shown.text.empty() || !shown.key.empty();
    const bool by_user = shown.key.empty() && !shown.text.empty();
    if (is_new) {
        insert_version(write, job, {.milestone = milestone, .by_user = by_user, .key = shown.key, .text = shown.text});
    }
    const std::string& known = newest ? newest->text : before;
    if (!project || *project == known || *project == shown.text) return shown.text;
    insert_users_text(write, job, milestone, *project);
    return *project;
}

}  // namespace

void open_guided(Write& write, const job::Job& job, const job::MilestoneTexts& texts) {
    write.connection.query("insert_guided").bind(job.id).run();
    show_in_project(write, job, texts);
}

job::Guidance guidance_of(Connection& connection, const Uuid& job) {
    job::Guidance guidance;
    for (StoredVersion& stored : versions_of(connection, job)) {
        MilestoneVersion& version = stored.version;
        job::MilestoneGuidance& of = guidance.of[version.milestone];
        if (version.by_user) of.text = version.text;
        if (stored.passed && (version.by_user || !version.key.empty())) of.passed.push_back(version.key);
    }
    auto query = connection.query("guided");
    query.bind(job);
    if (query.step()) {
        const std::string waits_at = query.text();
        guidance.skips = query.flag();
    }
    return guidance;
}

StoreResult<job::Job> await_user(Write& write, const AwaitUser& stop) {
    const std::string& key = stop.shown[stop.milestone].key;
    auto job = change_held_job(write, stop.job, job::awaits_user(write.now, stop.lease, stop.milestone, key));
    if (!job) return job;
    const job::MilestoneTexts before = job_settings(write.connection, stop.job).milestones;
    const auto newest = newest_of(write.connection, stop.job);
    const InProject project = in_project(write.connection, job->project);
    // What another job left in the project is nothing that the user says of this one.
    const bool is_ours = project.shows == stop.job;
    job::MilestoneTexts texts;
    for (const Milestone milestone : kMilestones) {
        const auto in_it = is_ours ? std::optional(project.texts[milestone]) : std::nullopt;
        texts[milestone] =
            settle(write, stop.job, milestone, stop.shown[milestone], newest[milestone], before[milestone], in_it);
    }
    write.connection.query("set_waits_at").bind_all(job::to_string(stop.milestone), stop.job).run();
    show_in_project(write, *job, texts);
    return job;
}

void take_user_word(Write& write, const job::Job& job, const job::UserSaid& said) {
    const auto newest = newest_of(write.connection, job.id);
    job::MilestoneTexts texts;
    for (const Milestone milestone : kMilestones) {
        const std::string standing = newest[milestone] ? newest[milestone]->text : "";
        texts[milestone] = said.texts[milestone].value_or(standing);
        if (texts[milestone] != standing) insert_users_text(write, job.id, milestone, texts[milestone]);
    }
    write.connection.query("pass_milestones").bind(job.id).run();
    if (said.skips) write.connection.query("set_skips").bind(job.id).run();
    show_in_project(write, job, texts);
}

void take_project_change(Write& write, const Uuid& project, const ProjectChange& change) {
    job::PerMilestone<std::optional<std::string>> texts;
    texts[Milestone::description] = change.work_description;
    texts[Milestone::details] = change.work_details;
    texts[Milestone::vision] = change.work_vision;
    if (texts == job::PerMilestone<std::optional<std::string>>{}) return;
    auto query = write.connection.query("busy_job_of_project");
    query.bind(project);
    if (!query.step()) return;
    const Uuid id = query.id();
    const auto row = load_job(write.connection, id);
    if (!row || !waits_for_user(row->job)) return;
    const auto newest = newest_of(write.connection, id);
    for (const Milestone milestone : kMilestones) {
        const std::string standing = newest[milestone] ? newest[milestone]->text : "";
        if (texts[milestone] && *texts[milestone] != standing) {
            insert_users_text(write, id, milestone, *texts[milestone]);
        }
    }
}

StoreResult<Draft> draft_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    auto found = job_for_owner(connection, owner, job);
    if (!found) return found.error();
    const job::Settings settings = job_settings(connection, job);
    Draft draft;
    draft.guided = settings.guided;
    draft.texts = settings.milestones;
    for (StoredVersion& stored : versions_of(connection, job)) {
        draft.texts[stored.version.milestone] = stored.version.text;
        draft.versions.push_back(std::move(stored.version));
    }
    draft.guidance = guidance_of(connection, job);
    auto query = connection.query("guided");
    query.bind(job);
    if (query.step() && waits_for_user(*found)) draft.waits_at = job::parse_milestone(query.text());
    draft.job = std::move(*found);
    return draft;
}

}  // namespace longhand::store::sqlite
