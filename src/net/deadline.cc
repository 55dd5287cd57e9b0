#include "net/deadline.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace longhand::net {

namespace {
using Clock = std::chrono::steady_clock;
constexpr auto kNever = Clock::time_point::max();
}  // namespace

// Shared with the timer's handler, which may be queued already when the owner goes.
struct Deadline::State {
    State(const asio::any_io_executor& executor, std::function<void()> passed)
        : timer(executor), on_passed(std::move(passed)) {}

    asio::steady_timer timer;
    std::function<void()> on_passed;
    Clock::time_point at = kNever;
    Clock::time_point armed_for = kNever;
};

Deadline::Deadline(asio::any_io_executor executor, std::function<void()> on_passed)
    : state_(std::make_shared<State>(executor, std::move(on_passed))) {}

Deadline::~Deadline() {
    state_->at = kNever;
    state_->on_passed = nullptr;
    state_->timer.cancel();
}

void Deadline::set(Clock::duration from_now) {
    state_->at = Clock::now() + from_now;
    // A timer that fires before the deadline finds it moved and is armed again then.
    if (state_->at < state_->armed_for) arm(state_);
}

void Deadline::clear() {
    state_->at = kNever;
}

void Deadline::cancel() {
    state_->at = kNever;
    state_->armed_for = kNever;
    state_->timer.cancel();
}

void Deadline::arm(const std::shared_ptr<State>& state) {
    state->armed_for = state->at;
    state->timer.expires_at(state->at);
    state->timer.async_wait([state](boost::system::error_code error) {
        if (error) return;
        state->armed_for = kNever;
        if (state->at == kNever) return;
        if (Clock::now() < state->at) return arm(state);
        state->at = kNever;
        // A copy: the call may destroy the owner.
        if (auto passed = state->on_passed) passed();
    });
}

}  // namespace longhand::net
