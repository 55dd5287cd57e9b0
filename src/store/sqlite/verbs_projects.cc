#include "store/sqlite/verbs_projects.h"

#include <algorithm>

#include "store/file_store.h"
#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/transitions.h"
#include "store/sqlite/verbs_accounts.h"
#include "store/sqlite/verbs_deletion.h"
#include "store/sqlite/verbs_jobs.h"
#include "store/sqlite/verbs_milestones.h"
#include "store/sqlite/verbs_sources.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {
namespace {

std::vector<std::string> paths_of_project(Connection& connection, const Uuid& project) {
    auto query = connection.query("paths_of_project");
    query.bind(project);
    return read_texts(std::move(query));
}

bool path_is_named(Connection& connection, const std::string& path) {
    auto query = connection.query("path_is_named");
    query.bind(path);
    return query.step() && query.flag();
}

// A cancelled job is told to those who watch, and to its holder; then it is not there any more.
StoreResult<void> cancel_and_delete(Write& write, const Uuid& owner, const Uuid& id) {
    auto row = row_of(write, id);
    if (!row) return row.error();
    if (!job::is_terminal(row->job.state)) {
        auto cancelled = cancel(write, owner, id);
        if (!cancelled) return cancelled.error();
        row->job = std::move(*cancelled);
    }
    erase_job(write, *row);
    return {};
}

void set(std::string& field, const std::optional<std::string>& value) {
    if (value) field = *value;
}

}  // namespace

StoreResult<Project> create_project(Write& write, const Uuid& owner, const std::string& title,
                                    const std::string& email) {
    if (user_is_removed(write.connection, owner)) return no_such("user");
    Project project;
    project.id = write.runtime.new_id();
    project.owner = owner;
    project.title = title;
    project.email = email;
    project.created_at = project.updated_at = write.now;
    write.connection.query("insert_project").bind_all(project.id, owner, title, email, write.now, write.now).run();
    return project;
}

StoreResult<Project> update_project(Write& write, const Uuid& owner, const Uuid& id, const ProjectChange& change) {
    auto found = project_for_owner(write.connection, owner, id);
    if (!found) return found;
    Project& project = *found;
    set(project.title, change.title);
    set(project.author, change.author);
    set(project.email, change.email);
    set(project.model, change.model);
    set(project.prompt, change.prompt);
    set(project.outline_text, change.outline_text);
    set(project.style_text, change.style_text);
    set(project.supplemental_info, change.supplemental_info);
    set(project.work_description, change.work_description);
    set(project.work_details, change.work_details);
    set(project.work_vision, change.work_vision);
    set(project.questions_answers, change.questions_answers);
    project.updated_at = std::max(write.now, project.updated_at + Milliseconds{1});
    write.connection.query("update_project")
        .bind_all(project.title, project.author, project.email, project.model, project.prompt, project.outline_text,
                  project.style_text, project.supplemental_info, project.work_description, project.work_details,
                  project.work_vision, project.questions_answers, project.updated_at, id, owner)
        .run();
    take_project_change(write, id, change);
    return found;
}

StoreResult<std::vector<std::string>> delete_project(Write& write, const Uuid& owner, const Uuid& project) {
    Connection& connection = write.connection;
    if (!project_exists(connection, owner, project)) return no_such("project");
    auto paths = paths_of_project(connection, project);
    const auto read = sources_of_project(connection, project);
    for (const Uuid& job : job_ids_of_project(connection, project)) {
        if (auto deleted = cancel_and_delete(write, owner, job); !deleted) return deleted.error();
        // With what was made and is named nowhere.
        paths.push_back(FileStore::artifact_folder(job));
    }
    paths.push_back(FileStore::index_file(project));
    connection.query("delete_files_of_project").bind(project).run();
    delete_webhooks_of_project(write, project);
    connection.query("delete_project").bind(project).run();
    drop_unused_sources(write, owner, read);
    std::erase_if(paths, [&](const std::string& path) { return path_is_named(connection, path); });
    return paths;
}

