// A tar being written, over libarchive.
#pragma once

#include <archive.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backup/layout.h"
#include "base/stop.h"

namespace longhand::backup {

/// Blocking; one thread. After a failure it takes nothing more.
class ArchiveWriter {
public:
    /// Writes to `fd`, which stays its owner's and outlives it. `shown` names the archive in messages.
    ArchiveWriter(int fd, std::string shown);
    ~ArchiveWriter();
    ArchiveWriter(const ArchiveWriter&) = delete;
    ArchiveWriter& operator=(const ArchiveWriter&) = delete;

    BackupResult<void> add_text(std::string_view name, std::string_view text);
    enum class Added { yes, not_there };
    /// The file at `path`, a regular one that nobody changes.
    BackupResult<Added> add_file(std::string_view name, const std::string& path, const StopToken& stop);
    /// SHA256SUMS, and the archive's end.
    BackupResult<void> finish();

    std::uint64_t bytes() const { return bytes_; }  ///< of contents, so far

private:
    static la_ssize_t write(archive* writer, void* self, const void* bytes, std::size_t count);
    BackupFailure failed() const;
    BackupResult<void> begin(std::string_view name, std::uint64_t size);
    BackupResult<void> data(std::string_view piece);
    void note(std::string_view name, const std::string& sha256);

    struct Free {
        void operator()(archive* writer) const;
    };
    const int fd_;
    const std::string shown_;
    std::string sums_;
    std::uint64_t bytes_ = 0;
    bool is_given_up_ = false;
    std::unique_ptr<archive, Free> archive_;  ///< last: it may write as it goes
};

}  // namespace longhand::backup
