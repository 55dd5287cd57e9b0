// A set of coroutines that its owner stops and waits for, so that no background work outlives what it uses.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/runtime.h"

namespace longhand {

/// Used from the runtime's executor only. Destroying one with tasks in it is a bug and ends the program: stop and join
/// it first. A task that its runtime has dropped (the loop is destroyed; the simulation crashes) is no longer in it.
class TaskScope {
public:
    explicit TaskScope(Runtime& runtime) : runtime_(runtime) {}
    ~TaskScope();
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;

    StopToken token() const { return stop_.token(); }
    std::size_t size() const { return *running_; }

    /// Starts `task` on the runtime's executor. An exception that leaves a task is a bug: `on_bug` is told, once each.
    void spawn(awaitable<void> task);
    void on_bug(std::function<void(std::exception_ptr)> handler) { on_bug_ = std::move(handler); }

    void stop(StopReason reason) { stop_.stop(reason); }
    /// Resumes when no task is left. Does not stop them.
    awaitable<void> join();

private:
    Runtime& runtime_;
    StopSource stop_;
    /// Shared with the tasks, which may be dropped after this object is gone.
    std::shared_ptr<std::size_t> running_ = std::make_shared<std::size_t>(0);
    Notifier changed_;
    std::function<void(std::exception_ptr)> on_bug_;
};

}  // namespace longhand
