#include "llm/offline/offline_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include "base/digest.h"
#include "llm/offline/chat_request.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

namespace json = boost::json;
using net::HttpExchange;
using net::HttpResponse;

constexpr std::size_t kLargestRequest = 16 * 1024 * 1024;
constexpr std::size_t kKeptGenerations = 10'000;
constexpr std::size_t kKeptRequests = 100'000;
constexpr std::size_t kBytesAWrite = 16 * 1024;
constexpr std::size_t kTokensBeforeFault = 12;
constexpr std::int64_t kCreated = 1'735'689'600;  // answers do not depend on the clock
constexpr std::chrono::hours kLongestStall{1};

HttpResponse answer_of(net::http::status status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

HttpResponse refusal_of(const ProtocolError& error) {
    return answer_of(static_cast<net::http::status>(error.status), error.body());
}

std::string query_value(const net::HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.query) {
        if (key == name) return value;
    }
    return "";
}

/// One call to the model, decided before its first byte leaves. Not moved: its tokens look into its text.
struct Generation {
    std::string id;
    ChatCompletionRequest request;
    std::string text;
    std::vector<std::string_view> tokens;  // of `text`, no more than were asked for
    std::string_view finish = "stop";
    std::optional<FaultKind> fault;
};

/// What is kept of a call, for /v1/generation.
struct Charge {
    std::uint64_t prompt_tokens = 0;
    std::uint64_t completion_tokens = 0;
    std::string finish;  // empty while it runs, and for a call that was left
    bool left = false;
    bool ended = false;
};

json::object charge_object(const std::string& id, const Charge& charge) {
    json::object data{{"id", id}, {"model", "offline"}, {"streamed", true}};
    data["tokens_prompt"] = charge.prompt_tokens;
    data["tokens_completion"] = charge.completion_tokens;
    data["native_tokens_prompt"] = charge.prompt_tokens;
    data["native_tokens_completion"] = charge.completion_tokens;
    data["cancelled"] = charge.left;
    data["finish_reason"] = charge.finish.empty() ? json::value(nullptr) : json::value(charge.finish);
    return json::object{{"data", std::move(data)}};
}

}  // namespace

class OfflineServer::Impl {
public:
    Impl(Runtime& runtime, OfflineServerOptions options)
        : runtime_(runtime),
          options_(std::move(options)),
          server_(server_options(), [this](HttpExchange& exchange) { return handle(exchange); }) {}

    net::NetResult<net::HttpServer::Address> listen(std::string host, std::uint16_t port) {
        auto address = server_.listen(std::move(host), port);
        if (address) {
            const bool v6 = address->host.find(':') != std::string::npos;
            base_url_ = fmt::format("http://{}:{}/v1", v6 ? "[" + address->host + "]" : address->host, address->port);
        }
        return address;
    }
    const std::string& base_url() const { return base_url_; }
    void stop(Milliseconds grace) { server_.stop(grace); }

    OfflineStats stats() const {
        OfflineStats now{calls_, failures_, left_, active_, prompt_tokens_, completion_tokens_, {}};
        now.calls_by_key.assign(calls_by_key_.begin(), calls_by_key_.end());
        return now;
    }

private:
    net::HttpServerOptions server_options() const {
        net::HttpServerOptions options;
        options.threads = options_.threads;
        return options;
    }

    awaitable<void> handle(HttpExchange& exchange) {
        const net::HttpRequest& request = exchange.request();
        const bool get = request.method == net::http::verb::get;
        const std::optional<std::size_t> key = key_of(request);
        if (!key && !options_.keys.empty()) {
            HttpResponse refusal =
                refusal_of({401, "Incorrect API key provided.", "", "invalid_api_key", "invalid_request_error"});
            refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
            co_await reply(exchange, std::move(refusal));
        } else if (request.path == "/v1/chat/completions" && request.method == net::http::verb::post) {
            co_await chat(exchange, key);
        } else if (request.path == "/v1/models" && get) {
            HttpResponse answer = answer_of(net::http::status::ok, models_body());
            co_await reply(exchange, std::move(answer));
        } else if (request.path == "/v1/generation" && get) {
            HttpResponse answer = generation_answer(query_value(request, "id"));
            co_await reply(exchange, std::move(answer));
        } else if (request.path == "/v1/stats" && get) {
            HttpResponse answer = answer_of(net::http::status::ok, stats_body());
            co_await reply(exchange, std::move(answer));
        } else {
            HttpResponse refusal = unknown_url(request);
            co_await reply(exchange, std::move(refusal));
        }
    }

