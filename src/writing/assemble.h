// Sections into a manuscript: numbers, anchors, cross-references, citations, the chapter of sources. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "typeset/typesetter.h"
#include "writing/references.h"
#include "writing/work.h"

namespace longhand::writing {

struct SectionFigures {
    std::string number;
    std::string title;
    std::int64_t words = 0;
    std::int64_t budget = 0;
};

struct Assembled {
    typeset::Manuscript manuscript;
    std::vector<SectionFigures> sections;  ///< those that have text
    std::vector<SourceUse> uses;
    std::map<std::string, std::int64_t> quoted;  ///< words taken word for word, by file
    std::int64_t words = 0;
    std::int64_t citations = 0;
    std::int64_t dropped_citations = 0;
    std::int64_t dangling_references = 0;
    std::int64_t citations_added = 0;  ///< to quotations that had none
    std::size_t empty_sections = 0;
};

enum class Completeness { whole, partial };

/// Sections without text are left out, and numbers closed up.
Assembled assemble(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                   const PassageLookup& lookup, Completeness completeness);

}  // namespace longhand::writing
