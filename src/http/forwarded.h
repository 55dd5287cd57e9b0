// What a proxy in front of this server says of its client: X-Forwarded-For, -Proto and -Host. Anybody can send them, so
// they are believed of proxies that the operator has named, and of nobody else.
#pragma once

#include <string>

#include "net/http_server.h"
#include "net/networks.h"

namespace longhand::http {

struct Forwarded {
    std::string client;  ///< the nearest address that is no trusted proxy's: the peer's own, where it is none
    /// `https://books.example`: by what the client calls this server, as far as a trusted proxy says so; else empty.
    /// For links alone: the check of `Host` is of the header itself, since a page that a browser was led to on this
    /// machine can send what it likes.
    std::string base_url;
};

Forwarded forwarded(const net::HttpRequest& request, const net::Networks& trusted);

}  // namespace longhand::http
