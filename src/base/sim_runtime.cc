#include "base/sim_runtime.h"

#include <cstdio>
#include <cstdlib>

namespace longhand {
namespace {

// A loop that posts itself without ever waiting would keep virtual time from moving.
constexpr std::uint64_t kStepsAtOneInstant = 20'000'000;

}  // namespace

SimRuntime::SimRuntime(std::uint64_t seed, SimOrder order)
    : order_(order), scheduler_(seed * 2 + 1), dice_(seed * 2 + 2) {}

SimRuntime::~SimRuntime() {
    crash();
}

asio::any_io_executor SimRuntime::executor() {
    return Executor(context_);
}

WallTime SimRuntime::wall_now() const {
    constexpr WallTime kStart{Milliseconds{1'752'746'400'000}};
    return kStart + wall_offset_ + std::chrono::floor<Milliseconds>(now_.time_since_epoch() - std::chrono::hours(1));
}

std::uint64_t SimRuntime::random() {
    check_thread();
    return dice_();
}

awaitable<WaitResult> SimRuntime::sleep_until(SteadyTime time, StopToken stop) {
    check_thread();
    if (stop.stopped()) co_return WaitResult::stopped;
    const TimerKey key{time, next_timer_++};
    StopCallback on_stop(stop, [this, key] { wake(key); });
    auto initiation = [this, key](auto handler) {
        add_timer(key, std::make_unique<WorkOf<decltype(handler)>>(std::move(handler)));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiation), asio::use_awaitable);
    co_return stop.stopped() ? WaitResult::stopped : WaitResult::elapsed;
}

void SimRuntime::post_blocking(std::function<void()> work) {
    enqueue(std::make_unique<WorkOf<std::function<void()>>>(std::move(work)));
}

void SimRuntime::run_until_idle() {
    run_until([] { return false; }, std::chrono::nanoseconds(-1));
}

void SimRuntime::run_for(std::chrono::nanoseconds duration) {
    const SteadyTime end = now_ + duration;
    run_until([] { return false; }, duration);
    now_ = std::max(now_, end);
}

bool SimRuntime::run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
    check_thread();
    if (running_) throw std::logic_error("the simulation is run from inside itself");
    struct Running {
        explicit Running(bool& is_running) : flag(is_running) { flag = true; }
        ~Running() { flag = false; }
        bool& flag;
    } running(running_);
    const SteadyTime end = now_ + limit;
    while (!done()) {
        if (!step(end)) return false;
    }
    return true;
}

void SimRuntime::advance(std::chrono::nanoseconds duration) {
    check_thread();
    now_ += duration;
    steps_at_this_instant_ = 0;
    fire_due();
}

void SimRuntime::crash() {
    check_thread();
    if (running_) throw std::logic_error("the simulation is crashed from inside itself");
    // A handler that is destroyed posts the destruction of its coroutine's frames here, and their locals may post more.
    while (!ready_.empty() || !timers_.empty()) {
        auto ready = std::exchange(ready_, {});
        auto timers = std::exchange(timers_, {});
        ready.clear();
        timers.clear();
    }
}

void SimRuntime::note(std::uint64_t value) {
    trace_ = (trace_ ^ value) * 0x100000001b3;
}

void SimRuntime::check_thread() const {
    if (std::this_thread::get_id() == thread_) return;
    std::fputs("SimRuntime is used from another thread\n", stderr);
    std::abort();
}

void SimRuntime::enqueue(WorkPtr work) {
    check_thread();
    ready_.push_back(std::move(work));
}

void SimRuntime::add_timer(TimerKey key, WorkPtr work) {
    if (key.first <= now_) return enqueue(std::move(work));
    timers_.emplace(key, std::move(work));
}

void SimRuntime::wake(TimerKey key) {
    check_thread();
    auto timer = timers_.extract(key);
    if (!timer.empty()) enqueue(std::move(timer.mapped()));
}

void SimRuntime::fire_due() {
    while (!timers_.empty() && timers_.begin()->first.first <= now_) {
        ready_.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
    }
}

bool SimRuntime::run_one() {
    if (ready_.empty()) return false;
    std::size_t pick = 0;
    if (order_ == SimOrder::seeded) {
        pick = scheduler_() % ready_.size();
        std::swap(ready_[pick], ready_.front());
    }
    WorkPtr work = std::move(ready_.front());
    ready_.pop_front();
    if (++steps_at_this_instant_ > kStepsAtOneInstant) throw std::logic_error("the simulation spins without waiting");
    ++steps_;
    note(pick);
    note(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    work->run();
    return true;
}

bool SimRuntime::step(SteadyTime end) {
    if (run_one()) return true;
    if (timers_.empty() || timers_.begin()->first.first > end) return false;
    now_ = std::max(now_, timers_.begin()->first.first);
    steps_at_this_instant_ = 0;
    fire_due();
    return true;
}

}  // namespace longhand
