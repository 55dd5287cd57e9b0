// A command's way to a running server: which one, as whom, and following a job there.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "cli/api_client.h"
#include "cli/installation.h"
#include "cli/option_set.h"
#include "cli/progress_view.h"

namespace longhand::cli {

/// What a client does where the data folder has no owner's account.
enum class OwnerAccount {
    wanted,  ///< it fails: who removed the account meant it
    made,    ///< it makes one, as `write` without a server does
};

/// A loop with a client of one server on it.
class Remote {
public:
    /// By --server and --token; else the server that holds the data folder, under a token signed with its secret for
    /// the owner's account. Errors: usage, failed.
    static OpenResult<std::unique_ptr<Remote>> connect(const Options& options, OwnerAccount account);

    asio::io_context& loop() { return loop_; }
    Runtime& runtime() { return runtime_; }
    ApiClient& api() { return *api_; }

private:
    Remote() : runtime_(loop_, 1) {}

    asio::io_context loop_;
    AsioRuntime runtime_;
    std::unique_ptr<net::HttpClient> http_;
    std::unique_ptr<ApiClient> api_;
};

/// A session token of the owner's account, signed with the folder's own secret.
OpenResult<std::string> own_token(const Options& options, Runtime& runtime, asio::io_context& loop,
                                  OwnerAccount account);

/// Says what went wrong, unless it is quiet; gives the exit status.
int complain_of(const Failure<ClientErrc>& failure);

/// The flags with which another command finds the same server and folder; never a token.
std::string to_the_same_server(const Options& options);

/// Shows the job until its run ends or it waits for its owner; gives its status as `getJobStatus` tells it, with the
/// code of the problem that ended it as `problem_code`.
awaitable<ClientResult<boost::json::object>> follow(ApiClient& api, std::string job, ProgressView& view,
                                                    StopToken stop);
awaitable<ClientResult<boost::json::object>> job_status(ApiClient& api, std::string job, StopToken stop);

/// A member that is a string, else empty.
std::string text_of(const boost::json::object& object, std::string_view name);
double number_of(const boost::json::object& object, std::string_view name);
/// A member that is an amount of US dollars; nothing for null.
std::optional<UsdMicros> amount_of(const boost::json::object& object, std::string_view name);
/// What a ledger of the API says was spent; nothing where a part of it is not known.
std::optional<UsdMicros> known_cost(const boost::json::object& ledger);

}  // namespace longhand::cli
