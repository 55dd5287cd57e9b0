// The whole HTTP API over stores with one user, one project and two jobs, on one thread.
#pragma once

#include <optional>
#include <string>

#include "fuzz/memory_exchange.h"
#include "fuzz/memory_file.h"
#include "fuzz/one_job_store.h"
#include "http/app.h"
#include "http/secret.h"

namespace longhand::fuzz {

/// How a request was answered.
struct Reply {
    net::HttpResponse response;
    bool is_file = false;
    bool is_stream = false;
    Asked asked;
};

/// Used by one thread. Holds a folder for uploads, which goes with it.
class OneUserApi {
public:
    OneUserApi();
    ~OneUserApi();
    OneUserApi(const OneUserApi&) = delete;
    OneUserApi& operator=(const OneUserApi&) = delete;

    /// The same request is answered the same, byte for byte, but for /metrics, which count. `piece` is how many bytes
    /// of the body come at once. Whatever the request: an answer without a defect of the server, JSON that parses, a
    /// line in the access log that can be printed.
    Reply answer(const net::HttpRequest& request, const std::string& body, std::size_t piece);

    /// Of the user: valid now.
    static const std::string& token();
    static http::Secrets secrets() { return {"the newest secret, of 32 bytes..", {}}; }

private:
    http::Deps deps();
    http::AppOptions options();

    StillRuntime runtime_;
    Asked asked_;
    OneJobStore jobs_{asked_};
    OneProjectStore projects_{asked_};
    OneUserStore accounts_;
    OneRequestStore requests_{asked_};
    const std::string folder_;
    store::FileStore files_{folder_};
    engine::LiveFeed live_;
    const MemoryFile document_{"# A work\n"};
    std::optional<http::App> app_;
};

/// The request that `bytes` begin with, which lose its head; nothing when that is none that a connection would take.
std::optional<net::HttpRequest> take_request(std::string_view& bytes);

}  // namespace longhand::fuzz