    static HttpResponse unknown_url(const net::HttpRequest& request) {
        const std::string message = fmt::format("Unknown request URL: {} {}.", request.method_name, request.path);
        return refusal_of({404, message, "", "unknown_url"});
    }
    static HttpResponse too_large() {
        return refusal_of({413, fmt::format("The body is larger than {} bytes.", kLargestRequest), "", "too_large"});
    }

    static awaitable<void> reply(HttpExchange& exchange, HttpResponse response) {
        const auto sent = co_await exchange.respond(std::move(response));
        ignore_result(sent, "a client that has gone needs no answer");
    }

    /// Which of the keys came with the request.
    std::optional<std::size_t> key_of(const net::HttpRequest& request) const {
        const auto found = request.headers.find(net::http::field::authorization);
        const std::string given = found == request.headers.end() ? "" : std::string(found->value());
        std::optional<std::size_t> key;
        for (std::size_t i = 0; i < options_.keys.size(); ++i) {
            if (equal_in_constant_time(given, "Bearer " + options_.keys[i])) key = i;
        }
        return key;
    }

    std::string models_body() const {
        json::object entry{{"id", "offline"}, {"object", "model"}, {"created", kCreated}, {"owned_by", "longhand"}};
        entry["context_length"] = 1'000'000;
        entry["notice"] = json::string_view(kNotice.data(), kNotice.size());
        return json::serialize(json::object{{"object", "list"}, {"data", json::array{std::move(entry)}}});
    }

    HttpResponse generation_answer(const std::string& id) const {
        std::lock_guard lock(mutex_);
        const auto found = charges_.find(id);
        if (found == charges_.end() || !found->second.ended)
            return refusal_of({404, fmt::format("Generation {} not found.", id.substr(0, 80)), "id", "not_found"});
        return answer_of(net::http::status::ok, json::serialize(charge_object(id, found->second)));
    }

    std::string stats_body() const {
        const OfflineStats now = stats();
        return json::serialize(json::object{{"calls", now.calls},
                                            {"failures", now.failures},
                                            {"left", now.left},
                                            {"active", now.active},
                                            {"prompt_tokens", now.prompt_tokens},
                                            {"completion_tokens", now.completion_tokens},
                                            {"calls_by_key", json::value_from(now.calls_by_key)}});
    }

    awaitable<void> chat(HttpExchange& exchange, std::optional<std::size_t> key) {
        const auto body = co_await exchange.read_body(kLargestRequest);
        if (!body) {
            if (body.error().code == net::NetErrc::too_large) {
                HttpResponse refusal = too_large();
                co_await reply(exchange, std::move(refusal));
            }
            co_return;
        }
        auto parsed = parse_chat_request(*body);
        if (const auto* error = std::get_if<ProtocolError>(&parsed)) {
            HttpResponse refusal = refusal_of(*error);
            co_await reply(exchange, std::move(refusal));
            co_return;
        }
        if (key) ++calls_by_key_[*key];
        const auto made = begin(std::move(std::get<ChatCompletionRequest>(parsed)), stable_hash(*body, options_.seed));
        const Generation& generation = *made;
        if (generation.fault == FaultKind::status_429 || generation.fault == FaultKind::status_500) {
            HttpResponse refusal = fault_answer(*generation.fault);
            co_await reply(exchange, std::move(refusal));
        } else if (generation.request.stream) {
            co_await stream(exchange, generation);
        } else {
            co_await answer_at_once(exchange, generation);
        }
    }

