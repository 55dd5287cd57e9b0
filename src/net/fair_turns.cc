#include "net/fair_turns.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace longhand::net {
namespace {

// So many times as long as a line was served it rests; but no longer than this, for a loop that was held up, or a
// machine that stood still, is nobody's fault.
constexpr int kRest = 7;
constexpr std::chrono::milliseconds kLongestRest{100};
// Past so many callers those are forgotten whose time is over.
constexpr std::size_t kKnownCallers = 1'024;

}  // namespace

bool FairTurns::take(CallerId caller) {
    if (has_ended_) return true;
    const Time now = now_();
    if (caller != std::exchange(last_, caller) && shared_until_ != Time{}) shared_until_ = now + kAlone;
    if (shared_until_ == Time{}) shared_until_ = now;  // the first of all is alone
    // Who waits is served first.
    if (!lines_.empty() && lines_.contains(caller)) return false;
    if (!is_shared(now) && lines_.empty()) return true;
    Recent& known = recent(caller, now);
    if (now >= known.slice_ends) {
        known.slice_ends = now + kSlice;
        known.taken = 0;
    }
    return ++known.taken <= kAtOnce;
}

FairTurns::Recent& FairTurns::recent(CallerId caller, Time now) {
    if (recent_.size() > kKnownCallers) {
        std::erase_if(recent_,
                      [now](const auto& one) { return now >= one.second.slice_ends && now >= one.second.rests_until; });
    }
    return recent_[caller];
}

awaitable<void> FairTurns::wait(CallerId caller) {
    if (has_ended_) co_return;
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

void FairTurns::end() {
    has_ended_ = true;
    rested_.cancel();
    order_.clear();
    for (auto& [caller, line] : std::exchange(lines_, {})) {
        for (const Waiter& waiter : line) waiter->cancel();
    }
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
    const Time now = now_();
    // What was let go the last time has been served by now, with whatever came between.
    if (const CallerId last = std::exchange(served_, 0)) {
        const Time::duration rest = kRest * (now - served_at_);
        recent(last, now).rests_until = now + std::min<Time::duration>(rest, kLongestRest);
    }
    if (order_.empty()) return;
    if (!is_shared(now)) return serve(order_.front(), now);
    Time next = Time::max();
    for (const CallerId caller : order_) {
        const Time rests_until = recent(caller, now).rests_until;
        if (rests_until <= now) return serve(caller, now);
        next = std::min(next, rests_until);
    }
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
