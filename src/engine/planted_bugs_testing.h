// Bugs to be found by the simulation: put into the engine and its store where they are built, in this test's program
// alone.
#pragma once

#include <map>
#include <optional>

#include "base/sim_runtime.h"
#include "job/ledger.h"
#include "job/transition.h"
#include "store/sqlite/sqlite_store.h"

namespace longhand::engine {

enum class Bug {
    none,
    missing_guard,           ///< a job that has completed can be cancelled
    fence_off,               ///< a late write passes for one of the newest lease
    settle_before_text,      ///< a call is settled in a transaction of its own, and its step written in the next
    budget_outside,          ///< the budget is read before the transaction that reserves
    cancel_forgets_a_sleep,  ///< sleeps are not ended by the stop signal
};
inline constexpr Bug kBugs[] = {Bug::missing_guard, Bug::fence_off, Bug::settle_before_text, Bug::budget_outside,
                                Bug::cancel_forgets_a_sleep};

/// Which one `job::apply` has, while one of these lives (the linker's --wrap: see CMakeLists.txt).
class PlantedTransitions {
public:
    explicit PlantedTransitions(Bug bug) { now() = bug; }
    ~PlantedTransitions() { now() = Bug::none; }
    PlantedTransitions(const PlantedTransitions&) = delete;
    PlantedTransitions& operator=(const PlantedTransitions&) = delete;

    static Bug& now() {
        static Bug bug = Bug::none;
        return bug;
    }
};

class PlantedStore final : public store::sqlite::SqliteStore {
public:
    PlantedStore(Bug bug, std::shared_ptr<store::WriteQueue> writes, std::unique_ptr<store::sqlite::ReadAccess> reads,
                 Runtime& runtime)
        : SqliteStore(std::move(writes), std::move(reads), runtime, store::sqlite::SqliteOptions{}), bug_(bug) {}

    awaitable<store::StoreResult<store::StepRecorded>> record_step(store::StepRecord record) override {
        if (bug_ == Bug::settle_before_text && record.call) {
            auto settling = SqliteStore::settle_call(*record.call);
            ignore_result(co_await std::move(settling), "what the bug makes of it is looked at");
            record.call.reset();
        }
        auto recording = SqliteStore::record_step(std::move(record));
        co_return co_await std::move(recording);
    }

    awaitable<store::StoreResult<store::Enqueued>> enqueue(store::NewJob request,
                                                           store::Once<store::Enqueued> once = {}) override {
        const job::Budget budget = request.budget;
        const Uuid owner = request.owner;
        if (bug_ == Bug::budget_outside) request.budget = {};
        auto enqueuing = SqliteStore::enqueue(std::move(request), std::move(once));
        store::StoreResult<store::Enqueued> enqueued = co_await std::move(enqueuing);
        if (enqueued.has_value() && !enqueued->busy) caps().insert_or_assign(enqueued->job.id, Cap{owner, budget});
        co_return enqueued;
    }
    awaitable<store::StoreResult<job::Job>> resume(Uuid owner, Uuid job, job::Budget raised,
                                                   store::Once<job::Job> once = {}) override {
        const job::Budget asked = raised;
        if (bug_ == Bug::budget_outside) raised = {};
        auto resuming = SqliteStore::resume(owner, job, raised, std::move(once));
        store::StoreResult<job::Job> resumed = co_await std::move(resuming);
        if (resumed.has_value() && asked.max_tokens) caps()[job].budget.max_tokens = asked.max_tokens;
        co_return resumed;
    }
    awaitable<store::StoreResult<Uuid>> reserve_call(store::CallIntent intent) override {
        const auto kept = caps().find(intent.job);
        if (bug_ == Bug::budget_outside && kept != caps().end()) {
            auto reading = budget_for_owner(kept->second.owner, intent.job);
            const store::StoreResult<store::JobBudget> now = co_await std::move(reading);
            const auto call = job::reservation_of(intent.price, intent.prompt_tokens, intent.most_completion_tokens);
            if (now.has_value() && job::cap_reached(kept->second.budget, now->spending, call))
                co_return store::StoreFailure{store::StoreErrc::budget, "The budget is reached."};
        }
        auto reserving = SqliteStore::reserve_call(std::move(intent));
        co_return co_await std::move(reserving);
    }

    awaitable<store::StoreResult<void>> settle_call(store::CallEnd end) override {
        const auto kept = caps().find(end.job);
        if (kept != caps().end()) {
            auto reading = ledger_for_owner(kept->second.owner, end.job);
            const store::StoreResult<store::Ledger> ledger = co_await std::move(reading);
            if (ledger.has_value()) kept->second.late += late_tokens(*ledger, end);
        }
        auto settling = SqliteStore::settle_call(std::move(end));
        co_return co_await std::move(settling);
    }

    /// What jobs may have spent and reserved, over the lives of a World: their cap, and what a provider told of calls
    /// that had been estimated at less (docs/guarantees.md).
    std::optional<std::int64_t> cap_of(Uuid job) {
        const auto kept = caps().find(job);
        if (kept == caps().end() || !kept->second.budget.max_tokens) return std::nullopt;
        return *kept->second.budget.max_tokens + kept->second.late;
    }
    struct Cap {
        Uuid owner;
        job::Budget budget;
        std::int64_t late = 0;
    };
    using Caps = std::map<Uuid, Cap>;
    void keep_caps_in(std::shared_ptr<Caps> caps) { caps_ = std::move(caps); }

private:
    Caps& caps() { return *caps_; }
    static std::int64_t late_tokens(const store::Ledger& ledger, const store::CallEnd& end) {
        for (const store::Call& call : ledger.calls) {
            if (call.id != end.call || call.state != job::CallState::estimated) continue;
            return std::max<std::int64_t>(0, total(end.tokens) - total(call.tokens));
        }
        return 0;
    }
    static std::int64_t total(const job::CallTokens& tokens) { return tokens.prompt + tokens.completion; }

    const Bug bug_;
    std::shared_ptr<Caps> caps_ = std::make_shared<Caps>();
};

/// The simulation's runtime, deaf to stop signals while it sleeps.
class DeafRuntime final : public Runtime {
public:
    explicit DeafRuntime(SimRuntime& real) : real_(real) {}
    asio::any_io_executor executor() override { return real_.executor(); }
    SteadyTime steady_now() const override { return real_.steady_now(); }
    WallTime wall_now() const override { return real_.wall_now(); }
    std::uint64_t random() override { return real_.random(); }
    awaitable<WaitResult> sleep_until(SteadyTime time, StopToken) override {
        return real_.sleep_until(time, StopToken{});
    }
    void post_blocking(std::function<void()> work) override { real_.post_blocking(std::move(work)); }

private:
    SimRuntime& real_;
};

}  // namespace longhand::engine
