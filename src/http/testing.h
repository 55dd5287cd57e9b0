// A real server on a free port over a real store in a folder of its own, and a client that sends what it is told to.
#pragma once

#include <sys/stat.h>

#include <atomic>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/digest.h"
#include "http/app.h"
#include "http/text.h"
#include "net/http_server.h"
#include "store/sqlite/sqlite_store.h"

namespace longhand::http {

struct RawAnswer {
    int status = 0;
    std::string head;
    std::string body;

    std::string header(std::string_view name) const {
        const std::string all = lower_case(head);
        const auto at = all.find("\n" + std::string(name) + ":");
        if (at == all.npos) return "";
        const auto begin = at + name.size() + 2;
        return std::string(trimmed(std::string_view(head).substr(begin, head.find('\n', begin) - begin)));
    }
    boost::json::object json() const { return boost::json::parse(body).as_object(); }
    std::string text(std::string_view member) const { return std::string(json().at(member).as_string()); }
};

/// Another runtime that tells how often somebody has begun to sleep on it.
class CountingRuntime final : public Runtime {
public:
    explicit CountingRuntime(Runtime& inner) : inner_(inner) {}
    /// Returns once there were so many, since the beginning.
    void until_slept_on(int times) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return slept_ >= times; }))
            throw std::runtime_error("nobody waits");
    }

    asio::any_io_executor executor() override { return inner_.executor(); }
    SteadyTime steady_now() const override { return inner_.steady_now(); }
    WallTime wall_now() const override { return inner_.wall_now(); }
    std::uint64_t random() override { return inner_.random(); }
    awaitable<WaitResult> sleep_until(SteadyTime time, StopToken stop) override {
        {
            const std::lock_guard lock(mutex_);
            ++slept_;
            changed_.notify_all();
        }
        return inner_.sleep_until(time, std::move(stop));
    }
    void post_blocking(std::function<void()> work) override { inner_.post_blocking(std::move(work)); }

private:
    Runtime& inner_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int slept_ = 0;
};

class TestServer {
public:
    static constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

    explicit TestServer(std::uint64_t disk_reserve = 0)
        : disk_reserve_(disk_reserve), guard_(loop_.get_executor()), thread_([this] { loop_.run(); }) {
        char name[] = "/tmp/longhand-http-XXXXXX";
        if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = name;
        files_.emplace(folder_);
        store_ = store::sqlite::open_sqlite_store(folder_ + "/longhand.db", runtime_).value();
        store_->observe([this](const store::Committed& committed) {
            using Commit = engine::LiveFeed::Commit;
            live_.committed(committed.job.id, committed.event ? Commit::event : Commit::row);
            live_.owner_changed(committed.job.owner);
        });
        net::HttpServerOptions server_options;
        server_options.threads = 2;
        server_options.repeated = [this](const net::UnparsedRequest& request, std::string& out, net::CallerId& caller) {
            return app_->repeated(request, out, caller);
        };
        server_options.on_refusal = [this](const net::HttpRefusal& refusal) { app_->refused(refusal); };
        server_.emplace(server_options, [this](net::HttpExchange& exchange) { return handler_(exchange); });
        const auto address = server_->listen("127.0.0.1", 0).value();
        port_ = address.port;
        app_.emplace(deps(), options());
        handler_ = app_->handler();
    }
    ~TestServer() {
        server_.reset();
        app_.reset();
        store_.reset();
        guard_.reset();
        thread_.join();
        std::filesystem::remove_all(folder_);
    }

    template <class T>
    T wait(awaitable<T> task) {
        return asio::co_spawn(loop_, std::move(task), asio::use_future).get();
    }

    Uuid add_user(const std::string& email) { return wait(store_->add_user(email)).value().id; }
    std::string token(Uuid user) const { return app_->tokens().make(user, runtime_.wall_now(), Seconds(3600)); }

