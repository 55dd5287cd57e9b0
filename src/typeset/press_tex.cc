#include <fmt/format.h>

#include <boost/algorithm/string/erase.hpp>
#include <boost/algorithm/string/replace.hpp>

#include "base/digest.h"
#include "typeset/files.h"
#include "typeset/press.h"
#include "typeset/text.h"

namespace longhand::typeset {
namespace {

constexpr std::uint64_t kTexMemory = 3ULL << 30;
constexpr Milliseconds kTexTime{300'000};
// The table of contents moves the pages, whose numbers move the table of contents: three do for nearly all.
constexpr int kMostPasses = 4;
// Rounds of setting refused blocks verbatim before the whole document is.
constexpr int kMostRounds = 6;
constexpr std::size_t kNoteWords = 60;

Failure<TypesetErrc> failure(TypesetErrc code, std::string message) {
    return {code, std::move(message)};
}

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
std::string carried_over(const std::filesystem::path& work) {
    std::string all;
    for (const auto* name : {"document.aux", "document.toc", "document.out"})
        all += read_file(work / name).value_or("") + '\f';
    return sha256_hex(all);
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
    for (int round = 0; round <= kMostRounds; ++round) {
        if (auto done = write_tex(); !done) return done;
        auto pass = tex_pass(Errors::halt);
        if (!pass) return pass.error();
        if (pass->fine) return passes_until_stable(*pass);
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
            return failure(TypesetErrc::unavailable,
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

Press::Done Press::passes_until_stable(const Pass& first) {
    auto log = first.log;
    auto before = carried_over(work_);
    for (int pass = 1; pass < kMostPasses; ++pass) {
        auto next = tex_pass(Errors::halt);
        if (!next) return next.error();
        if (!next->fine) return failure(TypesetErrc::refused, fmt::format("TeX can't set the document: {}", refusal_));
        log = next->log;
        auto after = carried_over(work_);
        if (after == before) break;
        before = std::move(after);
    }
    if (auto done =
            child({"xdvipdfmx", "-q", "-E", "-o", "document.pdf", "document.xdv"}, kTexTime, kTexMemory, nullptr);
        !done)
        return done;
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
