// A copy of an installation as one file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backup/layout.h"
#include "base/stop.h"

namespace longhand::backup {

struct BackupSource {
    std::string data_folder;
    std::string version;  ///< of this program, for the manifest
    /// Reads the secret file's text. Called once, after the last copy of the database: what a rotation has sealed
    /// again by then opens under it, and what it had not, under the former secrets in it. An error ends the backup.
    std::function<BackupResult<std::string>()> read_secret;
};

struct BackupReport {
    std::size_t files = 0;  ///< uploads and artifacts
    std::uint64_t bytes = 0;
    std::vector<std::string> missing;  ///< paths that rows name and that are not there, in the installation either
};

/// Writes the new file `target`, mode 0600: the database as it is at one moment and every upload and artifact that it
/// names, while a server of that folder may run. `target` appears whole and synced, or not at all; an older file of
/// that name stays and is an error. Blocking.
BackupResult<BackupReport> make_backup(const BackupSource& source, const std::string& target, const StopToken& stop);

}  // namespace longhand::backup
