// Stop signals that carry their reason. Over std::stop_source, which gives the thread-safety.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace longhand {

enum class StopReason {
    none,        ///< not stopped
    cancelled,   ///< a person asked for it
    lost_lease,  ///< another worker holds the job, or may
    shutdown,    ///< the process is going down in good order
    paused,      ///< the job waits for its owner
    deadline,    ///< a time limit passed
};

/// Copyable handle on a StopSource's state; a default one never stops. Thread-safe.
class StopToken {
public:
    StopToken() = default;

    bool stopped() const { return token_.stop_requested(); }
    /// Why; `none` while not stopped.
    StopReason reason() const { return state_ ? state_->load(std::memory_order_acquire) : StopReason::none; }

private:
    friend class StopSource;
    friend class StopCallback;
    std::stop_token token_;
    std::shared_ptr<const std::atomic<StopReason>> state_;
};

/// Raises the signal, once: the first reason stays. Thread-safe.
class StopSource {
public:
    StopSource() : state_(std::make_shared<std::atomic<StopReason>>(StopReason::none)) {}

    /// Runs the registered callbacks in this thread. False when it was stopped before; stopped it is in either case.
    bool stop(StopReason reason) {
        auto expected = StopReason::none;
        const bool first = state_->compare_exchange_strong(expected, reason);
        // Also by who comes second: the first may be between the two lines.
        source_.request_stop();
        return first;
    }
    bool stopped() const { return source_.stop_requested(); }
    /// Handles on one signal: a copy is the same as what it was copied from.
    bool same_as(const StopSource& other) const { return source_ == other.source_; }
    StopToken token() const {
        StopToken token;
        token.token_ = source_.get_token();
        token.state_ = state_;
        return token;
    }

private:
    std::stop_source source_;
    std::shared_ptr<std::atomic<StopReason>> state_;
};

/// Calls `callback` when the token stops: in the stopping thread, or at once, here, if it has stopped already.
/// Its destructor waits for a callback that is running in another thread. The callback must not block.
class StopCallback {
public:
    StopCallback(const StopToken& token, std::function<void()> callback) : inner_(token.token_, std::move(callback)) {}

private:
    std::stop_callback<std::function<void()>> inner_;
};

}  // namespace longhand
