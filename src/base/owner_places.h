// How much of something scarce one user may have at a time.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/uuid.h"

namespace longhand {

/// Thread-safe. Outlives its places.
class OwnerPlaces {
public:
    explicit OwnerPlaces(unsigned most) : most_(most) {}

    class Place {
    public:
        Place(OwnerPlaces& places, const Uuid& owner) : places_(&places), owner_(owner) {}
        Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)), owner_(other.owner_) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (places_ != nullptr) places_->leave(owner_);
        }

    private:
        OwnerPlaces* places_;
        Uuid owner_;
    };

    /// Until it is destroyed. Nothing: the owner has as many as one may have.
    std::optional<Place> take(const Uuid& owner) {
        const std::lock_guard lock(mutex_);
        unsigned& taken = taken_[owner];
        if (taken == most_) return std::nullopt;
        ++taken;
        return std::optional<Place>(std::in_place, *this, owner);
    }

private:
    void leave(const Uuid& owner) {
        const std::lock_guard lock(mutex_);
        const auto found = taken_.find(owner);
        if (--found->second == 0) taken_.erase(found);
    }

    const unsigned most_;
    std::mutex mutex_;
    std::map<Uuid, unsigned> taken_;
};

}  // namespace longhand
