#include <fcntl.h>
#include <signal.h>

#include <charconv>
#include <filesystem>
#include <optional>

#include "base/descriptor.h"
#include "sandbox/pidfd.h"
#include "sandbox/run.h"

namespace longhand::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBubblewrap = "/usr/bin/bwrap";

std::optional<pid_t> number_of(const std::string& name) {
    pid_t pid = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || rest != name.data() + name.size()) return std::nullopt;
    return pid;
}

bool is_bubblewrap(pid_t pid) {
    std::error_code none;
    return fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", none) == kBubblewrap;
}

// Not by a stream: reading of a process that has just gone is an error, of which a stream makes an exception.
std::string text_of(pid_t pid, const char* what) {
    const Descriptor file(open(("/proc/" + std::to_string(pid) + "/" + what).c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[4096];
    ssize_t count = 0;
    while (file && (count = read(file.get(), buffer, sizeof buffer)) > 0)
        text.append(buffer, static_cast<std::size_t>(count));
    return text;
}

// A line of /proc/PID/status.
std::string field_of(const std::string& status, std::string_view name) {
    const auto key = "\n" + std::string(name) + ":\t";
    const auto begin = status.find(key);
    if (begin == status.npos) return {};
    return status.substr(begin + key.size(), status.find('\n', begin + 1) - begin - key.size());
}

// The program is known by its file and what it was given by its own words, of which no document has any say. The first
// process of a namespace that bubblewrap made has a number there, too; and while its bubblewrap lives, that one is its
// parent.
bool is_stray(pid_t pid, const std::string& bound) {
    if (!is_bubblewrap(pid) || text_of(pid, "cmdline").find(bound) == std::string::npos) return false;
    const auto status = text_of(pid, "status");
    const bool is_inside = field_of(status, "NSpid").find('\t') != std::string::npos;
    const auto parent = number_of(field_of(status, "PPid"));
    return is_inside && parent && !is_bubblewrap(*parent);
}

}  // namespace

int end_strays(const std::string& folder) {
    std::error_code error;
    const auto own = fs::canonical(folder, error).string();
    if (error || own == "/") return 0;
    const std::string bound = std::string("\0--bind\0", 8) + own + "/";
    int ended = 0;
    for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
        const auto pid = number_of(it->path().filename().string());
        if (!pid) continue;
        // Opened before it is looked at, so that no other process can take its number meanwhile.
        const Descriptor process(pidfd_open(*pid, 0));
        if (!process || !is_stray(*pid, bound)) continue;
        if (pidfd_send_signal(process.get(), SIGKILL, nullptr, 0) == 0) ++ended;
    }
    return ended;
}

}  // namespace longhand::sandbox
