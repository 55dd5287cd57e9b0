#include "typeset/languages.h"

#include <algorithm>
#include <cctype>

namespace longhand::typeset {
namespace {

struct Language {
    std::string_view code;
    LanguageSettings settings;
};

// English is what LaTeX knows by itself. Chinese, Japanese and Korean need words only: their line breaking comes with
// the font.
constexpr Language kLanguages[] = {
    {"bg", {"bulgarian", ""}},  {"ca", {"catalan", ""}},      {"cs", {"czech", ""}},      {"da", {"danish", ""}},
    {"de", {"german", ""}},     {"el", {"greek", ""}},        {"es", {"spanish", ""}},    {"et", {"estonian", ""}},
    {"fi", {"finnish", ""}},    {"fr", {"french", ""}},       {"hr", {"croatian", ""}},   {"hu", {"hungarian", ""}},
    {"is", {"icelandic", ""}},  {"it", {"italian", ""}},      {"lt", {"lithuanian", ""}}, {"lv", {"latvian", ""}},
    {"nb", {"norsk", ""}},      {"nl", {"dutch", ""}},        {"no", {"norsk", ""}},      {"pl", {"polish", ""}},
    {"pt", {"portuguese", ""}}, {"ro", {"romanian", ""}},     {"ru", {"russian", ""}},    {"sk", {"slovak", ""}},
    {"sl", {"slovenian", ""}},  {"sv", {"swedish", ""}},      {"tr", {"turkish", ""}},    {"uk", {"ukrainian", ""}},
    {"ar", {"", "المحتويات"}},  {"he", {"", "תוכן עניינים"}}, {"hi", {"", "विषय सूची"}},   {"ja", {"", "目次"}},
    {"ko", {"", "차례"}},       {"th", {"", "สารบัญ"}},        {"zh", {"", "目录"}},
};

}  // namespace

LanguageSettings language_settings(std::string_view tag) {
    const auto code = tag.substr(0, tag.find('-'));
    const auto* found = std::ranges::find(kLanguages, code, &Language::code);
    return found == std::end(kLanguages) ? LanguageSettings{} : found->settings;
}

std::string valid_language(std::string_view tag) {
    const auto first = tag.substr(0, tag.find('-'));
    const bool letters = first.size() >= 2 && first.size() <= 3 &&
                         std::ranges::all_of(first, [](unsigned char c) { return std::islower(c) != 0; });
    const bool fine =
        tag.size() <= 35 && std::ranges::all_of(tag, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
    return letters && fine && !tag.ends_with('-') ? std::string(tag) : "en";
}

}  // namespace longhand::typeset
