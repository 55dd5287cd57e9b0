#include "cli/interrupt.h"

#include <unistd.h>

namespace longhand::cli {

Interrupt::Interrupt(boost::asio::io_context& loop, std::function<void(int signal)> first)
    : signals_(loop, SIGINT, SIGTERM) {
    signals_.async_wait([this, first = std::move(first)](const boost::system::error_code& error, int signal) {
        if (error) return;
        first(signal);
        // A shell's status for a program that a signal ended is 128 and its number.
        signals_.async_wait([](const boost::system::error_code& again, int second) {
            if (!again) _exit(128 + second);
        });
    });
}

Hangups::Hangups(boost::asio::io_context& loop, std::function<void()> each)
    : signals_(loop, SIGHUP), each_(std::move(each)) {
    wait();
}

void Hangups::wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        each_();
        wait();
    });
}

}  // namespace longhand::cli
