// TLS at a server's end, over OpenSSL: a certificate that can be read again while connections are open, and a session
// on a socket that does not block.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "net/errors.h"

namespace longhand::net {

/// A certificate with its chain and its key, from two PEM files. Thread-safe.
class TlsCertificate {
public:
    /// Errors: unreachable, with a sentence that names the file and what is wrong with it.
    static NetResult<std::shared_ptr<TlsCertificate>> load(std::string certificate_file, std::string key_file);

    /// Reads the files again, for connections that begin from now on; when one is of no use, all stays as it was.
    /// Errors as of `load`.
    NetResult<void> reload();

    /// SHA-256 of the public key in base64, as curl's `--pinnedpubkey sha256//…` takes it.
    std::string public_key_pin() const;

    /// What new sessions are made from: TLS 1.2 or later, HTTP/1.1 by ALPN.
    std::shared_ptr<SSL_CTX> context() const;

private:
    TlsCertificate(std::string certificate_file, std::string key_file)
        : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}
    NetResult<std::shared_ptr<SSL_CTX>> read() const;

    const std::string certificate_file_;
    const std::string key_file_;
    mutable std::mutex mutex_;
    std::shared_ptr<SSL_CTX> context_;
};

/// One connection's session. The socket outlives it, and is its caller's to wait on. The process ignores SIGPIPE:
/// OpenSSL writes to a socket whose peer may be gone.
class TlsSession {
public:
    /// `socket` is connected and does not block.
    TlsSession(const TlsCertificate& certificate, int socket);

    enum class Handshake {
        done,
        wants_read,   ///< go on when the socket can be read
        wants_write,  ///< go on when it can be written
        plain_http,   ///< the client speaks HTTP without TLS
        failed,
    };
    Handshake shake_hands();

    /// As a socket's `read_some` and `write_some` without waiting: `would_block`, `eof`, or what broke the session.
    std::size_t read_some(boost::asio::mutable_buffer space, boost::system::error_code& error);
    /// After `would_block` it is called again with the same bytes.
    std::size_t write_some(std::string_view first, std::string_view second, boost::system::error_code& error);
    /// Bytes can be read that are not on the socket any more.
    bool has_pending() const;
    /// Tells the client that nothing follows, as far as the socket takes it now.
    void shut_down();

private:
    boost::system::error_code error_of(int result);

    std::unique_ptr<SSL, decltype(&SSL_free)> session_;
    std::string joined_;
    bool is_broken_ = false;
    bool is_established_ = false;
};

}  // namespace longhand::net
