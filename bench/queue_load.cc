// Jobs through the product's own store and engine, for ./dev bench queue and pickup: who enqueues, the claim, three
// steps of progress, the end. The work writes no document, and nothing is kept of it but what the store records.
//
//   queue_load steps|beat|pickup FOLDER JOBS IN_FLIGHT
//
// `steps`: each progress is durable before the next. `beat`: each is shown, and stored with the next beat. `pickup`:
// one job at a time on an idle queue. The folder is made. Prints one JSON object.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/task_scope.h"
#include "engine/engine.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

namespace longhand::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kOwners = 1000;
constexpr int kProgressWrites = 3;
constexpr Milliseconds kIdle{5};             // between two jobs of `pickup`
constexpr std::chrono::minutes kLongest{5};  // until the last job, or the next one of `pickup`, has ended

double seconds_since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// No job of this load asks it anything.
class NoModel final : public llm::ChatModel {
public:
    awaitable<llm::LlmResult<llm::ChatReply>> chat(llm::ChatRequest, llm::ChatWatcher, StopToken) override {
        co_return Failure<llm::LlmErrc>{llm::LlmErrc::stopped, ""};
    }
    awaitable<llm::LlmResult<std::vector<llm::ModelInfo>>> models(StopToken) override {
        co_return std::vector<llm::ModelInfo>{};
    }
    awaitable<llm::LlmResult<std::optional<llm::Usage>>> charged(std::string, StopToken) override {
        co_return std::optional<llm::Usage>();
    }
    std::string provider() const override { return "none"; }
};

enum class Mode { steps, beat, pickup };

struct Load {
    Mode mode = Mode::steps;
    std::string folder;
    std::size_t jobs = 0;
    std::size_t in_flight = 0;
};

class Run {
public:
    explicit Run(Load load)
        : load_(std::move(load)),
          runtime_(loop_, 1),
          files_(load_.folder),
          typesetter_(typeset::make_typesetter(runtime_, 1)) {
        auto opened = store::sqlite::open_sqlite_store(load_.folder + "/longhand.db", runtime_);
        if (!opened) throw std::runtime_error(opened.error().message);
        store_ = std::move(*opened);
        engine_ = std::make_unique<engine::Engine>(runtime_, *store_, files_, model_, *typesetter_, options());
        store_->observe([this](const store::Committed& change) { committed(change); },
                        [this](const store::Committed& change) { return engine_->on_written(change); });
    }
    ~Run() { store_->observe({}); }

    /// The figures, as a JSON object.
    std::string measure() {
        std::exception_ptr error;
        asio::co_spawn(loop_, run(), [&](std::exception_ptr thrown) { error = thrown; });
        loop_.run();
        if (error) std::rethrow_exception(error);
        return figures();
    }

private:
    engine::EngineOptions options() {
        engine::EngineOptions options;
        options.workers = load_.in_flight;
        options.write = [this](writing::StepContext& context) { return work(context); };
        options.outputs = [this](writing::Finished) { return keep_nothing(); };
        return options;
    }

    awaitable<void> run() {
        co_await make_projects();
        engine_->start();
        // The engine's own first writes are over.
        co_await runtime_.sleep_for(Milliseconds{200}, StopToken{});
        commits_before_ = co_await commits();
        began_ = Clock::now();
        if (load_.mode == Mode::pickup) {
            co_await pick_up_one_by_one();
        } else {
            co_await enqueue_from_all_callers();
        }
        while (completed_ < load_.jobs) co_await wait_for_next();
        took_ = seconds_since(began_);
        commits_ = co_await commits() - commits_before_;
        co_await engine_->stop();
        loop_.stop();
    }

    /// A project takes one job at a time: one for each.
    awaitable<void> make_projects() {
        owners_.resize(std::min(kOwners, load_.jobs));
        projects_.resize(load_.jobs);
        for (std::size_t i = 0; i < owners_.size(); ++i) {
            auto user = co_await store_->add_user(fmt::format("user-{}@example.org", i));
            owners_[i] = user.value().id;
        }
        co_await side_by_side(256, [this](std::size_t) { return make_its_share_of_projects(); });
        next_ = 0;
    }
    awaitable<void> make_its_share_of_projects() {
        while (next_ < projects_.size()) {
            const std::size_t i = next_++;
            auto creating = store_->create_project(owner_of(i), "Project", "");
            auto project = co_await std::move(creating);
            projects_[i] = project.value().id;
        }
    }

    awaitable<void> enqueue_from_all_callers() {
        co_await side_by_side(load_.in_flight, [this](std::size_t) { return enqueue_its_share(); });
        enqueued_after_ = seconds_since(began_);
    }
    awaitable<void> enqueue_its_share() {
        while (next_ < load_.jobs) {
            const std::size_t i = next_++;
            co_await enqueue(i);
        }
    }

    awaitable<void> pick_up_one_by_one() {
        for (std::size_t i = 0; i < load_.jobs; ++i) {
            picked_up_ = false;
            const auto began = Clock::now();
            co_await enqueue(i);
            while (completed_ <= i) co_await wait_for_next();
            pickups_.push_back(std::chrono::duration<double, std::milli>(picked_up_at_ - began).count());
            co_await runtime_.sleep_for(kIdle, StopToken{});
        }
    }

