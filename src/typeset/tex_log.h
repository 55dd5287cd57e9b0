// What XeTeX says of a run. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::typeset {

struct TexLog {
    std::uint32_t pages = 0;               ///< 0: no output
    std::vector<std::size_t> error_lines;  ///< lines of document.tex, from 1, where TeX found an error
    std::string first_error;               ///< in TeX's words
    std::set<std::string> missing;         ///< characters that their font lacks, UTF-8
};
/// `log` as written with -file-line-error and lines that are not wrapped.
TexLog parse_tex_log(std::string_view log);

/// The blocks of a document as the filter marks them: `%lh:N` before block N.
class BlockMap {
public:
    explicit BlockMap(std::string_view tex);

    std::size_t count() const { return blocks_.size(); }
    /// The block that holds `line`; 0 when the line is before the first.
    std::size_t block_at_line(std::size_t line) const;
    /// The document with its first `blocks` blocks only.
    std::string first_blocks(std::string_view tex, std::size_t blocks) const;

private:
    struct Block {
        std::size_t line;    // of its mark, from 1
        std::size_t offset;  // of its mark
    };
    std::vector<Block> blocks_;
};

}  // namespace longhand::typeset
