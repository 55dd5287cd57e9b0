// Both ends of the benchmarks `streams` and `events`, lean enough for one core beside the server's: a provider whose
// words carry the instant at which they left, and watchers who look at it.
//
//   stream_load provide RATE
//       answers every chat request with a stream of RATE words a second that never ends, until its standard input does.
//       Prints its port, then one JSON object.
//   stream_load watch PORT SECONDS
//       watches the jobs that its standard input names, `ID TOKEN` a line, one connection a line. Says `watching` once
//       every stream has begun; then counts for SECONDS and prints one JSON object.
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace longhand::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::chrono::milliseconds kTick{1};

/// Of the machine's one monotonic clock, which both ends read. In milliseconds, so that a word is about as long as a
/// token.
std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
}

template <class Number>
Number number(std::string_view word, int base = 10) {
    Number value = 0;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (end.ec != std::errc() || end.ptr != word.data() + word.size()) {
        throw std::invalid_argument(fmt::format("'{}' is no number", word));
    }
    return value;
}

// ---- The provider

/// Its streams take turns: in each tick those of one place send a word, so that words leave evenly.
class Provider {
public:
    explicit Provider(int rate)
        : acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          input_(loop_, ::dup(STDIN_FILENO)),
          timer_(loop_),
          turns_(static_cast<std::size_t>(std::max(1, 1000 / rate))) {}

    void run() {
        fmt::print("{}\n", acceptor_.local_endpoint().port());
        std::fflush(stdout);
        input_.async_read_some(asio::buffer(ignored_), [this](error_code, std::size_t) { loop_.stop(); });
        next_tick_ = Clock::now();
        accept();
        tick();
        loop_.run();
        fmt::print(R"({{"words":{},"refused":{},"latest_tick_ms":{:.1f}}})"
                   "\n",
                   words_, refused_, latest_ms_);
    }

private:
    struct Stream {
        explicit Stream(tcp::socket own) : socket(std::move(own)) {}
        tcp::socket socket;
        asio::streambuf request;
        bool open = true;
    };

    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (error) return;
            auto stream = std::make_shared<Stream>(std::move(socket));
            asio::async_read_until(stream->socket, stream->request, "\r\n\r\n",
                                   [this, stream](error_code failed, std::size_t) {
                                       if (!failed) begin(stream);
                                   });
            accept();
        });
    }

    /// The request's body is read and thrown away, for as long as the client is there.
    void begin(const std::shared_ptr<Stream>& stream) {
        error_code error;
        stream->socket.set_option(tcp::no_delay(true), error);
        asio::write(stream->socket, asio::buffer(kHead), error);
        if (error) return;
        stream->socket.non_blocking(true, error);
        turns_[next_turn_++ % turns_.size()].push_back(stream);
        until_closed(stream);
    }
    void until_closed(const std::shared_ptr<Stream>& stream) {
        stream->socket.async_read_some(asio::buffer(ignored_), [this, stream](error_code error, std::size_t) {
            if (!error) return until_closed(stream);
            stream->open = false;
        });
    }

    void tick() {
        const auto late = std::chrono::duration<double, std::milli>(Clock::now() - next_tick_).count();
        latest_ms_ = std::max(latest_ms_, late);
        auto& turn = turns_[ticks_++ % turns_.size()];
        std::erase_if(turn, [](const auto& stream) { return !stream->open; });
        for (const auto& stream : turn) send_word(*stream);
        next_tick_ += kTick;
        timer_.expires_at(next_tick_);
        timer_.async_wait([this](error_code) { tick(); });
    }

    void send_word(Stream& stream) {
        const std::string event =
            fmt::format("data: {{\"id\":\"gen\",\"choices\":[{{\"delta\":{{\"content\":\"{} \"}}}}]}}\n\n", stamp());
        const std::string chunk = fmt::format("{:x}\r\n{}\r\n", event.size(), event);
        error_code error;
        const std::size_t sent = stream.socket.write_some(asio::buffer(chunk), error);
        // A reader that far behind would get half a chunk: it is cut off, and counted.
        if (error || sent != chunk.size()) {
            ++refused_;
            stream.open = false;
            stream.socket.close(error);
            return;
        }
        ++words_;
    }

    static std::string stamp() {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, now_ms(), 36);
        return std::string(digits, end.ptr);
    }

    asio::io_context loop_{1};
    tcp::acceptor acceptor_;
    asio::posix::stream_descriptor input_;
    asio::steady_timer timer_;
    Clock::time_point next_tick_;
    std::vector<std::vector<std::shared_ptr<Stream>>> turns_;
    std::size_t next_turn_ = 0, ticks_ = 0;
    std::uint64_t words_ = 0, refused_ = 0;
    double latest_ms_ = 0;
    char ignored_[4096];
};

// ---- The watchers

