#include "engine/side_by_side.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>

namespace longhand::engine {
namespace {

/// What the tasks share with the one who waits; there until the last of them is gone.
struct SideBySide {
    std::size_t running = 0;
    std::exception_ptr error;
    Notifier ended;
};

}  // namespace

awaitable<void> side_by_side(Runtime& runtime, std::vector<awaitable<void>> tasks) {
    auto together = std::make_shared<SideBySide>();
    for (auto& task : tasks) {
        ++together->running;
        asio::co_spawn(runtime.executor(), std::move(task), [together](std::exception_ptr error) {
            --together->running;
            if (error && !together->error) together->error = error;
            together->ended.notify();
        });
    }
    while (together->running != 0) {
        const SteadyTime look_again = runtime.steady_now() + std::chrono::hours(1);
        co_await together->ended.wait_until(runtime, look_again, StopToken{});
    }
    if (together->error) std::rethrow_exception(together->error);
}

}  // namespace longhand::engine
