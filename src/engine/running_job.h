// One job in one run under one lease, as its runner, its calls and the beat see it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/runtime.h"
#include "engine/progress.h"
#include "job/job.h"
#include "llm/token_estimate.h"
#include "store/job_store.h"

namespace longhand::engine {

/// The two ways to end a run. A stop says: begin nothing, end what goes on, and hand back. A job that is abandoned is
/// somebody else's, or nobody's: write nothing of it any more either. Handles on one signal; thread-safe.
struct RunSignals {
    StopSource stop;
    StopSource abandon;

    void lose(StopReason reason) {
        abandon.stop(reason);
        stop.stop(reason);
    }
};

/// Text of a call while it streams. What the store has of it is kept there and in the live feed.
struct StreamedText {
    std::uint32_t attempt = 1;
    std::uint64_t stored = 0;   ///< bytes that the store has
    std::string unstored;       ///< what came behind them
    llm::TokenEstimate tokens;  ///< of both
    std::int64_t words = 0;
    std::int64_t planned_words = 0;  ///< more than these do not count as progress
    Uuid call;                       ///< its row in the ledger; nil: none
};

/// How many of something a run has at this moment, and a way to wait for one to end.
struct Tally {
    std::size_t count = 0;
    Notifier ended;
};

/// Used on the engine's loop only, but for `signals`. Coroutines and the guards in their frames share it, so that it is
/// there when they go, in whatever order.
struct RunningJob {
    RunningJob(store::ClaimedJob claimed_job, RunSignals run_signals, SteadyTime now);

    const store::ClaimedJob claimed;
    RunSignals signals;
    SteadyTime held_at;  ///< when the last beat that was answered `held` was sent

    // What it shows of itself.
    WorkDone work;
    job::Report report;
    std::map<std::string, StreamedText, std::less<>> texts;  ///< by step key
    SteadyTime shown_at{};

    // What it is doing.
    std::map<std::string, SteadyTime, std::less<>> active;  ///< since when each step's present attempt runs
    Tally calls;
    Tally reservations;  ///< rows of the ledger that hold a part of its budget for calls of this run

    // Its provider.
    std::optional<SteadyTime> provider_down_since;
    std::optional<WallTime> waiting_since;  ///< over earlier runs, with nothing finished in between
    unsigned waits = 0;
    std::optional<std::string> wait_reason;  ///< set: the run ends to wait for its provider

    std::optional<std::string> out_of_budget;  ///< set: no call is begun any more, and the run ends to pause

    std::optional<store::AwaitUser> user_stop;  ///< set: the run ends to wait for its user

    std::optional<job::Problem> problem;  ///< why the work can't go on, when a step knows

    Uuid id() const { return claimed.job.id; }
    job::Lease lease() const { return claimed.job.lease; }
    StopToken stop() const { return signals.stop.token(); }
    StopToken abandoned() const { return signals.abandon.token(); }

    /// Brings `report` up to what has been done.
    void refresh();
};

/// One in a tally of its job, while it is there.
class InTally {
public:
    InTally(std::shared_ptr<RunningJob> job, Tally RunningJob::*tally) : job_(std::move(job)), tally_(tally) {
        ++((*job_).*tally_).count;
    }
    InTally(const InTally&) = delete;
    ~InTally() {
        --((*job_).*tally_).count;
        ((*job_).*tally_).ended.notify();
    }

private:
    std::shared_ptr<RunningJob> job_;
    Tally RunningJob::*tally_;
};

/// A step's attempt, for the limit on its time: there while it runs.
class ActiveStep {
public:
    ActiveStep(std::shared_ptr<RunningJob> job, std::string key, SteadyTime now)
        : job_(std::move(job)), key_(std::move(key)) {
        job_->active[key_] = now;
    }
    ActiveStep(const ActiveStep&) = delete;
    ~ActiveStep() { job_->active.erase(key_); }

private:
    std::shared_ptr<RunningJob> job_;
    std::string key_;
};

}  // namespace longhand::engine
