// Descriptors and names of files that are not there yet.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace longhand::backup {

class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }

private:
    int fd_;
};

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

/// False, with errno, when not all could be written.
bool write_all(int fd, std::string_view bytes);
/// Writes the new file `path` with mode 0600. False, with errno: it is not there.
bool write_new_file(const std::string& path, std::string_view bytes);
/// What errno says.
std::string reason();

}  // namespace longhand::backup
