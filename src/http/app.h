// The HTTP API as one handler.
#pragma once

#include <memory>
#include <span>

#include "http/router.h"
#include "http/services.h"
#include "net/http_server.h"

namespace longhand::http {

/// Thread-safe: its handler runs on several loops at once. What `deps` names outlives it, and it outlives the server.
class App {
public:
    App(Deps deps, AppOptions options);
    ~App();

    net::HttpHandler handler();
    /// Answers a request that has come before, to the byte, from memory; for HttpServerOptions::repeated.
    net::RepeatedAnswer repeated(const net::UnparsedRequest& request, std::string& out, net::CallerId& caller);
    /// Logs and counts a request that the server turned down before the handler; for HttpServerOptions::on_refusal.
    void refused(const net::HttpRefusal& refusal);
    /// What jobs that start from now on are given.
    void set_defaults(ServerDefaults defaults);
    /// The table, for tests and for tools that compare it with the contract.
    std::span<const Route> routes() const;
    /// For `token`: a session of that user.
    const Tokens& tokens() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::http
