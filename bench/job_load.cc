// The load of tests/instructions_test.py: N jobs one after another through the store's verbs, each enqueued, claimed,
// moved by three reports and completed, every write durable before the next. With DATA/jobs.db, made anew.
//
//     job_load DATA N
#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "store/sqlite/sqlite_store.h"

namespace longhand {
namespace {

constexpr Milliseconds kLease{3'600'000};
constexpr int kReports = 3;

template <class T>
T needed(store::StoreResult<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

awaitable<void> one_job(store::JobStore* jobs, job::WorkerId worker, Uuid owner, Uuid project) {
    store::NewJob request;
    request.owner = owner;
    request.project = project;
    request.settings.prompt = "A handbook of our test process for new engineers.";
    request.provider = "bench";
    auto enqueuing = jobs->enqueue(request);
    needed(co_await std::move(enqueuing));
    store::ClaimRequest claim;
    claim.worker = worker;
    claim.provider = request.provider;
    claim.lease = kLease;
    const auto claimed = needed(co_await jobs->claim(claim));
    const job::Job& job = claimed.at(0).job;
    job::Report report{job::Stage::generating_work, 0, {}, {}};
    for (int i = 1; i <= kReports; ++i) {
        report.progress = 25.0 * i;
        std::vector<store::Beat> beats;
        beats.push_back({job.id, job.lease, report});
        needed(co_await jobs->extend(worker, kLease, std::move(beats)));
    }
    store::Completion completion;
    completion.job = job.id;
    completion.lease = job.lease;
    needed(co_await jobs->complete(completion));
}

awaitable<void> all_jobs(Runtime* runtime, store::Store* store, int count) {
    const auto user = needed(co_await store->add_user("bench@example.org"));
    auto creating = store->create_project(user.id, "Bench", "");
    const auto project = needed(co_await std::move(creating));
    const job::WorkerId worker = runtime->new_id();
    for (int i = 0; i < count; ++i) co_await one_job(store, worker, user.id, project.id);
}

void run(const std::string& data, int count) {
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    const auto store = needed(store::sqlite::open_sqlite_store(data + "/jobs.db", runtime));
    asio::co_spawn(loop, all_jobs(&runtime, store.get(), count), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    loop.run();
}

}  // namespace
}  // namespace longhand

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: job_load DATA N\n", stderr);
        return 2;
    }
    try {
        longhand::run(argv[1], std::stoi(argv[2]));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "job_load: %s\n", error.what());
        return 1;
    }
}
