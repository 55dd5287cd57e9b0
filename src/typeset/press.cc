#include "typeset/press.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/digest.h"
#include "base/text.h"
#include "sandbox/pandoc.h"
#include "typeset/embedded.h"
#include "typeset/files.h"
#include "typeset/languages.h"
#include "typeset/scripts.h"
#include "typeset/text.h"

namespace longhand::typeset {
namespace {

namespace fs = std::filesystem;

// Raw TeX, raw HTML and everything through which a text could define, include or cite are off: they are words.
constexpr const char* kReader =
    "markdown-raw_tex-raw_html-raw_attribute-native_divs-native_spans-latex_macros-yaml_metadata_block"
    "-pandoc_title_block-mmd_title_block-citations-example_lists-implicit_figures-fenced_divs"
    "-inline_code_attributes-fenced_code_attributes-link_attributes"
    "+tex_math_dollars+pipe_tables+grid_tables+footnotes+auto_identifiers";

constexpr const char* kTemplates[] = {"longhand.lua", "formulas.txt", "book.tex", "page.css"};
constexpr const char* kPartial = "Partial document";

// Haskell's runtime reserves much more address space than it uses: what it uses has a limit of its own.
// A book takes seconds; only a text made of thousands of unclosed marks takes more than this.
constexpr Milliseconds kPandocTime{60'000};

// A job's owner reads these: they say nothing of this machine's folders and settings, which `doctor` shows.
Failure<TypesetErrc> no_room() {
    return failure(TypesetErrc::disk,
                   "The document can't be written on this server now; tell its operator, then retry.");
}

Failure<TypesetErrc> translated(const Failure<sandbox::SandboxErrc>& from, const std::string& program) {
    switch (from.code) {
        case sandbox::SandboxErrc::unavailable:
            return failure(TypesetErrc::unavailable,
                           "The document can't be typeset on this server now; tell its operator, then retry.");
        case sandbox::SandboxErrc::timeout:
            return failure(TypesetErrc::timeout, "The document can't be typeset: it takes too long.");
        case sandbox::SandboxErrc::stopped:
            return failure(TypesetErrc::stopped, "stopped");
        case sandbox::SandboxErrc::too_large:
            return failure(TypesetErrc::refused,
                           fmt::format("The document can't be typeset: {} needs too much memory for it.", program));
        case sandbox::SandboxErrc::failed:
            break;
    }
    return failure(TypesetErrc::refused, fmt::format("The document can't be typeset: {} refuses it.", program));
}

std::string code_point_name(char32_t code) {
    std::string text;
    append_utf8(text, code);
    return fmt::format("{} (U+{:04X})", text, static_cast<std::uint32_t>(code));
}

// What pandoc's filter says of the formulas that it sets as text.
void add_filter_notes(std::string_view error_text, std::vector<std::string>& notes) {
    constexpr std::string_view kMark = "longhand: ";
    while (!error_text.empty()) {
        const auto end = std::min(error_text.find('\n'), error_text.size());
        const auto line = error_text.substr(0, end);
        if (line.starts_with(kMark)) notes.emplace_back(line.substr(kMark.size()));
        error_text.remove_prefix(std::min(end + 1, error_text.size()));
    }
}

}  // namespace

Press::Press(Manuscript manuscript, Format format, std::string folder, StopToken stop, sandbox::Policy policy)
    : manuscript_(std::move(manuscript)),
      format_(format),
      folder_(std::move(folder)),
      stop_(std::move(stop)),
      policy_(std::move(policy)) {
    work_ = folder_ / fmt::format("typesetting-{}", extension(format));
    rendered_.format = format;
}

Press::~Press() {
    std::error_code ignored;
    fs::remove_all(work_, ignored);
}

TypesetResult<Rendered> Press::render() {
    if (auto done = prepare(); !done) return done.error();
    Done done{std::monostate{}};
    switch (format_) {
        case Format::md:
            done = write_markdown();
            break;
        case Format::tex:
            done = write_tex();
            break;
        case Format::pdf:
            done = write_pdf();
            break;
        case Format::html:
        case Format::docx:
        case Format::epub:
            done = write_page_format();
            break;
    }
    if (!done) return done.error();
    return collect();
}

Press::Done Press::prepare() {
    manuscript_.markdown = cleaned(manuscript_.markdown);
    manuscript_.title = cleaned_line(manuscript_.title);
    manuscript_.author = cleaned_line(manuscript_.author);
    manuscript_.language = valid_language(manuscript_.language);
    if (manuscript_.title.empty()) manuscript_.title = "Untitled";
    std::error_code error;
    fs::remove_all(work_, error);
    fs::create_directory(work_, error);
    bool written = !error && write_file(in_work("manuscript.md"), manuscript_.markdown);
    for (const auto* name : kTemplates) written = written && write_file(in_work(name), *embedded(name));
    // Pictures are asked for by their plain names, beside the text.
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        const auto kind = entry.path().extension();
        if (!entry.is_regular_file() || entry.path().stem() == "document") continue;
        if (kind == ".png" || kind == ".jpg" || kind == ".pdf" || kind == ".svg")
            fs::copy_file(entry.path(), work_ / entry.path().filename(), error);
    }
    if (!written) return no_room();
    return write_about();
}

Press::Done Press::write_about() {
    const auto language = language_settings(manuscript_.language);
    const auto identity = fmt::format("{}\n{}\n{}", manuscript_.title, manuscript_.author, manuscript_.markdown);
    std::string about = fmt::format("title {}\nlanguage {}\nidentifier urn:sha256:{}\n", manuscript_.title,
                                    manuscript_.language, sha256_hex(identity));
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) about += fmt::format("{} {}\n", name, value);
    };
    add("author", manuscript_.author);
    add("babel", language.babel);
    add("contents", language.contents);
    add("toc", manuscript_.table_of_contents ? "1" : "");
    add("note", manuscript_.partial ? kPartial : "");
    add("article", manuscript_.layout == Layout::article ? "1" : "");
    add("verbatim", fmt::format("{}", fmt::join(verbatim_, ",")));
    if (!write_file(in_work("about.txt"), about)) return no_room();
    return std::monostate{};
}

