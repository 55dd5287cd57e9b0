#include "http/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace longhand::http {
namespace {

struct ProcessTimes {
    double cpu_seconds = 0;
    double start_after_boot = 0;  ///< seconds
    double resident_bytes = 0;
};

/// proc_pid_stat(5). The name in its second field may hold anything, so fields are counted from behind it.
std::optional<ProcessTimes> process_times() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    constexpr int kState = 3, kUserTime = 14, kSystemTime = 15, kStart = 22, kResident = 24;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    ProcessTimes times;
    std::string field;
    for (int number = kState; number <= kResident && fields >> field; ++number) {
        if (number == kUserTime || number == kSystemTime) times.cpu_seconds += std::stod(field) / ticks;
        if (number == kStart) times.start_after_boot = std::stod(field) / ticks;
        if (number == kResident) times.resident_bytes = std::stod(field) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }
    return times;
}

/// Seconds since 1970.
std::optional<double> boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;) {
        double seconds = 0;
        if (word == "btime" && file >> seconds) return seconds;
    }
    return std::nullopt;
}

std::optional<double> open_descriptors() {
    std::error_code error;
    double count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
        ++count;
    // The one that looks is not counted.
    return error ? std::nullopt : std::optional(count - 1);
}

}  // namespace

void add_process_figures(MetricFamilies& families) {
    if (const auto times = process_times()) {
        families.counter("process_cpu_seconds_total", "Processor time, of all threads", times->cpu_seconds);
        families.gauge("process_resident_memory_bytes", "Memory that is in use", times->resident_bytes);
        if (const auto boot = boot_time())
            families.gauge("process_start_time_seconds", "When it started, since 1970",
                           *boot + times->start_after_boot);
    }
    if (const auto open = open_descriptors()) families.gauge("process_open_fds", "Descriptors that are open", *open);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        families.gauge("process_max_fds", "Descriptors that may be open", static_cast<double>(limit.rlim_cur));
}

}  // namespace longhand::http