    /// A connection that has sent something, and is read piece by piece.
    class Connection {
    public:
        Connection(std::uint16_t port, const std::string& bytes) : socket_(io_) {
            socket_.connect({asio::ip::make_address("127.0.0.1"), port});
            boost::system::error_code ignored;
            asio::write(socket_, asio::buffer(bytes), ignored);
        }
        /// What came so far, once `words` are in it or the server has closed.
        const std::string& read_to(std::string_view words) {
            boost::system::error_code error;
            char piece[4096];
            while (!error && seen_.find(words) == seen_.npos) {
                const std::size_t count = socket_.read_some(asio::buffer(piece), error);
                seen_.append(piece, count);
            }
            return seen_;
        }
        void send_more(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
        bool has_input() { return socket_.available() > 0; }
        void finish_sending() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }
        const std::string& read_to_end() {
            boost::system::error_code ignored;
            asio::read(socket_, asio::dynamic_buffer(seen_), ignored);
            return seen_;
        }

    private:
        asio::io_context io_;
        asio::ip::tcp::socket socket_;
        std::string seen_;
    };
    Connection open(const std::string& bytes) { return Connection(port_, bytes); }
    RawAnswer send(const std::string& method, const std::string& target, const std::string& headers,
                   const std::string& body) {
        const std::string length =
            body.empty() && method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
        const std::string host = headers.find("Host:") == headers.npos ? "Host: 127.0.0.1\r\n" : "";
        return parse(open(method + " " + target + " HTTP/1.1\r\n" + host + "Connection: close\r\n" + headers + length +
                          "\r\n" + body)
                         .read_to_end());
    }
    static RawAnswer parse(const std::string& bytes) {
        RawAnswer answer;
        const auto end = bytes.find("\r\n\r\n");
        if (end == bytes.npos) return answer;
        answer.status = std::atoi(bytes.substr(9, 3).c_str());
        answer.head = bytes.substr(0, end) + "\r\n";
        answer.body = bytes.substr(end + 4);
        if (answer.header("transfer-encoding") == "chunked") answer.body = unchunked(answer.body);
        return answer;
    }

