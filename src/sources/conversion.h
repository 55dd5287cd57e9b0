// Programs that turn a source into text, in the sandbox: how they are run, and what their failures say of the source.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/run.h"
#include "sources/reader.h"

namespace longhand::sources {

struct Conversion {
    std::string path;     ///< absolute
    std::string shown;    ///< what messages call the file
    std::string scratch;  ///< a folder for the child
    sandbox::Policy policy = {};
};

/// `argv` on the conversion's file: two minutes and twice the text that a source may hold, at most.
sandbox::Command command_of(const Conversion& conversion, std::vector<std::string> argv);

/// What every such program can meet. Nothing for `failed`: the program's own words say more. `kind`: "a PDF".
std::optional<Failure<SourceErrc>> general_failure(sandbox::SandboxErrc code, const Conversion& conversion,
                                                   std::string_view kind);

}  // namespace longhand::sources
