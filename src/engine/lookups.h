// Asks the provider what calls cost whose end was not heard: of a process that died, and of streams that were closed.
#pragma once

#include <map>

#include "engine/environment.h"

namespace longhand::engine {

/// Used on the engine's loop.
class Lookups {
public:
    explicit Lookups(Environment& environment) : environment_(environment) {}

    /// Until stopped: when told of an estimate (Environment::estimated), and again for as long as the provider may come
    /// to know of the call.
    awaitable<void> run(StopToken stop);

private:
    struct Tries {
        unsigned times = 0;
        SteadyTime due;
    };

    /// Gives when to look again.
    awaitable<SteadyTime> look(StopToken stop);
    /// False: the provider can't be asked now.
    awaitable<bool> ask(const store::UnsureCall* call, StopToken stop);
    void forget_all_but(const std::vector<store::UnsureCall>& calls);

    Environment& environment_;
    std::map<Uuid, Tries> tries_;  // by call
    bool told_once_ = false;
    unsigned given_up_ = 0;
};

}  // namespace longhand::engine
