// Child processes on hostile input: sandboxed, bounded, and dead with their parent.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/runtime.h"
#include "base/stop.h"

namespace longhand::sandbox {

enum class SandboxErrc {
    unavailable,  ///< the program or the sandbox can't be had here, or somebody ended it; the message says more
    timeout,      ///< killed at its time limit
    too_large,    ///< killed at its memory, file size or output limit
    failed,       ///< it ended with a status other than 0; the message holds the end of its standard error
    stopped,      ///< the stop token was raised; the whole process group is gone. Quiet
};
template <class T>
using SandboxResult = Result<T, SandboxErrc>;

/// How a child is held. `limits_only` is for machines without bubblewrap or user namespaces, and only where the
/// operator asked for it
/// (`LONGHAND_SANDBOX=limits-only`): nothing here looks at the environment, the caller passes on what it was told.
enum class Confine {
    required,     ///< the sandbox; where it can't be had the command is `unavailable`
    limits_only,  ///< limits, a process group of its own and a clean environment, but it sees files and network
};

/// What the operator decided of children, and how he hears of what their users are not told.
struct Policy {
    Confine confine = Confine::required;
    /// Told each message of `unavailable`, in the thread that ran the child; none: nobody is told.
    std::function<void(const std::string&)> tell_operator;
};

/// What `LONGHAND_SANDBOX` asks for, by its value: `limits-only`, and anything else is `required`.
Confine confine_from(std::string_view value);

struct Command {
    std::vector<std::string> argv;      ///< argv[0] is looked up in /usr/bin and /bin
    std::string folder;                 ///< its own: the only place it can write, and its working directory
    std::vector<std::string> readable;  ///< further files or folders that it may read
    std::vector<std::pair<std::string, std::string>> environment;  ///< all of it; PATH, HOME and LANG are set besides
    Milliseconds time_limit{60'000};
    std::uint64_t memory_limit = 1ULL << 30;  ///< bytes of address space
    std::uint64_t file_limit = 256ULL << 20;  ///< bytes of any file it writes
    std::size_t output_limit = 64 << 20;      ///< bytes of standard output; more ends it with `too_large`
    Policy policy;
};

struct Output {
    std::string text;   ///< standard output
    std::string error;  ///< the last 16 KiB of standard error
};

/// Runs to its end and gives what it printed: no network, an empty environment, system folders read-only, `folder`
/// read-write, nothing else there. Holds no descriptor of this process. Runs in the runtime's blocking pool.
awaitable<SandboxResult<Output>> run(Runtime& runtime, Command command, StopToken stop);

/// The same in this thread, which blocks until the child and all that it started are gone.
SandboxResult<Output> run_here(const Command& command, const StopToken& stop);

/// The path of `name` in /usr/bin or /bin; empty when it is in neither.
std::string find_program(std::string_view name);

/// Ends the sandboxes with a folder below `folder` whose process died: killed in the milliseconds in which bubblewrap
/// starts, it leaves its first child, which waits for it for ever. For the one process that runs children there, before
/// its first. Gives how many it ended.
int end_strays(const std::string& folder);

/// How children are confined on this machine, for `doctor`: "bubblewrap", or what is missing and how to get it.
struct Confinement {
    bool confined = false;
    std::string description;
};
/// Starts one child to see.
Confinement confinement();

}  // namespace longhand::sandbox
