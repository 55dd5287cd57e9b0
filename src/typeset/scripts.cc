#include "typeset/scripts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "typeset/embedded.h"
#include "typeset/text.h"

namespace longhand::typeset {
namespace {

struct Range {
    char32_t first, last;
    std::size_t font;
};
constexpr std::size_t kMainFonts = 0, kMonoFont = 1;

/// templates/coverage.txt: its lines in order, fonts 0 and 1 being the main ones.
class Coverage {
public:
    Coverage() {
        std::string_view text = *embedded("coverage.txt");
        while (!text.empty()) {
            const auto end = text.find('\n');
            read_line(text.substr(0, end));
            text.remove_prefix(end == text.npos ? text.size() : end + 1);
        }
        std::ranges::sort(ranges_, {}, &Range::first);
    }

    const std::string& family(std::size_t font) const { return families_[font]; }
    bool has_mono(char32_t code) const { return find(mono_, code) != nullptr; }
    /// npos where no font has it.
    std::size_t font_of(char32_t code) const {
        const auto* range = find(ranges_, code);
        return range ? range->font : std::string::npos;
    }

private:
    static const Range* find(const std::vector<Range>& ranges, char32_t code) {
        auto after = std::ranges::upper_bound(ranges, code, {}, &Range::first);
        if (after == ranges.begin()) return nullptr;
        --after;
        return code <= after->last ? &*after : nullptr;
    }

    void read_line(std::string_view line) {
        const auto bar = line.find('|');
        if (line.starts_with('#') || bar == line.npos) return;
        const auto font = families_.size();
        families_.emplace_back(line.substr(0, bar));
        auto& ranges = font == kMonoFont ? mono_ : ranges_;
        const char *at = line.data() + bar + 1, *end = line.data() + line.size();
        while (at < end) {
            std::uint32_t first = 0, last = 0;
            at = std::from_chars(at, end, first, 16).ptr;
            last = first;
            if (at < end && *at == '-') at = std::from_chars(at + 1, end, last, 16).ptr;
            ranges.push_back({first, last, font});
            ++at;
        }
    }

