// A job's row: what is known of it between two transitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/uuid.h"
#include "job/state.h"

namespace longhand::job {

/// Names a process that runs jobs, for one life of it.
using WorkerId = Uuid;
/// Grows with every entry to and exit from in_progress, and never resets. The holder of the newest may write.
using Lease = std::int64_t;

/// Why a run ended without its work. `code` is for programs (docs/errors.md), the message for people.
struct Problem {
    std::string code;
    std::string message;
    bool operator==(const Problem&) const = default;
};

/// Work done and planned. Tokens and words are of the whole job, over all its runs.
struct Counts {
    std::int64_t words_done = 0;
    std::int64_t words_planned = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    bool operator==(const Counts&) const = default;
};

struct Job {
    Uuid id;
    Uuid owner;
    Uuid project;
    State state = State::draft;
    Stage stage = Stage::waiting_for_user;
    std::int32_t run = 1;  ///< grows with each retry
    Lease lease = 0;
    WorkerId worker;         ///< who holds the lease; nil unless in_progress
    bool has_begun = false;  ///< has been in_progress in some run

    double progress = 0;  ///< 0 to 100; 100 exactly when completed
    Counts counts;
    std::optional<std::string> title;
    bool is_byok = false;
    bool is_starred = false;
    std::string provider;  ///< who its models are bought from; a worker of another provider leaves it alone
    std::optional<std::string> reasoning_model;
    std::optional<std::string> writing_model;
    std::optional<std::string> function_model;
    std::uint32_t pipeline_version = 1;
    std::optional<Problem> problem;  ///< of a failed or moderated job

    WallTime created_at{};
    WallTime updated_at{};                ///< moves with every change
    std::optional<WallTime> started_at;   ///< of the first claim
    std::optional<WallTime> finished_at;  ///< of the last run's end
    std::optional<WallTime> not_before;   ///< a queued job that waits for its provider
    std::int64_t last_event = 0;          ///< `seq` of its newest event
    std::int32_t rescues = 0;             ///< since something new became durable

    bool operator==(const Job&) const = default;
};

/// A durable event: a row, numbered from 1 without gaps within its job.
struct Event {
    Uuid job;
    std::int64_t seq = 0;
    WallTime at{};
    std::string kind;  ///< the transition's word, see docs/state-machine.md
    std::string data;  ///< a JSON object
    bool operator==(const Event&) const = default;
};

}  // namespace longhand::job
