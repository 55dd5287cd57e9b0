#include "fuzz/conversation.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>

#include "base/descriptor.h"
#include "fuzz/memory_file.h"
#include "fuzz/target.h"
#include "net/http_connection.h"

namespace longhand::fuzz {
namespace {

namespace http = boost::beast::http;
using namespace longhand::net;

const std::string kFileText = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kStreamText = "one piecetwo pieces";
constexpr std::string_view kPlainText = "an answer";
constexpr std::string_view kEtag = "\"the-file\"";
// Small, so that inputs reach them.
constexpr std::size_t kHeaderLimit = 1024;
constexpr std::size_t kTargetLimit = 256;
constexpr std::size_t kBodyLimit = 4096;

HttpResponse ok(std::string body) {
    HttpResponse response;
    response.body = std::move(body);
    return response;
}

awaitable<void> answer(HttpExchange& exchange, const std::string& path) {
    if (path == "/file") {
        static const MemoryFile file(kFileText);
        HttpResponse head = ok("");
        head.headers.emplace_back("ETag", kEtag);
        ignore_result(co_await exchange.respond_file(std::move(head), file.path()), "the client has gone");
    } else if (path == "/stream") {
        auto begun = co_await exchange.begin_stream(ok(""));
        if (begun) begun = co_await exchange.write("one piece");
        if (begun) begun = co_await exchange.write("two pieces");
        ignore_result(begun, "the client has gone, or asked for the head alone");
    } else {
        ignore_result(co_await exchange.respond(ok(std::string(kPlainText))), "the client has gone");
    }
}

class Server {
public:
    explicit Server(Conversation& seen) : seen_(seen) {
        options_.header_limit = kHeaderLimit;
        options_.target_limit = kTargetLimit;
        options_.on_refusal = [this](const HttpRefusal&) { ++seen_.refusals; };
        options_.log_error = [](std::string_view) { require(false, "a connection has no bug to report"); };
    }

    const HttpServerOptions& options() const { return options_; }
    const HttpHandler& handler() const { return handler_; }

private:
    awaitable<void> serve(HttpExchange& exchange) {
        const HttpRequest& request = exchange.request();
        if (seen_.refusals > 0) ++seen_.taken_after_refusal;
        Request taken;
        taken.method = request.method_name;
        taken.target = request.target;
        taken.path = request.path;
        taken.query = request.query;
        for (const auto& field : request.headers) taken.headers.emplace_back(field.name_string(), field.value());
        taken.reads_body = request.path != "/skip";
        const std::size_t place = seen_.requests.size();
        seen_.requests.push_back(std::move(taken));
        if (seen_.requests[place].reads_body) {
            auto body = co_await exchange.read_body(kBodyLimit);
            if (body) {
                require(body->size() <= kBodyLimit, "a body keeps its bound");
                seen_.requests[place].body = std::move(*body);
            } else {
                seen_.requests[place].body_failed = true;
                seen_.requests[place].was_cut = body.error().code == NetErrc::closed;
                // The server answers for a handler whose read failed; one that wanted less answers by itself.
                if (body.error().code != NetErrc::too_large) co_return;
            }
        }
        co_await answer(exchange, request.path);
    }

    Conversation& seen_;
    HttpServerOptions options_;
    HttpHandler handler_ = [this](HttpExchange& exchange) { return serve(exchange); };
};

class Client {
public:
    explicit Client(int fd) : socket_(fd) {}

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count <= 0) return;  // the server has closed
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    void finish() { ::shutdown(socket_.get(), SHUT_WR); }
    /// True when something came.
    bool receive() {
        char piece[4096];
        const auto count = ::recv(socket_.get(), piece, sizeof piece, MSG_DONTWAIT);
        if (count <= 0) return false;
        received_.append(piece, static_cast<std::size_t>(count));
        return true;
    }
    std::string_view received() const { return received_; }

private:
    Descriptor socket_;
    std::string received_;
};

// Until neither end has anything more to do.
void settle(asio::io_context& loop, Client& client) {
    bool is_busy = true;
    while (is_busy) {
        loop.restart();
        is_busy = loop.poll() > 0;
        while (client.receive()) is_busy = true;
    }
}

void check_file(const Answer& answer, const http::fields& head) {
    if (answer.status == 200 && !answer.body.empty()) require(answer.body == kFileText, "a file comes whole");
    if (answer.status != 206) return;
    const std::string range(head[http::field::content_range]);
    unsigned long first = 0, last = 0, size = 0;
    require(std::sscanf(range.c_str(), "bytes %lu-%lu/%lu", &first, &last, &size) == 3, "a part says which it is");
    require(first <= last && last < size && size == kFileText.size(), "a part lies in the file");
    require(answer.body.empty() || answer.body == kFileText.substr(first, last - first + 1),
            "a part is the one asked for");
}

// The next answer of `bytes`, which lose it.
Answer take_answer(std::string_view& bytes, const Request* request) {
    http::response_parser<http::string_body> parser;
    parser.eager(true);
    parser.body_limit(boost::none);
    if (request != nullptr && request->method == "HEAD") parser.skip(true);
    boost::system::error_code error;
    const std::size_t used = parser.put(asio::buffer(bytes), error);
    const std::string_view raw = bytes.substr(0, used);
    bytes.remove_prefix(used);
    if (parser.is_header_done() && parser.need_eof() && bytes.empty()) {
        error = {};
        parser.put_eof(error);
    }
    require(!error && parser.is_done(), "what the server sends is HTTP, and whole");
    const auto& message = parser.get();
    require(message.count("x-request-id") == 1, "an answer has one id");
    Answer answer{message.result_int(), !parser.keep_alive(), std::string(raw.substr(0, raw.find("\r\n\r\n"))),
                  message.body()};
    if (request == nullptr) return answer;
    if (request->path == "/file") check_file(answer, message);
    if (request->path == "/stream" && answer.status == 200 && request->method != "HEAD")
        require(answer.body == kStreamText, "a stream comes whole");
    return answer;
}

void take_answers(std::string_view bytes, Conversation& seen) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    while (true) {
        // Of a client that then sends no body it is the last.
        if (bytes.starts_with(kContinue)) bytes.remove_prefix(kContinue.size());
        if (bytes.empty()) return;
        const std::size_t place = seen.answers.size();
        seen.answers.push_back(take_answer(bytes, place < seen.requests.size() ? &seen.requests[place] : nullptr));
    }
}

}  // namespace

Conversation converse(const std::vector<std::string_view>& pieces) {
    static asio::io_context loop(1);
    Conversation seen;
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets can be made");
    Client client(ends[0]);
    asio::ip::tcp::socket socket(loop);
    socket.assign(asio::ip::tcp::v4(), ends[1]);
    Server server(seen);
    int ids = 0;
    bool has_ended = false;
    FairTurns turns(loop);
    {
        HttpConnection connection(
            std::move(socket), server.options(), server.handler(), [&ids] { return "id-" + std::to_string(++ids); },
            turns);
        asio::co_spawn(loop, connection.serve(), [&has_ended](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
            has_ended = true;
        });
        for (const std::string_view piece : pieces) {
            client.send(piece);
            settle(loop, client);
        }
        client.finish();
        settle(loop, client);
        require(has_ended, "a connection ends when its client has sent all");
    }
    settle(loop, client);
    take_answers(client.received(), seen);
    return seen;
}

}  // namespace longhand::fuzz
