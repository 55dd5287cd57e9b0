// The command line as a client of a running server: its HTTP API, and nothing besides.
#pragma once

#include <spdlog/logger.h>

#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/runtime.h"
#include "cli/document_file.h"
#include "net/http_client.h"
#include "net/sse.h"

namespace longhand::cli {

enum class ClientErrc {
    unreachable,  ///< no server answers there
    refused,      ///< the server said no; the message is its own
    broken,       ///< an answer that is not the API's, or a local file that can't be read or written
    stopped,      ///< quiet
};
template <class T>
using ClientResult = Result<T, ClientErrc>;

/// Used from one loop.
class ApiClient {
public:
    struct Target {
        std::string url;         ///< `http://127.0.0.1:8080`, no slash at its end
        std::string credential;  ///< a session token or an API key
    };
    /// `log` hears of each call.
    ApiClient(Runtime& runtime, net::HttpClient& http, Target target, std::shared_ptr<spdlog::logger> log);

    const std::string& url() const { return target_.url; }

    awaitable<ClientResult<boost::json::value>> get(std::string path, StopToken stop);
    awaitable<ClientResult<boost::json::value>> post(std::string path, boost::json::value body, StopToken stop);
    /// Writes the answer's body to `file` as DocumentFile does; a FIFO's reader is waited for. Gives its size.
    awaitable<ClientResult<std::uint64_t>> download(std::string path, std::string file, StopToken stop);
    /// One file of a project. The answer is the API's, also when it says that nothing was stored.
    awaitable<ClientResult<boost::json::value>> upload(std::string project, std::string file, StopToken stop);
    /// Every event of a job after `last_id` (empty: from the first on), each once: reconnects where the stream breaks,
    /// and keeps `last_id` at the last one seen. Ends when `sink` says false, and when the job's run has ended and all
    /// of it was told.
    awaitable<ClientResult<void>> watch(std::string job, std::shared_ptr<std::string> last_id,
                                        std::function<bool(const net::SseEvent&)> sink, StopToken stop);

private:
    awaitable<ClientResult<std::unique_ptr<DocumentFile>>> open_file(std::string file, StopToken stop);
    awaitable<net::NetResult<net::HttpReply>> send(net::HttpCall call, StopToken stop);
    awaitable<ClientResult<net::HttpReply>> perform(net::HttpCall call, StopToken stop);
    net::HttpCall call_to(std::string method, const std::string& path) const;

    Runtime& runtime_;
    net::HttpClient& http_;
    Target target_;
    std::shared_ptr<spdlog::logger> log_;
};

}  // namespace longhand::cli
