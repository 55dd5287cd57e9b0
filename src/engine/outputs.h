// Making a finished manuscript's files and keeping them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/environment.h"
#include "engine/running_job.h"
#include "typeset/typesetter.h"
#include "writing/writer.h"

namespace longhand::engine {

/// Removes a folder, with all in it, when it goes.
class ScratchFolder {
public:
    explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
    ScratchFolder(const ScratchFolder&) = delete;
    ~ScratchFolder();
    const std::string& path() const { return path_; }

private:
    std::string path_;
};
/// A fresh one, by its absolute path.
store::StoreResult<std::string> scratch_folder(store::FileStore& files);

/// A run's own folder for its page counts and its document: each rendering there begins with what the last one left.
/// Made when it is first asked for.
class RunFolder {
public:
    explicit RunFolder(store::FileStore& files) : files_(files) {}
    /// Its absolute path. Errors: unavailable.
    store::StoreResult<std::string> path();

private:
    store::FileStore& files_;
    std::optional<ScratchFolder> folder_;
};

/// What a job's owner is told when the disk does not take its files: the system's reason, and none of this machine's
/// folders.
std::string no_room_for_files(const store::StoreFailure& failure);

/// The step's failure that a failure of the typesetter is.
writing::StepResult<std::string> typeset_failed(RunningJob& job, const Failure<typeset::TypesetErrc>& failure);

/// The format under which a work's manuscript is kept beside its outputs, to make further formats from.
inline constexpr std::string_view kManuscriptFormat = "manuscript.json";
std::string to_json(const typeset::Manuscript& manuscript);
std::optional<typeset::Manuscript> manuscript_from_json(std::string_view text);

/// Renders one format into `folder` and keeps it as an artifact of the job.
awaitable<typeset::TypesetResult<store::OutputRecord>> make_output(Runtime& runtime, store::FileStore& files,
                                                                   typeset::Typesetter& typesetter, Uuid job,
                                                                   typeset::Manuscript manuscript,
                                                                   typeset::Format format, std::string folder,
                                                                   StopToken stop);
/// Keeps a text as an artifact of the job.
awaitable<typeset::TypesetResult<store::OutputRecord>> keep_text(Runtime& runtime, store::FileStore& files, Uuid job,
                                                                 std::string format, std::string text,
                                                                 std::string folder);

/// What is made before a job is completed: PDF, LaTeX, Markdown, the quality sheet. `folder` outlives the call.
awaitable<writing::StepResult<std::vector<store::OutputRecord>>> make_outputs(Environment& environment,
                                                                              std::shared_ptr<RunningJob> job,
                                                                              writing::Finished finished,
                                                                              RunFolder* folder);

}  // namespace longhand::engine
