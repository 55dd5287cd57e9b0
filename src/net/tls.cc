#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>
#include <new>
#include <optional>

#include "base/digest.h"

namespace longhand::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// What one record holds.
constexpr std::size_t kRecord = 16 * 1024;

NetFailure unusable(const std::string& file, const std::string& what) {
    return {NetErrc::unreachable, file + " " + what};
}

std::optional<NetFailure> unreadable(const std::string& file) {
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    char first = 0;
    stream.read(&first, 1);
    if (stream) return std::nullopt;
    return unusable(file, errno == 0 ? "is empty." : "can't be read: " + std::string(std::strerror(errno)) + ".");
}

// A key that asks for a pass phrase would stop the server at each start: it is refused.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

// RFC 7301: a client that offers protocols and not this one is told so.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    static constexpr unsigned char kHttp11[] = "\x08http/1.1";
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof kHttp11 - 1, offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::shared_ptr<SSL_CTX> new_context() {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (context == nullptr) throw std::bad_alloc();
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // A socket takes what it can; what is left is tried again from wherever it lies then.
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(context.get(), no_pass_phrase);
    return context;
}

}  // namespace

NetResult<std::shared_ptr<TlsCertificate>> TlsCertificate::load(std::string certificate_file, std::string key_file) {
    std::shared_ptr<TlsCertificate> certificate(new TlsCertificate(std::move(certificate_file), std::move(key_file)));
    const auto loaded = certificate->reload();
    if (!loaded) return loaded.error();
    return certificate;
}

NetResult<std::shared_ptr<SSL_CTX>> TlsCertificate::read() const {
    for (const auto& file : {certificate_file_, key_file_})
        if (const auto problem = unreadable(file)) return *problem;
    const auto context = new_context();
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file_.c_str()) != 1)
        return unusable(certificate_file_, "has no certificate in PEM form.");
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(context.get(), key_file_.c_str(), SSL_FILETYPE_PEM) != 1) {
        const bool is_foreign = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        ERR_clear_error();
        if (is_foreign) return unusable(key_file_, "is not the key of the certificate in " + certificate_file_ + ".");
        return unusable(key_file_, "has no private key in PEM form without a pass phrase.");
    }
    if (SSL_CTX_check_private_key(context.get()) != 1)
        return unusable(key_file_, "is not the key of the certificate in " + certificate_file_ + ".");
    return context;
}

NetResult<void> TlsCertificate::reload() {
    auto context = read();
    if (!context) return context.error();
    const std::lock_guard lock(mutex_);
    context_ = std::move(*context);
    return {};
}

std::shared_ptr<SSL_CTX> TlsCertificate::context() const {
    const std::lock_guard lock(mutex_);
    return context_;
}

std::string TlsCertificate::public_key_pin() const {
    const auto current = context();
    unsigned char* key = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(SSL_CTX_get0_certificate(current.get())), &key);
    if (size <= 0) throw std::bad_alloc();
    const Sha256 digest = sha256({reinterpret_cast<const char*>(key), static_cast<std::size_t>(size)});
    OPENSSL_free(key);
    std::string text = to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    return text + "=";
}

TlsSession::TlsSession(const TlsCertificate& certificate, int socket)
    : session_(SSL_new(certificate.context().get()), SSL_free) {
    if (session_ == nullptr || SSL_set_fd(session_.get(), socket) != 1) throw std::bad_alloc();
    SSL_set_accept_state(session_.get());
}

TlsSession::Handshake TlsSession::shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    if (result == 1) {
        is_established_ = true;
        return Handshake::done;
    }
    const int error = SSL_get_error(session_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return Handshake::wants_read;
    if (error == SSL_ERROR_WANT_WRITE) return Handshake::wants_write;
    is_broken_ = true;
    const bool is_plain = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
    return is_plain ? Handshake::plain_http : Handshake::failed;
}

error_code TlsSession::error_of(int result) {
    switch (SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_ZERO_RETURN:
            return asio::error::eof;
        case SSL_ERROR_SYSCALL:
        case SSL_ERROR_SSL:
        default:
            // Also a read that would have to write first, and the other way: that is asked for by no honest client
            // while it does not take what it is sent, and waiting for it would spin.
            is_broken_ = true;
            return asio::error::connection_reset;
    }
}

std::size_t TlsSession::read_some(asio::mutable_buffer space, error_code& error) {
    error = {};
    ERR_clear_error();
    const int wanted = static_cast<int>(std::min<std::size_t>(space.size(), INT_MAX));
    const int count = SSL_read(session_.get(), space.data(), wanted);
    if (count > 0) return static_cast<std::size_t>(count);
    if (SSL_get_error(session_.get(), count) == SSL_ERROR_WANT_READ)
        error = asio::error::would_block;
    else
        error = error_of(count);
    return 0;
}

std::size_t TlsSession::write_some(std::string_view first, std::string_view second, error_code& error) {
    error = {};
    // A head and the body behind it make one record where they fit into one.
    std::string_view bytes = first.empty() ? second : first;
    if (!first.empty() && !second.empty() && first.size() < kRecord) {
        joined_.assign(first).append(second.substr(0, kRecord - first.size()));
        bytes = joined_;
    }
    bytes = bytes.substr(0, kRecord);
    ERR_clear_error();
    const int count = SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (count > 0) return static_cast<std::size_t>(count);
    if (SSL_get_error(session_.get(), count) == SSL_ERROR_WANT_WRITE)
        error = asio::error::would_block;
    else
        error = error_of(count);
    return 0;
}

bool TlsSession::has_pending() const {
    return SSL_pending(session_.get()) > 0;
}

void TlsSession::shut_down() {
    if (is_broken_ || !is_established_) return;
    is_broken_ = true;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
}

}  // namespace longhand::net
