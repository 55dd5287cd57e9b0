// Bytes beside the tables: uploads and artifacts, below the data folder. Immutable once they are there.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "store/errors.h"

namespace longhand::store {

/// Blocking; thread-safe. Paths that go in and out are relative to the data folder, made here, and never from a user's
/// words; one that was not made here (absolute, empty, with `..` or a NUL) is refused. Folders are made at need with
/// mode 0700, files with 0600. `unavailable` says what could not be written, why, and what helps.
class FileStore {
public:
    explicit FileStore(std::string data_folder);

    /// A file being received. Gone again unless `commit` succeeded.
    class Upload {
    public:
        virtual ~Upload() = default;
        virtual StoreResult<void> write(std::string_view piece) = 0;  ///< unavailable: disk full and its like
        virtual std::uint64_t size() const = 0;
        struct Stored {
            std::string path;
            std::string sha256;
            std::uint64_t size = 0;
        };
        /// Synced, with its folder, when this returns.
        virtual StoreResult<Stored> commit() = 0;
    };
    /// Under a random name, in `uploads/`.
    StoreResult<std::unique_ptr<Upload>> begin_upload();

    /// Copies a finished file to `artifacts/JOB/FORMAT-HASH`; synced when this returns. The same again is the same
    /// path. `format`: lower-case letters, digits, `.`, `-`, `_`; `sha256`: hexadecimal digits of the file's bytes;
    /// `from`: any path of this process. Errors: limit (a format or hash of another form), unavailable.
    StoreResult<std::string> put_artifact(Uuid job, std::string_view format, std::string_view sha256,
                                          const std::string& from);
    /// `artifacts/JOB`, which holds all artifacts of a job.
    static std::string artifact_folder(Uuid job);
    /// `index/PROJECT.db`: the passages of a project's files, which can be made again from them.
    static std::string index_file(Uuid project);
    /// Empty, which no file is called, for a path that was not made here.
    std::string absolute(std::string_view path) const;
    /// A file, or a folder with all in it; one that is not there is fine.
    void remove(std::string_view path);
    /// Free bytes where the data lies, for this user; 0 when that can't be told.
    std::uint64_t free_bytes() const;
    /// Whether files can be made where uploads, artifacts and scratch files go, the folders too if they are gone.
    /// Blocks. Errors: unavailable, with the folder, the reason and what to do.
    StoreResult<void> check() const;
    /// A fresh folder of its own below `scratch/`; the caller removes it. What a former life left there goes at start.
    StoreResult<std::string> scratch_folder();
    /// Uploads that were committed so long ago. Blocks.
    std::vector<std::string> uploads_older_than(std::chrono::hours age) const;
    /// At start, before anything else runs: empties `scratch/` and drops uploads and indexes that were never
    /// finished.
    void clear_scratch();

private:
    std::string data_folder_;
};

}  // namespace longhand::store
