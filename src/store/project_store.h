// Projects and the files in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "base/uuid.h"
#include "store/errors.h"
#include "store/request_store.h"

namespace longhand::store {

/// A reusable container: the fields a job takes when its request leaves them out. Empty strings are unset.
struct Project {
    Uuid id;
    Uuid owner;
    std::string title;
    std::string author, email, model, prompt, outline_text, style_text, supplemental_info;
    std::string work_description, work_details, work_vision;
    std::string questions_answers;  ///< JSON text, as it was given
    WallTime created_at{};
    WallTime updated_at{};
};

/// Fields to change; what is not set stays.
struct ProjectChange {
    std::optional<std::string> title, author, email, model, prompt, outline_text, style_text, supplemental_info;
    std::optional<std::string> work_description, work_details, work_vision, questions_answers;
};

struct ProjectFile {
    Uuid id;
    Uuid owner;
    Uuid project;
    std::string name;
    std::string type;  ///< media type, by content
    std::uint64_t size = 0;
    std::string sha256;  ///< hex
    std::string path;    ///< below the data folder
    WallTime created_at{};
};

using AddedFiles = std::vector<std::optional<ProjectFile>>;

/// As JobStore: atomic, durable when resumed, thread-safe, `unavailable` and `stopping` besides the errors named.
class ProjectStore {
public:
    virtual ~ProjectStore() = default;
    virtual awaitable<StoreResult<Project>> create_project(Uuid owner, std::string title, std::string email,
                                                           Once<Project> once = {}) = 0;
    virtual awaitable<StoreResult<std::vector<Project>>> projects_of_owner(Uuid owner) = 0;   ///< newest first
    virtual awaitable<StoreResult<Project>> project_for_owner(Uuid owner, Uuid project) = 0;  // not_found
    virtual awaitable<StoreResult<Project>> update_project(Uuid owner, Uuid project,
                                                           ProjectChange change) = 0;  // not_found
    /// Cancels what runs in it, then it, its jobs and its files are not there any more. Gives the paths that nothing
    /// names any longer, with the folders of its jobs' artifacts. Errors: not_found.
    virtual awaitable<StoreResult<std::vector<std::string>>> delete_project(Uuid owner, Uuid project) = 0;

    /// Errors: not_found (the project), duplicate (the same bytes are in the project).
    virtual awaitable<StoreResult<ProjectFile>> add_file(ProjectFile file) = 0;
    /// Files of one request, each by itself: in their order what is kept, and nothing for one whose bytes are in the
    /// project already. Errors: not_found (the project), with none of them kept.
    virtual awaitable<StoreResult<AddedFiles>> add_files(Uuid owner, Uuid project, std::vector<ProjectFile> files,
                                                         Once<AddedFiles> once = {}) = 0;
    virtual awaitable<StoreResult<std::vector<ProjectFile>>> files_of_project(Uuid owner,
                                                                              Uuid project) = 0;  // not_found
    virtual awaitable<StoreResult<ProjectFile>> file_for_owner(Uuid owner, Uuid file) = 0;        // not_found
    /// The project has it no more. Jobs that began with it keep it. Gives the paths of what nothing needs any
    /// longer. Errors: not_found.
    virtual awaitable<StoreResult<std::vector<std::string>>> delete_file(Uuid owner, Uuid file) = 0;
    /// Those of the paths that no file or job names.
    virtual awaitable<StoreResult<std::vector<std::string>>> unnamed(std::vector<std::string> paths) = 0;
};

}  // namespace longhand::store
