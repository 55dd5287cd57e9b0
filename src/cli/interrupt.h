// Ctrl-C and SIGTERM as a stop signal, and SIGHUP.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <functional>

#include "base/stop.h"

namespace longhand::cli {

/// Of a server's client: Ctrl-C asks for a cancel, SIGTERM is of this process alone.
inline StopReason stop_reason_of(int signal) {
    return signal == SIGINT ? StopReason::cancelled : StopReason::shutdown;
}

/// From its making to its end, the first SIGINT or SIGTERM calls `first` on the loop; a second one ends the process at
/// once.
class Interrupt {
public:
    Interrupt(boost::asio::io_context& loop, std::function<void(int signal)> first);

private:
    boost::asio::signal_set signals_;
};

/// From its making to its end, each SIGHUP calls `each` on the loop.
class Hangups {
public:
    Hangups(boost::asio::io_context& loop, std::function<void()> each);

private:
    void wait();

    boost::asio::signal_set signals_;
    const std::function<void()> each_;
};

}  // namespace longhand::cli
