// Sets one manuscript in one format, in this thread: pandoc, fonts, XeLaTeX passes, and what to do when TeX refuses.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <variant>

#include "sandbox/run.h"
#include "typeset/tex_log.h"
#include "typeset/typesetter.h"

namespace longhand::typeset {

inline Failure<TypesetErrc> failure(TypesetErrc code, std::string message) {
    return {code, std::move(message)};
}

/// One use each. `folder` exists; the work is done in a folder below it, which is gone afterwards.
class Press {
public:
    Press(Manuscript manuscript, Format format, std::string folder, StopToken stop, sandbox::Policy policy);
    ~Press();
    Press(const Press&) = delete;
    Press& operator=(const Press&) = delete;

    TypesetResult<Rendered> render();
    /// Of a press for PDF.
    TypesetResult<std::uint32_t> count_pages();

private:
    using Done = TypesetResult<std::monostate>;

    // In press.cc: the way from Markdown to a file.
    Done prepare();
    Done write_about();
    Done pandoc(const std::vector<std::string>& options);
    Done write_all_verbatim();
    Done write_markdown();
    Done write_page_format();
    Done write_tex();
    Done child(std::vector<std::string> argv, Milliseconds limit, std::uint64_t memory, std::string* error_text);
    TypesetResult<Rendered> collect();

    // In press_tex.cc: the way from LaTeX to PDF.
    enum class Errors { halt, collect };
    struct Pass {
        bool fine = false;
        TexLog log;
    };
    TypesetResult<Pass> tex_pass(Errors errors);
    /// What a pass must leave as it found it: the pages' numbers too, or only as many lines as take the same place.
    enum class Settled { numbers, places };
    Done write_pdf();
    Done set_pages(Settled settled);
    TypesetResult<bool> set_refused_blocks();
    TypesetResult<std::set<std::size_t>> blocks_with_errors();
    TypesetResult<std::size_t> first_bad_block();
    Done passes_until(Settled settled, std::string before, const Pass& first);
    std::string carried(Settled settled) const;
    bool take_carried();
    void drop_carried();
    void keep_carried();
    void note_block(std::size_t block);

    std::filesystem::path in_work(std::string_view name) const { return work_ / name; }

    Manuscript manuscript_;
    Format format_;
    std::filesystem::path folder_, work_;
    StopToken stop_;
    sandbox::Policy policy_;

    std::string tex_;                 ///< document.tex as it was written last
    std::set<std::size_t> verbatim_;  ///< blocks that TeX refused
    bool all_verbatim_ = false;       ///< pandoc could not read the Markdown
    std::string refusal_;             ///< TeX's first words against the document
    Rendered rendered_;
};

}  // namespace longhand::typeset
