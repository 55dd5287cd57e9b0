// Users who were there a moment ago: each request asks whether its user still is.
#pragma once

#include <mutex>
#include <optional>

#include "base/recent_map.h"
#include "base/runtime.h"

namespace longhand::store::sqlite {

/// Believes what it was told for kAge, so that what another process does to accounts is seen within that; what this
/// process does is seen at once (`forget`). Thread-safe.
class KnownUsers {
public:
    static constexpr Milliseconds kAge{500};

    bool is_there(const Uuid& user, SteadyTime now) {
        const std::lock_guard lock(mutex_);
        const SteadyTime* seen = seen_.find(user);
        return seen != nullptr && now - *seen < kAge;
    }

    /// To be taken before the database is read.
    std::uint64_t ticket() {
        const std::lock_guard lock(mutex_);
        return forgotten_;
    }
    /// `user` was there at `now`, when the ticket was taken.
    void note(const Uuid& user, SteadyTime now, std::uint64_t ticket) {
        const std::lock_guard lock(mutex_);
        if (ticket == forgotten_) seen_.put(user, now);
    }

    void forget(const Uuid& user) {
        const std::lock_guard lock(mutex_);
        ++forgotten_;
        seen_.erase(user);
    }

private:
    static constexpr std::size_t kGeneration = 8'192;

    std::mutex mutex_;
    RecentMap<Uuid, SteadyTime> seen_{kGeneration};
    std::uint64_t forgotten_ = 0;
};

}  // namespace longhand::store::sqlite