Press::Done Press::child(std::vector<std::string> argv, Milliseconds limit, std::uint64_t memory,
                         std::string* error_text) {
    sandbox::Command command;
    command.argv = std::move(argv);
    command.folder = work_.string();
    command.time_limit = limit;
    command.memory_limit = memory;
    command.policy = policy_;
    // One date for all: equal manuscripts give equal files. TeX neither reads nor writes outside of its folder, and
    // does not wrap the lines of its log. XeTeX fills some 150 MB before it reads a line: with huge pages, in two
    // thirds of the time.
    command.environment = {{"SOURCE_DATE_EPOCH", "946684800"},
                           {"FORCE_SOURCE_DATE", "1"},
                           {"TZ", "UTC"},
                           {"openin_any", "p"},
                           {"openout_any", "p"},
                           {"max_print_line", "10000"},
                           {"GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"},
                           {"TEXMFHOME", work_.string() + "/texmf"},
                           {"TEXMFVAR", work_.string() + "/texmf-var"}};
    auto output = sandbox::run_here(command, stop_);
    if (!output) return translated(output.error(), command.argv[0]);
    if (error_text) *error_text = std::move(output->error);
    return std::monostate{};
}

Press::Done Press::pandoc(const std::vector<std::string>& options) {
    std::vector<std::string> argv = {"pandoc", "+RTS",         sandbox::kPandocHeap, "-RTS",         "--from",
                                     kReader,  "--standalone", "--lua-filter",       "longhand.lua", "--wrap=preserve"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back("manuscript.md");
    std::string error_text;
    auto done = child(argv, kPandocTime, sandbox::kPandocAddressSpace, &error_text);
    const bool too_hard =
        !done && (done.error().code == TypesetErrc::timeout || done.error().code == TypesetErrc::refused);
    if (too_hard && !all_verbatim_) {
        if (auto written = write_all_verbatim(); !written) return written;
        done = child(argv, kPandocTime, sandbox::kPandocAddressSpace, &error_text);
    }
    rendered_.notes.clear();
    add_filter_notes(error_text, rendered_.notes);
    if (all_verbatim_) rendered_.notes.emplace_back("set verbatim: the whole text, whose Markdown is too hard to read");
    return done;
}

// As one block of code, which has no marks to read.
Press::Done Press::write_all_verbatim() {
    all_verbatim_ = true;
    std::string text = "    ";
    for (const char c : manuscript_.markdown) {
        text.push_back(c);
        if (c == '\n') text += "    ";
    }
    if (!write_file(in_work("manuscript.md"), text)) return no_room();
    return std::monostate{};
}

Press::Done Press::write_markdown() {
    std::string text = fmt::format("# {}\n\n", escaped_for_markdown(manuscript_.title));
    if (!manuscript_.author.empty()) text += escaped_for_markdown(manuscript_.author) + "\n\n";
    if (manuscript_.partial) text += fmt::format("*{}*\n\n", kPartial);
    text += manuscript_.markdown;
    if (!text.ends_with('\n')) text.push_back('\n');
    if (!write_file(in_work("document.md"), text)) return no_room();
    return std::monostate{};
}

Press::Done Press::write_page_format() {
    std::vector<std::string> options = {"--toc-depth=2", "-o", fmt::format("document.{}", extension(format_))};
    if (manuscript_.table_of_contents) options.emplace_back("--toc");
    if (format_ == Format::html) {
        for (const auto* option :
             {"--to=html5", "--self-contained", "--mathml", "--css=page.css", "--variable=document-css:false"})
            options.emplace_back(option);
    } else if (format_ == Format::epub) {
        for (const auto* option : {"--to=epub3", "--mathml", "--css=page.css", "--epub-chapter-level=1"})
            options.emplace_back(option);
    } else {
        options.emplace_back("--to=docx");
    }
    return pandoc(options);
}

Press::Done Press::write_tex() {
    auto done = pandoc({"--to=latex-smart", "--template=book.tex", "--top-level-division=chapter", "--no-highlight",
                        "-o", "document.tex"});
    if (!done) return done;
    const auto text = read_file(in_work("document.tex"));
    if (!text) return failure(TypesetErrc::refused, "pandoc wrote no LaTeX.");
    auto plan = plan_scripts(*text, manuscript_.language);
    constexpr std::string_view kPlace = "%LONGHAND-SCRIPTS\n";
    const auto place = plan.text.find(kPlace);
    if (place != std::string::npos) plan.text.replace(place, kPlace.size(), plan.preamble);
    tex_ = std::move(plan.text);
    for (const auto block : verbatim_) note_block(block);
    if (!plan.missing.empty()) {
        std::vector<std::string> names;
        for (const auto code : plan.missing) names.push_back(code_point_name(code));
        const auto shown = std::min<std::size_t>(names.size(), 20);
        rendered_.notes.push_back(
            fmt::format("{} characters that no font here has are shown by their numbers: {}", names.size(),
                        fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ")));
    }
    if (!write_file(in_work("document.tex"), tex_)) return no_room();
    return std::monostate{};
}

TypesetResult<Rendered> Press::collect() {
    const auto name = fmt::format("document.{}", extension(format_));
    const auto text = read_file(in_work(name));
    if (!text || text->empty())
        return failure(TypesetErrc::refused, fmt::format("No {} came out of the typesetter.", name));
    rendered_.size = text->size();
    rendered_.sha256 = sha256_hex(*text);
    rendered_.path = (folder_ / name).string();
    std::error_code error;
    fs::rename(in_work(name), rendered_.path, error);
    if (error) return no_room();
    return rendered_;
}

}  // namespace longhand::typeset
