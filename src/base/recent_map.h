// What was looked up lately, by key: a hash map that stays bounded.
#pragma once

#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

namespace longhand {

/// Two generations of a map. What is found or put is in the young one; when that is full it becomes the old one, and
/// what was old goes. So the last `generation` entries that were used are there, and never more than twice as many; no
/// entry costs more than the map does. `Hash` and `Equal` may be transparent. Not thread-safe.
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class RecentMap {
public:
    explicit RecentMap(std::size_t generation) : generation_(generation) {}

    /// Null when it is not there. Valid until the next call.
    template <class Like>
    Value* find(const Like& key) {
        if (const auto young = young_.find(key); young != young_.end()) return &young->second;
        const auto old = old_.find(key);
        if (old == old_.end()) return nullptr;
        auto node = old_.extract(old);
        make_room();
        return &young_.insert(std::move(node)).position->second;
    }
    void put(Key key, Value value) {
        erase(key);
        make_room();
        young_.emplace(std::move(key), std::move(value));
    }
    template <class Like>
    void erase(const Like& key) {
        for (Map* map : {&young_, &old_}) {
            if (const auto found = map->find(key); found != map->end()) map->erase(found);
        }
    }
    void clear() {
        young_.clear();
        old_.clear();
    }
    std::size_t size() const { return young_.size() + old_.size(); }

private:
    using Map = std::unordered_map<Key, Value, Hash, Equal>;

    void make_room() {
        if (young_.size() < generation_) return;
        old_ = std::move(young_);
        young_ = Map();
    }

    const std::size_t generation_;
    Map young_;
    Map old_;
};

}  // namespace longhand
