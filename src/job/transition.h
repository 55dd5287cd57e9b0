// The one table that says which transition leaves which states, under what guard, and what it sets; and the pure
// function that applies one. No I/O, no clock, no threads: stores call it inside their transactions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/job.h"
#include "job/milestone.h"

namespace longhand::job {

enum class Transition {
    enqueue,      ///< the request and its files are durable: it may be claimed
    claim,        ///< a worker takes it
    report,       ///< progress, with the beat
    record_step,  ///< a journal entry was written
    complete,
    fail,
    moderate,
    cancel,
    pause,              ///< its budget is reached
    await_user,         ///< a milestone is there to be read
    resume,             ///< a paused draft goes on
    wait_for_provider,  ///< gives its slot back until not_before
    hand_over,          ///< its process goes down in good order
    rescue,             ///< its holder is dead, or hangs
    give_up,            ///< rescued too often with nothing new durable
    retry,
};
inline constexpr std::array kTransitions = {
    Transition::enqueue,   Transition::claim,      Transition::report,   Transition::record_step,
    Transition::complete,  Transition::fail,       Transition::moderate, Transition::cancel,
    Transition::pause,     Transition::await_user, Transition::resume,   Transition::wait_for_provider,
    Transition::hand_over, Transition::rescue,     Transition::give_up,  Transition::retry};
std::string_view to_string(Transition transition);

enum class Guard {
    none,   ///< the queue's order, or the store itself
    lease,  ///< the newest lease, and the state
    owner,  ///< the owner's id
};

/// A line of the table.
struct Rule {
    Transition transition;
    std::uint32_t from;          ///< set of states, one bit each (`bit(State)`)
    std::optional<State> to;     ///< nothing: the state stays
    std::optional<Stage> stage;  ///< nothing: as the change says, else as it was
    Guard guard;
    bool raises_lease;
    bool ends_run;
    bool appends_event;  ///< `report` appends one only when the stage changes
};
constexpr std::uint32_t bit(State state) {
    return 1U << static_cast<unsigned>(state);
}
const Rule& rule_of(Transition transition);
bool may_leave(Transition transition, State from);

/// What a transition brings along. Made by the named factories below, never by hand.
struct Change {
    Transition transition;
    WallTime now{};
    Lease lease = 0;
    Uuid owner;
    WorkerId worker;
    std::optional<Stage> stage;
    std::optional<double> progress;
    std::optional<Counts> counts;
    std::optional<std::string> title;
    std::optional<Problem> problem;
    std::optional<WallTime> not_before;
    std::string data = "{}";  ///< the event's, a JSON object
};

/// What a running job shows of itself.
struct Report {
    Stage stage = Stage::planning;
    double progress = 0;
    Counts counts;
    std::optional<std::string> title;
    bool operator==(const Report&) const = default;
};

Change enqueued(WallTime now);
Change claimed(WallTime now, WorkerId worker);
Change reported(WallTime now, Lease lease, const Report& report);
/// Words and what they say: goes into the step's event beside its key.
using Told = std::vector<std::pair<std::string, std::string>>;
Change step_recorded(WallTime now, Lease lease, std::string_view key, const Report& report, const Told& told = {});
Change completed(WallTime now, Lease lease, const Counts& counts, std::string data);
Change failed(WallTime now, Lease lease, Problem problem);
Change moderated(WallTime now, Lease lease, Problem problem);
Change cancelled(WallTime now, Uuid owner);
Change paused(WallTime now, Lease lease, std::string data);
/// `key`: of the step that wrote the milestone; empty where the user did.
Change awaits_user(WallTime now, Lease lease, Milestone milestone, std::string_view key);
Change resumed(WallTime now, Uuid owner);
Change waiting_for_provider(WallTime now, Lease lease, WallTime not_before, std::string_view reason);
Change handed_over(WallTime now, Lease lease);
Change rescued(WallTime now, Lease lease, std::string_view reason);
Change given_up(WallTime now, Lease lease, Problem problem);
Change retried(WallTime now, Uuid owner);

enum class Refusal {
    wrong_state,  ///< the table does not have it
    stale_lease,  ///< somebody else holds the job, or nobody
    not_owner,    ///< to the outside: not there
};

struct Applied {
    Job job;
    std::optional<Event> event;
};

/// The job after the change, and the event that tells it; or why not. `updated_at` is the later of now and 1 ms after
/// the last; progress never falls and is 100 only when completed.
Result<Applied, Refusal> apply(const Job& job, const Change& change);

/// What an owner sets of a job, in whatever state it is: no transition, and no event.
struct Amendment {
    std::optional<bool> starred;
    std::optional<std::string> title;  ///< stands whatever the writing would call it
};
Job amended(const Job& job, WallTime now, const Amendment& amendment);

/// A new job in `submitted`, with its first event (`submitted`).
struct Creation {
    Uuid id, owner, project;
    WallTime now{};
    std::optional<std::string> title;
    std::string provider;
    std::optional<std::string> reasoning_model, writing_model, function_model;
    std::uint32_t pipeline_version = 1;
    bool is_byok = false;
};
Applied created(const Creation& creation);

}  // namespace longhand::job
