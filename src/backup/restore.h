// An installation out of a backup.
#pragma once

#include <cstdint>
#include <string>

#include "backup/layout.h"
#include "base/stop.h"

namespace longhand::backup {

struct RestoreTarget {
    std::string data_folder;  ///< there, empty but for its lock, and locked by the caller
    std::string secret_file;  ///< in the data folder or elsewhere; not there yet
};

struct RestoreReport {
    std::size_t files = 0;  ///< uploads and artifacts
    std::uint64_t bytes = 0;
    std::size_t missing = 0;  ///< that rows name and that the backup did not find either
    std::string made_at;      ///< as the backup says
};

/// What the data folder holds but its lock and what a fresh file system has: the first few names; empty: nothing.
std::string contents_of(const std::string& data_folder);

/// Unpacks the backup `file` beside its place, checks every file's hash and the database, and then moves all into the
/// data folder, the database last. The archive is not believed: only the names of layout.h, only plain files, no more
/// bytes than it has itself. After an error the folder is as it was. Blocking.
BackupResult<RestoreReport> restore_backup(const std::string& file, const RestoreTarget& target, const StopToken& stop);

}  // namespace longhand::backup
