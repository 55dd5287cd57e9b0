#include "sources/office.h"

#include <utility>

#include "sandbox/pandoc.h"

namespace longhand::sources {
namespace {

using Failed = Failure<SourceErrc>;

Failed office_failure(const Failure<sandbox::SandboxErrc>& failure, const Conversion& conversion) {
    auto code = failure.code;
    // What Haskell's runtime says at its own limit, which a document packed very tightly meets.
    if (failure.message.find("eap exhausted") != std::string::npos) code = sandbox::SandboxErrc::too_large;
    if (auto general = general_failure(code, conversion, "a word processor's document")) return *std::move(general);
    return {SourceErrc::broken,
            conversion.shown + " is damaged; get it again, or open it and save a new copy, or a PDF of it."};
}

}  // namespace

awaitable<SourceResult<std::string>> office_html(Runtime& runtime, Conversion conversion, std::string format,
                                                 StopToken stop) {
    std::vector<std::string> argv = {
        "pandoc", "+RTS",    sandbox::kPandocHeap, "-RTS",         "--sandbox", "--from", format, "--to",
        "html",   "--quiet", "--wrap=none",        conversion.path};
    auto command = command_of(conversion, std::move(argv));
    command.memory_limit = sandbox::kPandocAddressSpace;
    auto html = co_await sandbox::run(runtime, std::move(command), stop);
    if (!html) co_return office_failure(html.error(), conversion);
    co_return std::move(html->text);
}

}  // namespace longhand::sources
