// How much of something scarce one user may have at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/uuid.h"

namespace longhand {

/// Thread-safe. Places may outlive it.
class OwnerPlaces {
public:
    /// Held as long as somebody has it.
    using Place = std::shared_ptr<const void>;

    explicit OwnerPlaces(unsigned most) : most_(most) {}

    /// Null: the owner has as many as one may have.
    Place take(const Uuid& owner) {
        const std::lock_guard lock(taken_->mutex);
        unsigned& count = taken_->count[owner];
        if (count == most_) return nullptr;
        ++count;
        return {static_cast<const void*>(this), [taken = taken_, owner](const void*) { taken->leave(owner); }};
    }

private:
    struct Taken {
        std::mutex mutex;
        std::map<Uuid, unsigned> count;  ///< of those who have one

        void leave(const Uuid& owner) {
            const std::lock_guard lock(mutex);
            const auto found = count.find(owner);
            if (--found->second == 0) count.erase(found);
        }
    };

    const unsigned most_;
    const std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
};

}  // namespace longhand
