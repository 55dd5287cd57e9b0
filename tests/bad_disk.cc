// A disk that a test can make bad, under the whole process: calls of SQLite and of the standard library come here too,
// for a program's own definition of a function goes before a library's. BAD_DISK names a file; while it is there its
// words say with what error (EROFS, ENOSPC, EIO) each change below which folder fails. What is open stays open, as
// when a file system turns read-only under a running process.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// The system's own function of that name. Without a lock, for a child that was just forked comes here, too.
template <class Function>
Function* next(std::atomic<Function*>& known, const char* name) {
    Function* function = known.load(std::memory_order_relaxed);
    if (function == nullptr) {
        function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
        known.store(function, std::memory_order_relaxed);
    }
    return function;
}

#define NEXT(name, Function)                                    \
    [] {                                                        \
        static constinit std::atomic<Function*> known{nullptr}; \
        return next(known, name);                               \
    }()

struct Fault {
    int error = 0;  ///< 0: the disk is well
    std::string folder;
};

Fault present_fault() {
    const char* const path = std::getenv("BAD_DISK");
    if (path == nullptr) return {};
    using Open = int(const char*, int, ...);
    const int file = NEXT("open", Open)(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    char text[4096];
    const ssize_t size = read(file, text, sizeof text);
    close(file);
    const std::string_view words(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto space = words.find(' ');
    if (space == words.npos) return {};
    const std::string_view name = words.substr(0, space);
    return {name == "EROFS" ? EROFS : name == "ENOSPC" ? ENOSPC : EIO, std::string(words.substr(space + 1))};
}

bool is_below(std::string_view path, const std::string& folder) {
    return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

/// Whether a change of what lies at `path` fails now; errno says why then.
bool refuses(const char* path) {
    const int before = errno;
    const Fault fault = present_fault();
    errno = before;
    if (fault.error == 0 || path == nullptr || !is_below(path, fault.folder)) return false;
    errno = fault.error;
    return true;
}

bool refuses(int fd) {
    const int before = errno;
    const Fault fault = present_fault();
    errno = before;
    if (fault.error == 0) return false;
    char path[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t size = readlink(link.c_str(), path, sizeof path);
    errno = before;
    if (size <= 0 || !is_below({path, static_cast<std::size_t>(size)}, fault.folder)) return false;
    errno = fault.error;
    return true;
}

bool changes(int flags) {
    return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_ACCMODE) != O_RDONLY;
}

mode_t mode_of(int flags, std::va_list arguments) {
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

int open_here(const char* path, int flags, ...) __asm__("open");
int open64_here(const char* path, int flags, ...) __asm__("open64");
int openat_here(int folder, const char* path, int flags, ...) __asm__("openat");
int mkdir_here(const char* path, mode_t mode) __asm__("mkdir");
int rename_here(const char* from, const char* to) __asm__("rename");
int unlink_here(const char* path) __asm__("unlink");
ssize_t write_here(int fd, const void* bytes, size_t size) __asm__("write");
ssize_t pwrite_here(int fd, const void* bytes, size_t size, off_t at) __asm__("pwrite");
ssize_t pwrite64_here(int fd, const void* bytes, size_t size, off64_t at) __asm__("pwrite64");
int ftruncate_here(int fd, off_t size) __asm__("ftruncate");
int ftruncate64_here(int fd, off64_t size) __asm__("ftruncate64");

#define MODE_OF_THE_REST(flags)                    \
    std::va_list arguments;                        \
    va_start(arguments, flags);                    \
    const mode_t mode = mode_of(flags, arguments); \
    va_end(arguments)

int open_here(const char* path, int flags, ...) {
    MODE_OF_THE_REST(flags);
    using Real = int(const char*, int, ...);
    return changes(flags) && refuses(path) ? -1 : NEXT("open", Real)(path, flags, mode);
}
int open64_here(const char* path, int flags, ...) {
    MODE_OF_THE_REST(flags);
    using Real = int(const char*, int, ...);
    return changes(flags) && refuses(path) ? -1 : NEXT("open64", Real)(path, flags, mode);
}
int openat_here(int folder, const char* path, int flags, ...) {
    MODE_OF_THE_REST(flags);
    using Real = int(int, const char*, int, ...);
    return changes(flags) && refuses(path) ? -1 : NEXT("openat", Real)(folder, path, flags, mode);
}
int mkdir_here(const char* path, mode_t mode) {
    using Real = int(const char*, mode_t);
    return refuses(path) ? -1 : NEXT("mkdir", Real)(path, mode);
}
int rename_here(const char* from, const char* to) {
    using Real = int(const char*, const char*);
    return refuses(to) ? -1 : NEXT("rename", Real)(from, to);
}
int unlink_here(const char* path) {
    using Real = int(const char*);
    return refuses(path) ? -1 : NEXT("unlink", Real)(path);
}
ssize_t write_here(int fd, const void* bytes, size_t size) {
    using Real = ssize_t(int, const void*, size_t);
    return refuses(fd) ? -1 : NEXT("write", Real)(fd, bytes, size);
}
ssize_t pwrite_here(int fd, const void* bytes, size_t size, off_t at) {
    using Real = ssize_t(int, const void*, size_t, off_t);
    return refuses(fd) ? -1 : NEXT("pwrite", Real)(fd, bytes, size, at);
}
ssize_t pwrite64_here(int fd, const void* bytes, size_t size, off64_t at) {
    using Real = ssize_t(int, const void*, size_t, off64_t);
    return refuses(fd) ? -1 : NEXT("pwrite64", Real)(fd, bytes, size, at);
}
int ftruncate_here(int fd, off_t size) {
    using Real = int(int, off_t);
    return refuses(fd) ? -1 : NEXT("ftruncate", Real)(fd, size);
}
int ftruncate64_here(int fd, off64_t size) {
    using Real = int(int, off64_t);
    return refuses(fd) ? -1 : NEXT("ftruncate64", Real)(fd, size);
}
