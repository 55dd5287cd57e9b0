#include <fmt/format.h>

#include "typeset/typesetter.h"

namespace longhand::typeset {
namespace {

struct Program {
    std::string_view name, package, use;
};
constexpr Program kPrograms[] = {
    {"pandoc", "pandoc", "writes every format but Markdown, reads Word documents and their like"},
    {"xelatex", "texlive-xetex", "sets PDFs"},
    {"xdvipdfmx", "texlive-binaries", "sets PDFs"},
    {"fc-list", "fontconfig", "finds fonts"},
    {"pdftotext", "poppler-utils", "reads PDF sources"},
};

// Files that the template, and what it loads, needs of each package.
struct TexFile {
    std::string_view file, package;
};
constexpr TexFile kTexFiles[] = {{"scrbook.cls", "texlive-latex-recommended"},
                                 {"fontspec.sty", "texlive-latex-recommended"},
                                 {"footnotehyper.sty", "texlive-latex-recommended"},
                                 {"amsmath.sty", "texlive-latex-base"},
                                 {"pzdr.tfm", "texlive-fonts-recommended"}};

struct Font {
    std::string_view family, package, use;
};
constexpr Font kFonts[] = {{"Noto Serif", "fonts-noto-core", "text"},
                           {"Noto Sans", "fonts-noto-core", "headings"},
                           {"DejaVu Sans Mono", "fonts-dejavu-core", "code"},
                           {"Noto Serif CJK SC", "fonts-noto-cjk", "Chinese, Japanese, Korean"},
                           {"Symbola", "fonts-symbola", "emoji"}};

std::string how_to_get(std::string_view package) {
    return fmt::format("missing: apt-get install {}", package);
}

// Standard output of a small program; nothing when it fails.
std::optional<std::string> asked(std::vector<std::string> argv, sandbox::Confine confine) {
    sandbox::Command command;
    command.argv = std::move(argv);
    command.folder = "/tmp";
    command.policy.confine = confine;
    auto output = sandbox::run_here(command, StopToken{});
    if (!output) return std::nullopt;
    return std::move(output->text);
}

Check program_check(const Program& program) {
    const auto path = sandbox::find_program(program.name);
    return {std::string(program.name), !path.empty(),
            path.empty() ? fmt::format("{} ({})", how_to_get(program.package), program.use) : path};
}

Check tex_check(sandbox::Confine confine) {
    for (const auto& [file, package] : kTexFiles) {
        const auto found = asked({"kpsewhich", std::string(file)}, confine);
        if (!found || found->empty()) return {"TeX packages", false, fmt::format("{} ({})", how_to_get(package), file)};
    }
    return {"TeX packages", true, "KOMA-Script, fontspec"};
}

Check font_check(const Font& font, sandbox::Confine confine) {
    const auto found = asked({"fc-list", std::string(font.family), "file"}, confine);
    const bool ok = found && !found->empty();
    return {fmt::format("font {}", font.family), ok,
            ok ? std::string(font.use) : fmt::format("{} ({})", how_to_get(font.package), font.use)};
}

}  // namespace

std::vector<Check> check_installation(sandbox::Confine confine) {
    std::vector<Check> checks;
    for (const auto& program : kPrograms) checks.push_back(program_check(program));
    auto how = confine;
    if (confine == sandbox::Confine::limits_only) {
        checks.push_back({"sandbox", true, "limits only, as asked for: children see files and network"});
    } else {
        const auto here = sandbox::confinement();
        checks.push_back({"sandbox", here.confined, here.description});
        // The other questions are asked all the same.
        if (!here.confined) how = sandbox::Confine::limits_only;
    }
    checks.push_back(tex_check(how));
    for (const auto& font : kFonts) checks.push_back(font_check(font, how));
    return checks;
}

}  // namespace longhand::typeset
