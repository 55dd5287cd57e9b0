#include "typeset/typesetter.h"

#include <algorithm>

#include "typeset/child_gate.h"
#include "typeset/press.h"

namespace longhand::typeset {
namespace {

struct FormatWords {
    std::string_view extension, media_type;
};
FormatWords words_of(Format format) {
    switch (format) {
        case Format::pdf:
            return {"pdf", "application/pdf"};
        case Format::tex:
            return {"tex", "application/x-tex"};
        case Format::md:
            return {"md", "text/markdown; charset=utf-8"};
        case Format::html:
            return {"html", "text/html; charset=utf-8"};
        case Format::docx:
            return {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"};
        case Format::epub:
            return {"epub", "application/epub+zip"};
    }
    return {};
}

TypesetResult<Rendered> set_here(const Manuscript& manuscript, Format format, const std::string& folder,
                                 const StopToken& stop, sandbox::Confine confine) {
    Press press(manuscript, format, folder, stop, confine);
    return press.render();
}

class PandocTypesetter final : public Typesetter {
public:
    PandocTypesetter(Runtime& runtime, unsigned children_at_once, sandbox::Confine confine)
        : runtime_(runtime), gate_(runtime, std::max(1U, children_at_once)), confine_(confine) {}

    awaitable<TypesetResult<Rendered>> render(Manuscript manuscript, Format format, std::string folder,
                                              StopToken stop) override {
        // A rendering runs one child after the other: a place for it is a place for each of them.
        const auto pass = co_await gate_.enter(stop);
        if (!pass) co_return Failure<TypesetErrc>{TypesetErrc::stopped, "stopped before its turn"};
        std::function<TypesetResult<Rendered>()> work = [manuscript = std::move(manuscript), format,
                                                         folder = std::move(folder), stop, confine = confine_] {
            return set_here(manuscript, format, folder, stop, confine);
        };
        co_return co_await run_blocking<TypesetResult<Rendered>>(runtime_, std::move(work));
    }

private:
    Runtime& runtime_;
    ChildGate gate_;
    sandbox::Confine confine_;
};

}  // namespace

std::string_view extension(Format format) {
    return words_of(format).extension;
}
std::string_view media_type(Format format) {
    return words_of(format).media_type;
}

std::optional<Format> format_of(std::string_view extension_word) {
    for (const auto format : kFormats) {
        if (extension(format) == extension_word) return format;
    }
    return std::nullopt;
}

std::unique_ptr<Typesetter> make_typesetter(Runtime& runtime, unsigned children_at_once, sandbox::Confine confine) {
    return std::make_unique<PandocTypesetter>(runtime, children_at_once, confine);
}

}  // namespace longhand::typeset
