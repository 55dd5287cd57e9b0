#include "sandbox/run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "base/uuid.h"

// In the place of the C library's, for all of this program: how often a number was closed that nobody held.
namespace {
std::atomic<int> g_bad_closes = 0;
}
extern "C" int close(int fd) {
    const int result = static_cast<int>(syscall(SYS_close, fd));
    if (result != 0 && errno == EBADF) ++g_bad_closes;
    return result;
}

namespace longhand::sandbox {
namespace {

namespace fs = std::filesystem;

class TempFolder {
public:
    TempFolder() {
        char name[] = "/var/tmp/longhand-sandbox-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~TempFolder() { fs::remove_all(path_); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

class Sandbox : public testing::Test {
protected:
    Command shell(std::string script) const {
        Command command;
        command.argv = {"sh", "-c", std::move(script)};
        command.folder = folder_.path();
        command.time_limit = Milliseconds(20'000);
        return command;
    }
    SandboxResult<Output> run_shell(std::string script) const {
        return run_here(shell(std::move(script)), StopToken{});
    }
    std::string file_text(const std::string& name) const {
        std::ifstream file(folder_.path() + "/" + name);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    TempFolder folder_;
};

// Processes, of anybody, whose command line holds `mark`.
int processes_with(const std::string& mark) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        // Not by a stream: one of a process that has just gone throws.
        const int file = open((entry.path() / "cmdline").c_str(), O_RDONLY | O_CLOEXEC);
        std::string text(16 << 10, '\0');
        const auto got = read(file, text.data(), text.size());
        close(file);
        if (std::string_view(text).substr(0, std::max<ssize_t>(got, 0)).find(mark) != std::string::npos) ++count;
    }
    return count;
}

bool failed_with(const SandboxResult<Output>& result, SandboxErrc code) {
    return !result && result.error().code == code;
}

TEST(Confine, IsGivenUpForItsOneWordOnly) {
    EXPECT_EQ(confine_from("limits-only"), Confine::limits_only);
    for (const auto* other : {"", "required", "Limits-only", "limits-only ", "off", "0"})
        EXPECT_EQ(confine_from(other), Confine::required) << other;
}

TEST_F(Sandbox, GivesWhatTheProgramPrints) {
    const auto result = run_shell("printf out; printf err >&2");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, "out");
    EXPECT_EQ(result->error, "err");
}

TEST_F(Sandbox, AFailureTellsTheStatusAndTheEndOfStandardError) {
    const auto result = run_shell("yes noise | head -c 100000 >&2; echo the last line >&2; exit 7");
    ASSERT_TRUE(failed_with(result, SandboxErrc::failed));
    EXPECT_NE(result.error().message.find("status 7"), std::string::npos);
    EXPECT_NE(result.error().message.find("the last line"), std::string::npos);
    EXPECT_LT(result.error().message.size(), 20'000u);
}

TEST_F(Sandbox, AProgramThatIsNotInstalledIsUnavailable) {
    auto command = shell("");
    command.argv = {"no-such-program"};
    const auto result = run_here(command, StopToken{});
    ASSERT_TRUE(failed_with(result, SandboxErrc::unavailable));
    EXPECT_NE(result.error().message.find("no-such-program"), std::string::npos);
    command.argv = {"../bin/sh"};
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::unavailable));
}

TEST_F(Sandbox, AFolderThatIsNotThereIsNamed) {
    auto command = shell("true");
    command.folder = "/nonexistent/folder";
    const auto result = run_here(command, StopToken{});
    ASSERT_TRUE(failed_with(result, SandboxErrc::unavailable));
    EXPECT_NE(result.error().message.find("/nonexistent/folder"), std::string::npos);
}

TEST_F(Sandbox, WritesItsOwnFolderAndNothingElse) {
    const auto result =
        run_shell("pwd; echo kept > here; echo x > /usr/x; echo x > /etc/x; mkdir /x; echo x > /tmp/own && echo tmp");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, folder_.path() + "\ntmp\n");
    EXPECT_EQ(file_text("here"), "kept\n");
    EXPECT_FALSE(fs::exists("/usr/x") || fs::exists("/tmp/own") || fs::exists("/x"));
}

TEST_F(Sandbox, CanNotReadWhatIsNotItsOwn) {
    TempFolder other;
    std::ofstream(other.path() + "/secret") << "secret words";
    const auto result =
        run_shell("cat " + other.path() + "/secret; cat /etc/passwd; ls -A /root /home; ls / | tr '\\n' ' '");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text.find("secret words"), std::string::npos);
    EXPECT_EQ(result->text.find("root:"), std::string::npos);
    for (const auto* folder : {"home", "root", "srv", "work"}) EXPECT_EQ(result->text.find(folder), std::string::npos);
}

