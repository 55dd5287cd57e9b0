// Calls to addresses that a user named: to the public internet, and nowhere else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "net/http_client.h"
#include "net/networks.h"
#include "net/resolver.h"
#include "net/web_address.h"

namespace longhand::net {

enum class FetchErrc {
    refused,  ///< no address that may be reached; nothing was connected to, or nothing more after a redirect
    failed,   ///< no answer, or one that is over a limit
    unnamed,  ///< no name server said in time what the name stands for
    stopped,  ///< the stop token was raised; quiet
};
template <class T>
using FetchResult = Result<T, FetchErrc>;
using FetchFailure = Failure<FetchErrc>;

/// An address with what its host was found to be; every one of `addresses` may be reached.
struct CheckedAddress {
    WebAddress web;
    Addresses addresses;
};

/// Says where a user's word may lead: to public addresses (public_address.h) and to the networks that the operator
/// allows. Thread-safe.
class AddressGuard {
public:
    /// `resolver` outlives it.
    AddressGuard(Resolver& resolver, Networks allowed) : resolver_(resolver), allowed_(std::move(allowed)) {}

    /// Looks the host up, by `limit`. One answer that may not be reached refuses them all: who mixes them in wants the
    /// inside. The message completes "URL …": "leads to an address that is not public". It does not say which.
    /// `held` as Resolver has it.
    awaitable<FetchResult<CheckedAddress>> check(WebAddress web, Milliseconds limit, StopToken stop,
                                                 std::shared_ptr<const void> held = {}) const;
    bool allows(const boost::asio::ip::address& address) const;

private:
    Resolver& resolver_;
    Networks allowed_;
};

struct FetchRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers;  ///< `Name: value`; sent to where redirects lead too
    std::string body;
    unsigned most_redirects = 5;
    Milliseconds limit{30'000};  ///< of all, redirects and lookups with it
    Milliseconds connect_timeout{10'000};
    Milliseconds first_byte_timeout{20'000};
    Milliseconds idle_timeout{10'000};
    std::size_t max_bytes = 16 * 1024 * 1024;
    bool drops_body = false;  ///< of a 2xx answer: read to its end, and not kept
    std::size_t max_head_bytes = 64 * 1024;
    std::shared_ptr<const void> held = {};  ///< as Resolver has it, of each lookup
};

struct FetchReply {
    HttpReply reply;  ///< of any status; a redirect beyond `most_redirects`, too
    std::string url;  ///< where it came from, after redirects
};

/// One parser reads the address for the check and for the call; each host is looked up once, all answers are checked,
/// and the connection goes to one of them and to nothing else: no proxy, no kept connection, no second lookup.
/// Redirects are followed by the same way, with GET. Used from the client's loop only.
class GuardedFetch {
public:
    /// Both outlive it.
    GuardedFetch(asio::io_context& loop, const AddressGuard& guard);

    /// The message is a sentence about the address, without its query, which may be secret.
    awaitable<FetchResult<FetchReply>> fetch(FetchRequest request, StopToken stop);

private:
    awaitable<FetchResult<HttpReply>> call(const FetchRequest& request, CheckedAddress to, Milliseconds left,
                                           StopToken stop);

    const AddressGuard& guard_;
    HttpClient client_;
};

}  // namespace longhand::net
