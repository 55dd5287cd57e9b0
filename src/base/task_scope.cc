#include "base/task_scope.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace longhand {
namespace {

/// Counts a task from its start until it has ended or its frame is gone.
class Counted {
public:
    explicit Counted(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
    Counted(Counted&& other) noexcept = default;
    Counted(const Counted&) = delete;
    ~Counted() { leave(); }

    void leave() {
        if (count_) --*count_;
        count_.reset();
    }

private:
    std::shared_ptr<std::size_t> count_;
};

}  // namespace

TaskScope::~TaskScope() {
    if (*running_ != 0) std::terminate();
}

void TaskScope::spawn(awaitable<void> task) {
    asio::co_spawn(runtime_.executor(), std::move(task),
                   [this, counted = Counted(running_)](std::exception_ptr error) mutable {
                       counted.leave();
                       if (error && on_bug_) on_bug_(error);
                       changed_.notify();
                   });
}

awaitable<void> TaskScope::join() {
    while (*running_ != 0) {
        co_await changed_.wait_until(runtime_, runtime_.steady_now() + std::chrono::hours(1), StopToken{});
    }
}

}  // namespace longhand