TEST_F(Sandbox, ReadsButDoesNotWriteWhatItWasLent) {
    TempFolder other;
    std::ofstream(other.path() + "/source.txt") << "source";
    auto command =
        shell("cat " + other.path() + "/source.txt; echo more >> " + other.path() + "/source.txt || echo no");
    command.readable = {other.path()};
    const auto result = run_here(command, StopToken{});
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, "sourceno\n");
}

TEST_F(Sandbox, HasNoNetwork) {
    const auto result =
        run_shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '; cat /proc/net/route | wc -l");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, "lo\n1\n");
}

TEST_F(Sandbox, SeesOnlyTheEnvironmentThatItIsGiven) {
    setenv("LONGHAND_TEST_SECRET", "leak", 1);
    auto command = shell("env | sort");
    command.environment = {{"GIVEN", "a value"}};
    const auto result = run_here(command, StopToken{});
    unsetenv("LONGHAND_TEST_SECRET");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text.find("leak"), std::string::npos);
    EXPECT_NE(result->text.find("GIVEN=a value\n"), std::string::npos);
    EXPECT_NE(result->text.find("PATH=/usr/bin:/bin\n"), std::string::npos);
}

TEST_F(Sandbox, HoldsNoDescriptorOfOurs) {
    const std::string path = folder_.path() + "/lock";
    const int lock = open(path.c_str(), O_CREAT | O_RDWR, 0600);  // without close-on-exec, on purpose
    for (const auto confine : {Confine::required, Confine::limits_only}) {
        auto command = shell("readlink /proc/$$/fd/* || true");
        command.policy.confine = confine;
        const auto result = run_here(command, StopToken{});
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->text.find("lock"), std::string::npos);
        if (confine == Confine::required) {
            EXPECT_EQ(std::count(result->text.begin(), result->text.end(), '\n'), 3) << result->text;
        }
    }
    close(lock);
}

TEST_F(Sandbox, IsEndedAtItsTimeLimit) {
    auto command = shell("sleep 1000");
    command.time_limit = Milliseconds(100);
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::timeout));
}

TEST_F(Sandbox, IsEndedAtItsMemoryLimit) {
    auto command = shell("exec perl -e '$x = \"a\" x 400000000; print length $x'");
    command.memory_limit = 200 << 20;
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::too_large));
}

TEST_F(Sandbox, IsEndedAtItsOutputLimit) {
    auto command = shell("yes");
    command.output_limit = 100'000;
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::too_large));
    command = shell("head -c 100000 /dev/zero");
    command.output_limit = 100'000;
    EXPECT_TRUE(run_here(command, StopToken{}));
}

TEST_F(Sandbox, IsEndedAtItsFileLimit) {
    auto command = shell("exec head -c 2000000 /dev/zero > big");
    command.file_limit = 1'000'000;
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::too_large));
    EXPECT_LE(fs::file_size(folder_.path() + "/big"), 1'000'000u);
}

TEST_F(Sandbox, AFloodOfStandardErrorDoesNotFillMemory) {
    const auto result = run_shell("yes flood | head -c 20000000 >&2; echo end >&2");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->error.size(), 16u << 10);
    EXPECT_TRUE(result->error.ends_with("end\n"));
}

