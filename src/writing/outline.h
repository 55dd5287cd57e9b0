// The plan of a work and its outline: chapters, sections and their budgets of words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::writing {

struct Plan {
    std::string title;
    std::string subtitle;
    std::string audience;
    std::string language = "en";  ///< BCP 47
    std::string thesis;
    std::vector<std::string> themes;
    std::vector<std::string> terms;
    bool operator==(const Plan&) const = default;
};

struct Section {
    std::string number;  ///< `3.2`
    std::string title;
    std::string purpose;
    std::vector<std::string> keywords;
    std::int64_t words = 0;  ///< its budget
    bool operator==(const Section&) const = default;
};

/// A chapter with one section shows no heading but its own.
struct Chapter {
    std::string number;  ///< `3`
    std::string title;
    std::string purpose;
    std::vector<std::string> keywords;
    std::vector<Section> sections;
    bool operator==(const Chapter&) const = default;
};

struct Outline {
    std::vector<Chapter> chapters;
    std::size_t section_count() const;
    bool operator==(const Outline&) const = default;
};

/// What an owner wrote as outline: Markdown headings, numbered lines (`2.1 Title`), bullets or indented lines, each
/// with
/// `: purpose` or ` - purpose` where it has one. Empty when it holds no line. Numbers and budgets are not set.
Outline parse_owner_outline(std::string_view text);

/// Sets numbers, and budgets that add up to `words`; chapters get theirs by their count of sections.
void number_and_budget(Outline& outline, std::int64_t words);
/// A leaf of less than 80 words is no section: where the average would be, sections become their chapter's purpose.
void fold_small_sections(Outline& outline, std::int64_t words);

/// Where a section stands in its outline.
struct LeafRef {
    std::size_t chapter = 0;
    std::size_t section = 0;
    bool operator==(const LeafRef&) const = default;
};
/// All of them, in the order of the text.
std::vector<LeafRef> leaves(const Outline& outline);
/// Sections that are drafted side by side: the first of every chapter, then the second of every chapter …, at most
/// `width` at once.
std::vector<std::vector<LeafRef>> waves(const Outline& outline, std::size_t width = 8);

/// The outline as a drafting prompt shows it: a line a chapter, the sections of the current one, the current one marked
/// with `>`.
std::string outline_view(const Outline& outline, LeafRef current);
/// A line a chapter.
std::string outline_view(const Outline& outline);

}  // namespace longhand::writing
