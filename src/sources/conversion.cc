#include "sources/conversion.h"

#include <utility>

namespace longhand::sources {

using Failed = Failure<SourceErrc>;

sandbox::Command command_of(const Conversion& conversion, std::vector<std::string> argv) {
    constexpr Milliseconds kTimeLimit{120'000};
    sandbox::Command command;
    command.argv = std::move(argv);
    command.folder = conversion.scratch;
    command.readable = {conversion.path};
    command.time_limit = kTimeLimit;
    command.output_limit = 2 * kMostText;
    command.policy = conversion.policy;
    return command;
}

std::optional<Failed> general_failure(sandbox::SandboxErrc code, const Conversion& conversion, std::string_view kind) {
    const std::string& shown = conversion.shown;
    switch (code) {
        case sandbox::SandboxErrc::unavailable:
            return Failed{SourceErrc::unavailable,
                          shown + " is " + std::string(kind) +
                              ", which can't be read on this server now; tell its operator, then retry."};
        case sandbox::SandboxErrc::timeout:
            return Failed{SourceErrc::too_large,
                          shown + " took more than two minutes to read; give it in parts, or as text."};
        case sandbox::SandboxErrc::too_large:
            return Failed{SourceErrc::too_large,
                          shown + " needs too much memory or holds too much text; give it in parts."};
        case sandbox::SandboxErrc::stopped:
            return Failed{SourceErrc::stopped, "stopped"};
        case sandbox::SandboxErrc::failed:
            break;
    }
    return std::nullopt;
}

}  // namespace longhand::sources