    std::vector<std::string> families_;
    std::vector<Range> ranges_, mono_;
};

// Combining marks and joiners take the font of what they stand with.
bool is_transparent(char32_t code) {
    return (code >= 0x300 && code <= 0x36F) || code == 0x200C || code == 0x200D || (code >= 0x20D0 && code <= 0x20F0);
}

bool joins(char32_t code) {
    return code == 0x200C || code == 0x200D;
}
// The scripts in which a joiner has a meaning of its own; elsewhere (emoji) it would only show a box.
bool takes_joiners(char32_t code) {
    return code >= 0x600 && code < 0x1900;
}

// XeTeX's line breaking for scripts without spaces, and room between them and letters beside.
std::string_view habits_of(std::string_view family) {
    if (family.find("CJK") != family.npos)
        return "\\XeTeXlinebreaklocale \"zh\"\\XeTeXlinebreakskip=0pt plus .4pt\\relax";
    for (const auto* script : {"Thai", "Lao", "Khmer", "Myanmar"}) {
        if (family.find(script) != family.npos)
            return "\\XeTeXlinebreaklocale \"th\"\\XeTeXlinebreakskip=0pt plus .4pt\\relax";
    }
    return "";
}

// OpenType's script, by fontspec's name of it, where letters join, reorder or stack: the shaper is chosen by it.
std::string script_option(std::string_view family) {
    for (const auto* script :
         {"Arabic", "Hebrew",  "Devanagari", "Bengali",  "Gurmukhi", "Gujarati", "Oriya",   "Tamil",
          "Telugu", "Kannada", "Malayalam",  "Sinhala",  "Thai",     "Lao",      "Tibetan", "Myanmar",
          "Khmer",  "Syriac",  "Thaana",     "Javanese", "Balinese", "Mongolian"}) {
        if (family.ends_with(std::string(" ") + script)) return fmt::format(",Script={}", script);
    }
    return family.ends_with(" NKo") ? ",Script=N'Ko" : "";
}

std::string family_for(std::string family, std::string_view language) {
    if (family != "Noto Serif CJK") return family;
    if (language.starts_with("ja")) return family + " JP";
    if (language.starts_with("ko")) return family + " KR";
    const bool traditional = language.find("TW") != language.npos || language.find("HK") != language.npos ||
                             language.find("Hant") != language.npos;
    return family + (traditional ? " TC" : " SC");
}

// `Noto Serif CJK` -> `NotoSerifCJK`: part of a TeX name.
std::string tex_name(std::string_view family) {
    std::string name;
    for (const char c : family) {
        if (std::isalpha(static_cast<unsigned char>(c))) name.push_back(c);
        if (std::isdigit(static_cast<unsigned char>(c))) name.push_back(static_cast<char>('a' + (c - '0')));
    }
    return name;
}

struct Use {
    char32_t code;
    std::size_t font;
    bool mono;
    bool same_class(const Use& other) const { return font == other.font && mono == other.mono; }
};

// Runs of used characters of one class. Characters between them that do not occur may go along: nobody sees them.
std::string assignments(const std::vector<Use>& uses, const Coverage& coverage) {
    std::string out;
    for (std::size_t i = 0; i < uses.size();) {
        auto last = i;
        while (last + 1 < uses.size() && uses[last + 1].same_class(uses[i])) ++last;
        out += fmt::format("\\lhassign{{{}{}}}{{{:04X}}}{{{:04X}}}\n", tex_name(coverage.family(uses[i].font)),
                           uses[i].mono ? "M" : "", static_cast<std::uint32_t>(uses[i].code),
                           static_cast<std::uint32_t>(uses[last].code));
        i = last + 1;
    }
    return out;
}

std::string preamble_of(const std::set<char32_t>& used, const Coverage& coverage, std::string_view language) {
    // Characters of the main fonts are listed too, so that no run of another class goes over them.
    std::vector<Use> uses;
    std::set<std::size_t> fonts;
    for (const auto code : used) {
        const auto font = coverage.font_of(code);
        uses.push_back({code, font, coverage.has_mono(code)});
        if (font != kMainFonts) fonts.insert(font);
    }
    if (fonts.empty()) return "";
    std::string out;
    for (const auto font : fonts) {
        const auto& family = coverage.family(font);
        const auto name = tex_name(family);
        out += fmt::format("\\lhscript{{{}}}{{{}}}{{{}}}{{{}}}\n", name, family_for(family, language),
                           habits_of(family), script_option(family));
        if (family.find("CJK") != family.npos) {
            for (const auto* kind : {"", "M"})
                out += fmt::format("\\expandafter\\def\\csname lhg{}{}\\endcsname{{\\hskip.12em plus .08em\\relax}}\n",
                                   name, kind);
        }
    }
    std::string assigned;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= uses.size(); ++i) {
        if (i < uses.size() && uses[i].font != kMainFonts) continue;
        assigned += assignments(
            {uses.begin() + static_cast<std::ptrdiff_t>(from), uses.begin() + static_cast<std::ptrdiff_t>(i)},
            coverage);
        from = i + 1;
    }
    return out + assigned +
           "\\lhpunctuation\n\\lhtransparent{0300}{036F}\\lhtransparent{200C}{200D}\\lhtransparent{20D0}{20F0}\n";
}

}  // namespace

ScriptPlan plan_scripts(std::string_view text, std::string_view language) {
    static const Coverage coverage;
    ScriptPlan plan;
    std::set<char32_t> used;
    char32_t before = 0;
    plan.text.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto start = at;
        const auto code = next_code_point(text, at);
        if (code >= 0x80 && joins(code) && !takes_joiners(before)) continue;
        before = code;
        if (code < 0x80 || is_transparent(code)) {
            plan.text.append(text.substr(start, at - start));
        } else if (coverage.font_of(code) == std::string::npos) {
            plan.missing.insert(code);
            plan.text += fmt::format("\\lhmissing{{{:04X}}}", static_cast<std::uint32_t>(code));
        } else {
            used.insert(code);
            plan.text.append(text.substr(start, at - start));
        }
    }
    plan.preamble = preamble_of(used, coverage, language);
    return plan;
}

}  // namespace longhand::typeset