/// What all watchers have seen since the count began.
struct Seen {
    bool counting = false;
    std::uint64_t bytes = 0, texts = 0;
    std::vector<std::int64_t> word_ages_ms;
    std::size_t begun = 0, ended = 0;
};

class Watcher : public std::enable_shared_from_this<Watcher> {
public:
    Watcher(asio::io_context& loop, Seen& seen) : socket_(loop), seen_(seen) {}

    void start(const tcp::endpoint& server, const std::string& job, const std::string& token) {
        socket_.connect(server);
        const std::string request =
            fmt::format("GET /api/jobs/{}/events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\r\n",
                        job, server.port(), token);
        asio::write(socket_, asio::buffer(request));
        read();
    }

private:
    void read() {
        socket_.async_read_some(asio::buffer(piece_), [self = shared_from_this()](error_code error, std::size_t size) {
            if (error) return void(++self->seen_.ended);
            self->take({self->piece_, size});
            self->read();
        });
    }

    void take(std::string_view piece) {
        if (seen_.counting) seen_.bytes += piece.size();
        pending_ += piece;
        std::size_t end = 0;
        while ((end = pending_.find("\n\n", done_)) != std::string::npos) {
            take_event(std::string_view(pending_).substr(done_, end - done_));
            done_ = end + 2;
        }
        pending_.erase(0, std::exchange(done_, 0));
    }

    void take_event(std::string_view event) {
        if (!std::exchange(has_begun_, true)) ++seen_.begun;
        const auto text = event.find(kText);
        if (!seen_.counting || text == event.npos) return;
        ++seen_.texts;
        const auto words = event.substr(text + kText.size());
        take_words(words.substr(0, words.find('"')), now_ms());
    }

    void take_words(std::string_view words, std::int64_t now) {
        for (auto space = words.find(' '); space != words.npos; space = words.find(' ')) {
            // What was said before this watcher came is old for its own reasons.
            const auto sent = number<std::int64_t>(words.substr(0, space), 36);
            if (sent >= since_) seen_.word_ages_ms.push_back(now - sent);
            words.remove_prefix(space + 1);
        }
    }

    static constexpr std::string_view kText = "\"text\":\"";
    tcp::socket socket_;
    Seen& seen_;
    const std::int64_t since_ = now_ms();
    std::string pending_;
    std::size_t done_ = 0;
    bool has_begun_ = false;
    char piece_[16384];
};

void watch(std::uint16_t port, int seconds) {
    asio::io_context loop{1};
    Seen seen;
    const tcp::endpoint server(asio::ip::address_v4::loopback(), port);
    std::string job, token;
    std::size_t watchers = 0;
    for (; std::cin >> job >> token; ++watchers) std::make_shared<Watcher>(loop, seen)->start(server, job, token);
    const auto limit = Clock::now() + std::chrono::seconds(60);
    while (seen.begun < watchers) {
        if (Clock::now() > limit || seen.ended > 0) throw std::runtime_error("not every stream has begun");
        loop.run_one_until(limit);
    }
    fmt::print("watching\n");
    std::fflush(stdout);
    seen.counting = true;
    const auto began = Clock::now();
    loop.run_until(began + std::chrono::seconds(seconds));
    const double took = std::chrono::duration<double>(Clock::now() - began).count();
    auto& ages = seen.word_ages_ms;
    std::sort(ages.begin(), ages.end());
    const auto age_ms = [&](double share) {
        if (ages.empty()) return -1.0;
        const auto at = static_cast<std::size_t>(share * static_cast<double>(ages.size()));
        return static_cast<double>(ages[std::min(ages.size() - 1, at)]);
    };
    fmt::print(R"({{"ended":{},"bytes_per_s":{:.0f},"texts_per_s":{:.0f},"words_per_s":{:.0f},)"
               R"("p50_ms":{:.0f},"p99_ms":{:.0f},"max_ms":{:.0f}}})"
               "\n",
               seen.ended, static_cast<double>(seen.bytes) / took, static_cast<double>(seen.texts) / took,
               static_cast<double>(ages.size()) / took, age_ms(0.5), age_ms(0.99), age_ms(1));
}

int run(int count, char** words) {
    const std::string_view mode = count > 1 ? words[1] : "";
    if (mode == "provide" && count == 3) {
        Provider(number<int>(words[2])).run();
    } else if (mode == "watch" && count == 4) {
        watch(number<std::uint16_t>(words[2]), number<int>(words[3]));
    } else {
        throw std::invalid_argument("wanted: stream_load provide RATE, or stream_load watch PORT SECONDS");
    }
    return 0;
}

}  // namespace
}  // namespace longhand::bench

int main(int count, char** words) {
    try {
        return longhand::bench::run(count, words);
    } catch (const std::exception& error) {
        fmt::print(stderr, "stream_load: {}\n", error.what());
        return 1;
    }
}
