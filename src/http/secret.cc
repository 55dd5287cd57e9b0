#include "http/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/digest.h"

namespace longhand::http {
namespace {

constexpr std::size_t kSecretBytes = 32;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

Failure<SecretErrc> unreadable(const std::string& path, const char* what) {
    return {SecretErrc::unreadable, fmt::format("The secret {} can't be {}: {}.", path, what, std::strerror(errno))};
}

/// Written whole beside its place and then linked there, so that a reader never sees half of it and the first maker
/// wins.
std::optional<Failure<SecretErrc>> make(const std::string& path) {
    const std::string draft = path + "." + to_hex(random_bytes(8));
    Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return unreadable(path, "made");
    const std::string text = to_hex(random_bytes(kSecretBytes)) + "\n";
    const bool written =
        ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file.get()) == 0;
    const bool linked = written && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
    std::optional<Failure<SecretErrc>> failure;
    if (!linked) failure = unreadable(path, "made");
    ::unlink(draft.c_str());
    return failure;
}

SecretResult<std::string> load(const std::string& path, int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return Failure<SecretErrc>{SecretErrc::unreadable, fmt::format("The secret {} is not a file.", path)};
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return Failure<SecretErrc>{SecretErrc::exposed,
                                   fmt::format("The secret {} can be read by others (mode {:04o}). Run `chmod 600 {}`, "
                                               "or remove it if it may have been read: "
                                               "a new one is made, and old tokens end.",
                                               path, info.st_mode & 07777, path)};
    }
    char buffer[2 * kSecretBytes + 2];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0) return unreadable(path, "read");
    std::string_view text(buffer, static_cast<std::size_t>(count));
    if (text.ends_with('\n')) text.remove_suffix(1);
    auto secret = text.size() == 2 * kSecretBytes ? from_hex(text) : std::nullopt;
    if (!secret) {
        return Failure<SecretErrc>{SecretErrc::malformed,
                                   fmt::format("The secret {} is not {} hexadecimal digits (256 bits). Restore it, or "
                                               "remove it: a new one is made, and old "
                                               "tokens end.",
                                               path, 2 * kSecretBytes)};
    }
    return std::move(*secret);
}

}  // namespace

SecretResult<std::string> load_or_make_secret(const std::string& path) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.get() >= 0) return load(path, file.get());
        if (errno != ENOENT) return unreadable(path, "read");
        if (auto failure = make(path)) return std::move(*failure);
    }
    return Failure<SecretErrc>{SecretErrc::unreadable, fmt::format("The secret {} vanished as it was made.", path)};
}

}  // namespace longhand::http
