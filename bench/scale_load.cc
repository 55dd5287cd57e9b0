// The load of `./dev bench scale`: claims every live job of an installation, reads each ten times, and cancels each,
// through the store's verbs; claims by 16, reads one after another, cancels from 64 callers.
//
//     scale_load DATA      prints one line of JSON: jobs, and microseconds a job for each of the three
#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <stdexcept>

#include "store/sqlite/sqlite_store.h"

namespace longhand {
namespace {

constexpr std::size_t kClaimedAtOnce = 16;
constexpr int kReads = 10;
constexpr int kCallers = 64;

template <class T>
T needed(store::StoreResult<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Load {
    Runtime& runtime;
    store::JobStore& jobs;
    std::vector<job::Job> live = {};
    std::size_t next = 0;

    double microseconds_since(SteadyTime began) const {
        const std::chrono::duration<double, std::micro> taken = runtime.steady_now() - began;
        return taken.count() / static_cast<double>(std::max<std::size_t>(live.size(), 1));
    }
};

awaitable<double> claim_all(Load* load) {
    const auto began = load->runtime.steady_now();
    store::ClaimRequest request;
    request.worker = load->runtime.new_id();
    request.limit = kClaimedAtOnce;
    request.provider = "bench";
    while (true) {
        auto claimed = needed(co_await load->jobs.claim(request));
        if (claimed.empty()) co_return load->microseconds_since(began);
        for (store::ClaimedJob& one : claimed) load->live.push_back(std::move(one.job));
    }
}

awaitable<double> read_all(Load* load) {
    const auto began = load->runtime.steady_now();
    for (int i = 0; i < kReads; ++i) {
        for (const job::Job& job : load->live) needed(co_await load->jobs.job_for_owner(job.owner, job.id));
    }
    co_return load->microseconds_since(began) / kReads;
}

awaitable<void> cancel_some(Load* load) {
    while (load->next < load->live.size()) {
        const job::Job& job = load->live[load->next++];
        auto cancelling = load->jobs.cancel(job.owner, job.id);
        needed(co_await std::move(cancelling));
    }
}

template <class T>
T run(asio::io_context& loop, awaitable<T> task) {
    std::optional<T> answer;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, T given) {
        if (error) std::rethrow_exception(error);
        answer = std::move(given);
    });
    loop.restart();
    loop.run();
    return std::move(*answer);
}

double cancel_all(asio::io_context& loop, Load& load) {
    const auto began = load.runtime.steady_now();
    for (int i = 0; i < kCallers; ++i) {
        asio::co_spawn(loop, cancel_some(&load), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    }
    loop.restart();
    loop.run();
    return load.microseconds_since(began);
}

void measure(const std::string& data) {
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    const auto store = needed(store::sqlite::open_sqlite_store(data + "/longhand.db", runtime));
    Load load{runtime, *store};
    const double claim = run(loop, claim_all(&load)), read = run(loop, read_all(&load)),
                 cancel = cancel_all(loop, load);
    std::printf("{\"jobs\": %zu, \"claim_us\": %.2f, \"read_us\": %.2f, \"cancel_us\": %.2f}\n", load.live.size(),
                claim, read, cancel);
}

}  // namespace
}  // namespace longhand

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: scale_load DATA\n", stderr);
        return 2;
    }
    try {
        longhand::measure(argv[1]);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "scale_load: %s\n", error.what());
        return 1;
    }
}
