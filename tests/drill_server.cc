// The program as it is, but for its typesetter: pages are counted and PDFs made without TeX, at once, so that a drill
// can kill it a thousand times under many jobs. LaTeX, Markdown and the other formats are the real ones. A document
// that has the word below takes the process down with it, as a bug would.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "cli/program.h"
#include "typeset/typesetter.h"

namespace longhand::typeset {
namespace {

constexpr std::string_view kBug = "zebrafinch";
constexpr std::uint32_t kWordsAPage = 350;

class QuickTypesetter final : public Typesetter {
public:
    explicit QuickTypesetter(std::unique_ptr<Typesetter> real) : real_(std::move(real)) {}

    awaitable<TypesetResult<Rendered>> render(Manuscript manuscript, Format format, std::string folder,
                                              StopToken stop) override {
        if (format != Format::pdf) co_return co_await real_->render(std::move(manuscript), format, folder, stop);
        Rendered rendered;
        rendered.format = format;
        rendered.pages = pages_of(manuscript);
        rendered.path = folder + "/document.pdf";
        const std::string text = "%PDF-1.4\n" + sha256_hex(manuscript.markdown) + "\n%%EOF\n";
        rendered.size = text.size();
        rendered.sha256 = sha256_hex(text);
        std::ofstream(rendered.path, std::ios::binary) << text;
        co_return rendered;
    }
    awaitable<TypesetResult<std::uint32_t>> count_pages(Manuscript manuscript, std::string, StopToken) override {
        if (manuscript.markdown.find(kBug) != std::string::npos) std::abort();
        co_return pages_of(manuscript);
    }

private:
    static std::uint32_t pages_of(const Manuscript& manuscript) {
        std::uint32_t words = 0;
        for (const char c : manuscript.markdown) words += c == ' ' ? 1 : 0;
        return words / kWordsAPage + 1;
    }

    std::unique_ptr<Typesetter> real_;
};

}  // namespace

// The linker's --wrap puts this in the place of `make_typesetter`.
std::unique_ptr<Typesetter> real_typesetter(Runtime& runtime, unsigned children, sandbox::Policy policy) __asm__(
    "__real__ZN8longhand7typeset15make_typesetterERNS_7RuntimeEjNS_7sandbox6PolicyE");
std::unique_ptr<Typesetter> quick_typesetter(Runtime& runtime, unsigned children, sandbox::Policy policy) __asm__(
    "__wrap__ZN8longhand7typeset15make_typesetterERNS_7RuntimeEjNS_7sandbox6PolicyE");

std::unique_ptr<Typesetter> quick_typesetter(Runtime& runtime, unsigned children, sandbox::Policy policy) {
    return std::make_unique<QuickTypesetter>(real_typesetter(runtime, children, std::move(policy)));
}

}  // namespace longhand::typeset

int main(int argc, char** argv) {
    return longhand::cli::run(argc, argv);
}
