// Names to addresses.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "net/errors.h"

namespace longhand::net {

using Addresses = std::vector<boost::asio::ip::address>;

/// Thread-safe. Outlives every lookup.
class Resolver {
public:
    virtual ~Resolver() = default;
    /// All addresses of `host`, at least one. The caller's executor is run by one thread, on which it resumes after
    /// `limit` at the latest; its context outlives this object. Errors: unreachable (the name has none), timeout,
    /// stopped. `held` is kept until the lookup has ended, which may be after nobody waits for it any more.
    virtual awaitable<NetResult<Addresses>> resolve(std::string host, Milliseconds limit, StopToken stop,
                                                    std::shared_ptr<const void> held) = 0;
};

/// getaddrinfo, as this machine is set up, in threads of its own: a slow name server delays nobody but those who ask
/// for names. Who asks for users bounds what one of them may have under way. A name is taken as it stands: the
/// machine's search domains are not tried behind it.
class SystemResolver final : public Resolver {
public:
    struct Options {
        unsigned threads = 32;  ///< started by the first lookup
        /// Asked in place of the machine's name servers.
        std::optional<boost::asio::ip::udp::endpoint> name_server = {};
    };
    explicit SystemResolver(Options options);
    /// Waits for lookups under way: some seconds, where a name server is silent.
    ~SystemResolver() override;

    awaitable<NetResult<Addresses>> resolve(std::string host, Milliseconds limit, StopToken stop,
                                            std::shared_ptr<const void> held) override;

private:
    Options options_;
    std::once_flag pool_made_;
    std::optional<asio::thread_pool> pool_;
};

}  // namespace longhand::net
