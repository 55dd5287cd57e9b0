// The system's timers, past libfaketime. Told to leave CLOCK_MONOTONIC alone, it shifts such a timer's absolute times
// all the same (0.9.10, timerfd_settime); and what Asio has due at once is set at the first nanosecond since the boot.
// With the clock put back an hour that is due an hour after the boot: on a machine that is up for less, never.
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

extern "C" int timerfd_settime(int descriptor, int flags, const itimerspec* next, itimerspec* before) noexcept {
    return static_cast<int>(syscall(SYS_timerfd_settime, descriptor, flags, next, before));
}
