#include "typeset/child_gate.h"

#include <algorithm>

namespace longhand::typeset {

awaitable<ChildGate::Pass> ChildGate::enter(StopToken stop) {
    if (stop.stopped()) co_return Pass(nullptr);
    if (free_ > 0) {
        --free_;
        co_return Pass(this);
    }
    auto waiter = std::make_shared<Waiter>();
    waiting_.push_back(waiter);
    while (!waiter->admitted && !stop.stopped()) {
        const auto deadline = runtime_.steady_now() + std::chrono::hours(1);
        co_await waiter->called.wait_until(runtime_, deadline, stop);
    }
    if (waiter->admitted) co_return Pass(this);
    std::erase(waiting_, waiter);
    co_return Pass(nullptr);
}

void ChildGate::leave() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next->admitted = true;
    next->called.notify();
}

}  // namespace longhand::typeset
