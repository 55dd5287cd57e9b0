// Files and folders that are not there yet.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"

namespace longhand::backup {

/// A folder (mode 0700) that goes with all that is in it.
class PassingFolder {
public:
    /// `prefix` and a random end. Not valid, with errno, where it can't be made.
    static PassingFolder make(const std::string& prefix);
    ~PassingFolder();
    PassingFolder(PassingFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PassingFolder& operator=(PassingFolder&&) = delete;
    bool valid() const { return !path_.empty(); }
    const std::string& path() const { return path_; }

private:
    explicit PassingFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

/// Writes the new file `path` with mode 0600. False, with errno: it is not there.
bool write_new_file(const std::string& path, std::string_view bytes);
/// Moves the file or folder `from` to `to` on the same file system, where nothing may be: that stays, but for a folder
/// that is empty. False, with errno: `from` is where it was.
bool move_to_new(const std::string& from, const std::string& to);
/// What errno says.
std::string reason();

}  // namespace longhand::backup
