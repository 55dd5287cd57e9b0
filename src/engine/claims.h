// The claim: takes as many queued jobs as there are free slots, when woken or now and then.
#pragma once

#include <functional>

#include "engine/environment.h"

namespace longhand::engine {

class Claims {
public:
    /// `free_slots` tells how many jobs may begin, `begin` begins one.
    Claims(Environment& environment, std::function<std::size_t()> free_slots,
           std::function<void(store::ClaimedJob)> begin)
        : environment_(environment), free_slots_(std::move(free_slots)), begin_(std::move(begin)) {}

    /// Something may be claimed, or a slot is free. Thread-safe.
    void wake() { wake_.notify(); }
    /// Claims until stopped.
    awaitable<void> run(StopToken stop);

private:
    /// True when more may be there to be claimed at once.
    awaitable<bool> claim();

    Environment& environment_;
    std::function<std::size_t()> free_slots_;
    std::function<void(store::ClaimedJob)> begin_;
    Notifier wake_;
    bool was_refused_ = false;  ///< by the database, and the log has it
};

}  // namespace longhand::engine
