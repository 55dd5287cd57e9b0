#include "backup/file.h"

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

std::string reason() {
    return std::generic_category().message(errno);
}

}  // namespace longhand::backup
