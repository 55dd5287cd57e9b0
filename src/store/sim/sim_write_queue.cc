#include "store/sim/sim_write_queue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <vector>

#include "store/sqlite/batch.h"

namespace longhand::store {

struct SimWriteQueue::State {
    SimRuntime& runtime;
    sqlite::Connection& connection;
    SimFaults faults;
    std::vector<Operation> waiting;
    bool scheduled = false;
    WriteStats stats;
};

SimWriteQueue::SimWriteQueue(SimRuntime& runtime, sqlite::Connection& connection, SimFaults faults)
    : state_(std::make_shared<State>(State{runtime, connection, faults, {}, false, {}})) {}

SimWriteQueue::~SimWriteQueue() {
    for (Operation& operation : std::exchange(state_->waiting, {})) {
        operation.done(StoreFailure{StoreErrc::stopping, "the store is closing"});
    }
}

void SimWriteQueue::submit(Operation operation) {
    state_->waiting.push_back(std::move(operation));
    if (std::exchange(state_->scheduled, true)) return;
    asio::co_spawn(state_->runtime.executor(), commit_later(state_), asio::detached);
}

WriteStats SimWriteQueue::stats() const {
    return state_->stats;
}

void SimWriteQueue::set_faults(SimFaults faults) {
    state_->faults = faults;
}

void SimWriteQueue::crash() {
    state_->waiting.clear();
    state_->scheduled = false;
}

awaitable<void> SimWriteQueue::commit_later(std::shared_ptr<State> state) {
    const auto longest = static_cast<std::uint64_t>(state->faults.longest_delay.count()) * 1000;
    const std::chrono::microseconds delay{state->runtime.random() % (longest + 1)};
    co_await state->runtime.sleep_for(delay, StopToken{});
    state->scheduled = false;
    commit(*state);
}

void SimWriteQueue::commit(State& state) {
    std::vector<Operation> operations = std::exchange(state.waiting, {});
    constexpr std::uint64_t kParts = 1'000'000;
    const auto failing = static_cast<std::uint64_t>(state.faults.unavailable * kParts);
    if (state.runtime.random() % kParts < failing) {
        for (Operation& operation : operations) {
            operation.done(StoreFailure{StoreErrc::unavailable, "the disk does not answer"});
        }
        return;
    }
    sqlite::Batch batch(state.connection);
    for (Operation& operation : operations) batch.add(std::move(operation));
    state.stats.commits += 1;
    state.stats.operations += static_cast<std::int64_t>(batch.size());
    batch.commit();
}

}  // namespace longhand::store
