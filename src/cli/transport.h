// How a server is reached: under TLS or in the clear, and through which proxies.
#pragma once

#include <memory>
#include <string>

#include "cli/values.h"
#include "net/networks.h"
#include "net/tls.h"

namespace longhand::cli {

struct Transport {
    std::shared_ptr<net::TlsCertificate> certificate;  ///< none: HTTP in the clear
    net::Networks proxies;

    std::string scheme() const { return certificate ? "https" : "http"; }
    /// How the certificate is known to clients on this machine; empty without one.
    std::string key_pin() const { return certificate ? certificate->public_key_pin() : std::string(); }
};

std::vector<OptionSpec> transport_options();

/// Reads the files. Errors: one of the two without the other, files that are of no use, a proxy that is no address.
Value<Transport> transport_of(const Options& options);

}  // namespace longhand::cli
