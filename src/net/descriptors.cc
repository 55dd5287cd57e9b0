#include "net/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace longhand::net {
namespace {

constexpr unsigned long kLargestReserve = 1024;
constexpr rlim_t kEnough = 65'536;

}  // namespace

DescriptorRoom descriptor_room(int newest, unsigned long limit) {
    const unsigned long reserve = std::min(limit / 4, kLargestReserve);
    const unsigned long used = newest < 0 ? limit : static_cast<unsigned long>(newest) + 1;
    if (used + reserve / 2 >= limit) return DescriptorRoom::none;
    return used + reserve >= limit ? DescriptorRoom::little : DescriptorRoom::plenty;
}

DescriptorRoom descriptor_room(int newest) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return DescriptorRoom::plenty;
    return descriptor_room(newest, limit.rlim_cur);
}

int lowest_free_descriptor(int any_open) {
    const int number = fcntl(any_open, F_DUPFD_CLOEXEC, 0);
    if (number >= 0) close(number);
    return number;
}

unsigned long raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const rlim_t before = limit.rlim_cur;
    if (before >= kEnough) return before;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kEnough);
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace longhand::net
