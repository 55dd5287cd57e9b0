// A file descriptor with an owner, and writing to one.
#pragma once

#include <unistd.h>

#include <string_view>
#include <utility>

namespace longhand {

/// Closes what it holds. Movable; -1 is none.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

/// False, with errno, when not all could be written. Goes on after a signal and a short write.
bool write_all(int fd, std::string_view bytes);

}  // namespace longhand