    std::unique_ptr<const Generation> begin(ChatCompletionRequest request, std::uint64_t request_hash) {
        auto made = std::make_unique<Generation>();
        Generation& generation = *made;
        const std::uint64_t count = count_of(request_hash);
        // The count first: what is hashed last hardly reaches the high bits, which decide.
        const std::uint64_t draw = stable_hash(fmt::format("{}/{}", count, request_hash), options_.seed);
        generation.id = fmt::format("gen-{:016x}", draw ^ life_);
        const double fraction = static_cast<double>(draw >> 11) / static_cast<double>(1ull << 53);
        if (fraction < options_.fail_rate && !options_.fail_with.empty()) {
            generation.fault = options_.fail_with[(draw >> 3) % options_.fail_with.size()];
            ++failures_;
        }
        ++calls_;
        prompt_tokens_ += request.prompt_tokens;
        generation.text = write_answer(request.messages, options_.manner, options_.seed, request.max_tokens);
        generation.tokens = tokens_of(generation.text);
        if (generation.tokens.size() > request.max_tokens) {
            generation.tokens.resize(request.max_tokens);
            generation.finish = "length";
        }
        remember(generation.id, {request.prompt_tokens, 0, "", false, false});
        generation.request = std::move(request);
        return made;
    }

    static HttpResponse fault_answer(FaultKind kind) {
        if (kind == FaultKind::status_500)
            return refusal_of({500, "The server had an error while processing your request (as it was told to).", "",
                               "server_error", "server_error"});
        HttpResponse response =
            refusal_of({429, "Rate limit reached (as it was told to).", "", "rate_limit_exceeded", "rate_limit_error"});
        response.headers.emplace_back("Retry-After", "0");
        return response;
    }

    awaitable<void> answer_at_once(HttpExchange& exchange, const Generation& generation) {
        const std::size_t count = generation.tokens.size();
        const bool stayed = co_await wait_until(runtime_.steady_now() + due(count), exchange.gone());
        if (!stayed) {
            settle(generation.id, 0, "", true);
            co_return;
        }
        std::string text;
        for (const auto token : generation.tokens) text += token;
        const ChunkWriter writer(generation.id, generation.request.model, kCreated);
        HttpResponse response = answer_of(
            net::http::status::ok, writer.completion(text, generation.finish, generation.request.prompt_tokens, count));
        response.headers.emplace_back("X-Generation-Id", generation.id);
        settle(generation.id, count, std::string(generation.finish), false);
        co_await reply(exchange, std::move(response));
    }

    /// Counts a stream as under way for as long as it lives.
    struct Active {
        std::atomic<std::uint64_t>& count;
        explicit Active(std::atomic<std::uint64_t>& counter) : count(counter) { ++count; }
        ~Active() { --count; }
    };

    awaitable<void> stream(HttpExchange& exchange, const Generation& generation) {
        const Active active(active_);
        HttpResponse head;
        head.content_type = "text/event-stream; charset=utf-8";
        head.headers = {{"X-Generation-Id", generation.id}, {"Cache-Control", "no-cache"}};
        const ChunkWriter writer(generation.id, generation.request.model, kCreated);
        const auto begun = co_await exchange.begin_stream(std::move(head));
        std::size_t sent = 0;
        if (begun) sent = co_await send_tokens(exchange, generation, writer);
        const bool faulty = generation.fault.has_value();
        if (sent < generation.tokens.size() || exchange.gone().stopped()) {
            settle(generation.id, sent, "", !faulty);
            // Leaving by an exception closes the connection without the end of the answer.
            if (generation.fault == FaultKind::cut) throw std::runtime_error("the stream is cut, as it was told to be");
            co_return;
        }
        settle(generation.id, sent, std::string(generation.finish), false);
        std::string end = writer.finish(generation.finish);
        if (generation.request.include_usage) end += writer.usage(generation.request.prompt_tokens, sent);
        end += "data: [DONE]\n\n";
        const auto ended = co_await exchange.write(std::move(end));
        ignore_result(ended, "a client that left at the very end has the text");
    }

