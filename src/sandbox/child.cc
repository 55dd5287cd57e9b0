#include "sandbox/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <system_error>

#include "sandbox/command_line.h"
#include "sandbox/pidfd.h"

namespace longhand::sandbox {
namespace {

[[noreturn]] void fail(int code, const char* what) {
    throw std::system_error(code, std::generic_category(), what);
}

// Clear of the numbers that the child's own descriptors get.
constexpr int kLowestDescriptor = 16;

struct Pipe {
    Descriptor read, write;
};

Descriptor lifted(Descriptor low) {
    Descriptor high(fcntl(low.get(), F_DUPFD_CLOEXEC, kLowestDescriptor));
    if (!high) fail(errno, "a descriptor for a child process");
    return high;
}

Pipe make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail(errno, "a pipe for a child process");
    Descriptor read_end(ends[0]), write_end(ends[1]);
    return {lifted(std::move(read_end)), lifted(std::move(write_end))};
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

// posix_spawn and not fork: this process has threads, and its memory may be large.
class SpawnSettings {
public:
    SpawnSettings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

bool wait_readable(int fd, int milliseconds) {
    pollfd entry{fd, POLLIN, 0};
    int got = 0;
    while ((got = poll(&entry, 1, milliseconds)) < 0 && errno == EINTR) {
    }
    return got > 0;
}

}  // namespace

Child::Child(const Spec& spec) {
    auto output = make_pipe(), error = make_pipe(), status = make_pipe();
    for (const auto* pipe : {&output, &error, &status}) fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK);

    SpawnSettings settings;
    auto* actions = &settings.actions;
    posix_spawn_file_actions_addchdir_np(actions, spec.folder.c_str());
    posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(actions, output.write.get(), 1);
    posix_spawn_file_actions_adddup2(actions, error.write.get(), 2);
    posix_spawn_file_actions_adddup2(actions, status.write.get(), kStatusDescriptor);
    posix_spawn_file_actions_addclosefrom_np(actions, kStatusDescriptor + 1);
    const auto argv = pointers_to(spec.argv), environment = pointers_to(spec.environment);
    if (const int code = posix_spawn(&pid_, argv[0], actions, &settings.attributes, argv.data(), environment.data())) {
        fail(code, "a child process");
    }
    // Not reaped yet, so the number is still its own.
    exit_ = Descriptor(pidfd_open(pid_, 0));
    output_ = std::move(output.read);
    error_ = std::move(error.read);
    status_ = std::move(status.read);
}

Child::~Child() {
    finish(Descriptor());
}

int Child::finish(const Descriptor& sandbox_init) {
    if (pid_ == 0) return 0;
    if (sandbox_init) pidfd_send_signal(sandbox_init.get(), SIGKILL, nullptr, 0);
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    // The kernel ends every process of the namespace before its first one counts as ended. Bounded, for a process that
    // hangs in the kernel.
    if (sandbox_init) wait_readable(sandbox_init.get(), 5'000);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace longhand::sandbox
