#include "net/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace longhand::net {

namespace {

NetFailure cannot_read(const std::string& path, const std::string& reason) {
    return {NetErrc::unreachable, "cannot read the file " + path + ": " + reason};
}

}  // namespace

NetResult<OpenFile> OpenFile::open(const std::string& path) {
    // Without O_NONBLOCK a FIFO would block here until somebody writes to it.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return cannot_read(path, std::generic_category().message(errno));
    struct stat status {};
    const bool is_known = ::fstat(descriptor, &status) == 0;
    OpenFile file(descriptor, is_known ? static_cast<std::uint64_t>(status.st_size) : 0);
    if (!is_known || !S_ISREG(status.st_mode)) return cannot_read(path, "it is not a regular file");
    return file;
}

OpenFile::~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t OpenFile::read_at(std::uint64_t offset, char* out, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
        const auto count = ::pread(descriptor_, out + done, size - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

}  // namespace longhand::net
