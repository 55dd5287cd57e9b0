// The table of routes: what 404, 405 with Allow, HEAD and the tests of the contract are made from.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/runtime.h"
#include "http/credentials.h"
#include "http/errors.h"
#include "http/keyed_request.h"
#include "http/metrics.h"
#include "net/http_server.h"

namespace longhand::http {

enum class Access {
    open,          ///< anybody
    user,          ///< a session or an API key
    session,       ///< not with an API key: who has one can't make or end keys
    user_or_link,  ///< these, or a signed link
};

/// A request on its way through a handler.
struct Call {
    net::HttpExchange& exchange;
    Identity identity;                                            ///< nil user where access is open
    std::map<std::string, std::string, std::less<>> path_values;  ///< of the path's parameters, as sent
    bool head_only = false;                                       ///< HEAD: the answer's body is not sent
    /// The public URL, or what a trusted proxy says that the client calls this server by: what links are made of.
    std::string_view base_url = {};
    /// How long the answer was held back because the client asked for it: no part of the time that it took.
    std::chrono::nanoseconds waited{};
    /// The row that the answer was made of, where it was made of nothing else; StatusPolls keeps it then.
    std::shared_ptr<const job::Job> polled = {};
    /// Of a POST with an Idempotency-Key; else null.
    KeyedRequest* keyed = nullptr;
    /// The body, where it was read before the handler is called.
    std::optional<std::string> body = {};
    /// Whether who was let in still would be. Empty where access is open.
    std::function<awaitable<ApiResult<Identity>>()> still_there = {};

    const net::HttpRequest& request() const { return exchange.request(); }
    Uuid owner() const { return identity.user; }
    /// For a verb of the store that does what this request asks for: `body` is the answer's, made of what the verb
    /// gives, with the status 200; nothing: this outcome is not kept with the change. It runs on the store's thread and
    /// owns what it uses.
    template <class T>
    store::Once<T> once(std::function<std::optional<std::string>(const store::StoreResult<T>&)> body) const {
        if (keyed == nullptr) return {};
        return keyed->once<T>([body = std::move(body)](const store::StoreResult<T>& result) {
            auto text = body(result);
            return text ? std::optional(store::KeptAnswer{200, std::move(*text)}) : std::nullopt;
        });
    }
    /// The same with an answer that is known before.
    template <class T>
    store::Once<T> once_saying(std::string body) const {
        return once<T>([body = std::move(body)](const store::StoreResult<T>&) { return std::optional(body); });
    }
};

/// The answer is a file.
struct FileReply {
    net::HttpResponse head;
    std::string path;
};
/// The handler has answered by itself.
struct Answered {
    Status status = Status::ok;
};
using Reply = std::variant<net::HttpResponse, FileReply, Answered>;

using Handler = std::function<awaitable<ApiResult<Reply>>(Call&)>;

struct Route {
    std::string method;  ///< GET (answers HEAD too), POST, PATCH or DELETE
    /// Segments, or parts of one, in braces are parameters: `/api/jobs/{id}/output.{format}`.
    std::string path;
    Access access = Access::user;
    Handler handler;
    Metrics::RouteSeries* series = nullptr;  ///< set where it is served
    /// Members that all its errors have, name and JSON text: for those that its handler did not make.
    std::vector<std::pair<std::string, std::string>> error_fields = {};
};

/// Immutable, so thread-safe.
class Router {
public:
    /// Of two paths that fit, the earlier route's is taken.
    explicit Router(std::vector<Route> routes);
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    struct Match {
        const Route* route = nullptr;
        std::map<std::string, std::string, std::less<>> values;
        /// Methods of the path, for Allow; empty: no such path. Lives as long as the router.
        std::span<const std::string> allowed;
    };
    /// `route` is not set when the path is not there, or not with that method.
    Match find(std::string_view method, std::string_view path) const;

    std::span<const Route> routes() const { return routes_; }

private:
    /// The routes of one path.
    struct Path {
        std::vector<const Route*> routes;
        std::vector<std::string> allowed;
    };
    const Path* path_of(std::string_view path, std::map<std::string, std::string, std::less<>>& values) const;

    std::vector<Route> routes_;
    std::vector<Path> paths_;  ///< in the order of the table
    /// Those without parameters that no earlier path fits too: most requests are for one of them.
    std::unordered_map<std::string_view, const Path*> plain_;
};

}  // namespace longhand::http
