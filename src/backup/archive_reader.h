// A tar being read, over libarchive. Nothing in it is believed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backup/layout.h"

struct archive;
struct archive_entry;

namespace longhand::backup {

/// Blocking; one thread.
class ArchiveReader {
public:
    /// Reads from `fd`, a file of `size` bytes, which stays its owner's and outlives it. `shown` names the archive in
    /// messages.
    ArchiveReader(int fd, std::uint64_t size, std::string shown);
    ~ArchiveReader();
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;

    /// The name of the next file; nothing at the end. An entry that is no regular file (a folder, a link, a device, one
    /// with holes) is an error, and so is one that together with those before says it is longer than the archive: what
    /// is not packed can't be.
    BackupResult<std::optional<std::string>> next();
    /// The next bytes of that file, empty at its end; valid until the next call.
    BackupResult<std::string_view> read();
    /// The whole of that file. Errors: as above, and more than `limit` bytes.
    BackupResult<std::string> read_text(std::size_t limit);

    BackupFailure damaged(std::string_view how) const;

private:
    BackupFailure broken() const;

    struct Free {
        void operator()(archive* reader) const;
    };
    std::unique_ptr<archive, Free> archive_;
    const std::string shown_;
    std::uint64_t left_;  ///< bytes that files may still have
    std::uint64_t of_this_ = 0;
    std::string buffer_;
};

}  // namespace longhand::backup
