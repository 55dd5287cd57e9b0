#include "cli/api_client.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/digest.h"
#include "cli/values.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

constexpr Milliseconds kReconnectDelay{500};
constexpr int kReconnects = 40;
constexpr Milliseconds kReaderDelay{50};  // between two looks whether somebody reads a FIFO

Failure<ClientErrc> broken(std::string message) {
    return {ClientErrc::broken, std::move(message)};
}

Failure<ClientErrc> from_net(const net::NetFailure& failure, const std::string& url) {
    switch (failure.code) {
        case net::NetErrc::stopped:
            return {ClientErrc::stopped, {}};
        case net::NetErrc::unreachable:
        case net::NetErrc::timeout:
        case net::NetErrc::closed:
        case net::NetErrc::too_large:
        case net::NetErrc::malformed:
            break;
    }
    const char* advice =
        url.starts_with("https://")
            ? "Is it running (longhand serve), is --server right, and does this system know who issued "
              "its certificate (update-ca-certificates)?"
            : "Is it running (longhand serve), and is --server right?";
    return {ClientErrc::unreachable,
            fmt::format("The server at {} does not answer: {} {}", url, sentence(failure.message), advice)};
}

// The server's own sentence, where the body has one.
std::string sentence_of(const net::HttpReply& reply) {
    boost::system::error_code error;
    const json::value body = json::parse(reply.body, error);
    if (!error && body.is_object()) {
        if (const auto* message = body.get_object().if_contains("message");
            message != nullptr && message->is_string()) {
            return std::string(message->get_string());
        }
    }
    return fmt::format("The server answered {}.", reply.status);
}

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (file.bad()) return std::nullopt;
    return text;
}

// A name inside a quoted parameter: RFC 7578 leaves the escaping of HTML forms.
std::string quoted_name(std::string_view name) {
    std::string result;
    for (const char c : name) {
        if (c == '"') {
            result += "%22";
        } else if (c == '\r' || c == '\n') {
            result += '_';
        } else {
            result += c;
        }
    }
    return result;
}

std::string multipart_body(const std::string& boundary, const std::string& project, const std::string& name,
                           const std::string& content) {
    return fmt::format(
        "--{0}\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n{1}\r\n"
        "--{0}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{2}\"\r\nContent-Type: "
        "application/octet-stream\r\n\r\n{3}\r\n--{0}--\r\n",
        boundary, project, quoted_name(name), content);
}

// What one connection of a stream has brought so far.
struct Stream {
    bool wanted = true;
    bool brought_any = false;
};

}  // namespace

ApiClient::ApiClient(Runtime& runtime, net::HttpClient& http, Target target, std::shared_ptr<spdlog::logger> log)
    : runtime_(runtime), http_(http), target_(std::move(target)), log_(std::move(log)) {
    while (target_.url.ends_with('/')) target_.url.pop_back();
}

net::HttpCall ApiClient::call_to(std::string method, const std::string& path) const {
    net::HttpCall call;
    call.method = std::move(method);
    call.url = target_.url + path;
    if (!target_.credential.empty()) call.headers.push_back("Authorization: Bearer " + target_.credential);
    return call;
}

// In the log a call is its method and its address: a credential is in a header, and a prompt in the body.
awaitable<net::NetResult<net::HttpReply>> ApiClient::send(net::HttpCall call, StopToken stop) {
    const std::string what = call.method + " " + call.url;
    auto sending = http_.perform(std::move(call), std::move(stop));
    auto reply = co_await std::move(sending);
    if (reply)
        log_->debug("{}: {}", what, reply->status);
    else
        log_->debug("{}: {}", what, reply.error().message);
    co_return reply;
}

awaitable<ClientResult<net::HttpReply>> ApiClient::perform(net::HttpCall call, StopToken stop) {
    auto reply = co_await send(std::move(call), stop);
    if (!reply) co_return from_net(reply.error(), target_.url);
    if (reply->status == 401) {
        co_return Failure<ClientErrc>{
            ClientErrc::refused,
            sentence_of(*reply) + " Give a token with --token or LONGHAND_TOKEN; 'longhand token EMAIL' makes one."};
    }
    // 207: some files were stored; the body says which.
    if (reply->status < 200 || reply->status >= 300)
        co_return Failure<ClientErrc>{ClientErrc::refused, sentence_of(*reply)};
    co_return std::move(*reply);
}

awaitable<ClientResult<json::value>> ApiClient::get(std::string path, StopToken stop) {
    auto reply = co_await perform(call_to("GET", path), stop);
    if (!reply) co_return reply.error();
    boost::system::error_code error;
    json::value body = json::parse(reply->body, error);
    if (error) co_return broken(fmt::format("What answers at {} is not a Longhand server.", target_.url));
    co_return body;
}

