// Where users' words may lead this server: what it fetches for them, and whom it tells.
#pragma once

#include <functional>

#include "cli/values.h"
#include "net/guarded_fetch.h"
#include "net/networks.h"
#include "net/resolver.h"

namespace longhand::cli {

std::vector<OptionSpec> reach_options();

/// By --allow-network. Errors: wrong.
Value<net::Networks> allowed_networks(const Options& options);

/// Built and used on one loop; the guard from any thread.
class Reach {
public:
    Reach(asio::io_context& loop, net::Networks allowed)
        : resolver_(net::SystemResolver::Options{}), guard_(resolver_, std::move(allowed)), fetch_(loop, guard_) {}

    const net::AddressGuard& guard() const { return guard_; }
    net::GuardedFetch& fetch() { return fetch_; }

private:
    net::SystemResolver resolver_;
    net::AddressGuard guard_;
    net::GuardedFetch fetch_;
};

/// `reach` outlives it.
inline std::function<awaitable<net::FetchResult<net::FetchReply>>(net::FetchRequest, StopToken)> fetcher_of(
    Reach& reach) {
    return [&reach](net::FetchRequest request, StopToken stop) {
        return reach.fetch().fetch(std::move(request), std::move(stop));
    };
}

}  // namespace longhand::cli
