// A write queue for the simulation: commits after delays drawn from the runtime's seed, fails when told to, and can
// lose what was not committed, as a process that dies does.
#pragma once

#include <cstdint>
#include <memory>

#include "base/sim_runtime.h"
#include "store/sqlite/connection.h"
#include "store/write_queue.h"

namespace longhand::store {

struct SimFaults {
    Milliseconds longest_delay{5};  ///< before a batch is committed
    double unavailable = 0;         ///< the part of batches that fail, from 0 to 1
};

/// Used in the runtime's thread. `connection` is a database in memory that outlives this queue, as a disk outlives a
/// process; after `crash` another queue may be built on it.
class SimWriteQueue final : public WriteQueue {
public:
    SimWriteQueue(SimRuntime& runtime, sqlite::Connection& connection, SimFaults faults);
    /// Tells what still waits that the store is closing.
    ~SimWriteQueue() override;

    void submit(Operation operation) override;
    WriteStats stats() const override;

    void set_faults(SimFaults faults);
    /// Its process dies: what was submitted and not committed is lost, and nobody is told. Then `SimRuntime::crash`.
    void crash();

private:
    struct State;
    static awaitable<void> commit_later(std::shared_ptr<State> state);
    static void commit(State& state);

    std::shared_ptr<State> state_;
};

}  // namespace longhand::store
