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

class PandocTypesetter final : public Typesetter {
public:
    PandocTypesetter(Runtime& runtime, unsigned children_at_once, sandbox::Policy policy)
        : runtime_(runtime), gate_(runtime, std::max(1U, children_at_once)), policy_(std::move(policy)) {}

    awaitable<TypesetResult<Rendered>> render(Manuscript manuscript, Format format, std::string folder,
                                              StopToken stop) override {
        return press<Rendered>(std::move(manuscript), format, std::move(folder), std::move(stop), &Press::render);
    }

    awaitable<TypesetResult<std::uint32_t>> count_pages(Manuscript manuscript, std::string folder,
                                                        StopToken stop) override {
        return press<std::uint32_t>(std::move(manuscript), Format::pdf, std::move(folder), std::move(stop),
                                    &Press::count_pages);
    }

private:
    template <class T>
    awaitable<TypesetResult<T>> press(Manuscript manuscript, Format format, std::string folder, StopToken stop,
                                      TypesetResult<T> (Press::*make)()) {
        // A press runs one child after the other: a place for it is a place for each of them.
        const auto pass = co_await gate_.enter(stop);
        if (!pass) co_return Failure<TypesetErrc>{TypesetErrc::stopped, "stopped before its turn"};
        std::function<TypesetResult<T>()> work = [manuscript = std::move(manuscript), format,
                                                  folder = std::move(folder), stop, policy = policy_, make] {
            Press here(manuscript, format, folder, stop, policy);
            return (here.*make)();
        };
        co_return co_await run_blocking<TypesetResult<T>>(runtime_, std::move(work));
    }

    Runtime& runtime_;
    ChildGate gate_;
    sandbox::Policy policy_;
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

std::unique_ptr<Typesetter> make_typesetter(Runtime& runtime, unsigned children_at_once, sandbox::Policy policy) {
    return std::make_unique<PandocTypesetter>(runtime, children_at_once, std::move(policy));
}

}  // namespace longhand::typeset
