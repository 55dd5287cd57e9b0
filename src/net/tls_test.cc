// TLS as its clients see it, and what is said of files that are of no use.
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::TestServer;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// A key and a certificate that it signed itself, as files.
void make_files(const std::string& certificate_file, const std::string& key_file, const char* pass_phrase = nullptr) {
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    const std::unique_ptr<FILE, int (*)(FILE*)> first(std::fopen(certificate_file.c_str(), "w"), std::fclose);
    PEM_write_X509(first.get(), certificate.get());
    const std::unique_ptr<FILE, int (*)(FILE*)> second(std::fopen(key_file.c_str(), "w"), std::fclose);
    const auto* cipher = pass_phrase == nullptr ? nullptr : EVP_aes_128_cbc();
    PEM_write_PrivateKey(second.get(), key.get(), cipher, nullptr, 0, nullptr, const_cast<char*>(pass_phrase));
}

/// Speaks TLS over a raw client's socket, and blocks.
class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, int version = 0, std::string_view protocols = {})
        : raw_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
        SSL_CTX_set_min_proto_version(context_.get(), version);
        SSL_CTX_set_max_proto_version(context_.get(), version);
        // Old versions are for weak ciphers, which a client has to ask for.
        SSL_CTX_set_security_level(context_.get(), 0);
        if (!protocols.empty()) {
            SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                    static_cast<unsigned>(protocols.size()));
        }
        session_.reset(SSL_new(context_.get()));
        SSL_set_fd(session_.get(), raw_.socket().native_handle());
        is_open_ = SSL_connect(session_.get()) == 1;
    }

    bool is_open() const { return is_open_; }
    std::string version() const { return SSL_get_version(session_.get()); }
    std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(session_.get(), &name, &size);
        return std::string(reinterpret_cast<const char*>(name), size);
    }
    void send(std::string_view bytes) { SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())); }
    void say_goodbye() { SSL_shutdown(session_.get()); }
    /// Up to so many bytes, or what came before the server said that nothing follows; `cut` when it did not say so.
    std::string receive(std::size_t most) {
        std::string all;
        char piece[8192];
        while (all.size() < most) {
            const int wanted = static_cast<int>(std::min(sizeof piece, most - all.size()));
            const int count = SSL_read(session_.get(), piece, wanted);
            if (count > 0) {
                all.append(piece, static_cast<std::size_t>(count));
                continue;
            }
            if (SSL_get_error(session_.get(), count) != SSL_ERROR_ZERO_RETURN) all += "cut";
            break;
        }
        return all;
    }
    std::string receive_until(std::string_view end) {
        std::string all;
        while (all.find(end) == std::string::npos) {
            const std::string next = receive(1);
            if (next.size() != 1) return all;
            all += next;
        }
        return all;
    }

private:
    RawClient raw_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> session_{nullptr, SSL_free};
    bool is_open_ = false;
};

awaitable<void> answer_over_tls(HttpExchange& exchange) {
    const auto body = co_await exchange.read_body(64 * 1024 * 1024);
    if (!body) co_return;
    HttpResponse response;
    const auto& query = exchange.request().query;
    response.body = query.empty() ? std::to_string(body->size()) : std::string(std::stoul(query[0].second), 'x');
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

class Tls : public ::testing::Test {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);  // as the program does
        char name[] = "/tmp/longhand-tls-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        folder_ = name;
        make_files(file("a.pem"), file("a.key"));
        make_files(file("b.pem"), file("b.key"));
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name) const { return folder_ + "/" + name; }
    HttpServerOptions options() {
        HttpServerOptions options;
        options.certificate = certificate_ = TlsCertificate::load(file("a.pem"), file("a.key")).value();
        return options;
    }

    std::string folder_;
    std::shared_ptr<TlsCertificate> certificate_;
};

constexpr std::string_view kGetOverTls = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(Tls, FilesThatAreOfNoUseAreNamedWithTheReason) {
    make_files(file("locked.pem"), file("locked.key"), "secret");
    std::ofstream(file("empty")).close();
    std::ofstream(file("words")) << "no certificate";
    const auto problem = [this](const std::string& certificate, const std::string& key) {
        auto loaded = TlsCertificate::load(file(certificate), file(key));
        return loaded ? "" : loaded.error().message.substr(folder_.size() + 1);
    };
    EXPECT_EQ(problem("a.pem", "a.key"), "");
    EXPECT_EQ(problem("none", "a.key"), "none can't be read: No such file or directory.");
    EXPECT_EQ(problem("a.pem", "none"), "none can't be read: No such file or directory.");
    EXPECT_EQ(problem("empty", "a.key"), "empty is empty.");
    EXPECT_EQ(problem("words", "a.key"), "words has no certificate in PEM form.");
    EXPECT_EQ(problem("a.key", "a.key"), "a.key has no certificate in PEM form.");
    EXPECT_EQ(problem("a.pem", "words"), "words has no private key in PEM form without a pass phrase.");
    EXPECT_EQ(problem("locked.pem", "locked.key"), "locked.key has no private key in PEM form without a pass phrase.");
    EXPECT_EQ(problem("a.pem", "b.key"), "b.key is not the key of the certificate in " + file("a.pem") + ".");
}

