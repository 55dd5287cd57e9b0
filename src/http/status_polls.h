// Polls of live jobs, answered from the bytes of their heads: a client that waits for its document sends the same bytes
// again and again.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/recent_map.h"
#include "http/credentials.h"
#include "http/key_ring.h"
#include "http/metrics.h"
#include "net/http_server.h"
#include "store/account_store.h"
#include "store/job_store.h"

namespace longhand::http {

/// What the same bytes ask for does not change, nor whose token is in them; so that is kept. What may change is looked
/// at each time: whether the session still holds (its time, the ring's keys), whether the user is there, and whether
/// the job's row is still the one that the answer was made of. Where one of them has to be asked of the database, or is
/// not as it was, the request takes the long way. Heads hold credentials: they are compared in constant time, and
/// logged nowhere. Thread-safe.
class StatusPolls {
public:
    using Row = std::shared_ptr<const job::Job>;

    /// References outlive it.
    StatusPolls(Runtime& runtime, store::JobStore& jobs, store::AccountStore& accounts,
                std::shared_ptr<const KeyRing> keys)
        : runtime_(runtime), jobs_(jobs), accounts_(accounts), keys_(std::move(keys)) {}

    struct Poll {
        Session session;
        Row row;
        Metrics::RouteSeries* series = nullptr;  ///< of its route
        std::string target;                      ///< as it is logged
        std::string before_id = {};              ///< of the answer's bytes
        std::string after_id = {};

        void append(std::string_view request_id, std::string& out) const {
            out.append(before_id).append(request_id).append(after_id);
        }
    };
    using Known = std::shared_ptr<const Poll>;

    /// What the answer to these bytes is made of; null when it can't be told from memory.
    Known find(std::string_view head);
    /// The answer to `request` was `response`, whole but for the request's id, made of `poll.row` for `poll.session`.
    /// Kept where it depends on nothing else.
    void keep(const net::HttpRequest& request, const net::HttpResponse& response, Poll poll);

private:
    /// With its hash, which chooses the shard too.
    struct Head {
        std::string_view bytes;
        std::size_t hash;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view head) const { return std::hash<std::string_view>()(head); }
        std::size_t operator()(const Head& head) const { return head.hash; }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const { return equal_in_constant_time(a, b); }
        bool operator()(const Head& a, std::string_view b) const { return equal_in_constant_time(a.bytes, b); }
        bool operator()(std::string_view a, const Head& b) const { return equal_in_constant_time(a, b.bytes); }
    };
    static constexpr std::size_t kGeneration = 2'048;  ///< of a shard: 32,768 in all, some 2 KB each
    struct Shard {
        std::mutex mutex;
        RecentMap<std::string, Known, Hash, Equal> known{kGeneration};
    };
    static constexpr std::size_t kShards = 8;
    static constexpr std::size_t kLongestHead = 2'048;

    /// By other bits than those that choose the place in a map.
    Shard& shard_of(std::size_t hash) { return shards_[(hash >> 48) % kShards]; }

    Runtime& runtime_;
    store::JobStore& jobs_;
    store::AccountStore& accounts_;
    const std::shared_ptr<const KeyRing> keys_;
    std::array<Shard, kShards> shards_;
};

}  // namespace longhand::http