    /// How many went out. Less than all of them when the client left or a fault is due.
    awaitable<std::size_t> send_tokens(HttpExchange& exchange, const Generation& generation,
                                       const ChunkWriter& writer) {
        const StopToken gone = exchange.gone();
        const SteadyTime begin = runtime_.steady_now();
        std::size_t all = generation.tokens.size();
        if (generation.fault) all = std::min(all > 0 ? all - 1 : 0, kTokensBeforeFault);
        std::size_t sent = 0;
        while (sent < all) {
            const bool stayed = co_await wait_until(begin + due(sent), gone);
            if (!stayed) co_return sent;
            const std::size_t before = sent;
            std::string events = sent == 0 ? writer.role() : "";
            const SteadyTime now = runtime_.steady_now();
            while (sent < all && events.size() < kBytesAWrite && begin + due(sent) <= now)
                writer.append_delta(events, generation.tokens[sent++]);
            completion_tokens_ += sent - before;
            const auto written = co_await exchange.write(std::move(events));
            if (!written || gone.stopped()) co_return sent;
        }
        if (generation.fault == FaultKind::stall) co_await wait_until(begin + kLongestStall, gone);
        co_return sent;
    }

    /// When the token of that number leaves, from the request on.
    std::chrono::nanoseconds due(std::size_t number) const {
        std::chrono::nanoseconds at = options_.first_token;
        if (options_.tokens_per_second > 0)
            at += std::chrono::nanoseconds(
                static_cast<std::int64_t>(1e9 * static_cast<double>(number) / options_.tokens_per_second));
        return at;
    }

    /// False when the client left before.
    awaitable<bool> wait_until(SteadyTime time, StopToken gone) {
        if (time <= runtime_.steady_now()) co_return !gone.stopped();
        const WaitResult result = co_await runtime_.sleep_until(time, gone);
        co_return result != WaitResult::stopped;
    }

    /// How many equal requests came before this one.
    std::uint64_t count_of(std::uint64_t request_hash) {
        std::lock_guard lock(mutex_);
        if (seen_.size() >= kKeptRequests) seen_.clear();
        return seen_[request_hash]++;
    }

    void remember(const std::string& id, Charge charge) {
        std::lock_guard lock(mutex_);
        if (charges_.insert_or_assign(id, std::move(charge)).second) order_.push_back(id);
        while (order_.size() > kKeptGenerations) {
            charges_.erase(order_.front());
            order_.pop_front();
        }
    }

    void settle(const std::string& id, std::uint64_t tokens, std::string finish, bool left) {
        left_ += left;
        std::lock_guard lock(mutex_);
        const auto found = charges_.find(id);
        if (found == charges_.end()) return;
        found->second.completion_tokens = tokens;
        found->second.finish = std::move(finish);
        found->second.left = left;
        found->second.ended = true;
    }

    Runtime& runtime_;
    const OfflineServerOptions options_;
    // Another process answers the same calls: no id of one is an id of another's.
    const std::uint64_t life_ = runtime_.random();
    std::string base_url_;

    std::atomic<std::uint64_t> calls_{0}, failures_{0}, left_{0}, active_{0}, prompt_tokens_{0}, completion_tokens_{0};
    std::vector<std::atomic<std::uint64_t>> calls_by_key_ =
        std::vector<std::atomic<std::uint64_t>>(options_.keys.size());
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::uint64_t> seen_;
    std::unordered_map<std::string, Charge> charges_;
    std::deque<std::string> order_;

    // Last: its threads use what stands above.
    net::HttpServer server_;
};

OfflineServer::OfflineServer(Runtime& runtime, OfflineServerOptions options)
    : impl_(std::make_unique<Impl>(runtime, std::move(options))) {}
OfflineServer::~OfflineServer() = default;

net::NetResult<net::HttpServer::Address> OfflineServer::listen(std::string host, std::uint16_t port) {
    return impl_->listen(std::move(host), port);
}
std::string OfflineServer::base_url() const {
    return impl_->base_url();
}
void OfflineServer::stop(Milliseconds grace) {
    impl_->stop(grace);
}
OfflineStats OfflineServer::stats() const {
    return impl_->stats();
}

}  // namespace longhand::llm::offline
