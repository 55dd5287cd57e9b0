// The milestones of a guided job: texts that the user reads, and may edit, before the writing goes on.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::job {

/// In the order in which they are written: each is made of the texts of those before it.
enum class Milestone {
    description,  ///< what the work is
    details,      ///< what it covers
    vision,       ///< how it is to read, and what its reader takes away
};
inline constexpr std::array kMilestones = {Milestone::description, Milestone::details, Milestone::vision};

/// `description`: in step keys, events and prompts.
std::string_view to_string(Milestone milestone);
std::optional<Milestone> parse_milestone(std::string_view word);
/// `work_description`: as projects and the API name its text.
std::string_view field_of(Milestone milestone);

/// One of something for each milestone.
template <class T>
struct PerMilestone {
    std::array<T, kMilestones.size()> each{};
    T& operator[](Milestone milestone) { return each[static_cast<std::size_t>(milestone)]; }
    const T& operator[](Milestone milestone) const { return each[static_cast<std::size_t>(milestone)]; }
    bool operator==(const PerMilestone&) const = default;
};

/// Empty: there is none, or none yet.
using MilestoneTexts = PerMilestone<std::string>;

/// A text as a stop shows it.
struct ShownText {
    std::string text;
    std::string key;  ///< of the step that wrote it; empty: the user did, or nobody yet
    bool operator==(const ShownText&) const = default;
};
using ShownTexts = PerMilestone<ShownText>;

/// What the user says when the job goes on.
struct UserSaid {
    /// Texts of the user's own. Empty: the model's again. Nothing: as it stands.
    PerMilestone<std::optional<std::string>> texts;
    bool skips = false;  ///< to the end, without stopping again
    bool operator==(const UserSaid&) const = default;
};

/// What the user has said of one milestone so far.
struct MilestoneGuidance {
    std::optional<std::string> text;  ///< the newest of the user's own. Empty: the model's again
    /// Steps whose text was shown before the job went on; the empty key stands for the user's own.
    std::vector<std::string> passed;
    bool operator==(const MilestoneGuidance&) const = default;
};

/// All that the user has said. Grows only while the job waits for its user, so a run reads it once.
struct Guidance {
    PerMilestone<MilestoneGuidance> of;
    bool skips = false;

    bool has_passed(Milestone milestone, std::string_view key) const;
    bool operator==(const Guidance&) const = default;
};

}  // namespace longhand::job
