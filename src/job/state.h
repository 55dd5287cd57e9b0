// The states of a job and the words that the outside knows them by.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace longhand::job {

/// Closed by the compatible API: its clients loop for ever on words they don't know.
enum class State { draft, submitted, queued, in_progress, completed, failed, cancelled, moderated };
inline constexpr std::array kStates = {State::draft,     State::submitted, State::queued,    State::in_progress,
                                       State::completed, State::failed,    State::cancelled, State::moderated};

/// What a job is doing, or waits for: `progress_stage`. Never null.
enum class Stage {
    queued,
    reading_sources,
    planning,
    outlining,
    researching,
    generating_work,
    reviewing,
    assembling,
    typesetting,
    waiting_for_provider,
    waiting_for_budget,
    waiting_for_user,
    done,
    stopped,
};
inline constexpr std::array kStages = {Stage::queued,
                                       Stage::reading_sources,
                                       Stage::planning,
                                       Stage::outlining,
                                       Stage::researching,
                                       Stage::generating_work,
                                       Stage::reviewing,
                                       Stage::assembling,
                                       Stage::typesetting,
                                       Stage::waiting_for_provider,
                                       Stage::waiting_for_budget,
                                       Stage::waiting_for_user,
                                       Stage::done,
                                       Stage::stopped};

std::string_view to_string(State state);
std::string_view to_string(Stage stage);
std::optional<State> parse_state(std::string_view word);
std::optional<Stage> parse_stage(std::string_view word);

/// completed, failed, cancelled, moderated: a run has ended.
bool is_terminal(State state);
/// A job that keeps its project busy: submitted, queued, in_progress, or a draft that has begun.
bool occupies_project(State state, bool has_begun);

}  // namespace longhand::job
