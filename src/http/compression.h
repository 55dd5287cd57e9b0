// gzip for answers of text (RFC 9110, sections 8.4 and 12.5.3). Credentials come in headers that no foreign page can
// make a browser send, so a body's length tells such a page nothing (BREACH).
#pragma once

#include <functional>
#include <map>
#include <mutex>
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

/// Texts that stay as they are for as long as the server runs: each is made, and compressed, when it is asked for
/// first. Their names are the program's own, so that their number is bounded. Thread-safe.
class ConstantTexts {
public:
    /// `head` with the text of that name as its body, compressed where `compress` would do it, which then leaves it as
    /// it is; `make` gives the text.
    net::HttpResponse answer(const net::HttpRequest& request, net::HttpResponse head, std::string_view name,
                             const std::function<std::string()>& make);

private:
    struct Text {
        std::string plain, compressed;
    };
    const Text& text(std::string_view name, const std::function<std::string()>& make);

    std::mutex mutex_;
    std::map<std::string, Text, std::less<>> texts_;
};

/// The file compressed as the answer's body, where `compress` would; nothing when it is to be sent as it is: it is
/// small, large, no text, gone, or wanted in part.
awaitable<std::optional<net::HttpResponse>> compressed_file(Runtime& runtime, FileReply reply,
                                                            const net::HttpRequest& request);

}  // namespace longhand::http
