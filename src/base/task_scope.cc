#include "base/task_scope.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace longhand {

TaskScope::~TaskScope() {
    if (running_ != 0) std::terminate();
}

void TaskScope::spawn(awaitable<void> task) {
    ++running_;
    asio::co_spawn(runtime_.executor(), std::move(task), [this](std::exception_ptr error) {
        --running_;
        if (error && on_bug_) on_bug_(error);
        changed_.notify();
    });
}

awaitable<void> TaskScope::join() {
    while (running_ != 0) {
        co_await changed_.wait_until(runtime_, runtime_.steady_now() + std::chrono::hours(1), StopToken{});
    }
}

}  // namespace longhand
