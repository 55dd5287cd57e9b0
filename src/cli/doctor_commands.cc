// doctor: what works here, a line each, and how to mend what does not.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "cli/command.h"
#include "cli/installation.h"
#include "cli/provider.h"
#include "cli/workshop.h"
#include "typeset/typesetter.h"

namespace longhand::cli {
namespace {

struct Findings {
    bool all_well = true;

    void tell(const std::string& name, bool ok, const std::string& message) {
        std::printf("%-4s %-12s %s\n", ok ? "ok" : "BAD", name.c_str(), message.c_str());
        all_well = all_well && ok;
    }
};

// The folder that a first start would make, or the nearest above it that is there already, has to take files.
std::string reason_not_to_make(std::filesystem::path folder) {
    std::error_code error;
    while (!std::filesystem::exists(folder, error) && !error && folder.has_relative_path())
        folder = folder.parent_path();
    if (error) return error.message();
    if (!std::filesystem::is_directory(folder, error)) return folder.string() + " is no folder";
    return access(folder.c_str(), W_OK | X_OK) == 0 ? "" : fmt::format("{}: {}", folder.string(), std::strerror(errno));
}

void check_database(Findings& findings, const Options& options, Runtime& runtime) {
    constexpr const char* kName = "database";
    const auto data = data_path(options);
    if (!data) return findings.tell(kName, false, data.error().message);
    const auto there = is_there(*data + "/longhand.db");
    if (there && !*there) {
        const std::string reason = reason_not_to_make(*data);
        if (!reason.empty())
            return findings.tell(kName, false,
                                 fmt::format("There is no installation in {}, and none can be made there: {}. Name "
                                             "another folder with --data.",
                                             *data, reason));
        return findings.tell(kName, true,
                             fmt::format("There is no installation in {} yet: 'longhand serve' makes one at its first "
                                         "start. If there should be one, name its folder with --data.",
                                         *data));
    }
    auto installation = Installation::open(options, Hold::beside, runtime);
    findings.tell(kName, installation.has_value(),
                  installation ? *data + "/longhand.db can be read and written" : installation.error().message);
}

// A provider may list its models to anybody, and refuse the key when a job begins. One that does not answer in time, as
// a local one that loads its model, says nothing of the key.
std::string reason_against_key(Provider& provider, const Options& options, asio::io_context& loop) {
    if (!options.has("provider")) return {};
    auto given = provider.read_again(options);
    if (!given) return given.error().message;
    const auto taken = run_on(loop, provider.check_servers_key(std::move(given->key), StopToken{}));
    return taken || taken.error().code != llm::LlmErrc::refused_key ? std::string() : taken.error().message;
}

void check_provider(Findings& findings, const Options& options, asio::io_context& loop, Runtime& runtime) {
    constexpr const char* kName = "provider";
    auto provider = Provider::make(options, loop, runtime, ModelChoice::checked);
    if (!provider) return findings.tell(kName, false, provider.error().message);
    if (const std::string reason = reason_against_key(**provider, options, loop); !reason.empty())
        return findings.tell(kName, false, reason);
    findings.tell(
        kName, true,
        fmt::format("{}, writing with {}", (*provider)->defaults().provider, (*provider)->defaults().writing_model));
}

int doctor(const Options& options) {
    const auto children = children_of(options);
    if (!children) return complain(children.error().message, kUsage);
    Findings findings;
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    check_database(findings, options, runtime);
    check_provider(findings, options, loop, runtime);
    for (const typeset::Check& check : typeset::check_installation(children->policy.confine))
        findings.tell(check.name, check.ok, check.message);
    return findings.all_well ? kDone : kFailed;
}

}  // namespace

std::vector<Command> doctor_commands() {
    return {{{"doctor",
              "checks database, provider, pandoc, TeX and fonts",
              "longhand doctor --data ./data",
              {},
              provider_options() + child_options() + store_options()},
             doctor}};
}

}  // namespace longhand::cli
