#include "llm/rate_gate.h"

#include <algorithm>
#include <utility>

namespace longhand::llm {
namespace {

constexpr Milliseconds kWidestSpread{2'000};
constexpr Milliseconds kMinute{60'000};
constexpr Milliseconds kLongestSpan{120'000};
constexpr Milliseconds kBrief{5'000};
constexpr unsigned kFewestQuietSpans = 5;
constexpr unsigned kMostQuietSpans = 60;
constexpr std::size_t kNoLimit = 1'000'000;

}  // namespace

void RateGate::close_for(Milliseconds pause) {
    const SteadyTime until = runtime_.steady_now() + pause;
    if (until <= closed_until_) return;
    closed_until_ = until;
    const std::chrono::nanoseconds widest = std::min(pause / 10, kWidestSpread);
    open_at_ = until + widest * static_cast<int>(runtime_.random() % 1024) / 1024;
}

void RateGate::refused(SteadyTime left, Milliseconds pause) {
    forget(left);
    close_for(pause);
    learn(pause);
    plan();
}

void RateGate::learn(Milliseconds pause) {
    if (pause > kLongestSpan) return;  // a day's quota says nothing of a minute
    const SteadyTime now = runtime_.steady_now();
    const bool brief = pause <= kBrief && span_ < kMinute;
    const std::chrono::nanoseconds span = brief ? pause : std::max(kMinute, pause);
    // A minute's window ends when the pause does, so it began a minute before that; the pause is rounded, and told a
    // little late.
    const SteadyTime since = brief ? now - span : now + pause - span - span / 20;
    const auto taken = static_cast<std::size_t>(std::count_if(
        slots_.begin(), slots_.end(), [&](const auto& slot) { return !slot->waiting && slot->at >= since; }));
    if (std::exchange(grown_, false)) quiet_spans_ = std::min(2 * quiet_spans_, kMostQuietSpans);
    refused_at_ = now;
    if (taken == 0 || (limit_ > 0 && taken >= limit_ && span == span_)) return;
    if (limit_ == 0) quiet_spans_ = kFewestQuietSpans;
    limit_ = taken;
    span_ = span;
}

void RateGate::grow() {
    const SteadyTime now = runtime_.steady_now();
    const bool holds_back = limit_ > 0 && !slots_.empty() && slots_.back()->waiting;
    if (!holds_back || now - refused_at_ < quiet_spans_ * span_ || now - grown_at_ < span_) return;
    limit_ += std::max<std::size_t>(1, limit_ / 2);
    grown_at_ = now;
    grown_ = true;
    if (limit_ > kNoLimit) {
        limit_ = 0;
        span_ = {};
    }
    plan();
}

SteadyTime RateGate::time_after(std::size_t slots) const {
    const SteadyTime open = std::max(runtime_.steady_now(), open_at_);
    if (limit_ == 0 || slots < limit_) return open;
    // A little longer than the span: what leaves evenly may arrive unevenly.
    return std::max(open, slots_[slots - limit_]->at + span_ + span_ / 50);
}

void RateGate::plan() {
    std::stable_partition(slots_.begin(), slots_.end(), [](const auto& slot) { return !slot->waiting; });
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        Slot& slot = *slots_[i];
        if (!slot.waiting) continue;
        const SteadyTime before = std::exchange(slot.at, time_after(i));
        if (slot.at < before) slot.moved.stop(StopReason::deadline);
    }
}

void RateGate::forget(SteadyTime left) {
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [&](const auto& slot) { return !slot->waiting && slot->at == left; });
    if (found != slots_.end()) slots_.erase(found);
}

void RateGate::forget_old() {
    const SteadyTime old = runtime_.steady_now() - 2 * kLongestSpan;
    while (!slots_.empty() && !slots_.front()->waiting && slots_.front()->at < old) slots_.pop_front();
}

Milliseconds RateGate::remaining() const {
    const auto left = closed_until_ - runtime_.steady_now();
    return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(left));
}

Milliseconds RateGate::expected_wait() const {
    return std::chrono::ceil<Milliseconds>(time_after(slots_.size()) - runtime_.steady_now());
}

awaitable<std::optional<SteadyTime>> RateGate::pass(StopToken stop) {
    forget_old();
    const auto slot = std::make_shared<Slot>(Slot{time_after(slots_.size())});
    slots_.push_back(slot);
    while (runtime_.steady_now() < slot->at) {
        slot->moved = StopSource();
        StopCallback forward(stop, [moved = slot->moved]() mutable { moved.stop(StopReason::cancelled); });
        co_await runtime_.sleep_until(slot->at, slot->moved.token());
        if (stop.stopped()) break;
    }
    if (stop.stopped()) {
        std::erase(slots_, slot);
        plan();
        co_return std::nullopt;
    }
    slot->waiting = false;
    slot->at = runtime_.steady_now();
    const SteadyTime left = slot->at;
    grow();
    co_return left;
}

}  // namespace longhand::llm
