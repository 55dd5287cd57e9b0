#include "engine/figures.h"

#include <algorithm>

namespace longhand::engine {

using llm::LlmErrc;

namespace {

constexpr std::array kProviderFailures = {LlmErrc::unavailable,   LlmErrc::refused_key, LlmErrc::no_credit,
                                          LlmErrc::unknown_model, LlmErrc::bad_request, LlmErrc::content_filtered,
                                          LlmErrc::malformed,     LlmErrc::loop};

double seconds(SteadyTime::duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view word_of(LlmErrc failure) {
    switch (failure) {
        case LlmErrc::unavailable:
            return "unavailable";
        case LlmErrc::refused_key:
            return "refused_key";
        case LlmErrc::no_credit:
            return "no_credit";
        case LlmErrc::unknown_model:
            return "unknown_model";
        case LlmErrc::bad_request:
            return "bad_request";
        case LlmErrc::content_filtered:
            return "content_filter";
        case LlmErrc::malformed:
            return "malformed";
        case LlmErrc::withheld:
            return "withheld";
        case LlmErrc::loop:
            return "loop";
        case LlmErrc::stopped:
            return "stopped";
    }
    return "";
}

void Measures::lease_held(Uuid job, job::Lease lease, SteadyTime when) {
    const std::lock_guard lock(mutex_);
    const auto [found, is_new] = held_at_.try_emplace({job, lease}, when);
    if (is_new) return;
    leases_.seconds.observe(seconds(when - found->second));
    found->second = when;
}

void Measures::lease_gone(Uuid job, job::Lease lease) {
    const std::lock_guard lock(mutex_);
    held_at_.erase({job, lease});
}

LeaseFigures Measures::leases(SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    LeaseFigures figures = leases_;
    for (const auto& [run, held_at] : held_at_) {
        const auto age = std::chrono::duration_cast<Milliseconds>(now - held_at);
        figures.oldest = std::max(figures.oldest.value_or(age), age);
    }
    return figures;
}

void Measures::first_byte_after(SteadyTime::duration time) {
    const std::lock_guard lock(mutex_);
    calls_.first_byte_seconds.observe(seconds(time));
}

void Measures::answered_after(SteadyTime::duration time) {
    const std::lock_guard lock(mutex_);
    calls_.answer_seconds.observe(seconds(time));
}

void Measures::failed(LlmErrc failure) {
    const std::lock_guard lock(mutex_);
    ++failures_[failure];
}

CallFigures Measures::calls() const {
    const std::lock_guard lock(mutex_);
    CallFigures figures = calls_;
    for (const LlmErrc kind : kProviderFailures) {
        const auto found = failures_.find(kind);
        figures.failures.emplace_back(word_of(kind), found == failures_.end() ? 0 : found->second);
    }
    return figures;
}

}  // namespace longhand::engine
