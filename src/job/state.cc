#include "job/state.h"

namespace longhand::job {

std::string_view to_string(State state) {
    switch (state) {
        case State::draft:
            return "draft";
        case State::submitted:
            return "submitted";
        case State::queued:
            return "queued";
        case State::in_progress:
            return "in_progress";
        case State::completed:
            return "completed";
        case State::failed:
            return "failed";
        case State::cancelled:
            return "cancelled";
        case State::moderated:
            return "moderated";
    }
    return "";
}

std::string_view to_string(Stage stage) {
    switch (stage) {
        case Stage::queued:
            return "queued";
        case Stage::reading_sources:
            return "reading_sources";
        case Stage::planning:
            return "planning";
        case Stage::outlining:
            return "outlining";
        case Stage::researching:
            return "researching";
        case Stage::generating_work:
            return "generating_work";
        case Stage::reviewing:
            return "reviewing";
        case Stage::assembling:
            return "assembling";
        case Stage::typesetting:
            return "typesetting";
        case Stage::waiting_for_provider:
            return "waiting_for_provider";
        case Stage::waiting_for_budget:
            return "waiting_for_budget";
        case Stage::waiting_for_user:
            return "waiting_for_user";
        case Stage::done:
            return "done";
        case Stage::stopped:
            return "stopped";
    }
    return "";
}

std::optional<State> parse_state(std::string_view word) {
    for (const State state : kStates) {
        if (to_string(state) == word) return state;
    }
    return std::nullopt;
}

std::optional<Stage> parse_stage(std::string_view word) {
    for (const Stage stage : kStages) {
        if (to_string(stage) == word) return stage;
    }
    return std::nullopt;
}

bool is_terminal(State state) {
    switch (state) {
        case State::completed:
        case State::failed:
        case State::cancelled:
        case State::moderated:
            return true;
        case State::draft:
        case State::submitted:
        case State::queued:
        case State::in_progress:
            return false;
    }
    return false;
}

bool occupies_project(State state, bool has_begun) {
    if (state == State::draft) return has_begun;
    return !is_terminal(state);
}

}  // namespace longhand::job
