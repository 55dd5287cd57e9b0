// The serving half of `longhand serve` over a real installation, with a pacer in the place of the engine: it claims
// every job that is queued and moves the progress of a tenth of them each second, by the store's own verbs, each beat
// one commit. So `./dev bench status` reads jobs that change while they are read, at a known pace, and the `changed`
// lines say what a read that begins after them must show at least.
//
//     status_server DATA      prints `listening on http://127.0.0.1:PORT`, then `changed JOB PROGRESS` lines
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <stdexcept>

#include "http/app.h"
#include "http/secret.h"
#include "net/http_server.h"
#include "store/sqlite/sqlite_store.h"

namespace longhand {
namespace {

constexpr Milliseconds kBeat{100};
constexpr std::size_t kBeatsOfARound = 100;  // each job changes once in ten seconds
constexpr Milliseconds kLease{3'600'000};
constexpr double kStep = 0.01;  // of progress, in percent: what a reader sees

template <class T>
T needed(store::StoreResult<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

class Pacer {
public:
    Pacer(Runtime& runtime, store::JobStore& jobs) : runtime_(runtime), jobs_(jobs), worker_(runtime.new_id()) {}

    awaitable<void> run(StopToken stop) {
        co_await claim_all();
        std::printf("moving %zu jobs\n", held_.size());
        std::fflush(stdout);
        auto next = runtime_.steady_now();
        while (co_await runtime_.sleep_until(next += kBeat, stop) == WaitResult::elapsed) co_await beat();
    }

private:
    struct Held {
        Uuid job;
        job::Lease lease = 0;
        job::Report report;
    };

    awaitable<void> claim_all() {
        store::ClaimRequest request;
        request.worker = worker_;
        request.limit = 1'000;
        request.lease = kLease;
        request.provider = "bench";
        while (true) {
            auto claimed = needed(co_await jobs_.claim(request));
            if (claimed.empty()) co_return;
            for (const store::ClaimedJob& one : claimed) {
                held_.push_back({one.job.id, one.job.lease, {job::Stage::generating_work, one.job.progress, {}, {}}});
            }
        }
    }

    awaitable<void> beat() {
        const std::size_t count = held_.size() / kBeatsOfARound;
        if (count == 0) co_return;
        std::vector<store::Beat> beats;
        for (std::size_t i = 0; i < count; ++i) {
            Held& held = held_[next_++ % held_.size()];
            held.report.progress += kStep;
            beats.push_back({held.job, held.lease, held.report});
        }
        const store::Beat last = beats.back();
        needed(co_await jobs_.extend(worker_, kLease, std::move(beats)));
        std::printf("changed %s %.2f\n", last.job.to_string().c_str(), last.report.progress);
        std::fflush(stdout);
    }

    Runtime& runtime_;
    store::JobStore& jobs_;
    const job::WorkerId worker_;
    std::vector<Held> held_;
    std::size_t next_ = 0;
};

http::Deps deps_of(Runtime& runtime, store::Store& store, store::FileStore& files, engine::LiveFeed& live) {
    return {.runtime = runtime,
            .jobs = store,
            .projects = store,
            .accounts = store,
            .requests = store,
            .files = files,
            .live = live,
            .outputs = [](Uuid, Uuid, std::string, StopToken) -> awaitable<engine::DocumentResult<engine::Document>> {
                co_return Failure<engine::DocumentErrc>{engine::DocumentErrc::nothing_yet, "nothing is written here"};
            }};
}

int serve(const std::string& data) {
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    const auto store = needed(store::sqlite::open_sqlite_store(data + "/longhand.db", runtime));
    const auto secrets = http::load_secrets(data + "/secret", runtime.wall_now());
    if (!secrets) throw std::runtime_error(secrets.error().message);
    store::FileStore files(data);
    engine::LiveFeed live;
    store->observe([&live](const store::Committed& committed) {
        using Commit = engine::LiveFeed::Commit;
        live.committed(committed.job.id, committed.event ? Commit::event : Commit::row);
    });
    http::AppOptions options;
    options.keys = std::make_shared<http::KeyRing>(*secrets, data + "/secret", runtime, nullptr);
    options.public_url = "http://127.0.0.1:8080";
    options.version = "bench";
    http::App app(deps_of(runtime, *store, files, live), options);
    net::HttpServerOptions server_options;
    server_options.repeated = [&app](const net::UnparsedRequest& request, std::string& out, net::CallerId& caller) {
        return app.repeated(request, out, caller);
    };
    net::HttpServer server(server_options, app.handler());
    const auto address = server.listen("127.0.0.1", 0);
    if (!address) throw std::runtime_error(address.error().message);
    std::printf("listening on http://127.0.0.1:%u\n", address->port);
    std::fflush(stdout);

    StopSource stop;
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](boost::system::error_code, int) { stop.stop(StopReason::shutdown); });
    Pacer pacer(runtime, *store);
    asio::co_spawn(loop, pacer.run(stop.token()), [&](std::exception_ptr error) {
        signals.cancel();
        if (error) std::rethrow_exception(error);
    });
    loop.run();
    server.stop(Milliseconds(1'000));
    store->observe({});
    return 0;
}

}  // namespace
}  // namespace longhand

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: status_server DATA\n", stderr);
        return 2;
    }
    try {
        return longhand::serve(argv[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "status_server: %s\n", error.what());
        return 1;
    }
}
