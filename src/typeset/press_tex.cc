#include <fmt/format.h>

#include <boost/algorithm/string/erase.hpp>
#include <boost/algorithm/string/replace.hpp>

#include "typeset/files.h"
#include "typeset/press.h"
#include "typeset/text.h"

namespace longhand::typeset {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTexMemory = 3ULL << 30;
constexpr Milliseconds kTexTime{300'000};
// The table of contents moves the pages, whose numbers move the table of contents: three do for nearly all.
constexpr int kMostPasses = 4;
// Rounds of setting refused blocks verbatim before the whole document is.
constexpr int kMostRounds = 6;
constexpr std::size_t kNoteWords = 60;

constexpr const char* kNoPages = "it wrote no pages.";
constexpr std::size_t kRefusalBytes = 300;

// TeX's first words against a document, for its owner, who need not know this machine's folders.
std::string without_paths(std::string_view error) {
    std::string words;
    for (std::size_t at = 0; at < error.size();) {
        const bool path =
            error[at] == '/' && (at == 0 || std::string_view(" `'\"([").find(error[at - 1]) != error.npos);
        const auto end = path ? std::min(error.find_first_of(" '\")]", at), error.size()) : at + 1;
        words += path ? "…" : std::string(error.substr(at, 1));
        at = end;
    }
    return cleaned_line(words.substr(0, kRefusalBytes));
}

// What the next pass reads of the last.
constexpr const char* kCarried[] = {"document.aux", "document.toc", "document.out"};

std::string carried_over(const fs::path& work) {
    std::string all;
    for (const auto* name : kCarried) all += read_file(work / name).value_or("") + '\f';
    return all;
}

// Of that, what decides how much room the next pass fills: the contents' lines without their numbers, and the widths
// of long tables' columns.
std::string places(const fs::path& work) {
    std::string all;
    bool digits = false;
    for (const char c : read_file(work / "document.toc").value_or("")) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit || !digits) all.push_back(digit ? '#' : c);
        digits = digit;
    }
    const auto aux = read_file(work / "document.aux").value_or("");
    constexpr std::string_view kTable = "\\gdef \\LT@";
    for (auto at = aux.find(kTable); at != std::string::npos; at = aux.find(kTable, at + 1))
        all += aux.substr(at, aux.find("}}\n", at) - at);
    return all;
}

}  // namespace

TypesetResult<Press::Pass> Press::tex_pass(Errors errors) {
    std::vector<std::string> argv = {"xelatex", "-no-shell-escape", "-no-pdf", "-file-line-error",
                                     "-interaction=nonstopmode"};
    if (errors == Errors::halt) argv.emplace_back("-halt-on-error");
    argv.emplace_back("document.tex");
    const auto done = child(std::move(argv), kTexTime, kTexMemory, nullptr);
    if (!done && done.error().code != TypesetErrc::refused) return done.error();
    Pass pass;
    pass.log = parse_tex_log(read_file(in_work("document.log")).value_or(""));
    pass.fine = done && pass.log.pages > 0;
    if (!pass.fine) refusal_ = pass.log.first_error.empty() ? kNoPages : without_paths(pass.log.first_error);
    return pass;
}

Press::Done Press::write_pdf() {
    if (auto done = set_pages(Settled::numbers); !done) return done;
    return child({"xdvipdfmx", "-q", "-E", "-o", "document.pdf", "document.xdv"}, kTexTime, kTexMemory, nullptr);
}

TypesetResult<std::uint32_t> Press::count_pages() {
    if (auto done = prepare(); !done) return done.error();
    if (auto done = set_pages(Settled::places); !done) return done.error();
    return rendered_.pages;
}

Press::Done Press::set_pages(Settled settled) {
    for (int round = 0; round <= kMostRounds; ++round) {
        if (auto done = write_tex(); !done) return done;
        const bool carried_some = round == 0 && take_carried();
        auto before = carried(settled);
        auto pass = tex_pass(Errors::halt);
        if (pass && !pass->fine && carried_some) {
            // What another manuscript has left is no fault of this one.
            drop_carried();
            before = carried(settled);
            pass = tex_pass(Errors::halt);
        }
        if (!pass) return pass.error();
        if (pass->fine) return passes_until(settled, before, *pass);
        drop_carried();
        auto more = set_refused_blocks();
        if (!more) return more.error();
        if (!*more) break;
        // The last round: every block, so that the words at least are there.
        if (round == kMostRounds - 1) {
            for (std::size_t block = 1; block <= BlockMap(tex_).count(); ++block) verbatim_.insert(block);
        }
        if (auto done = write_about(); !done) return done;
    }
    return failure(TypesetErrc::refused, fmt::format("TeX can't set the document: {}", refusal_));
}

