// One child process and all that it starts: spawned with nothing of ours, killed and reaped as a whole.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/descriptor.h"

namespace longhand::sandbox {

/// Leads a process group of its own. Its standard input is empty. The thread that spawns it must stay until it is
/// reaped: the child dies with that thread.
class Child {
public:
    struct Spec {
        std::vector<std::string> argv;  ///< argv[0] is a path
        std::vector<std::string> environment;
        std::string folder;  ///< working directory
    };
    /// Throws std::system_error when the system gives no process or no descriptor.
    explicit Child(const Spec& spec);
    /// Kills and reaps.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int exit_descriptor() const { return exit_.get(); }  ///< readable when the child has ended
    /// Not blocking.
    Descriptor& output() { return output_; }
    Descriptor& error() { return error_; }
    Descriptor& status() { return status_; }  ///< what bubblewrap tells of itself

    /// Kills the group, and the sandbox's first process with it, whose namespace falls with it; waits until they are
    /// gone. `sandbox_init` is a pidfd, empty where there is none. Gives the exit status as a shell does: 128 + signal.
    int finish(const Descriptor& sandbox_init);

private:
    pid_t pid_ = 0;
    Descriptor exit_, output_, error_, status_;
};

}  // namespace longhand::sandbox
