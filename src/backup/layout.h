// What lies in a backup: a plain tar of regular files. `manifest.json` comes first and says what it is; then uploads
// and artifacts under their paths in the data folder, the database, the secret; last `SHA256SUMS`, a line for each file
// before it as sha256sum writes it. An archive without it is cut short.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace longhand::backup {

enum class BackupErrc {
    failed,   ///< the message says what, and that nothing was left behind
    stopped,  ///< the stop token was raised; nothing was left behind
};
template <class T>
using BackupResult = Result<T, BackupErrc>;
using BackupFailure = Failure<BackupErrc>;

inline constexpr std::string_view kManifest = "manifest.json", kDatabase = "longhand.db", kSecret = "secret",
                                  kSums = "SHA256SUMS";
inline constexpr int kFormatVersion = 1;
/// Of the files that are read into memory.
inline constexpr std::size_t kLongestText = 1 << 16;
inline constexpr std::size_t kLongestSums = std::size_t{1} << 30;

/// `uploads/32 HEX DIGITS` or `artifacts/UUID/FORMAT-HASH`: what a FileStore makes, and nothing else.
bool is_stored_file(std::string_view name);

}  // namespace longhand::backup