std::string Press::carried(Settled settled) const {
    return settled == Settled::numbers ? carried_over(work_) : places(work_);
}

// Of an earlier manuscript that was set in this folder, when there was one.
bool Press::take_carried() {
    std::error_code none;
    bool some = false;
    for (const auto* name : kCarried) some = fs::copy_file(folder_ / name, in_work(name), none) || some;
    return some;
}

void Press::drop_carried() {
    std::error_code none;
    for (const auto* name : kCarried) fs::remove(in_work(name), none);
}

void Press::keep_carried() {
    for (const auto* name : kCarried) {
        std::error_code failed, none;
        fs::copy_file(in_work(name), folder_ / name, fs::copy_options::overwrite_existing, failed);
        if (failed) fs::remove(folder_ / name, none);
    }
}

// False when no block is to blame.
TypesetResult<bool> Press::set_refused_blocks() {
    auto blocks = blocks_with_errors();
    if (!blocks) return blocks.error();
    const auto before = verbatim_.size();
    verbatim_.insert(blocks->begin(), blocks->end());
    if (verbatim_.size() > before) return true;
    auto block = first_bad_block();
    if (!block) return block.error();
    if (*block == 0) return false;
    return verbatim_.insert(*block).second;
}

// A pass that goes on over errors finds all of them at once, by their lines.
TypesetResult<std::set<std::size_t>> Press::blocks_with_errors() {
    auto pass = tex_pass(Errors::collect);
    if (!pass) return pass.error();
    const BlockMap map(tex_);
    std::set<std::size_t> blocks;
    for (const auto line : pass->log.error_lines) {
        if (const auto block = map.block_at_line(line); block > 0 && !verbatim_.contains(block)) blocks.insert(block);
    }
    return blocks;
}

// By bisection: the first block with which the document up to it is refused. 0: it is refused without any.
TypesetResult<std::size_t> Press::first_bad_block() {
    const BlockMap map(tex_);
    std::size_t good = 0, bad = map.count();
    const auto whole = tex_;
    while (bad - good > 1 || good == 0) {
        const auto middle = bad - good > 1 ? (good + bad) / 2 : 0;
        if (!write_file(in_work("document.tex"), map.first_blocks(whole, middle)))
            return failure(TypesetErrc::disk,
                           "The document can't be written on this server now; tell its operator, then retry.");
        auto pass = tex_pass(Errors::halt);
        if (!pass) return pass.error();
        // A text of no blocks may have no page: only an error counts against it.
        const bool fine = pass->fine || (middle == 0 && pass->log.first_error.empty());
        if (middle == 0) return fine ? bad : 0;
        (fine ? good : bad) = middle;
    }
    return bad;
}

Press::Done Press::passes_until(Settled settled, std::string before, const Pass& first) {
    auto log = first.log;
    for (int pass = 1; pass < kMostPasses; ++pass) {
        auto after = carried(settled);
        if (after == before) break;
        before = std::move(after);
        auto next = tex_pass(Errors::halt);
        if (!next) return next.error();
        if (!next->fine) return failure(TypesetErrc::refused, fmt::format("TeX can't set the document: {}", refusal_));
        log = next->log;
    }
    keep_carried();
    rendered_.pages = log.pages;
    if (!log.missing.empty()) {
        rendered_.notes.push_back(fmt::format("{} characters have no glyph in their font: {}", log.missing.size(),
                                              fmt::join(log.missing, " ")));
    }
    return std::monostate{};
}

// The first words of a block that was set verbatim, as they stand in the LaTeX.
void Press::note_block(std::size_t block) {
    const auto mark = fmt::format("%lh:{}\n", block);
    const auto at = tex_.find(mark);
    std::string words;
    if (at != std::string::npos) {
        constexpr std::string_view kLine = "\\lhline{";
        const auto line = tex_.find(kLine, at);
        if (line != std::string::npos)
            words = tex_.substr(line + kLine.size(), tex_.find('\n', line) - line - kLine.size() - 1);
    }
    boost::algorithm::erase_all(words, "\\lhb{}");
    boost::algorithm::replace_all(words, "\\textbackslash{}", "\x01");
    std::string plain;
    for (const char c : words) {
        if (c == '\x01')
            plain.push_back('\\');
        else if (c != '\\')
            plain.push_back(c);
    }
    if (plain.size() > kNoteWords) plain = cleaned_line(plain.substr(0, kNoteWords)) + "…";
    rendered_.notes.push_back("set verbatim: " + plain);
}

}  // namespace longhand::typeset
