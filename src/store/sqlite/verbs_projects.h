// ProjectStore's verbs. What they promise is said in store/project_store.h.
#pragma once

#include "store/project_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<Project> create_project(Write& write, const Uuid& owner, const std::string& title,
                                    const std::string& email);
StoreResult<Project> update_project(Write& write, const Uuid& owner, const Uuid& project, const ProjectChange& change);
StoreResult<std::vector<std::string>> delete_project(Write& write, const Uuid& owner, const Uuid& project);
StoreResult<ProjectFile> add_file(Write& write, ProjectFile file);
StoreResult<AddedFiles> add_files(Write& write, const Uuid& owner, const Uuid& project,
                                  const std::vector<ProjectFile>& files);

bool project_exists(Connection& connection, const Uuid& owner, const Uuid& project);
StoreResult<Project> project_for_owner(Connection& connection, const Uuid& owner, const Uuid& project);
StoreResult<std::vector<Project>> projects_of_owner(Connection& connection, const Uuid& owner);
StoreResult<std::vector<ProjectFile>> files_of_project(Connection& connection, const Uuid& owner, const Uuid& project);
StoreResult<std::vector<std::string>> delete_file(Write& write, const Uuid& owner, const Uuid& file);
StoreResult<std::vector<std::string>> unnamed(Connection& connection, std::vector<std::string> paths);
StoreResult<ProjectFile> file_for_owner(Connection& connection, const Uuid& owner, const Uuid& file);

}  // namespace longhand::store::sqlite
