// doctor: what works here, a line each, and how to mend what does not.
#include <fmt/format.h>

#include <cstdio>

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

int doctor(const Options& options) {
    const auto children = children_of(options);
    if (!children) return complain(children.error().message, kUsage);
    Findings findings;
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    auto installation = Installation::open(options, Hold::beside, runtime);
    findings.tell(
        "database", installation.has_value(),
        installation ? (*installation)->path() + "/longhand.db can be read and written" : installation.error().message);
    auto provider = Provider::make(options, loop, runtime, ModelChoice::checked);
    findings.tell("provider", provider.has_value(),
                  provider ? fmt::format("{}, writing with {}", (*provider)->defaults().provider,
                                         (*provider)->defaults().writing_model)
                           : provider.error().message);
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
