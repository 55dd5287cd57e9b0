// What LaTeX must be told of a language.
#pragma once

#include <string>
#include <string_view>

namespace longhand::typeset {

struct LanguageSettings {
    std::string_view babel;     ///< babel's name; empty where babel has nothing to add
    std::string_view contents;  ///< heading of the table of contents; empty: babel's, or English
};
/// `tag` is BCP 47; English for one that is not known.
LanguageSettings language_settings(std::string_view tag);

/// `tag` when it has the form of one, else `en`.
std::string valid_language(std::string_view tag);

}  // namespace longhand::typeset
