// The seam through which everything that waits, looks at a clock or rolls a die does so. The product runs on
// AsioRuntime; tests and the simulation run on SimRuntime (base/sim_runtime.h), where time is virtual and the order of
// ready work is drawn from a seed.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/stop.h"
#include "base/time.h"
#include "base/uuid.h"

namespace longhand {

namespace asio = boost::asio;
using boost::asio::awaitable;

enum class WaitResult {
    elapsed,   ///< the time has passed
    notified,  ///< Notifier::notify was called
    stopped,   ///< the stop token was raised
};

/// Thread-safe. Outlives everything that is built on it.
class Runtime {
public:
    virtual ~Runtime() = default;

    /// Where the engine's coroutines run: one thread at a time.
    virtual asio::any_io_executor executor() = 0;
    virtual SteadyTime steady_now() const = 0;
    virtual WallTime wall_now() const = 0;
    virtual std::uint64_t random() = 0;

    /// Resumes on the caller's executor when `time` has come or `stop` is raised, whichever is first; never earlier.
    virtual awaitable<WaitResult> sleep_until(SteadyTime time, StopToken stop) = 0;

    /// Runs `work` where blocking is allowed (a pool of threads; at once, in the simulation).
    virtual void post_blocking(std::function<void()> work) = 0;

    awaitable<WaitResult> sleep_for(std::chrono::nanoseconds duration, StopToken stop) {
        return sleep_until(steady_now() + duration, std::move(stop));
    }
    /// Later ids of a process sort behind earlier ones, by the millisecond, also when the clock is set back.
    Uuid new_id() {
        const std::uint64_t high = random(), low = random();
        return Uuid::v7(next_id_time(), high, low);
    }

private:
    WallTime next_id_time();

    std::atomic<WallTime> last_id_time_{WallTime{}};
};

/// The real one: an Asio loop that its owner runs, and a pool for blocking work.
class AsioRuntime final : public Runtime {
public:
    /// `loop` is run by one thread, the owner's. `blocking_threads` at most run blocking work at once.
    AsioRuntime(asio::io_context& loop, unsigned blocking_threads);
    ~AsioRuntime() override;

    asio::any_io_executor executor() override { return loop_.get_executor(); }
    SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall_now() const override {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
    std::uint64_t random() override;
    awaitable<WaitResult> sleep_until(SteadyTime time, StopToken stop) override;
    void post_blocking(std::function<void()> work) override;

private:
    asio::io_context& loop_;
    asio::thread_pool pool_;
};

/// Runs `work` through `runtime.post_blocking` and resumes the caller, on its own executor, with what it returned.
/// `T` must be movable; `work` must own what it uses.
template <class T>
awaitable<T> run_blocking(Runtime& runtime, std::function<T()> work);

/// Wakes one or more waiting coroutines. A notification with nobody waiting is kept for the next wait; several are one.
/// Thread-safe. Notifications only wake: look again at what you wait for.
class Notifier {
public:
    void notify();
    /// Resumes on the caller's executor.
    awaitable<WaitResult> wait_until(Runtime& runtime, SteadyTime deadline, StopToken stop);

private:
    bool begin_wait(const StopSource& wake);
    void end_wait(const StopSource& wake);

    std::mutex mutex_;
    bool pending_ = false;
    std::vector<StopSource> waiting_;
};

}  // namespace longhand

#include "base/runtime_impl.h"  // IWYU pragma: keep
