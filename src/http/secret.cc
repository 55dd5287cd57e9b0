#include "http/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/descriptor.h"
#include "base/digest.h"

namespace longhand::http {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kUntil = " until ";
// Far more than anybody rotates in a year; a file that is longer is none of ours.
constexpr std::size_t kMostFormer = 1'000;
constexpr std::size_t kLongestFile = (kMostFormer + 1) * 100;

Failure<SecretErrc> unreadable(const std::string& path, const char* what) {
    return {SecretErrc::unreadable, fmt::format("The secret {} can't be {}: {}.", path, what, std::strerror(errno))};
}

Failure<SecretErrc> unwritable(const std::string& path) {
    return {SecretErrc::unwritable,
            fmt::format("The secret {} can't be replaced ({}) and is as it was.", path, std::strerror(errno))};
}

Failure<SecretErrc> malformed(const std::string& path) {
    return {SecretErrc::malformed,
            fmt::format("The secret {} does not begin with a line of {} hexadecimal digits (256 bits), or its other "
                        "lines are no former secrets. Restore it, or remove it: a new one is made, and old tokens end.",
                        path, 2 * kSecretBytes)};
}

bool write_synced(int fd, std::string_view text) {
    return write_all(fd, text) && ::fsync(fd) == 0;
}

std::string draft_name(const std::string& path) {
    return path + "." + to_hex(random_bytes(8));
}

void sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const Descriptor file(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder that can't be synced holds the file all the same; only a power cut would tell.
    if (file.get() >= 0) ::fsync(file.get());
}

/// Written whole beside its place and then linked there, so that a reader never sees half of it and the first maker
/// wins.
std::optional<Failure<SecretErrc>> make(const std::string& path) {
    const std::string draft = draft_name(path);
    Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return unreadable(path, "made");
    const bool written = write_synced(file.get(), to_hex(random_bytes(kSecretBytes)) + "\n");
    const bool linked = written && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
    std::optional<Failure<SecretErrc>> failure;
    if (!linked) failure = unreadable(path, "made");
    ::unlink(draft.c_str());
    if (linked) sync_folder_of(path);
    return failure;
}

std::optional<std::string> secret_of(std::string_view digits) {
    return digits.size() == 2 * kSecretBytes ? from_hex(digits) : std::nullopt;
}

std::optional<FormerSecret> former_of(std::string_view line) {
    const auto at = line.find(kUntil);
    if (at == line.npos) return std::nullopt;
    auto secret = secret_of(line.substr(0, at));
    const auto until = parse_wall_time(line.substr(at + kUntil.size()));
    if (!secret || !until) return std::nullopt;
    return FormerSecret{std::move(*secret), *until};
}

std::optional<Secrets> parse(std::string_view text, WallTime now) {
    Secrets secrets;
    for (bool first = true; first || !text.empty(); first = false) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (first) {
            auto secret = secret_of(line);
            if (!secret) return std::nullopt;
            secrets.newest = std::move(*secret);
        } else {
            auto former = former_of(line);
            if (!former) return std::nullopt;
            if (now < former->until) secrets.former.push_back(std::move(*former));
        }
    }
    return secrets;
}

std::string format(const Secrets& secrets) {
    std::string text = to_hex(secrets.newest) + "\n";
    for (const FormerSecret& former : secrets.former)
        text += fmt::format("{}{}{}\n", to_hex(former.secret), kUntil, format_wall_time(former.until));
    return text;
}

SecretResult<Secrets> load(const std::string& path, int fd, WallTime now) {
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
    std::string text(kLongestFile + 1, '\0');
    std::size_t size = 0;
    for (;;) {
        const ssize_t count = ::read(fd, text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(path, "read");
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
        if (size > kLongestFile) return malformed(path);
    }
    auto secrets = parse(std::string_view(text).substr(0, size), now);
    if (!secrets) return malformed(path);
    return std::move(*secrets);
}

/// The file, locked against other rotations. One that was replaced while the lock was waited for is another file.
int open_locked(const std::string& path) {
    for (;;) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return fd;
        struct stat held {
        }, named{};
        const bool locked = ::flock(fd, LOCK_EX) == 0 && ::fstat(fd, &held) == 0;
        if (locked && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev)
            return fd;
        const int reason = errno;
        ::close(fd);
        errno = reason;
        if (!locked) return -1;
    }
}

std::optional<Failure<SecretErrc>> replace(const std::string& path, int former, const std::string& text) {
    struct stat info {};
    if (::fstat(former, &info) != 0) return unwritable(path);
    const std::string draft = draft_name(path);
    Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return unwritable(path);
    // When root rotates for a server that runs as another user, the file stays that user's.
    const bool kept = info.st_uid == ::geteuid() || ::fchown(file.get(), info.st_uid, info.st_gid) == 0;
    std::optional<Failure<SecretErrc>> failure;
    if (!kept || !write_synced(file.get(), text) || ::rename(draft.c_str(), path.c_str()) != 0) {
        failure = unwritable(path);
        ::unlink(draft.c_str());
    }
    return failure;
}

}  // namespace

std::string secret_id(std::string_view secret) {
    return sha256_hex(secret).substr(0, 16);
}

SecretResult<Secrets> load_secrets(const std::string& path, WallTime now) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return unreadable(path, "read");
    return load(path, file.get(), now);
}

SecretResult<Secrets> load_or_make_secrets(const std::string& path, WallTime now) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.get() >= 0) return load(path, file.get(), now);
        if (errno != ENOENT) return unreadable(path, "read");
        if (auto failure = make(path)) return std::move(*failure);
    }
    return Failure<SecretErrc>{SecretErrc::unreadable, fmt::format("The secret {} vanished as it was made.", path)};
}

SecretResult<WallTime> rotate_secret(const std::string& path, WallTime now) {
    // Through a link, what it points to is replaced.
    std::error_code error;
    const std::string real = std::filesystem::canonical(path, error).string();
    if (error)
        return Failure<SecretErrc>{SecretErrc::unreadable,
                                   fmt::format("The secret {} can't be read: {}.", path, error.message())};
    const Descriptor file(open_locked(real));
    if (file.get() < 0) return unreadable(path, "read");
    auto secrets = load(real, file.get(), now);
    if (!secrets) return secrets.error();
    if (secrets->former.size() >= kMostFormer)
        return Failure<SecretErrc>{
            SecretErrc::unwritable,
            fmt::format("{} former secrets in {} are still taken; no more are kept.", secrets->former.size(), path)};
    const WallTime until = now + kFormerSecretLife;
    secrets->former.insert(secrets->former.begin(), {std::move(secrets->newest), until});
    secrets->newest = random_bytes(kSecretBytes);
    if (auto failure = replace(real, file.get(), format(*secrets))) return std::move(*failure);
    sync_folder_of(real);
    return until;
}

}  // namespace longhand::http
