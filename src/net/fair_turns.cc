#include "net/fair_turns.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace longhand::net {

bool FairTurns::take(CallerId caller) {
    // Who waits is served first.
    if (!lines_.empty() && lines_.contains(caller)) return false;
    const Time now = std::chrono::steady_clock::now();
    if (is_alone(caller, now)) return true;
    Recent& recent = recent_[caller % recent_.size()];
    if (recent.caller != caller || now >= recent.until) recent = {caller, now + kSlice, 0};
    return ++recent.taken <= kAtOnce;
}

bool FairTurns::is_alone(CallerId caller, Time now) {
    if (caller != last_ && last_ != 0) shared_until_ = now + kAlone;
    last_ = caller;
    return now >= shared_until_;
}

awaitable<void> FairTurns::wait(CallerId caller) {
    const auto waiter = std::make_shared<asio::steady_timer>(context_, asio::steady_timer::time_point::max());
    auto& line = lines_[caller];
    if (line.empty()) order_.push_back(caller);
    line.push_back(waiter);
    come_round();
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
        if (!order_.empty()) come_round();
    });
}

void FairTurns::serve_next_line() {
    const CallerId caller = order_.front();
    order_.pop_front();
    const auto line = lines_.find(caller);
    for (unsigned served = 0; served < kInTurn && !line->second.empty(); ++served) {
        line->second.front()->cancel();
        line->second.pop_front();
    }
    if (line->second.empty()) {
        lines_.erase(line);
    } else {
        order_.push_back(caller);
    }
}

}  // namespace longhand::net