    /// As a server that goes down: `gone` is raised, and answers under way may finish.
    void stop() { server_->stop(Milliseconds(10'000)); }

    store::Store& database() { return *store_; }
    Runtime& runtime() { return runtime_; }
    CountingRuntime& handlers_runtime() { return handlers_runtime_; }
    store::FileStore& files() { return *files_; }
    engine::LiveFeed& live() { return live_; }
    const std::shared_ptr<const KeyRing>& keys() const { return keys_; }
    App& app() { return *app_; }
    std::uint16_t port() const { return port_; }
    const std::string& folder() const { return folder_; }
    int keys_checked() const { return keys_checked_; }
    /// What the last request for a better prompt came to.
    engine::PromptQuestion last_question() {
        const std::lock_guard lock(mutex_);
        return last_question_;
    }
    std::vector<std::string> uploads() const {
        std::vector<std::string> names;
        if (!std::filesystem::exists(folder_ + "/uploads")) return names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/uploads"))
            names.push_back(entry.path().filename());
        return names;
    }
    std::vector<AccessLine> access() {
        const std::lock_guard lock(mutex_);
        return access_;
    }
    /// Times the sender of webhooks was told to look.
    int wakes() const { return wakes_; }
    std::vector<std::string> problems() {
        const std::lock_guard lock(mutex_);
        return problems_;
    }

private:
    Deps deps() {
        return Deps{
            handlers_runtime_,
            *store_,
            *store_,
            *store_,
            *store_,
            *files_,
            live_,
            [this](Uuid owner, Uuid job, std::string format, StopToken stop) {
                return output(this, owner, job, std::move(format), std::move(stop));
            },
            {},
            [] {
                return ProviderHealth{"waiting", "Since noon: it is away."};
            },
            [this](const AccessLine& line) {
                const std::lock_guard lock(mutex_);
                access_.push_back(line);
            },
            [this](const std::string& problem) {
                const std::lock_guard lock(mutex_);
                problems_.push_back(problem);
            },
            {},
            [this](std::string key, StopToken) { return check_key(this, std::move(key)); },
            [this](engine::PromptQuestion question, StopToken) { return better_prompt(this, std::move(question)); },
            store_.get(),
            [](net::WebAddress web, OwnerPlaces::Place) { return check(std::move(web)); },
            [this] { ++wakes_; }};
    }
    AppOptions options() const {
        AppOptions options;
        options.keys = keys_;
        options.public_url = "http://books.example:8080";
        options.defaults.provider = "offline";
        options.defaults.writing_model = "offline/extract";
        options.version = "test";
        options.max_file_bytes = 1 << 20;
        options.stream_poll = Milliseconds(20);
        options.disk_reserve = disk_reserve_;
        return options;
    }
    /// Takes `sk-good…`, says nothing of `sk-slow…`, and refuses all others.
    static awaitable<llm::LlmResult<void>> check_key(TestServer* self, std::string key) {
        using KeyFailure = Failure<llm::LlmErrc>;
        ++self->keys_checked_;
        if (key.starts_with("sk-good")) co_return llm::LlmResult<void>();
        if (key.starts_with("sk-slow")) co_return KeyFailure{llm::LlmErrc::unavailable, "The provider is away."};
        co_return KeyFailure{llm::LlmErrc::refused_key, "The provider refused the key (401); it was not stored."};
    }
    /// A name that has "inside" in it leads there; of one that has "silent" nobody knows.
    static awaitable<net::FetchResult<net::CheckedAddress>> check(net::WebAddress web) {
        if (web.host.find("inside") != std::string::npos) {
            co_return net::FetchFailure{net::FetchErrc::refused, "leads to an address that is not public"};
        }
        if (web.host.find("silent") != std::string::npos) {
            co_return net::FetchFailure{net::FetchErrc::unnamed,
                                        "can't be reached: its name was not looked up in time"};
        }
        co_return net::CheckedAddress{std::move(web), {}};
    }
    static awaitable<writing::BetterPrompt> better_prompt(TestServer* self, engine::PromptQuestion question) {
        writing::BetterPrompt better = writing::better_prompt_without_model(question.wish);
        better.prompt = ("Better: " + question.wish.prompt).substr(0, writing::kLongestPrompt);
        const std::lock_guard lock(self->mutex_);
        self->last_question_ = std::move(question);
        co_return better;
    }
    /// A small file, of any job that is the owner's. A docx takes as long as the client waits; an epub is lost between
    /// its making and its sending.
    static awaitable<engine::DocumentResult<engine::Document>> output(TestServer* self, Uuid owner, Uuid job,
                                                                      std::string format, StopToken stop) {
        const auto found = co_await self->store_->job_for_owner(owner, job);
        if (!found) co_return Failure<engine::DocumentErrc>{engine::DocumentErrc::not_found, ""};
        if (format == "docx") {
            const auto long_after = self->runtime_.steady_now() + std::chrono::minutes(1);
            [[maybe_unused]] const WaitResult how = co_await self->runtime_.sleep_until(long_after, stop);
            co_return Failure<engine::DocumentErrc>{engine::DocumentErrc::stopped, ""};
        }
        engine::Document document;
        document.path = self->folder_ + "/output." + format;
        const bool is_sheet = format == "quality.json";
        if (format != "epub") std::ofstream(document.path) << (is_sheet ? "{\"words\":0}" : "the " + format);
        document.media_type = is_sheet ? "application/json" : format == "pdf" ? "application/pdf" : "text/markdown";
        document.file_name = "Über \"all\"." + format;
        document.sha256 = sha256_hex(format);
        co_return document;
    }
    static std::string unchunked(std::string_view text) {
        std::string out;
        while (!text.empty()) {
            const auto line = text.find("\r\n");
            const auto size = std::strtoul(std::string(text.substr(0, line)).c_str(), nullptr, 16);
            if (size == 0 || line == text.npos) break;
            out += text.substr(line + 2, size);
            text.remove_prefix(std::min(text.size(), line + 2 + size + 2));
        }
        return out;
    }

    const std::uint64_t disk_reserve_;
    const std::shared_ptr<const KeyRing> keys_ = std::make_shared<KeyRing>(Secrets{std::string(kSecret), {}});
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    AsioRuntime runtime_{loop_, 2};
    CountingRuntime handlers_runtime_{runtime_};
    std::thread thread_;
    std::string folder_;
    std::optional<store::FileStore> files_;
    std::unique_ptr<store::Store> store_;
    engine::LiveFeed live_;
    std::optional<App> app_;
    net::HttpHandler handler_;
    std::optional<net::HttpServer> server_;
    std::uint16_t port_ = 0;
    std::atomic<int> keys_checked_ = 0;
    std::atomic<int> wakes_ = 0;
    std::mutex mutex_;
    std::vector<AccessLine> access_;
    std::vector<std::string> problems_;
    engine::PromptQuestion last_question_;
};

}  // namespace longhand::http
