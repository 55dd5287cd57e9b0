#include "job/milestone.h"

#include <algorithm>

namespace longhand::job {

std::string_view to_string(Milestone milestone) {
    return field_of(milestone).substr(std::string_view("work_").size());
}

std::optional<Milestone> parse_milestone(std::string_view word) {
    for (const Milestone milestone : kMilestones) {
        if (to_string(milestone) == word) return milestone;
    }
    return std::nullopt;
}

std::string_view field_of(Milestone milestone) {
    switch (milestone) {
        case Milestone::description:
            return "work_description";
        case Milestone::details:
            return "work_details";
        case Milestone::vision:
            return "work_vision";
    }
    return "";
}

bool Guidance::has_passed(Milestone milestone, std::string_view key) const {
    return skips || std::ranges::find(of[milestone].passed, key) != of[milestone].passed.end();
}

}  // namespace longhand::job