awaitable<ClientResult<json::value>> ApiClient::post(std::string path, json::value body, StopToken stop) {
    net::HttpCall call = call_to("POST", path);
    call.headers.emplace_back("Content-Type: application/json");
    call.body = json::serialize(body);
    auto reply = co_await perform(std::move(call), stop);
    if (!reply) co_return reply.error();
    boost::system::error_code error;
    json::value answer = json::parse(reply->body, error);
    if (error) co_return broken(fmt::format("What answers at {} is not a Longhand server.", target_.url));
    co_return answer;
}

awaitable<ClientResult<std::unique_ptr<DocumentFile>>> ApiClient::open_file(std::string file, StopToken stop) {
    for (;;) {
        auto opened = DocumentFile::open(file);
        if (opened) co_return std::move(*opened);
        if (opened.error().code == DocumentErrc::failed)
            co_return broken(fmt::format("{} can't be written: {}.", file, opened.error().message));
        co_await runtime_.sleep_for(kReaderDelay, stop);
        if (stop.stopped()) co_return Failure<ClientErrc>{ClientErrc::stopped, {}};
    }
}

awaitable<ClientResult<std::uint64_t>> ApiClient::download(std::string path, std::string file, StopToken stop) {
    auto opened = co_await open_file(file, stop);
    if (!opened) co_return opened.error();
    const std::shared_ptr<DocumentFile> out = std::move(*opened);
    net::HttpCall call = call_to("GET", path);
    call.max_bytes = 2ULL << 30;
    // A document in another format is made on its first request, which takes a while.
    call.first_byte_timeout = std::chrono::minutes(15);
    call.on_data = [out](std::string_view piece) { return out->write(piece); };
    auto reply = co_await perform(std::move(call), stop);
    if (!reply && !out->has_failed()) co_return reply.error();
    const auto size = out->finish();
    if (!size) co_return broken(fmt::format("{} can't be written: {}.", file, size.error().message));
    co_return *size;
}

awaitable<ClientResult<json::value>> ApiClient::upload(std::string project, std::string file, StopToken stop) {
    const auto content = read_file(file);
    if (!content) co_return broken(fmt::format("{} can't be read: {}.", file, std::strerror(errno)));
    const std::string boundary = "longhand-" + to_hex(random_bytes(16));
    net::HttpCall call = call_to("POST", "/api/uploadProjectFiles");
    call.headers.push_back("Content-Type: multipart/form-data; boundary=" + boundary);
    call.body = multipart_body(boundary, project, std::filesystem::path(file).filename().string(), *content);
    auto reply = co_await send(std::move(call), stop);
    if (!reply) co_return from_net(reply.error(), target_.url);
    boost::system::error_code error;
    json::value answer = json::parse(reply->body, error);
    // An answer with a summary tells each file's fate, whatever its status.
    if (!error && answer.is_object() && answer.get_object().contains("summary")) co_return answer;
    co_return Failure<ClientErrc>{ClientErrc::refused, sentence_of(*reply)};
}

awaitable<ClientResult<void>> ApiClient::watch(std::string job, std::shared_ptr<std::string> last_id,
                                               std::function<bool(const net::SseEvent&)> sink, StopToken stop) {
    auto stream = std::make_shared<Stream>();
    for (int failures = 0; failures < kReconnects;) {
        net::HttpCall call = call_to("GET", "/api/jobs/" + job + "/events");
        call.headers.emplace_back("Accept: text/event-stream");
        if (!last_id->empty()) call.headers.push_back("Last-Event-ID: " + *last_id);
        call.idle_timeout = std::chrono::minutes(1);
        call.max_bytes = SIZE_MAX;
        stream->brought_any = false;
        auto parser = std::make_shared<net::SseParser>([stream, last_id, sink](net::SseEvent event) {
            stream->brought_any = true;
            if (!event.id.empty()) *last_id = event.id;
            if (stream->wanted) stream->wanted = sink(event);
        });
        call.on_data = [stream, parser](std::string_view piece) { return parser->feed(piece) && stream->wanted; };
        auto reply = co_await perform(std::move(call), stop);
        if (!stream->wanted) co_return ClientResult<void>{};
        if (stop.stopped()) co_return Failure<ClientErrc>{ClientErrc::stopped, {}};
        if (!reply && reply.error().code == ClientErrc::refused) co_return reply.error();
        // No content: the run has ended, and there is nothing after the last event.
        if (reply && reply->status == 204) co_return ClientResult<void>{};
        failures = stream->brought_any ? 1 : failures + 1;
        if (failures >= kReconnects && !reply) co_return reply.error();
        if (!reply) log_->info("the job's events are asked for again: {}", reply.error().message);
        // A stream that ended well may be over: one more look tells. A broken one gets a pause.
        if (!reply) co_await runtime_.sleep_for(kReconnectDelay, stop);
    }
    co_return Failure<ClientErrc>{ClientErrc::unreachable,
                                  fmt::format("The server at {} ends the stream again and again.", target_.url)};
}

}  // namespace longhand::cli
