#include "cli/transport.h"

#include <fmt/format.h>

namespace longhand::cli {
namespace {

Value<std::shared_ptr<net::TlsCertificate>> certificate_of(const Options& options) {
    const bool has_certificate = options.has("tls-cert"), has_key = options.has("tls-key");
    if (!has_certificate && !has_key) return std::shared_ptr<net::TlsCertificate>();
    if (has_certificate != has_key) {
        return wrong_usage(fmt::format("{} needs --{} too: the certificate and its key, each a file in PEM form.",
                                       options.origin(has_key ? "tls-key" : "tls-cert"),
                                       has_key ? "tls-cert" : "tls-key"));
    }
    auto loaded = net::TlsCertificate::load(options.get("tls-cert"), options.get("tls-key"));
    if (loaded) return std::move(*loaded);
    return wrong_usage(fmt::format("TLS is not possible with {} and {}: {}", options.origin("tls-cert"),
                                   options.origin("tls-key"), loaded.error().message));
}

}  // namespace

std::vector<OptionSpec> transport_options() {
    return {
        {.name = "tls-cert",
         .value = "FILE",
         .help = "answer under TLS with this certificate and its chain, in PEM form; SIGHUP reads it again"},
        {.name = "tls-key", .value = "FILE", .help = "the certificate's key, in PEM form"},
        {.name = "trusted-proxy",
         .value = "ADDRESS",
         .help = "a proxy, or a network as 10.0.0.0/8, whose X-Forwarded-For, -Proto and -Host are believed; commas "
                 "between several",
         .repeatable = true},
    };
}

Value<Transport> transport_of(const Options& options) {
    Transport transport;
    auto certificate = certificate_of(options);
    if (!certificate) return certificate.error();
    transport.certificate = std::move(*certificate);
    auto proxies = networks_option(options, "trusted-proxy");
    if (!proxies) return proxies.error();
    transport.proxies = std::move(*proxies);
    return transport;
}

}  // namespace longhand::cli
