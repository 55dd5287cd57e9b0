#include "sandbox/run.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>

#include "sandbox/child.h"
#include "sandbox/command_line.h"
#include "sandbox/pidfd.h"

namespace longhand::sandbox {
namespace {

constexpr std::size_t kErrorKept = 16 << 10;
constexpr const char* kHowToConfine =
    "Install it with 'apt-get install bubblewrap', and let this user make user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0), or set "
    "LONGHAND_SANDBOX=limits-only to "
    "run without confinement.";

Failure<SandboxErrc> failure(SandboxErrc code, std::string message) {
    return {code, std::move(message)};
}

// Why the child was ended before its time.
enum class Ended { by_itself, by_stop, by_time, by_output };

// What bubblewrap said on its status descriptor: one JSON object a line.
struct SandboxStatus {
    pid_t init = 0;
    bool program_ran = false;
};
SandboxStatus parse_status(std::string_view text) {
    SandboxStatus status;
    while (!text.empty()) {
        const auto end = text.find('\n');
        boost::system::error_code error;
        const auto value = boost::json::parse(text.substr(0, end), error);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (error || !value.is_object()) continue;
        if (const auto* pid = value.as_object().if_contains("child-pid")) status.init = pid->to_number<pid_t>();
        if (value.as_object().contains("exit-code")) status.program_ran = true;
    }
    return status;
}

/// Reads what a child says until it ends or has to be ended.
class Watch {
public:
    Watch(Child& child, const Command& command, const StopToken& stop)
        : child_(child),
          command_(command),
          wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          on_stop_(stop, [this] { eventfd_write(wake_.get(), 1); }) {}

    Ended until_end() {
        const auto deadline = std::chrono::steady_clock::now() + command_.time_limit;
        while (true) {
            const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0) return Ended::by_time;
            pollfd entries[] = {entry(wake_),
                                {child_.exit_descriptor(), POLLIN, 0},
                                entry(child_.output()),
                                entry(child_.error()),
                                entry(child_.status())};
            poll(entries, std::size(entries), static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000)));
            if (entries[0].revents) return Ended::by_stop;
            if (!drain()) return Ended::by_output;
            if (entries[1].revents) return Ended::by_itself;
        }
    }

    /// The sandbox's first process. Waits for its number a little when bubblewrap has not come so far: killing it
    /// before would leave that process behind.
    const Descriptor& sandbox_init() {
        if (command_.policy.confine != Confine::required) return init_;
        for (int i = 0; i < 20 && child_.status() && status_.find('\n') == std::string::npos; ++i) {
            pollfd one = entry(child_.status());
            poll(&one, 1, 10);
            read_status();
        }
        return init_;
    }

    /// After the kill: takes what is still in the pipes. They end when the last process that held them is gone.
    Ended read_rest(Ended ended) {
        for (int i = 0; i < 100 && (child_.output() || child_.error()); ++i) {
            if (!drain() && ended == Ended::by_itself) return Ended::by_output;
            pollfd entries[] = {entry(child_.output()), entry(child_.error())};
            poll(entries, std::size(entries), 10);
        }
        read_status();
        return ended;
    }

    Output output() && { return {std::move(output_), std::move(error_)}; }
    const std::string& error_text() const { return error_; }
    bool program_ran() const {
        return command_.policy.confine != Confine::required || parse_status(status_).program_ran;
    }

private:
    static pollfd entry(const Descriptor& from) { return {from.get(), POLLIN, 0}; }

    // False when the output is past its limit.
    bool drain() {
        read_into(child_.output(), output_, command_.output_limit + 1);
        read_into(child_.error(), error_, SIZE_MAX);
        read_status();
        if (error_.size() > kErrorKept) error_.erase(0, error_.size() - kErrorKept);
        return output_.size() <= command_.output_limit;
    }

    // A descriptor as soon as the number is known: later it may be another process's.
    void read_status() {
        read_into(child_.status(), status_, SIZE_MAX);
        if (has_init_) return;
        const auto init = parse_status(status_).init;
        if (init <= 0) return;
        has_init_ = true;
        init_ = Descriptor(pidfd_open(init, 0));
    }

    // Closes `from` at its end. One buffer of standard error at a time, so that a flood of it stays small.
    static void read_into(Descriptor& from, std::string& text, std::size_t limit) {
        char buffer[64 << 10];
        for (int i = 0; i < 16 && from && text.size() < limit; ++i) {
            const auto got = read(from.get(), buffer, std::min(sizeof buffer, limit - text.size()));
            if (got > 0) {
                text.append(buffer, static_cast<std::size_t>(got));
            } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                from.close();
            } else {
                return;
            }
        }
    }

    Child& child_;
    const Command& command_;
    std::string output_, error_, status_;
    Descriptor wake_, init_;
    bool has_init_ = false;
    StopCallback on_stop_;
};

// How common programs say that their address space is used up: no signal tells it.
bool ran_out_of_memory(std::string_view error) {
    for (const auto* words : {"Cannot allocate memory", "ut of memory", "emory exhausted", "eap exhausted",
                              "std::bad_alloc", "MemoryError", "failed to allocate", "annot allocate memory"}) {
        if (error.find(words) != error.npos) return true;
    }
    return false;
}

