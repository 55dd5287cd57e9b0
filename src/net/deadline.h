// One movable deadline on a loop, cheap to move: a timer fires at most once per wait and looks at where the deadline
// is.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/runtime.h"

namespace longhand::net {

/// Used from its executor's thread only. Destroying it, or clearing it, means that `on_passed` is not called any more.
class Deadline {
public:
    Deadline(asio::any_io_executor executor, std::function<void()> on_passed);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// From now; replaces the one before.
    void set(std::chrono::steady_clock::duration from_now);
    /// The timer may still fire, to no effect.
    void clear();
    /// Clears, and leaves nothing for the loop to wait for.
    void cancel();

private:
    struct State;
    static void arm(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

}  // namespace longhand::net
