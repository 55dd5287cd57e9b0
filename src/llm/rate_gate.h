// When a call may leave for a provider that limits how many come.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "base/runtime.h"
#include "base/stop.h"

namespace longhand::llm {

/// The limiter of one key on one host. While it is closed no call leaves. What the provider once refused as too many it
/// is not asked for again: as many calls as it took in a span (a minute, or the few seconds that a short `Retry-After`
/// named) leave in any such span, first come first served. Where that holds calls back and all went well for five
/// spans, it lets half as many more through, and so with each span that follows until the next refusal, which doubles
/// the wait before it tries again. Used from the runtime's executor only; outlives the calls that wait.
class RateGate {
public:
    explicit RateGate(Runtime& runtime) : runtime_(runtime) {}

    /// A shorter pause than the one that runs already changes nothing.
    void close_for(Milliseconds pause);
    /// The call that left at `left` was refused as one too many, to be sent again after `pause` (`Retry-After`).
    void refused(SteadyTime left, Milliseconds pause);
    /// 0 when open.
    Milliseconds remaining() const;
    /// How long a call that comes now has to wait, as things are.
    Milliseconds expected_wait() const;
    /// Resumes when the call may leave, with the time under which it stands in the books; with nothing when stopped.
    awaitable<std::optional<SteadyTime>> pass(StopToken stop);

private:
    struct Slot {
        SteadyTime at;
        bool waiting = true;
        StopSource moved{};  ///< raised when its time has come nearer
    };
    SteadyTime time_after(std::size_t slots) const;
    void learn(Milliseconds pause);
    void grow();
    void plan();
    void forget(SteadyTime left);
    void forget_old();

    Runtime& runtime_;
    SteadyTime closed_until_{};
    SteadyTime open_at_{};                     // a little later, so that several processes do not come back at once
    std::deque<std::shared_ptr<Slot>> slots_;  // of calls that left, then of those that wait
    std::size_t limit_ = 0;                    // calls in a span; 0: none known
    std::chrono::nanoseconds span_{};
    SteadyTime refused_at_{};
    SteadyTime grown_at_{};
    unsigned quiet_spans_ = 0;  // before it grows
    bool grown_ = false;        // since the last refusal
};

}  // namespace longhand::llm