// The child makes a file when its grandchildren run; the stop follows at once. No process may be left when run()
// returns.
class StopInMidRun : public Sandbox, public testing::WithParamInterface<Confine> {};
TEST_P(StopInMidRun, TakesGrandchildrenAlong) {
    const std::string mark =
        Uuid::v7(WallTime{}, static_cast<std::uint64_t>(getpid()), GetParam() == Confine::required).to_string();
    auto command = shell("sh -c 'sleep 1000 # " + mark +
                         "' & (trap '' TERM HUP; sh -c 'echo 1 > ready; sleep 1001; : " + mark + "') & wait");
    command.policy.confine = GetParam();
    StopSource stop;
    auto result = std::async(std::launch::async, [&] { return run_here(command, stop.token()); });
    while (!fs::exists(folder_.path() + "/ready")) std::this_thread::yield();
    ASSERT_GT(processes_with(mark), 0);
    const auto before = std::chrono::steady_clock::now();
    stop.stop(StopReason::cancelled);
    EXPECT_TRUE(failed_with(result.get(), SandboxErrc::stopped));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(500));
    EXPECT_EQ(processes_with(mark), 0);
}
INSTANTIATE_TEST_SUITE_P(EachConfinement, StopInMidRun, testing::Values(Confine::required, Confine::limits_only),
                         [](const auto& info) { return info.param == Confine::required ? "Sandbox" : "LimitsOnly"; });

TEST_F(Sandbox, WhatAProgramLeavesRunningEndsWithIt) {
    const std::string mark = Uuid::v7(WallTime{}, static_cast<std::uint64_t>(getpid()), 77).to_string();
    const auto result = run_shell("setsid sh -c 'sleep 1000; : " + mark + "' > /dev/null 2>&1 & echo done");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, "done\n");
    EXPECT_EQ(processes_with(mark), 0);
}

TEST_F(Sandbox, AStopBeforeTheStartStartsNothing) {
    StopSource stop;
    stop.stop(StopReason::shutdown);
    EXPECT_TRUE(failed_with(run_here(shell("echo > started"), stop.token()), SandboxErrc::stopped));
    EXPECT_FALSE(fs::exists(folder_.path() + "/started"));
}

// Stops that fall into the start of bubblewrap itself leave nothing behind either.
TEST_F(Sandbox, AStopAtAnyInstantOfTheStartLeavesNothing) {
    const std::string mark = Uuid::v7(WallTime{}, static_cast<std::uint64_t>(getpid()), 78).to_string();
    const auto command = shell("sleep 1000; : " + mark);
    for (int i = 0; i < 30; ++i) {
        StopSource stop;
        auto result = std::async(std::launch::async, [&] { return run_here(command, stop.token()); });
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(400 * i);
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        stop.stop(StopReason::cancelled);
        EXPECT_TRUE(failed_with(result.get(), SandboxErrc::stopped));
        EXPECT_EQ(processes_with(mark), 0) << "stopped after " << 400 * i << " us";
    }
}

