#include "cli/document_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace longhand::cli {
namespace {

namespace fs = std::filesystem;

DocumentFileResult<std::unique_ptr<DocumentFile>> failed_with(int error) {
    return Failure<DocumentErrc>{DocumentErrc::failed, std::strerror(error)};
}

// Where the links from `path` lead, also when there is nothing yet.
std::string end_of_links(fs::path path) {
    constexpr int kMostLinks = 40;  // as Linux has it
    std::error_code error;
    for (int i = 0; i < kMostLinks && fs::is_symlink(path, error); ++i) {
        const fs::path next = fs::read_symlink(path, error);
        if (error) break;
        path = path.parent_path() / next;
    }
    return path.string();
}

bool is_no_regular_file(const std::string& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    return fs::exists(status) && !fs::is_regular_file(status);
}

}  // namespace

DocumentFileResult<std::unique_ptr<DocumentFile>> DocumentFile::open(const std::string& path) {
    if (is_no_regular_file(path)) {
        // Without O_NONBLOCK a FIFO would hold up this thread, and with it Ctrl-C, until somebody reads it.
        const int descriptor = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        std::error_code unknown;
        if (descriptor < 0 && errno == ENXIO && fs::is_fifo(path, unknown))
            return Failure<DocumentErrc>{DocumentErrc::no_reader, "nobody reads it"};
        if (descriptor < 0) return failed_with(errno);
        if (fcntl(descriptor, F_SETFL, 0) != 0) {
            const int error = errno;
            close(descriptor);
            return failed_with(error);
        }
        return std::unique_ptr<DocumentFile>(new DocumentFile(descriptor, path, {}));
    }
    const std::string target = end_of_links(path);
    const std::string partial = target + ".part";
    // No link and no FIFO of that name is followed.
    if (::unlink(partial.c_str()) != 0 && errno != ENOENT) return failed_with(errno);
    const int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) return failed_with(errno);
    return std::unique_ptr<DocumentFile>(new DocumentFile(descriptor, target, partial));
}

DocumentFile::~DocumentFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!partial_.empty()) ::unlink(partial_.c_str());
}

bool DocumentFile::write(std::string_view piece) {
    while (!piece.empty() && error_ == 0) {
        const ssize_t written = ::write(descriptor_, piece.data(), piece.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            error_ = errno;
        } else {
            piece.remove_prefix(static_cast<std::size_t>(written));
            size_ += static_cast<std::uint64_t>(written);
        }
    }
    return error_ == 0;
}

DocumentFileResult<std::uint64_t> DocumentFile::finish() {
    const int descriptor = std::exchange(descriptor_, -1);
    if (close(descriptor) != 0 && error_ == 0) error_ = errno;
    if (error_ == 0 && !partial_.empty()) {
        if (std::rename(partial_.c_str(), target_.c_str()) == 0)
            partial_.clear();
        else
            error_ = errno;
    }
    if (error_ != 0) return Failure<DocumentErrc>{DocumentErrc::failed, std::strerror(error_)};
    return size_;
}

}  // namespace longhand::cli
