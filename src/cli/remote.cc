#include "cli/remote.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <filesystem>

#include "cli/command.h"
#include "cli/logging.h"
#include "http/token.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

constexpr const char* kDefaultServer = "http://127.0.0.1:8080";
constexpr Seconds kOwnTokenLife = std::chrono::hours(24 * 7);

void take_progress(const json::object& data, Snapshot& snapshot) {
    snapshot.progress = std::max(snapshot.progress, number_of(data, "progress"));
    snapshot.stage = text_of(data, "progress_stage");
    snapshot.words_done = static_cast<std::int64_t>(number_of(data, "words_done"));
    snapshot.words_planned = static_cast<std::int64_t>(number_of(data, "words_planned"));
    snapshot.tokens =
        static_cast<std::int64_t>(number_of(data, "prompt_tokens") + number_of(data, "completion_tokens"));
    snapshot.cost = amount_of(data, "cost_usd");
}

awaitable<store::StoreResult<store::User>> account_of(store::AccountStore& accounts, std::string email) {
    co_return co_await accounts.user_by_email(email);
}

// One event into the snapshot; false when the watch is over.
bool take_event(const net::SseEvent& event, Snapshot& snapshot, ProgressView& view) {
    if (event.event == "text" || event.event == "section_restarted") return true;
    boost::system::error_code error;
    const json::value data = json::parse(event.data, error);
    if (error || !data.is_object()) return true;
    if (event.event == "progress") {
        take_progress(data.get_object(), snapshot);
        view.show(snapshot);
        return true;
    }
    // The last event tells: a job that failed may have gone on since.
    const bool is_problem = event.event == "failed" || event.event == "moderated";
    snapshot.problem = is_problem ? text_of(data.get_object(), "code") : std::string();
    // Whoever watches can't do more for a job that waits for its owner.
    return event.event != "paused" && event.event != "waiting_for_user";
}

}  // namespace

std::string text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

double number_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_number()) return 0;
    return value->to_number<double>();
}

std::optional<UsdMicros> amount_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return UsdMicros::from_usd(value->to_number<double>());
}

std::optional<UsdMicros> known_cost(const json::object& ledger) {
    const json::value* spent = ledger.if_contains("spent");
    if (spent == nullptr || !spent->is_object() || number_of(spent->get_object(), "unknown_costs") > 0) {
        return std::nullopt;
    }
    return amount_of(spent->get_object(), "cost_usd");
}

int complain_of(const Failure<ClientErrc>& failure) {
    return failure.message.empty() ? kFailed : complain(failure.message);
}

std::string to_the_same_server(const Options& options) {
    return typed_again(options, {"server", "data", "secret-file", "config"});
}

OpenResult<std::string> own_token(const Options& options, Runtime& runtime, asio::io_context& loop,
                                  OwnerAccount account) {
    auto installation = Installation::open(options, Hold::signing, runtime);
    if (!installation) {
        return Failure<OpenErrc>{installation.error().code,
                                 installation.error().message + " A token can be given with --token instead."};
    }
    store::Store& store = (*installation)->store();
    const auto user = account == OwnerAccount::made ? run_on(loop, owner_account(store))
                                                    : run_on(loop, account_of(store, kOwnerEmail));
    if (!user && user.error().code == store::StoreErrc::not_found) {
        return Failure<OpenErrc>{
            OpenErrc::failed,
            fmt::format("There is no account {} here. Give a token with --token; 'longhand token EMAIL{}' makes one, "
                        "'longhand user list{}' shows the accounts.",
                        kOwnerEmail, typed_again(options, {"data", "secret-file", "config"}),
                        typed_again(options, {"data", "secret-file", "config"}))};
    }
    if (!user) return Failure<OpenErrc>{OpenErrc::failed, user.error().message};
    const http::Tokens tokens(std::make_shared<http::KeyRing>((*installation)->secrets()));
    return tokens.make(user->id, runtime.wall_now(), kOwnTokenLife);
}

OpenResult<std::unique_ptr<Remote>> Remote::connect(const Options& options, OwnerAccount account) {
    auto log = make_logger(options);
    if (!log) return Failure<OpenErrc>{OpenErrc::usage, log.error().message};
    auto remote = std::unique_ptr<Remote>(new Remote);
    ApiClient::Target target{.url = options.get("server"), .credential = options.get("token")};
    if (!target.url.empty() && !target.url.starts_with("http://") && !target.url.starts_with("https://")) {
        return Failure<OpenErrc>{OpenErrc::usage, fmt::format("{} should be a server's address, such as {}, not '{}'.",
                                                              options.origin("server"), kDefaultServer, target.url)};
    }
    while (target.url.ends_with('/')) target.url.pop_back();
    const auto data = data_path(options);
    if (!data) return data.error();
    const auto holder = holder_of(*data);
    const bool here = holder && !holder->address.empty() && (target.url.empty() || target.url == holder->address);
    if (target.url.empty()) target.url = here ? holder->address : kDefaultServer;
    (*log)->debug("the server is {}, {} the data folder {}", target.url, here ? "which holds" : "and does not hold",
                  *data);
    if (target.credential.empty() && here) {
        auto token = own_token(options, remote->runtime_, remote->loop_, account);
        if (!token) return token.error();
        target.credential = std::move(*token);
    }
    net::HttpClient::Options client;
    client.user_agent = "longhand-cli";
    // Whatever names the server's certificate has, it is the one that holds the folder.
    if (here) client.public_key_pin = holder->key_pin;
    remote->http_ = std::make_unique<net::HttpClient>(remote->loop_, std::move(client));
    remote->api_ = std::make_unique<ApiClient>(remote->runtime_, *remote->http_, std::move(target), *log);
    return remote;
}

awaitable<ClientResult<json::object>> job_status(ApiClient& api, std::string job, StopToken stop) {
    auto answer = co_await api.get("/api/getJobStatus?jobId=" + job, stop);
    if (!answer) co_return answer.error();
    if (!answer->is_object())
        co_return Failure<ClientErrc>{ClientErrc::broken,
                                      fmt::format("What answers at {} is not a Longhand server.", api.url())};
    co_return std::move(answer->get_object());
}

awaitable<ClientResult<json::object>> follow(ApiClient& api, std::string job, ProgressView& view, StopToken stop) {
    auto status = co_await job_status(api, job, stop);
    if (!status) co_return status;
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->job = job;
    snapshot->status = text_of(*status, "status");
    snapshot->stage = text_of(*status, "progress_stage");
    snapshot->progress = number_of(*status, "progress");
    snapshot->title = text_of(*status, "title");
    view.show(*snapshot);
    auto last_id = std::make_shared<std::string>();
    while (snapshot->status == "queued" || snapshot->status == "in_progress" || snapshot->status == "submitted") {
        auto sink = [snapshot, &view](const net::SseEvent& event) { return take_event(event, *snapshot, view); };
        auto watched = co_await api.watch(job, last_id, sink, stop);
        if (!watched) co_return watched.error();
        // A pause may have been of a former run: the row says how things are.
        status = co_await job_status(api, job, stop);
        if (!status) co_return status;
        snapshot->status = text_of(*status, "status");
    }
    snapshot->stage = text_of(*status, "progress_stage");
    snapshot->progress = number_of(*status, "progress");
    view.show(*snapshot);
    if (!snapshot->problem.empty()) (*status)["problem_code"] = snapshot->problem;
    co_return status;
}

}  // namespace longhand::cli
