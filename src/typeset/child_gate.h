// Lets so many in at once; others wait in the order in which they came.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "base/runtime.h"
#include "base/stop.h"

namespace longhand::typeset {

/// Used from the runtime's executor only. Outlives the passes it gave.
class ChildGate {
public:
    ChildGate(Runtime& runtime, unsigned places) : runtime_(runtime), free_(places) {}

    /// Holds a place until it is destroyed.
    class Pass {
    public:
        explicit Pass(ChildGate* gate) : gate_(gate) {}
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            if (gate_) gate_->leave();
        }
        explicit operator bool() const { return gate_ != nullptr; }

    private:
        ChildGate* gate_;
    };

    /// An empty pass when `stop` was raised first.
    awaitable<Pass> enter(StopToken stop);

private:
    struct Waiter {
        Notifier called;
        bool admitted = false;
    };
    void leave();

    Runtime& runtime_;
    unsigned free_;
    std::deque<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace longhand::typeset
