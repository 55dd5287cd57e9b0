// Which font sets which character.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::typeset {

/// What a LaTeX text needs besides the main fonts. A function of the text and the language alone.
struct ScriptPlan {
    std::string preamble;  ///< LaTeX: the fallback fonts and their characters
    std::string text;      ///< the text, with a visible replacement (`\lhmissing`) for each character that no font has
    std::set<char32_t> missing;  ///< those characters
};

/// `language` (BCP 47) decides between Chinese, Japanese and Korean forms of the same character.
ScriptPlan plan_scripts(std::string_view text, std::string_view language);

}  // namespace longhand::typeset
