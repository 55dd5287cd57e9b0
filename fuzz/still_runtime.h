// A runtime on one thread whose clock stands still but for sleeping: what waits, waits no time.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/runtime.h"
#include "fuzz/target.h"

namespace longhand::fuzz {

/// 2027-01-15T08:00:00Z, in which the kept corpora's tokens are valid.
inline constexpr WallTime kStillNow{Seconds(1'800'000'000)};

/// Used by one thread.
class StillRuntime final : public Runtime {
public:
    asio::any_io_executor executor() override { return loop_.get_executor(); }
    SteadyTime steady_now() const override { return now_; }
    WallTime wall_now() const override { return kStillNow; }
    /// The same ones after each `rewind`.
    std::uint64_t random() override { return ++drawn_ * 0x9e3779b97f4a7c15; }
    awaitable<WaitResult> sleep_until(SteadyTime time, StopToken stop) override {
        if (stop.stopped()) co_return WaitResult::stopped;
        now_ = std::max(now_, time);
        co_return WaitResult::elapsed;
    }
    void post_blocking(std::function<void()> work) override { work(); }

    void rewind() {
        now_ = {};
        drawn_ = 0;
    }
    asio::io_context& loop() { return loop_; }

    /// Runs `task` to its end.
    template <class T>
    T finish(awaitable<T> task) {
        std::optional<T> result;
        asio::co_spawn(loop_, std::move(task), [&result](std::exception_ptr error, T value) {
            if (error) std::rethrow_exception(error);
            result = std::move(value);
        });
        loop_.restart();
        loop_.run();
        require(result.has_value(), "a task ends");
        return std::move(*result);
    }

private:
    asio::io_context loop_{1};
    SteadyTime now_{};
    std::uint64_t drawn_ = 0;
};

}  // namespace longhand::fuzz