StoreResult<ProjectFile> add_file(Write& write, ProjectFile file) {
    Connection& connection = write.connection;
    if (!project_exists(connection, file.owner, file.project)) return no_such("project");
    {
        auto same = connection.query("file_with_hash");
        same.bind_all(file.project, file.sha256);
        if (same.step()) return StoreFailure{StoreErrc::duplicate, "the same file is in the project"};
    }
    if (file.id.is_nil()) file.id = write.runtime.new_id();
    file.created_at = write.now;
    connection.query("insert_file")
        .bind_all(file.id, file.owner, file.project, file.name, file.type, file.size, file.sha256, file.path,
                  file.created_at)
        .run();
    return file;
}

StoreResult<AddedFiles> add_files(Write& write, const Uuid& owner, const Uuid& project,
                                  const std::vector<ProjectFile>& files) {
    if (!project_exists(write.connection, owner, project)) return no_such("project");
    AddedFiles added;
    // They are listed, and read as sources, in this order: one commit has one time, so the ids have to tell it.
    std::vector<Uuid> ids(files.size());
    std::ranges::generate(ids, [&write] { return write.runtime.new_id(); });
    std::ranges::sort(ids);
    auto next_id = ids.begin();
    for (ProjectFile file : files) {
        file.id = *next_id++;
        file.owner = owner;
        file.project = project;
        auto kept = add_file(write, std::move(file));
        if (!kept && kept.error().code != StoreErrc::duplicate) return kept.error();
        added.push_back(kept ? std::optional(std::move(*kept)) : std::nullopt);
    }
    return added;
}

StoreResult<std::vector<std::string>> delete_file(Write& write, const Uuid& owner, const Uuid& id) {
    const auto file = file_for_owner(write.connection, owner, id);
    if (!file) return file.error();
    write.connection.query("delete_file").bind(id).run();
    drop_unused_sources(write, owner, {file->sha256});
    // Made anew by the project's next job, without this file.
    std::vector<std::string> paths = {FileStore::index_file(file->project)};
    if (!path_is_named(write.connection, file->path)) paths.push_back(file->path);
    return paths;
}

StoreResult<std::vector<std::string>> unnamed(Connection& connection, std::vector<std::string> paths) {
    const Snapshot snapshot(connection);
    std::erase_if(paths, [&](const std::string& path) { return path_is_named(connection, path); });
    return paths;
}

bool project_exists(Connection& connection, const Uuid& owner, const Uuid& project) {
    auto query = connection.query("project_exists");
    query.bind_all(project, owner);
    return query.step();
}

StoreResult<Project> project_for_owner(Connection& connection, const Uuid& owner, const Uuid& project) {
    auto query = connection.query("project_of_owner");
    query.bind_all(project, owner);
    if (!query.step()) return no_such("project");
    return project_columns(query);
}

StoreResult<std::vector<Project>> projects_of_owner(Connection& connection, const Uuid& owner) {
    auto query = connection.query("projects_of_owner");
    query.bind(owner);
    std::vector<Project> projects;
    while (query.step()) projects.push_back(project_columns(query));
    return projects;
}

StoreResult<std::vector<ProjectFile>> files_of_project(Connection& connection, const Uuid& owner, const Uuid& project) {
    const Snapshot snapshot(connection);
    if (!project_exists(connection, owner, project)) return no_such("project");
    auto query = connection.query("files_of_project");
    query.bind(project);
    std::vector<ProjectFile> files;
    while (query.step()) files.push_back(file_columns(query));
    return files;
}

StoreResult<ProjectFile> file_for_owner(Connection& connection, const Uuid& owner, const Uuid& file) {
    auto query = connection.query("file_of_owner");
    query.bind_all(file, owner);
    if (!query.step()) return no_such("file");
    return file_columns(query);
}

}  // namespace longhand::store::sqlite