    awaitable<void> enqueue(std::size_t i) {
        store::NewJob job;
        job.owner = owner_of(i);
        job.project = projects_[i];
        job.settings.prompt = fmt::format("A work that is not written, number {}.", i);
        job.provider = model_.provider();
        auto enqueuing = store_->enqueue(std::move(job));
        auto enqueued = co_await std::move(enqueuing);
        if (!enqueued.has_value()) throw std::runtime_error(enqueued.error().message);
        if (enqueued->busy) throw std::runtime_error("a project has a job already");
    }

    awaitable<writing::StepResult<writing::Finished>> work(writing::StepContext& context) {
        if (!std::exchange(picked_up_, true)) picked_up_at_ = Clock::now();
        for (int write = 1; write <= kProgressWrites; ++write) {
            context.report({job::Stage::generating_work, write, kProgressWrites + 1, {}});
            if (load_.mode == Mode::beat) continue;
            std::function<awaitable<writing::StepResult<std::string>>()> step = [write] { return say(write); };
            job::StepKey key(fmt::format("progress/{}", write));
            auto running = context.run(std::move(key), "", std::move(step));
            writing::StepResult<std::string> recorded = co_await std::move(running);
            if (!recorded.has_value()) co_return recorded.error();
        }
        co_return writing::Finished{};
    }
    static awaitable<writing::StepResult<std::string>> say(int write) { co_return std::to_string(write); }
    awaitable<writing::StepResult<std::vector<store::OutputRecord>>> keep_nothing() {
        co_return std::vector<store::OutputRecord>{};
    }

    // ---- What the callers share

    awaitable<void> side_by_side(std::size_t count, std::function<awaitable<void>(std::size_t)> task) {
        TaskScope scope(runtime_);
        std::exception_ptr thrown;
        scope.on_bug([&thrown](std::exception_ptr bug) { thrown = bug; });
        for (std::size_t i = 0; i < count; ++i) scope.spawn(task(i));
        co_await scope.join();
        if (thrown) std::rethrow_exception(thrown);
    }

    awaitable<std::int64_t> commits() {
        auto stats = co_await store_->stats();
        co_return stats.value().writes.commits;
    }

    /// On the store's thread.
    void committed(const store::Committed& change) {
        engine_->on_committed(change);
        if (change.job.state != job::State::completed) return;
        ++completed_;
        if (load_.mode == Mode::pickup || completed_ == load_.jobs) ended_.notify();
    }
    awaitable<void> wait_for_next() {
        const SteadyTime deadline = runtime_.steady_now() + kLongest;
        const WaitResult waited = co_await ended_.wait_until(runtime_, deadline, StopToken{});
        if (waited == WaitResult::elapsed) throw std::runtime_error("the jobs did not end in time");
    }

    Uuid owner_of(std::size_t i) const { return owners_[i % owners_.size()]; }

    std::string figures() const {
        if (load_.mode == Mode::pickup) return fmt::format(R"({{"pickup_ms":[{:.4f}]}})", fmt::join(pickups_, ","));
        const auto jobs = static_cast<double>(load_.jobs);
        return fmt::format(R"({{"jobs_per_s":{:.1f},"enqueues_per_s":{:.1f},"commits":{}}})", jobs / took_,
                           jobs / enqueued_after_, commits_);
    }

    const Load load_;
    asio::io_context loop_;
    AsioRuntime runtime_;
    store::FileStore files_;
    NoModel model_;
    std::unique_ptr<typeset::Typesetter> typesetter_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<engine::Engine> engine_;
    std::vector<Uuid> owners_, projects_;
    std::size_t next_ = 0;
    std::atomic<std::size_t> completed_ = 0;
    Notifier ended_;
    Clock::time_point began_;
    double took_ = 0, enqueued_after_ = 0;
    std::int64_t commits_before_ = 0, commits_ = 0;
    bool picked_up_ = true;
    Clock::time_point picked_up_at_;
    std::vector<double> pickups_;
};

std::size_t number(const char* text) {
    const std::string_view word(text);
    std::size_t value = 0;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
    if (end.ec != std::errc() || end.ptr != word.data() + word.size() || value == 0) {
        throw std::invalid_argument(fmt::format("'{}' is no number above 0", word));
    }
    return value;
}

Load load_of(int count, char** words) {
    if (count != 5) throw std::invalid_argument("wanted: queue_load steps|beat|pickup FOLDER JOBS IN_FLIGHT");
    const std::string mode = words[1];
    Load load{.mode = mode == "pickup" ? Mode::pickup
                      : mode == "beat" ? Mode::beat
                                       : Mode::steps,
              .folder = words[2],
              .jobs = number(words[3]),
              .in_flight = number(words[4])};
    if (load.mode == Mode::steps && mode != "steps") throw std::invalid_argument("no mode '" + mode + "'");
    return load;
}

}  // namespace
}  // namespace longhand::bench

int main(int count, char** words) {
    try {
        const auto load = longhand::bench::load_of(count, words);
        std::filesystem::create_directories(load.folder);
        longhand::bench::Run run(load);
        std::puts(run.measure().c_str());
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "queue_load: {}\n", error.what());
        return 1;
    }
}
