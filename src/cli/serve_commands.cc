// serve: HTTP and workers in one process.
#include <fmt/compile.h>
#include <fmt/format.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/url/parse.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <thread>

#include "base/on_loop.h"
#include "base/task_scope.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/logging.h"
#include "cli/reach.h"
#include "cli/reload.h"
#include "cli/transport.h"
#include "cli/version.h"
#include "cli/webhook_secrets.h"
#include "cli/workshop.h"
#include "engine/sweeper.h"
#include "engine/webhook_sender.h"
#include "http/app.h"
#include "net/http_server.h"

namespace longhand::cli {
namespace {

// Requests under way get their answers within this; streams end at once, and the engine hands back meanwhile.
constexpr Milliseconds kGrace{3'000};
constexpr unsigned kBlockingThreads = 16;
// How long the caller of createWebhook waits for a name to be looked up.
constexpr Milliseconds kAddressCheck{5'000};

/// One running server. Members are in the order in which they depend on those before them.
struct Server {
    explicit Server(const Options& given) : options(given) {}

    const Options& options;
    std::shared_ptr<spdlog::logger> log;
    Address address;
    Transport transport;
    net::Networks allowed;  ///< beside public addresses, for what users name
    unsigned threads = 1;
    Milliseconds undo_deletion{};
    Children children;
    engine::EngineOptions engine;
    asio::io_context loop;
    AsioRuntime runtime{loop, kBlockingThreads};
    std::unique_ptr<Installation> installation;
    bool is_first_start = false;  ///< there was no account
    std::unique_ptr<Provider> provider;
    std::shared_ptr<const http::KeyRing> keys;
    std::unique_ptr<Reach> reach;
    std::unique_ptr<Workshop> workshop;
    std::unique_ptr<engine::Sweeper> sweeper;
    std::unique_ptr<engine::WebhookSender> webhooks;
    std::unique_ptr<http::App> app;
    std::atomic<http::App*> ready = nullptr;  ///< set once: the address has to be known before links can be made
    std::unique_ptr<net::HttpServer> listener;
};

std::string shown_host(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string url_of(const Server& server) {
    return fmt::format("{}://{}:{}", server.transport.scheme(), shown_host(server.address.host), server.address.port);
}

int open_installation(Server& server) {
    auto installation = Installation::open(server.options, Hold::exclusive, server.runtime);
    if (!installation) return complain(installation.error().message, status_of(installation.error().code));
    server.installation = std::move(*installation);
    return kDone;
}

// The options with which another command finds this installation, from whatever folder it is typed in.
std::string to_this_installation(const Server& server) {
    const std::string data = " --data " + shell_quoted(server.installation->path());
    const auto secret = server.options.find("secret-file");
    if (!secret) return data;
    std::error_code error;
    const std::string whole = std::filesystem::absolute(*secret, error).string();
    return data + " --secret-file " + shell_quoted(error ? *secret : whole);
}

// On loopback a first start makes the owner's account; anywhere else there has to be one before.
int check_accounts(Server& server) {
    const auto users = run_on(server.loop, server.installation->store().users());
    if (!users) return complain(users.error().message);
    server.is_first_start = users->empty();
    if (!server.is_first_start || server.address.is_loopback()) return kDone;
    return complain(
        fmt::format("There are no accounts yet, and {} can be reached from other machines. Make one first: "
                    "longhand user add EMAIL{}",
                    server.address.host, to_this_installation(server)));
}

// Once it listens: of a start that fails nobody would read on how to get a token, and the next one would not say it.
int make_first_account(Server& server) {
    if (!server.is_first_start) return kDone;
    const auto owner = run_on(server.loop, owner_account(server.installation->store()));
    if (!owner) return complain(owner.error().message);
    std::printf("made the account %s; a token for it: longhand token %s%s\n", kOwnerEmail, kOwnerEmail,
                to_this_installation(server).c_str());
    return kDone;
}

// No other process lives in this folder: what was in progress has lost its holder.
int take_up_work(Server& server) {
    const auto rescued = run_on(server.loop, server.installation->store().rescue_all("process_died"));
    if (!rescued) return complain(rescued.error().message);
    if (*rescued == 1) server.log->info("1 job goes on where a former process left it");
    if (*rescued > 1) server.log->info("{} jobs go on where a former process left them", *rescued);
    return kDone;
}

void log_access(const std::shared_ptr<spdlog::logger>& log, const http::AccessLine& line) {
    // A line for each request: its form is not read anew for each.
    fmt::memory_buffer text;
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{} {} {} {} us {} {}"), line.method, line.target, line.status,
                   line.taken.count(), line.request_id, line.remote_address);
    log->log(spdlog::level::info, {text.data(), text.size()});
}

std::function<awaitable<llm::LlmResult<void>>(std::string, StopToken)> key_check_of(Provider& provider) {
    if (!provider.takes_own_keys()) return {};
    return [&provider](std::string key, StopToken stop) { return provider.check_key(std::move(key), std::move(stop)); };
}

http::Deps deps_of(Server& server) {
    store::Store& store = server.installation->store();
    engine::Engine& engine = server.workshop->engine();
    return {
        .runtime = server.runtime,
        .jobs = store,
        .projects = store,
        .accounts = store,
        .requests = store,
        .files = server.installation->files(),
        .live = engine.live(),
        .outputs = [documents = &server.workshop->documents()](
                       Uuid owner, Uuid job, std::string format,
                       StopToken stop) { return documents->get(owner, job, std::move(format), std::move(stop)); },
        .engine_stats = [&engine] { return engine.stats(); },
        .provider_health =
            [&health = server.provider->health()] {
                const auto report = health.report();
                return http::ProviderHealth{report.state, report.message};
            },
        .access_log = [log = server.log](const http::AccessLine& line) { log_access(log, line); },
        .problem_log = [log = server.log](const std::string& problem) { log->error("{}", problem); },
        .logs_access = [log = server.log] { return log->should_log(spdlog::level::info); },
        .check_provider_key = key_check_of(*server.provider),
        .better_prompt = [&engine](
                             engine::PromptQuestion question,
                             StopToken stop) { return engine.better_prompt(std::move(question), std::move(stop)); },
        .webhooks = &store,
        .check_address =
            // On the loop that outlives the resolver, as a connection's own does not.
        [&runtime = server.runtime, &guard = server.reach->guard()](net::WebAddress address, OwnerPlaces::Place held) {
            return on_loop(runtime, guard.check(std::move(address), kAddressCheck, StopToken{}, std::move(held)));
        },
        .webhooks_changed = [&webhooks = *server.webhooks] { webhooks.wake(); },
        .webhook_stats = [&webhooks = *server.webhooks] { return webhooks.stats(); }};
}

awaitable<void> answer(Server* server, net::HttpExchange& exchange) {
    http::App* app = server->ready.load(std::memory_order_acquire);
    if (app != nullptr) co_return co_await app->handler()(exchange);
    net::HttpResponse early;
    early.status = net::http::status::service_unavailable;
    early.headers.emplace_back("Retry-After", "1");
    early.body = R"({"error":"The server is starting.","message":"The server is starting.","code":"unavailable"})";
    ignore_result(co_await exchange.respond(std::move(early)), "the client may have gone");
}

// Binds first, since the port may be chosen by the system and links name it.
int listen(Server& server) {
    net::raise_descriptor_limit();
    net::HttpServerOptions options;
    options.threads = server.threads;
    options.certificate = server.transport.certificate;
    options.is_shared_peer = [&proxies = server.transport.proxies](const asio::ip::address& peer) {
        return peer.is_loopback() || proxies.contains(peer);
    };
    options.log_error = [log = server.log](std::string_view message) { log->error("{}", message); };
    options.repeated = [&server](const net::UnparsedRequest& request, std::string& out, net::CallerId& caller) {
        http::App* app = server.ready.load(std::memory_order_acquire);
        return app != nullptr ? app->repeated(request, out, caller) : net::RepeatedAnswer::unknown;
    };
    options.on_refusal = [&server](const net::HttpRefusal& refusal) {
        http::App* app = server.ready.load(std::memory_order_acquire);
        if (app != nullptr) app->refused(refusal);
    };
    server.listener = std::make_unique<net::HttpServer>(
        options, [&server](net::HttpExchange& exchange) { return answer(&server, exchange); });
    const auto bound = server.listener->listen(server.address.host, server.address.port);
    if (!bound)
        return complain(
            fmt::format("{}:{} can't be listened on: {} Choose another with --listen; port 0 takes a free one.",
                        shown_host(server.address.host), server.address.port, sentence(bound.error().message)));
    server.address.port = bound->port;
    return kDone;
}

void make_app(Server& server) {
    http::AppOptions options;
    options.keys = server.keys;
    options.public_url = server.options.find("public-url").value_or(url_of(server));
    options.trusted_proxies = server.transport.proxies;
    options.links_follow_proxy = !server.options.has("public-url");
    while (options.public_url.ends_with('/')) options.public_url.pop_back();
    options.host_check = server.address.is_loopback() ? http::HostCheck::loopback : http::HostCheck::any;
    options.defaults = server.provider->defaults();
    options.version = version_text();
    options.undo_deletion = server.undo_deletion;
    server.app = std::make_unique<http::App>(deps_of(server), options);
    server.ready.store(server.app.get(), std::memory_order_release);
}

awaitable<void> stop_listening(Server* server) {
    // A thread of its own: the pool may be full of work that ends only when the engine has stopped.
    Notifier stopped;
    std::thread stopper([server, &stopped] {
        server->listener->stop(kGrace);
        stopped.notify();
    });
    co_await stopped.wait_until(server->runtime, server->runtime.steady_now() + std::chrono::hours(1), StopToken{});
    stopper.join();
}

awaitable<void> shut_down(Server* server) {
    server->log->info("stopping: running jobs go back to the queue");
    TaskScope stopping(server->runtime);
    stopping.spawn(stop_listening(server));
    stopping.spawn(server->workshop->engine().stop());
    stopping.spawn(server->workshop->documents().stop());
    stopping.spawn(server->sweeper->stop());
    stopping.spawn(server->webhooks->stop());
    co_await stopping.join();
    server->loop.stop();
}

// Empty when none is given. Links are made by appending a path to it.
Value<std::string> public_url_of(const Options& options) {
    std::string url = options.get("public-url");
    if (url.empty() && !options.has("public-url")) return url;
    while (url.ends_with('/')) url.pop_back();
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty() ||
        parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment()) {
        return wrong_usage(
            fmt::format("{} should be the http or https address that people use, with a host and no query, such as "
                        "https://longhand.example.org, not '{}'.",
                        options.origin("public-url"), options.get("public-url")));
    }
    return url;
}

Value<std::unique_ptr<Server>> make_server(const Options& options) {
    auto log = make_logger(options);
    if (!log) return log.error();
    auto address = address_option(options, "listen");
    if (!address) return address.error();
    const auto threads = number_option(options, "threads", 1, 256);
    if (options.has("threads") && !threads) return threads.error();
    const auto children = children_of(options);
    if (!children) return children.error();
    if (const auto budget = budget_of(options); !budget) return budget.error();
    const auto undo = duration_option(options, "undo-deletion", Milliseconds{0}, std::chrono::hours(24 * 30));
    if (!undo) return undo.error();
    auto engine = engine_options_of(options);
    if (!engine) return engine.error();
    if (auto url = public_url_of(options); !url) return url.error();
    auto transport = transport_of(options);
    if (!transport) return transport.error();
    auto allowed = allowed_networks(options);
    if (!allowed) return allowed.error();
    auto server = std::make_unique<Server>(options);
    server->log = std::move(*log);
    server->address = std::move(*address);
    server->transport = std::move(*transport);
    server->allowed = std::move(*allowed);
    server->threads = threads ? static_cast<unsigned>(*threads) : std::max(1U, std::thread::hardware_concurrency());
    server->undo_deletion = *undo;
    server->children = *children;
    server->engine = std::move(*engine);
    server->engine.log = server->log;
    return server;
}

// From here on the store tells the sender, too, of what it commits.
void make_webhooks(Server& server) {
    engine::WebhookSenderOptions options;
    options.log = server.log;
    server.webhooks =
        std::make_unique<engine::WebhookSender>(server.runtime, server.installation->store(), fetcher_of(*server.reach),
                                                webhook_secret_opener(server.keys), std::move(options));
    server.installation->store().observe(
        [&engine = server.workshop->engine(), &webhooks = *server.webhooks](const store::Committed& committed) {
            engine.on_committed(committed);
            webhooks.on_committed(committed);
        },
        [&engine = server.workshop->engine()](const store::Committed& change) { return engine.on_written(change); });
}

// Opens all, in the order in which a failure costs least. Gives kDone, or the exit status.
int open_server(Server& server) {
    if (const int status = open_installation(server); status != kDone) return status;
    if (const int status = check_accounts(server); status != kDone) return status;
    auto provider = Provider::make(server.options, server.loop, server.runtime, ModelChoice::open);
    if (!provider) return complain(provider.error().message, status_of(provider.error().code));
    server.provider = std::move(*provider);
    server.keys = key_ring_of(*server.installation, server.runtime, server.log);
    server.reach = std::make_unique<Reach>(server.loop, server.allowed);
    server.engine.fetch = fetcher_of(*server.reach);
    server.workshop = std::make_unique<Workshop>(server.runtime, *server.installation, *server.provider, server.keys,
                                                 server.engine, server.children);
    reseal(server.workshop->provider_keys(), server.loop, *server.log);
    reseal_webhook_secrets(server.keys, server.installation->store(), server.loop, *server.log);
    server.sweeper = std::make_unique<engine::Sweeper>(
        server.runtime, server.installation->store(), server.installation->files(),
        engine::SweepOptions{.undo_deletion = server.undo_deletion, .log = server.log});
    make_webhooks(server);
    if (const int status = take_up_work(server); status != kDone) return status;
    if (const int status = listen(server); status != kDone) return status;
    return make_first_account(server);
}

// For clients on this machine: where it answers, and the key that it answers with.
Result<void, FolderErrc> announce(Server& server) {
    return server.installation->folder()->announce(url_of(server), server.transport.key_pin());
}

Reload::Parts parts_of(Server& server) {
    return {.log = *server.log,
            .provider = *server.provider,
            .engine = server.workshop->engine(),
            .app = *server.app,
            .certificate = server.transport.certificate.get(),
            .certificate_was_read = [&server] {
                if (const auto told = announce(server); !told) server.log->error("{}", told.error().message);
            }};
}

int serve(const Options& options) {
    auto made = make_server(options);
    if (!made) return complain(made.error().message, kUsage);
    Server& server = **made;
    // A reload that comes before there is anything to reload must not end the process: nobody waits on it.
    const asio::signal_set early_hangups(server.loop, SIGHUP);
    if (const int status = open_server(server); status != kDone) return status;
    make_app(server);
    if (const auto announced = announce(server); !announced) return complain(announced.error().message);
    // Before anybody can know that it listens, and stop it.
    const Interrupt interrupt(server.loop,
                              [&server](int) { asio::co_spawn(server.loop, shut_down(&server), asio::detached); });
    Reload reload(options, parts_of(server));
    const Hangups hangups(server.loop, [&reload] { reload.run(); });
    std::printf("listening on %s\n", url_of(server).c_str());
    std::fflush(stdout);
    if (!server.provider->notice().empty()) server.log->info("{}", server.provider->notice());
    server.workshop->engine().start();
    server.sweeper->start();
    server.webhooks->start();
    server.loop.restart();
    server.loop.run();
    server.installation->store().observe({});
    return kDone;
}

}  // namespace

std::vector<Command> serve_commands() {
    const std::vector<OptionSpec> own = {
        {.name = "listen",
         .value = "HOST:PORT",
         .help = "where to answer; port 0 takes a free one",
         .fallback = "127.0.0.1:8080"},
        {.name = "public-url", .value = "URL", .help = "what links are made of (default: the listen address)"},
        {.name = "undo-deletion",
         .value = "TIME",
         .help = "how long a deleted job can be brought back; then its text is gone",
         .fallback = "10m"},
        {.name = "threads", .value = "N", .help = "threads that answer HTTP (default: one a core)"},
    };
    return {{{"serve",
              "runs the server: HTTP and workers in one process",
              "longhand serve --listen 127.0.0.1:8080 --data ./data",
              {},
              own + transport_options() + reach_options() + engine_options() + budget_options() + provider_options() +
                  store_options()},
             serve}};
}

}  // namespace longhand::cli
