// pidfd_open and pidfd_send_signal.
#pragma once

// This header of glibc 2.36 says nothing of C linkage.
extern "C" {
#include <sys/pidfd.h>
}
