// A runtime for tests and for the simulation: one thread, virtual time, and an order of ready work that is drawn from a
// seed. The same seed over the same program replays the same run.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/runtime.h"

namespace longhand {

/// Which of the ready pieces of work runs next.
enum class SimOrder {
    seeded,  ///< any of them, drawn from the seed: what no order was promised for, comes in any order
    fifo,    ///< the oldest
};

/// Everything happens in the thread that made it, inside the run functions; work from another thread ends the program.
/// Time stands still while work runs, and jumps to the next timer when nothing is ready.
class SimRuntime final : public Runtime {
public:
    explicit SimRuntime(std::uint64_t seed = 1, SimOrder order = SimOrder::seeded);
    /// As `crash`.
    ~SimRuntime() override;
    SimRuntime(const SimRuntime&) = delete;
    SimRuntime& operator=(const SimRuntime&) = delete;

    asio::any_io_executor executor() override;
    SteadyTime steady_now() const override { return now_; }
    /// Starts at 2025-07-17T10:00:00Z and moves with the steady clock, but for `set_wall_clock`.
    WallTime wall_now() const override;
    std::uint64_t random() override;
    awaitable<WaitResult> sleep_until(SteadyTime time, StopToken stop) override;
    void post_blocking(std::function<void()> work) override;

    /// Runs what is ready until nothing is, at this instant: no timer fires.
    void run_until_idle();
    /// Runs work and timers for so much virtual time.
    void run_for(std::chrono::nanoseconds duration);
    /// Runs until `done` holds, looked at after each piece of work. False when it did not within `limit` of virtual
    /// time, or when nothing is left that could make it so.
    bool run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit);
    /// Moves the clocks and runs nothing, as when a machine is suspended: what has become due waits to be run.
    void advance(std::chrono::nanoseconds duration);
    /// Moves the wall clock alone, on or back.
    void set_wall_clock(Milliseconds by) { wall_offset_ += by; }
    /// Runs until the coroutine has ended, and gives what it returned or throws what it threw. Throws std::logic_error
    /// when it does not end within 10 years of virtual time.
    template <class T>
    T block_on(awaitable<T> task);

    /// A process's sudden death: destroys all pending work without running it, and so the frames of all coroutines that
    /// wait here. Their locals are destroyed, so what they refer to must still be there. Not from inside the run
    /// functions.
    void crash();

    /// Grows with each piece of work that has run.
    std::uint64_t steps() const { return steps_; }
    /// A hash of what ran when: equal for equal runs.
    std::uint64_t trace() const { return trace_; }
    /// Adds what a test saw to the trace.
    void note(std::uint64_t value);

private:
    /// co_spawn's completion wants a default value, which T may not have.
    template <class T>
    static awaitable<std::optional<T>> as_optional(awaitable<T> task) {
        co_return std::optional<T>(co_await std::move(task));
    }

    struct Work {
        virtual ~Work() = default;
        virtual void run() = 0;
    };
    template <class F>
    struct WorkOf final : Work {
        explicit WorkOf(F f) : function(std::move(f)) {}
        void run() override { std::move(function)(); }
        F function;
    };
    using WorkPtr = std::unique_ptr<Work>;
    using TimerKey = std::pair<SteadyTime, std::uint64_t>;

    class Context final : public asio::execution_context {
    public:
        explicit Context(SimRuntime& owner) : runtime(owner) {}
        ~Context() { shutdown(); }
        SimRuntime& runtime;
    };

    /// Posts, always: a dispatch from inside is not run at once, so that the seed may put other work between.
    class Executor {
    public:
        explicit Executor(Context& context) noexcept : context_(&context) {}
        bool operator==(const Executor&) const noexcept = default;

        Context& query(asio::execution::context_t) const noexcept { return *context_; }
        static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
            return asio::execution::blocking.never;
        }
        Executor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }

        template <class F>
        void execute(F&& function) const {
            context_->runtime.enqueue(std::make_unique<WorkOf<std::decay_t<F>>>(std::forward<F>(function)));
        }

    private:
        Context* context_;
    };

    void check_thread() const;
    void enqueue(WorkPtr work);
    void add_timer(TimerKey key, WorkPtr work);
    void wake(TimerKey key);
    void fire_due();
    bool run_one();
    /// Runs or jumps once; false when there is nothing to do before `end`.
    bool step(SteadyTime end);

    const std::thread::id thread_ = std::this_thread::get_id();
    const SimOrder order_;
    std::mt19937_64 scheduler_;
    std::mt19937_64 dice_;
    Milliseconds wall_offset_{0};
    SteadyTime now_{std::chrono::hours(1)};
    std::deque<WorkPtr> ready_;
    std::map<TimerKey, WorkPtr> timers_;
    std::uint64_t next_timer_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t steps_at_this_instant_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325;
    bool running_ = false;
    Context context_{*this};
};

template <class T>
T SimRuntime::block_on(awaitable<T> task) {
    constexpr std::chrono::hours kTenYears{24 * 3660};
    std::exception_ptr error;
    bool ended = false;
    if constexpr (std::is_void_v<T>) {
        asio::co_spawn(executor(), std::move(task), [&](std::exception_ptr thrown) {
            error = thrown;
            ended = true;
        });
        if (!run_until([&] { return ended; }, kTenYears))
            throw std::logic_error("block_on: the coroutine does not end");
        if (error) std::rethrow_exception(error);
    } else {
        std::optional<T> value;
        asio::co_spawn(executor(), as_optional<T>(std::move(task)),
                       [&](std::exception_ptr thrown, std::optional<T> got) {
                           error = thrown;
                           value = std::move(got);
                           ended = true;
                       });
        if (!run_until([&] { return ended; }, kTenYears))
            throw std::logic_error("block_on: the coroutine does not end");
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
}

}  // namespace longhand
