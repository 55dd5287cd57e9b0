// What the conformance suite stands on: a store made by its subject's factory, a clock set by hand, and verbs as plain
// calls.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace longhand::store::conformance {

/// A loop that runs while a test waits, and a wall clock that stands still until it is moved.
class ManualRuntime final : public Runtime {
public:
    asio::any_io_executor executor() override { return loop_.get_executor(); }
    SteadyTime steady_now() const override { return SteadyTime(now_.load().time_since_epoch()); }
    WallTime wall_now() const override { return now_.load(); }
    std::uint64_t random() override {
        std::lock_guard lock(mutex_);
        return random_();
    }
    awaitable<WaitResult> sleep_until(SteadyTime, StopToken) override { co_return WaitResult::elapsed; }
    void post_blocking(std::function<void()> work) override { work(); }

    void advance(Milliseconds time) { now_.store(now_.load() + time); }

    /// Runs a coroutine to its end in the calling thread; one thread at a time.
    template <class T>
    T run(awaitable<T> task) {
        return run_on(loop_, std::move(task));
    }
    /// Likewise on a loop of its own: for as many threads as like.
    template <class T>
    static T run_alone(awaitable<T> task) {
        asio::io_context loop;
        return run_on(loop, std::move(task));
    }

private:
    template <class T>
    static awaitable<void> keep(awaitable<T> task, std::optional<T>& answer) {
        answer.emplace(co_await std::move(task));
    }
    template <class T>
    static T run_on(asio::io_context& loop, awaitable<T> task) {
        std::optional<T> answer;
        std::exception_ptr thrown;
        asio::co_spawn(loop, keep(std::move(task), answer), [&](std::exception_ptr error) { thrown = error; });
        loop.restart();
        loop.run();
        if (thrown) std::rethrow_exception(thrown);
        return std::move(answer.value());
    }

    asio::io_context loop_;
    std::atomic<WallTime> now_{WallTime(Milliseconds(1'752'746'400'000))};
    std::mutex mutex_;
    std::mt19937_64 random_{7};
};

/// The store under test with what lies behind it.
class Subject {
public:
    virtual ~Subject() = default;
    virtual Store& store() = 0;
    /// Closes the store and opens it again on the same data.
    virtual void reopen() = 0;
};
struct Factory {
    std::string name;  ///< a word, for the names of the tests
    std::function<std::unique_ptr<Subject>(Runtime&)> make;
    bool leases_run_out = true;  ///< by time, so that another process may take a job over
};
inline void PrintTo(const Factory& factory, std::ostream* out) {
    *out << factory.name;
}
inline std::string name_of(const testing::TestParamInfo<Factory>& info) {
    return info.param.name;
}

class StoreTest : public testing::TestWithParam<Factory> {
protected:
    Store& store() { return subject_->store(); }
    void reopen() { subject_->reopen(); }
    Uuid new_id() { return runtime_.new_id(); }

    /// What the verb answers; a failed one fails the test.
    template <class T>
    T ok(awaitable<StoreResult<T>> verb) {
        auto result = runtime_.run(std::move(verb));
        if (!result) throw std::runtime_error("the verb failed: " + result.error().message);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }
    /// How the verb fails; nothing when it succeeds.
    template <class T>
    std::optional<StoreErrc> error(awaitable<StoreResult<T>> verb) {
        auto result = runtime_.run(std::move(verb));
        return result ? std::nullopt : std::optional(result.error().code);
    }
    template <class T>
    std::string message(awaitable<StoreResult<T>> verb) {
        auto result = runtime_.run(std::move(verb));
        return result ? "" : result.error().message;
    }

    Uuid new_project(Uuid owner) { return ok(store().create_project(owner, "Handbook", "a@example.org")).id; }
    NewJob new_job(Uuid owner, Uuid project) {
        NewJob request;
        request.owner = owner;
        request.project = project;
        request.settings.prompt = "Write a handbook of bees.";
        request.settings.writing_model = "offline/writer";
        request.provider = kProvider;
        return request;
    }
    job::Job enqueue(Uuid owner, Uuid project) { return ok(store().enqueue(new_job(owner, project))).job; }
    /// In a project of its own.
    job::Job enqueue(Uuid owner) { return enqueue(owner, new_project(owner)); }

    ClaimRequest claim_request(std::size_t limit) {
        ClaimRequest request;
        request.worker = worker_;
        request.limit = limit;
        request.provider = kProvider;
        return request;
    }
    std::vector<ClaimedJob> claim(std::size_t limit) { return ok(store().claim(claim_request(limit))); }
    job::Job claim_one() {
        auto claimed = claim(1);
        if (claimed.size() != 1) throw std::runtime_error("there is no job to claim");
        return std::move(claimed.front().job);
    }
    job::Job start(Uuid owner) {
        const Uuid id = enqueue(owner).id;
        auto request = claim_request(1);
        request.only_job = id;
        return ok(store().claim(request)).at(0).job;
    }

    static job::Report report(double progress, job::Stage stage = job::Stage::generating_work) {
        job::Report report;
        report.stage = stage;
        report.progress = progress;
        return report;
    }
    static StepRecord step(const job::Job& job, std::string key, std::string value, double progress = 10) {
        StepRecord record;
        record.job = job.id;
        record.lease = job.lease;
        record.entry.key = std::move(key);
        record.entry.value = std::move(value);
        record.entry.input_hash = "ab";
        record.report = report(progress);
        return record;
    }
    static Completion completion(const job::Job& job) {
        Completion completion;
        completion.job = job.id;
        completion.lease = job.lease;
        return completion;
    }
    BeatAnswer beat(const job::Job& job, double progress = 10) {
        const std::vector<Beat> beats{{job.id, job.lease, report(progress)}};
        return ok(store().extend(worker_, kLease, beats)).at(0);
    }
    job::Job complete(const job::Job& job) { return ok(store().complete(completion(job))); }
    /// Of both ways to read a job: who watches it sees what the table has, after whatever verb.
    job::Job read(const job::Job& job) {
        const job::Job found = ok(store().job_for_owner(job.owner, job.id));
        EXPECT_EQ(*ok(store().watched_job(job.owner, job.id)), found);
        return found;
    }
    std::vector<std::string> event_kinds(const job::Job& job) {
        std::vector<std::string> kinds;
        for (const auto& event : ok(store().events_after(job.owner, job.id, 0, 1000))) kinds.push_back(event.kind);
        return kinds;
    }
    std::int64_t count(job::State state) {
        for (const auto& [counted, number] : ok(store().stats()).jobs) {
            if (counted == state) return number;
        }
        return -1;
    }

    static constexpr const char* kProvider = "offline";
    static constexpr Milliseconds kLease{15'000};
    ManualRuntime runtime_;
    const job::WorkerId worker_ = runtime_.new_id();
    const Uuid owner_ = runtime_.new_id();

private:
    std::unique_ptr<Subject> subject_ = GetParam().make(runtime_);
};

}  // namespace longhand::store::conformance
