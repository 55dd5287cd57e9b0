#include "backup/file.h"

#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/digest.h"

namespace longhand::backup {

PassingFolder PassingFolder::make(const std::string& prefix) {
    std::string path = prefix + to_hex(random_bytes(8));
    return PassingFolder(::mkdir(path.c_str(), 0700) == 0 ? std::move(path) : std::string());
}

PassingFolder::~PassingFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

bool write_new_file(const std::string& path, std::string_view bytes) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return false;
    if (write_all(file.get(), bytes) && ::fsync(file.get()) == 0) return true;
    const int error = errno;
    ::unlink(path.c_str());
    errno = error;
    return false;
}

bool move_to_new(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
    // NFS and file systems of FUSE know no such move. A link to a file is refused where there is one, and a folder
    // takes the place of an empty one at most.
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return false;
    std::error_code ignored;
    if (std::filesystem::is_directory(std::filesystem::symlink_status(from, ignored)))
        return ::rename(from.c_str(), to.c_str()) == 0;
    if (::link(from.c_str(), to.c_str()) != 0) return false;
    ::unlink(from.c_str());
    return true;
}

std::string reason() {
    return std::generic_category().message(errno);
}

}  // namespace longhand::backup
