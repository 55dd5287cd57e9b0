#include "sources/pdf.h"

#include <algorithm>
#include <utility>

#include "sources/encoding.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

Failure<SourceErrc> pdf_failure(const Failure<sandbox::SandboxErrc>& failure, const Conversion& conversion) {
    if (auto general = general_failure(failure.code, conversion, "a PDF")) return *std::move(general);
    const std::string& shown = conversion.shown;
    const bool locked = failure.message.find("ncorrect password") != std::string::npos ||
                        failure.message.find("nsupported security handler") != std::string::npos;
    if (locked) {
        return {SourceErrc::encrypted, shown + " is encrypted and needs a password; give a copy without one."};
    }
    return {SourceErrc::broken,
            shown + " says that it is a PDF but is damaged; get it again, or open it and save a new copy."};
}

}  // namespace

std::string pdf_title(std::string_view info) {
    while (!info.empty()) {
        const auto end = std::min(info.find('\n'), info.size());
        const auto line = info.substr(0, end);
        info.remove_prefix(std::min(end + 1, info.size()));
        if (!line.starts_with("Title:")) continue;
        std::string title = squeeze(line.substr(6));
        const std::string lower = lower_ascii(title);
        // Names of files and programs that writing programs put there.
        const bool made_up = lower.starts_with("microsoft") || lower.starts_with("untitled") ||
                             lower.ends_with(".doc") || lower.ends_with(".docx") || lower.ends_with(".tex") ||
                             lower.ends_with(".dvi") || lower.ends_with(".indd") || lower.ends_with(".pdf");
        return made_up ? std::string() : title;
    }
    return {};
}

awaitable<SourceResult<PdfText>> pdf_text(Runtime& runtime, Conversion conversion, StopToken stop) {
    // One page more than allowed, so that a longer document shows.
    const std::string last_page = std::to_string(kMostPages + 1);
    std::vector<std::string> text_argv = {"pdftotext", "-enc", "UTF-8", "-l", last_page, conversion.path, "-"};
    auto text = co_await sandbox::run(runtime, command_of(conversion, std::move(text_argv)), stop);
    if (!text) co_return pdf_failure(text.error(), conversion);
    std::vector<std::string> info_argv = {"pdfinfo", "-enc", "UTF-8", conversion.path};
    auto info = co_await sandbox::run(runtime, command_of(conversion, std::move(info_argv)), stop);
    if (stop.stopped()) co_return Failure<SourceErrc>{SourceErrc::stopped, "stopped"};
    PdfText read;
    read.text = std::move(text->text);
    if (info) read.title = pdf_title(to_utf8(info->text).value_or(std::string()));
    co_return read;
}

}  // namespace longhand::sources
