#include "sandbox/command_line.h"

#include <fmt/format.h>

namespace longhand::sandbox {
namespace {

// What programs of the distribution need to run: code, fonts, TeX's trees and their caches. Nothing of a person's.
constexpr const char* kSystemFolders[] = {"/usr",
                                          "/bin",
                                          "/sbin",
                                          "/lib",
                                          "/lib32",
                                          "/lib64",
                                          "/etc/fonts",
                                          "/etc/texmf",
                                          "/etc/ld.so.cache",
                                          "/etc/alternatives",
                                          "/var/lib/texmf",
                                          "/var/cache/fontconfig"};

void append(std::vector<std::string>& words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
}

std::int64_t whole_seconds(Milliseconds time) {
    return (time.count() + 999) / 1000;
}

// A limit on processor time stands behind the limit on time, should this process be stopped itself. Its soft value
// sends SIGXCPU, which tells it from a kill.
void append_limits(std::vector<std::string>& words, const Command& command) {
    const auto cpu = 4 * whole_seconds(command.time_limit) + 1;
    append(words, {"/usr/bin/prlimit", fmt::format("--as={}", command.memory_limit),
                   fmt::format("--fsize={}", command.file_limit), fmt::format("--cpu={}:{}", cpu, cpu + 1), "--core=0",
                   "/usr/bin/setpriv", "--pdeathsig", "KILL"});
}

// Later mounts lie over earlier ones: the folder comes last, as it may be below /tmp or a readable one.
void append_bubblewrap(std::vector<std::string>& words, const Command& command) {
    append(words, {"/usr/bin/bwrap", "--die-with-parent", "--unshare-all", "--new-session", "--cap-drop", "ALL",
                   "--json-status-fd", std::to_string(kStatusDescriptor)});
    for (const auto* folder : kSystemFolders) append(words, {"--ro-bind-try", folder, folder});
    append(words, {"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"});
    for (const auto& path : command.readable) append(words, {"--ro-bind-try", path, path});
    append(words, {"--bind", command.folder, command.folder, "--chdir", command.folder, "--"});
}

}  // namespace

std::vector<std::string> command_line(const Command& command, const std::string& program) {
    std::vector<std::string> words;
    append_limits(words, command);
    if (command.policy.confine == Confine::required) append_bubblewrap(words, command);
    words.push_back(program);
    words.insert(words.end(), command.argv.begin() + 1, command.argv.end());
    return words;
}

std::vector<std::string> environment_of(const Command& command) {
    std::vector<std::string> lines = {"PATH=/usr/bin:/bin", "HOME=" + command.folder, "LANG=C.UTF-8"};
    for (const auto& [name, value] : command.environment) lines.push_back(name + "=" + value);
    return lines;
}

}  // namespace longhand::sandbox
