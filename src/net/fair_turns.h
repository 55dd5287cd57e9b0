// Whose request a loop serves next: what one caller sends does not hold back another's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/runtime.h"

namespace longhand::net {

/// Who sends a request, as a number of the caller's own choice, not 0; two who share one share their turns.
using CallerId = std::uint64_t;

/// Fair queueing by caller (RFC 970; J. Nagle, 1985): a few requests in a hundredth of a second are served as they
/// come, which is all of them while nobody sends many; and all, for a caller who is alone. What is past that waits in a
/// line of its caller's. The lines are served in turn, a few requests of one of them each time the loop comes round,
/// between whatever else is ready by then; and a line that was served rests seven times as long as that took, so that
/// it has at most an eighth of the loop, whose thread sleeps as it does in quiet times: the system lets a thread that
/// wakes up run at once, and one that has had its share wait. Nothing is ever refused. Lives on its loop, and is used
/// on its thread.
class FairTurns {
public:
    static constexpr unsigned kAtOnce = 8;  ///< requests of a caller in a slice
    static constexpr unsigned kInTurn = 4;  ///< requests of a line, each time it has its turn
    static constexpr std::chrono::milliseconds kSlice{10};
    static constexpr std::chrono::seconds kAlone{10};  ///< since another caller was seen

    using Time = std::chrono::steady_clock::time_point;

    /// `now` is the clock, for tests.
    explicit FairTurns(asio::io_context& context, std::function<Time()> now = &std::chrono::steady_clock::now)
        : context_(context), now_(std::move(now)) {}
    FairTurns(const FairTurns&) = delete;
    FairTurns& operator=(const FairTurns&) = delete;

    /// Whether the caller's next request may be served now; if not, it is to `wait`.
    bool take(CallerId caller);
    /// Until the caller's turn has come. Not bounded in time, but by what is ahead in the line: one request of each
    /// other connection of the caller's.
    awaitable<void> wait(CallerId caller);
    /// The loop is to end: whoever waits or comes is served at once.
    void end();

private:
    using Waiter = std::shared_ptr<asio::steady_timer>;
    struct Recent {
        Time slice_ends{};
        unsigned taken = 0;  ///< in the slice
        Time rests_until{};
    };

    bool is_shared(Time now) const { return now < shared_until_ || lines_.size() > 1; }
    Recent& recent(CallerId caller, Time now);
    void come_round();
    void serve_next_line();
    void serve(CallerId caller, Time now);

    asio::io_context& context_;
    const std::function<Time()> now_;
    std::unordered_map<CallerId, Recent> recent_;  ///< those of the last slices, and some more
    std::unordered_map<CallerId, std::deque<Waiter>> lines_;
    std::deque<CallerId> order_;  ///< of the lines, none of which is empty
    CallerId served_ = 0;         ///< whose requests were let go the last time; 0: nobody's
    Time served_at_{};
    asio::steady_timer rested_{context_};
    CallerId last_ = 0;
    Time shared_until_{};  ///< from then on the last caller is alone
    bool is_due_ = false;  ///< comes round once more
    bool has_ended_ = false;
};

}  // namespace longhand::net