SandboxResult<Output> judged(const Command& command, int exit_status, Watch& watch) {
    const auto& name = command.argv[0];
    const auto& error = watch.error_text();
    if (exit_status == 128 + SIGKILL) {
        return failure(SandboxErrc::unavailable,
                       fmt::format("{} was killed from outside of this server: the machine has no memory left, most "
                                   "likely (its kernel's log says so). {}",
                                   name, error));
    }
    if (!watch.program_ran()) {
        return failure(SandboxErrc::unavailable,
                       fmt::format("The sandbox (bubblewrap) can't start {}: it ended with status {} and said '{}'. {}",
                                   name, exit_status, error, kHowToConfine));
    }
    if (exit_status == 0) return std::move(watch).output();
    if (exit_status == 128 + SIGXCPU)
        return failure(SandboxErrc::timeout, name + " was ended at its limit of processor time.");
    if (exit_status == 128 + SIGXFSZ || error.find("File too large") != error.npos) {
        return failure(SandboxErrc::too_large,
                       fmt::format("{} was ended: it wrote a file of more than {} bytes.", name, command.file_limit));
    }
    if (ran_out_of_memory(error)) {
        return failure(SandboxErrc::too_large,
                       fmt::format("{} was ended: it needs more memory than {} bytes.", name, command.memory_limit));
    }
    return failure(SandboxErrc::failed, fmt::format("{} ended with status {}: {}", name, exit_status, error));
}

Failure<SandboxErrc> ended_early(const Command& command, Ended why) {
    const auto& name = command.argv[0];
    switch (why) {
        case Ended::by_stop:
            return failure(SandboxErrc::stopped, name + " was stopped.");
        case Ended::by_time:
            return failure(SandboxErrc::timeout, fmt::format("{} was ended at its time limit of {} s.", name,
                                                             command.time_limit.count() / 1000.0));
        case Ended::by_output:
            return failure(SandboxErrc::too_large,
                           fmt::format("{} was ended: it printed more than {} bytes.", name, command.output_limit));
        case Ended::by_itself:
            break;
    }
    return failure(SandboxErrc::failed, name + " ended.");
}

SandboxResult<Output> run_child(const Command& command, const std::string& program, const StopToken& stop) {
    Child child({command_line(command, program), environment_of(command), command.folder});
    Watch watch(child, command, stop);
    auto ended = watch.until_end();
    const int exit_status = child.finish(watch.sandbox_init());
    ended = watch.read_rest(ended);
    if (ended != Ended::by_itself) return ended_early(command, ended);
    return judged(command, exit_status, watch);
}

}  // namespace

Confine confine_from(std::string_view value) {
    return value == "limits-only" ? Confine::limits_only : Confine::required;
}

std::string find_program(std::string_view name) {
    if (name.empty() || name.find('/') != name.npos) return {};
    for (const auto* folder : {"/usr/bin/", "/bin/"}) {
        auto path = std::string(folder).append(name);
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    return {};
}

namespace {

SandboxResult<Output> run_checked(const Command& given, const StopToken& stop) {
    if (stop.stopped()) return failure(SandboxErrc::stopped, "stopped before the start");
    if (given.argv.empty()) return failure(SandboxErrc::unavailable, "no program was named");
    const auto program = find_program(given.argv[0]);
    if (program.empty())
        return failure(SandboxErrc::unavailable, given.argv[0] + " is not installed (looked in /usr/bin and /bin).");
    if (given.policy.confine == Confine::required && find_program("bwrap").empty()) {
        return failure(SandboxErrc::unavailable, fmt::format("bubblewrap is not installed. {}", kHowToConfine));
    }
    Command command = given;
    std::error_code error;
    command.folder = std::filesystem::canonical(given.folder, error).string();
    if (error || !std::filesystem::is_directory(command.folder)) {
        return failure(SandboxErrc::unavailable,
                       fmt::format("The folder '{}' for {} can't be used: {}.", given.folder, given.argv[0],
                                   error ? error.message() : "it is no folder"));
    }
    try {
        return run_child(command, program, stop);
    } catch (const std::system_error& problem) {
        return failure(SandboxErrc::unavailable, fmt::format("{} can't be started: {}", given.argv[0], problem.what()));
    }
}

}  // namespace

SandboxResult<Output> run_here(const Command& command, const StopToken& stop) {
    auto result = run_checked(command, stop);
    const auto& tell = command.policy.tell_operator;
    if (!result && result.error().code == SandboxErrc::unavailable && tell) tell(result.error().message);
    return result;
}

awaitable<SandboxResult<Output>> run(Runtime& runtime, Command command, StopToken stop) {
    std::function<SandboxResult<Output>()> work = [command = std::move(command), stop] {
        return run_here(command, stop);
    };
    co_return co_await run_blocking<SandboxResult<Output>>(runtime, std::move(work));
}

Confinement confinement() {
    if (find_program("bwrap").empty()) return {false, fmt::format("bubblewrap is not installed. {}", kHowToConfine)};
    Command probe;
    probe.argv = {"true"};
    probe.folder = "/tmp";
    const auto result = run_here(probe, StopToken{});
    if (!result) return {false, result.error().message};
    return {true, "bubblewrap"};
}

}  // namespace longhand::sandbox
