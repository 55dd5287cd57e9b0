// A database beside its own place: taken from a running one, and looked at before it becomes a running one.
#pragma once

#include <string>
#include <vector>

#include "base/stop.h"
#include "store/errors.h"

namespace longhand::store::sqlite {

/// Copies the database at `from`, as it is at one moment, to the new file `to`, which is whole by itself: without a
/// log. Other processes read and write meanwhile. Blocking. Errors: unavailable (can't be read, disk full), unusable
/// (damaged, another application's), stopping (`stop` was raised); then `to` is not whole.
StoreResult<void> copy_database(const std::string& from, const std::string& to, const StopToken& stop);

/// The paths (as FileStore has them) that rows of the database at `path` name, in order, each once. Nobody else uses
/// that database. Errors: unavailable, unusable.
StoreResult<std::vector<std::string>> named_files(const std::string& path);

/// Whether the file is a whole database that this program can open, with nothing in it that runs by itself (triggers,
/// views). Nobody else uses it. Errors: unusable, unavailable.
StoreResult<void> check_database(const std::string& path);

}  // namespace longhand::store::sqlite
