// gzip for answers of text (RFC 9110, sections 8.4 and 12.5.3). Credentials come in headers that no foreign page can
// make a browser send, so a body's length tells such a page nothing (BREACH).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/runtime.h"
#include "http/router.h"
#include "net/http_server.h"

namespace longhand::http {

/// Smaller ones fit into a packet or two as they are.
constexpr std::size_t kLeastCompressed = 1024;
/// Larger files are sent as they are: they are compressed in memory, and for each client anew.
constexpr std::size_t kMostCompressed = 8 * 1024 * 1024;

/// Whether an Accept-Encoding header has gzip rather than the plain body.
bool prefers_gzip(std::string_view accept_encoding);

/// Text and JSON: what shrinks, and is not compressed already.
bool is_compressible(std::string_view content_type);

/// Compresses the body where it pays and the client takes it. Says `Vary` wherever another client could get another
/// body. A strong entity tag becomes a weak one: it is of the plain bytes.
void compress(net::HttpResponse& response, const net::HttpRequest& request);

/// The file compressed as the answer's body, where `compress` would; nothing when it is to be sent as it is: it is
/// small, large, no text, gone, or wanted in part.
awaitable<std::optional<net::HttpResponse>> compressed_file(Runtime& runtime, FileReply reply,
                                                            const net::HttpRequest& request);

}  // namespace longhand::http
