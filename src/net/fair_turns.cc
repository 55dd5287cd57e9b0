#include "net/fair_turns.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace longhand::net {

// A served line rests so many times as long as that took.
constexpr int kRest = 7;

bool FairTurns::take(CallerId caller) {
    // Who waits is served first.
    if (!lines_.empty() && lines_.contains(caller)) return false;
    const Time now = std::chrono::steady_clock::now();
    if (is_alone(caller, now)) return true;
    Recent& known = recent(caller);
    if (now >= known.slice_ends) {
        known.slice_ends = now + kSlice;
        known.taken = 0;
    }
    return ++known.taken <= kAtOnce;
}

FairTurns::Recent& FairTurns::recent(CallerId caller) {
    Recent& place = recent_[caller % recent_.size()];
    if (place.caller != caller) place = Recent{caller};
    return place;
}

bool FairTurns::is_alone(CallerId caller, Time now) {
    if (caller != last_ && last_ != 0) shared_until_ = now + kAlone;
    last_ = caller;
    return now >= shared_until_;
}

awaitable<void> FairTurns::wait(CallerId caller) {
    const auto waiter = std::make_shared<asio::steady_timer>(context_, Time::max());
    auto& line = lines_[caller];
    line.push_back(waiter);
    if (line.size() == 1) {
        order_.push_back(caller);
        come_round();
    }
    boost::system::error_code ignored;
    co_await waiter->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// Posted, so that it is behind what is ready now, and the loop looks for more in between.
void FairTurns::come_round() {
    if (is_due_) return;
    is_due_ = true;
    asio::post(context_, [this] {
        is_due_ = false;
        serve_next_line();
    });
}

void FairTurns::serve_next_line() {
    const Time now = std::chrono::steady_clock::now();
    // What was let go the last time has been served by now, with whatever came between.
    if (const CallerId last = std::exchange(served_, 0)) recent(last).rests_until = now + kRest * (now - served_at_);
    Time next = Time::max();
    for (const CallerId caller : order_) {
        const Time rests_until = recent(caller).rests_until;
        if (rests_until <= now) return serve(caller, now);
        next = std::min(next, rests_until);
    }
    if (order_.empty()) return;
    rested_.expires_at(next);
    rested_.async_wait([this](boost::system::error_code error) {
        if (!error) come_round();
    });
}

void FairTurns::serve(CallerId caller, Time now) {
    const auto line = lines_.find(caller);
    for (unsigned count = 0; count < kInTurn && !line->second.empty(); ++count) {
        line->second.front()->cancel();
        line->second.pop_front();
    }
    std::erase(order_, caller);
    if (line->second.empty()) {
        lines_.erase(line);
    } else {
        order_.push_back(caller);
    }
    served_ = caller;
    served_at_ = now;
    // Also when nobody waits: it tells how long these took.
    come_round();
}

}  // namespace longhand::net