TEST_F(Tls, RequestsAreAnsweredInTls12And13AndNoOlder) {
    TestServer server(answer_over_tls, options());
    for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
        TlsClient client(server.port(), version);
        ASSERT_TRUE(client.is_open()) << name;
        EXPECT_EQ(client.version(), name);
        for (int i = 0; i < 3; ++i) {
            client.send(kGetOverTls);
            EXPECT_TRUE(client.receive_until("\r\n\r\n0").starts_with("HTTP/1.1 200 OK\r\n"));
        }
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(client.receive(1 << 20).ends_with("\r\n\r\n0"));
    }
    EXPECT_FALSE(TlsClient(server.port(), TLS1_1_VERSION).is_open());
    EXPECT_EQ(server.requests(), 8);
}

TEST_F(Tls, LargeBodiesGoBothWaysAndPipelinedRequestsAreFound) {
    TestServer server(answer_over_tls, options());
    TlsClient client(server.port());
    ASSERT_TRUE(client.is_open());
    const std::size_t size = 5'000'000;
    const std::string length = std::to_string(size);
    std::thread sending([&] {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\n" + std::string(size, 'y'));
    });
    sending.join();
    EXPECT_TRUE(client.receive_until(length).ends_with(length));
    // More than is read at once, in one record: no socket tells of the rest.
    const std::string padded = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(7000, 'x') + "\r\n\r\n";
    client.send(padded + padded);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(client.receive_until("\r\n\r\n0").starts_with("HTTP/1.1 200"));
    client.send("GET /?n=" + length + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.receive_until("\r\n\r\n");
    EXPECT_EQ(client.receive(2 * size), std::string(size, 'x'));
}

TEST_F(Tls, ACertificateThatIsReadAgainIsOfNewConnections) {
    TestServer server(answer_over_tls, options());
    const std::string pin = certificate_->public_key_pin();
    EXPECT_EQ(pin.size(), 44U);
    TlsClient open(server.port());
    std::filesystem::remove(file("a.key"));
    EXPECT_FALSE(certificate_->reload());
    EXPECT_EQ(certificate_->public_key_pin(), pin);
    EXPECT_TRUE(TlsClient(server.port()).is_open());
    std::filesystem::rename(file("b.pem"), file("a.pem"));
    std::filesystem::rename(file("b.key"), file("a.key"));
    ASSERT_TRUE(certificate_->reload());
    EXPECT_NE(certificate_->public_key_pin(), pin);
    open.send(kGetOverTls);
    EXPECT_TRUE(open.receive_until("\r\n\r\n0").starts_with("HTTP/1.1 200"));
    TlsClient next(server.port());
    next.send(kGetOverTls);
    EXPECT_TRUE(next.receive_until("\r\n\r\n0").starts_with("HTTP/1.1 200"));
}

TEST_F(Tls, HttpInTheClearIsToldWhatToUse) {
    TestServer server(answer_over_tls, options());
    const auto reply = testing::ask(server.port(), kGetOverTls);
    EXPECT_EQ(reply.status, 400);
    EXPECT_NE(reply.body.find("https://"), std::string::npos);
    EXPECT_EQ(server.requests(), 0);
}

TEST_F(Tls, OnlyHttp11IsSpoken) {
    TestServer server(answer_over_tls, options());
    EXPECT_EQ(TlsClient(server.port(), 0, std::string_view("\x02h2\x08http/1.1", 12)).protocol(), "http/1.1");
    EXPECT_FALSE(TlsClient(server.port(), 0, std::string_view("\x02h2", 3)).is_open());
}

TEST_F(Tls, AHandshakeThatDoesNotComeOrIsNonsenseEndsTheConnection) {
    auto quick = options();
    quick.header_timeout = 30ms;
    TestServer server(answer_over_tls, quick);
    RawClient silent(server.port());
    EXPECT_EQ(silent.read_to_end(), "");
    RawClient nonsense(server.port());
    nonsense.send(std::string("\x16\x03\x01\x00\x05hello", 10));
    nonsense.read_to_end();
    TlsClient good(server.port());
    EXPECT_TRUE(good.is_open());
}

TEST_F(Tls, AClientThatLeavesIsNoticedWhileItsHandlerWaits) {
    std::atomic<int> gone = 0;
    const auto wait = [](HttpExchange& exchange, std::atomic<int>* count) -> awaitable<void> {
        auto waiting = testing::until_stopped(exchange.gone());
        co_await std::move(waiting);
        ++*count;
    };
    {
        TestServer server([&](HttpExchange& exchange) { return wait(exchange, &gone); }, options());
        TlsClient client(server.port());
        client.send(kGetOverTls);
        client.say_goodbye();
        EXPECT_EQ(client.receive(1), "");
    }
    EXPECT_EQ(gone, 1);
}

}  // namespace
}  // namespace longhand::net