// What a death in the middle of bubblewrap's start leaves: the first process of the sandbox, which waits for its
// bubblewrap. Held there by a pipe that nobody writes.
pid_t make_stray(const std::string& folder) {
    int hold[2], told[2];
    EXPECT_EQ(pipe(hold), 0);
    EXPECT_EQ(pipe(told), 0);
    const auto hold_word = std::to_string(hold[0]), told_word = std::to_string(told[1]);
    std::vector<std::string> words = {"/usr/bin/bwrap",
                                      "--die-with-parent",
                                      "--unshare-all",
                                      "--unshare-user",
                                      "--userns-block-fd",
                                      hold_word,
                                      "--info-fd",
                                      told_word,
                                      "--ro-bind",
                                      "/",
                                      "/",
                                      "--bind",
                                      folder,
                                      folder,
                                      "sleep",
                                      "1000"};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t bubblewrap = 0;
    EXPECT_EQ(posix_spawn(&bubblewrap, argv[0], nullptr, nullptr, argv.data(), environ), 0);
    close(told[1]);
    std::string text;
    char buffer[1024];
    while (text.find('}') == text.npos) {
        const auto got = read(told[0], buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    kill(bubblewrap, SIGKILL);
    waitpid(bubblewrap, nullptr, 0);
    for (const int fd : {hold[0], hold[1], told[0]}) close(fd);
    const auto number = text.find(": ");
    return number == text.npos ? 0 : std::stoi(text.substr(number + 2));
}

TEST_F(Sandbox, WhatADeadProcessLeftInAFolderIsEndedAndNoOther) {
    const TempFolder other;
    const std::string own = folder_.path() + "/job", others = other.path() + "/job",
                      living = folder_.path() + "/living";
    for (const auto& folder : {own, others, living}) fs::create_directory(folder);
    const pid_t stray = make_stray(own), foreign = make_stray(others);
    ASSERT_GT(stray, 0);
    ASSERT_GT(foreign, 0);
    auto command = shell("echo begun > begun; sleep 2; echo whole");
    command.folder = living;
    auto running = std::async(std::launch::async, [command] { return run_here(command, StopToken{}); });
    while (!fs::exists(living + "/begun") && running.wait_for(Milliseconds(1)) == std::future_status::timeout) {
    }

    EXPECT_EQ(end_strays(folder_.path() + "/jo"), 0) << "no folder";
    EXPECT_EQ(end_strays(own), 0) << "nothing below it";
    EXPECT_EQ(end_strays("/nonexistent"), 0);
    EXPECT_EQ(end_strays("/"), 0);
    EXPECT_EQ(end_strays(folder_.path()), 1);
    for (int i = 0; i < 500 && processes_with(own) > 0; ++i) std::this_thread::sleep_for(Milliseconds(10));
    EXPECT_EQ(processes_with(own), 0);
    EXPECT_EQ(processes_with(others), 1) << "that is somebody else's";
    kill(foreign, SIGKILL);
    const auto result = running.get();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->text, "whole\n") << "a sandbox whose process lives";
}

TEST_F(Sandbox, WhatOnlyTheOperatorMaySeeIsToldHim) {
    std::vector<std::string> told;
    auto command = shell("kill -9 $$");
    command.policy.tell_operator = [&told](const std::string& problem) { told.push_back(problem); };
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::unavailable))
        << "as by the kernel without memory";
    ASSERT_EQ(told.size(), 1u);
    EXPECT_NE(told[0].find("killed from outside"), std::string::npos);
    command.argv = {"no-such-program"};
    EXPECT_FALSE(run_here(command, StopToken{}));
    ASSERT_EQ(told.size(), 2u);
    command.argv = {"false"};
    EXPECT_TRUE(failed_with(run_here(command, StopToken{}), SandboxErrc::failed));
    EXPECT_EQ(told.size(), 2u) << "the program's own affair";
}

// A number that is closed twice may be another thread's by the second time.
TEST_F(Sandbox, ClosesEachDescriptorOnce) {
    g_bad_closes = 0;
    for (const auto confine : {Confine::required, Confine::limits_only}) {
        auto command = shell("echo out; echo error >&2");
        command.policy.confine = confine;
        EXPECT_TRUE(run_here(command, StopToken{}));
        StopSource stop;
        command.argv = {"sleep", "1000"};
        auto result = std::async(std::launch::async, [&] { return run_here(command, stop.token()); });
        std::this_thread::sleep_for(Milliseconds(20));
        stop.stop(StopReason::cancelled);
        EXPECT_TRUE(failed_with(result.get(), SandboxErrc::stopped));
    }
    end_strays(folder_.path());
    EXPECT_EQ(g_bad_closes, 0);
}

TEST_F(Sandbox, RunsFromACoroutineWithoutHoldingItsLoop) {
    asio::io_context loop;
    AsioRuntime runtime(loop, 2);
    std::string text;
    asio::co_spawn(loop, run(runtime, shell("echo from the pool"), StopToken{}),
                   [&](std::exception_ptr error, SandboxResult<Output> result) {
                       ASSERT_FALSE(error);
                       ASSERT_TRUE(result) << result.error().message;
                       text = result->text;
                   });
    loop.run();
    EXPECT_EQ(text, "from the pool\n");
}

TEST_F(Sandbox, HereChildrenAreConfined) {
    const auto here = confinement();
    EXPECT_TRUE(here.confined) << here.description;
    EXPECT_EQ(here.description, "bubblewrap");
}

}  // namespace
}  // namespace longhand::sandbox
