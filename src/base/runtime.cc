#include "base/runtime.h"

#include <openssl/rand.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <utility>

namespace longhand {

WallTime Runtime::next_id_time() {
    const WallTime now = wall_now();
    WallTime last = last_id_time_.load(std::memory_order_relaxed), next;
    do {
        next = now < last ? last + Milliseconds{1} : now;
    } while (!last_id_time_.compare_exchange_weak(last, next, std::memory_order_relaxed));
    return next;
}

AsioRuntime::AsioRuntime(asio::io_context& loop, unsigned blocking_threads) : loop_(loop), pool_(blocking_threads) {}

AsioRuntime::~AsioRuntime() {
    pool_.join();
}

std::uint64_t AsioRuntime::random() {
    // Asked for many at once: a call costs as much as some hundred bytes. No number is given twice.
    thread_local std::array<std::uint64_t, 32> drawn;
    thread_local std::size_t left = 0;
    if (left == 0) {
        if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), sizeof drawn) != 1) {
            throw std::runtime_error("the system gives no random bytes");
        }
        left = drawn.size();
    }
    return std::exchange(drawn[--left], 0);
}

awaitable<WaitResult> AsioRuntime::sleep_until(SteadyTime time, StopToken stop) {
    if (stop.stopped()) co_return WaitResult::stopped;
    // The timer is shared with the callback's posted cancel, which may run after this coroutine has gone on.
    auto executor = co_await asio::this_coro::executor;
    const auto until = std::chrono::time_point_cast<std::chrono::steady_clock::duration>(time);
    auto timer = std::make_shared<asio::steady_timer>(executor, until);
    StopCallback on_stop(stop, [timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); });
    boost::system::error_code ignored;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return stop.stopped() ? WaitResult::stopped : WaitResult::elapsed;
}

void AsioRuntime::post_blocking(std::function<void()> work) {
    asio::post(pool_, std::move(work));
}

void Notifier::notify() {
    std::vector<StopSource> wake;
    {
        std::lock_guard lock(mutex_);
        if (waiting_.empty()) pending_ = true;
        wake.swap(waiting_);
    }
    // `deadline` stands for a notification: only wait_until sees the token.
    for (auto& source : wake) source.stop(StopReason::deadline);
}

awaitable<WaitResult> Notifier::wait_until(Runtime& runtime, SteadyTime deadline, StopToken stop) {
    if (stop.stopped()) co_return WaitResult::stopped;
    StopSource wake;
    if (!begin_wait(wake)) co_return WaitResult::notified;
    // Also when the coroutine is dropped while it waits: a waiter that is gone must not take a notification.
    struct Waiting {
        Notifier& notifier;
        StopSource& wake;
        ~Waiting() { notifier.end_wait(wake); }
    } waiting{*this, wake};
    // One token to sleep on: raised by a notification or by the caller's stop.
    StopCallback forward(stop, [wake]() mutable { wake.stop(StopReason::shutdown); });
    co_await runtime.sleep_until(deadline, wake.token());
    if (stop.stopped()) co_return WaitResult::stopped;
    co_return wake.token().reason() == StopReason::deadline ? WaitResult::notified : WaitResult::elapsed;
}

bool Notifier::begin_wait(const StopSource& wake) {
    std::lock_guard lock(mutex_);
    if (pending_) {
        pending_ = false;
        return false;
    }
    waiting_.push_back(wake);
    return true;
}

void Notifier::end_wait(const StopSource& wake) {
    std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const StopSource& other) { return other.same_as(wake); });
}

}  // namespace longhand
