// The offline model as a server of the OpenAI protocol: the provider of those who have none, the tests' provider, and a
// generator of load and of faults.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "llm/offline/offline_writer.h"
#include "net/http_server.h"

namespace longhand::llm::offline {

enum class FaultKind {
    status_429,  ///< with `Retry-After: 0`
    status_500,
    cut,    ///< the stream breaks off after some tokens
    stall,  ///< no token after some, until the client leaves
};

struct OfflineServerOptions {
    double tokens_per_second = 0;  ///< of each stream; 0: as fast as they are taken
    Milliseconds first_token{0};
    double fail_rate = 0;  ///< 0 to 1: the share of chat requests that fail, drawn by seed, request and its count
    std::vector<FaultKind> fail_with{FaultKind::status_500};
    Manner manner = Manner::plain;
    std::uint64_t seed = 1;
    std::vector<std::string> keys;  ///< one of these has to come as the bearer; empty: no key is asked for
    unsigned threads = 1;
};

/// What it has done since it began. `tokens` are words and punctuation marks, counted as they leave.
struct OfflineStats {
    std::uint64_t calls = 0;     ///< chat requests that were well formed
    std::uint64_t failures = 0;  ///< of them, those made to fail
    std::uint64_t left = 0;      ///< streams whose client went before the end
    std::uint64_t active = 0;    ///< streams under way
    std::uint64_t prompt_tokens = 0;
    std::uint64_t completion_tokens = 0;
    std::vector<std::uint64_t> calls_by_key;  ///< of `calls`, in the order of the options' keys
};

/// `POST /v1/chat/completions` (streamed or not), `GET /v1/models`, `GET /v1/generation?id=` (what a call cost, for the
/// last ten thousand), `GET /v1/stats` (which never shows a key). Same options and requests, same answers. Thread-safe;
/// the runtime outlives it.
class OfflineServer {
public:
    OfflineServer(Runtime& runtime, OfflineServerOptions options);
    ~OfflineServer();

    /// Port 0 takes a free one. Errors as HttpServer's.
    net::NetResult<net::HttpServer::Address> listen(std::string host, std::uint16_t port);
    /// `http://127.0.0.1:PORT/v1`, once it listens.
    std::string base_url() const;
    void stop(Milliseconds grace);

    OfflineStats stats() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::llm::offline
