// Requests that their senders may repeat, and the answers that they were given.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/runtime.h"
#include "base/uuid.h"
#include "store/errors.h"

namespace longhand::store {

/// How long an answer is kept.
inline constexpr Milliseconds kAnswersKept = std::chrono::hours(24);

/// A request with a key that its sender made up, to be known by when it is sent again.
struct RepeatableRequest {
    Uuid owner;               ///< keys of two owners have nothing to do with each other
    std::string key;          ///< empty: the request has none, and nothing is kept of it
    std::string fingerprint;  ///< hex SHA-256 of all that makes it this request and no other
};

struct KeptAnswer {
    int status = 200;  ///< of HTTP
    std::string body;
    bool operator==(const KeptAnswer&) const = default;
};

struct KeptRequest {
    std::string fingerprint;
    KeptAnswer answer;
};

/// Given to a verb of any store: its change and the answer to the request that asked for it become durable together, or
/// neither does. `answer` makes it of what the verb gives, only when the verb succeeded, inside the transaction, on the
/// store's own thread: it must not block, and owns what it uses. Nothing: the answer is not kept. A verb whose request
/// has an answer already changes nothing, and fails with `repeated`.
template <class T>
struct Once {
    // No aggregate: g++ 12 frees twice what a braced temporary in a co_await expression holds, and this is a default
    // argument of verbs.
    Once() {}
    Once(RepeatableRequest asked, std::function<std::optional<KeptAnswer>(const StoreResult<T>&)> made)
        : request(std::move(asked)), answer(std::move(made)) {}

    RepeatableRequest request;
    std::function<std::optional<KeptAnswer>(const StoreResult<T>&)> answer;
};

/// As JobStore: atomic, durable when resumed, thread-safe, `unavailable` and `stopping` besides the errors named.
class RequestStore {
public:
    virtual ~RequestStore() = default;
    /// What the request of that key was answered less than kAnswersKept ago; nothing: it was not, or it is under way.
    virtual awaitable<StoreResult<std::optional<KeptRequest>>> kept_answer(Uuid owner, std::string key) = 0;
    /// An answer that came with no change. Errors: repeated (another was kept before).
    virtual awaitable<StoreResult<void>> keep_answer(RepeatableRequest request, KeptAnswer answer) = 0;
    /// Drops answers whose time is over, the oldest first, at most `limit`. Gives the number.
    virtual awaitable<StoreResult<std::size_t>> drop_old_answers(std::size_t limit) = 0;
};

}  // namespace longhand::store
