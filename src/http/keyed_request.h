// Requests with an Idempotency-Key, as draft-ietf-httpapi-idempotency-key-header has them: sent again, they are
// answered again, and done once.
//
// What one has done and its answer become durable in one transaction (store::Once), so a server that dies between the
// commit and the reply answers the request when it comes again. An answer that came with no change (a refusal by the
// state of things) is kept right behind it. Kept are answers of what was done, and of what was decided on the state of
// things: 2xx, 404, 409, a state or budget that forbids. Not kept is what was refused for its form, or failed for the
// moment: the same key is free for a better one.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/runtime.h"
#include "http/answer_seal.h"
#include "http/errors.h"
#include "net/http_server.h"
#include "store/request_store.h"

namespace longhand::http {

inline constexpr std::size_t kLongestIdempotencyKey = 255;

/// The key that the header's field holds: a structured string (RFC 8941: `"8e03978e"`, parameters ignored), or the same
/// bare, as many clients send it. 1 to 255 visible ASCII characters and blanks, `\"` and `\\` counted once.
/// Errors: invalid_idempotency_key.
ApiResult<std::string> parse_idempotency_key(std::string_view field);

/// Of a request and all of its body.
std::string request_fingerprint(std::string_view target, std::string_view body);

/// The keys of requests that are being answered by this process. Thread-safe.
class KeysUnderWay {
public:
    /// Nothing: it is the only one now, until `end`. Else the fingerprint of the one under way.
    std::optional<std::string> begin(const Uuid& owner, const std::string& key, const std::string& fingerprint);
    void end(const Uuid& owner, const std::string& key);

private:
    using Key = std::pair<Uuid, std::string>;
    std::mutex mutex_;
    std::map<Key, std::string> fingerprints_;
};

/// One such request, while it is answered. Used by one coroutine; what it is given outlives it.
class KeyedRequest {
public:
    KeyedRequest(store::RequestStore& store, KeysUnderWay& under_way, const AnswerSeal& seal, Uuid owner,
                 std::string key);
    ~KeyedRequest();
    KeyedRequest(const KeyedRequest&) = delete;
    KeyedRequest& operator=(const KeyedRequest&) = delete;

    /// Once, before anything is done. An error is not to be answered itself when there is a `kept_reply`.
    /// Errors: request_in_progress; idempotency_key_reused (the key came with another request); unavailable.
    awaitable<ApiResult<void>> begin(std::string fingerprint);
    /// The answer of the first such request, if there was one.
    const std::optional<net::HttpResponse>& kept_reply() const { return kept_reply_; }

    /// The answer holds a secret: it is kept sealed.
    void hold_secret() { holds_secret_ = true; }
    template <class T>
    store::Once<T> once(std::function<std::optional<store::KeptAnswer>(const store::StoreResult<T>&)> answer) const {
        if (!begun_) return {};
        return {request_, [answer = std::move(answer), kept = kept_, request = request_,
                           seal = holds_secret_ ? &seal_ : nullptr](const store::StoreResult<T>& result) {
                    auto made = answer(result);
                    if (made && seal != nullptr) made->body = seal->seal(made->body, request);
                    kept->store(made.has_value());
                    return made;
                }};
    }
    /// The answer as it was made: kept now, where it is to be and was not kept with a change.
    awaitable<void> keep_reply(const net::HttpResponse& response);
    awaitable<void> keep_refusal(ApiError error);

private:
    awaitable<void> keep(store::KeptAnswer answer);

    store::RequestStore& store_;
    KeysUnderWay& under_way_;
    const AnswerSeal& seal_;
    store::RepeatableRequest request_;
    bool begun_ = false;
    bool holds_secret_ = false;
    std::optional<net::HttpResponse> kept_reply_;
    /// Shared with what runs on the store's thread.
    std::shared_ptr<std::atomic<bool>> kept_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace longhand::http
