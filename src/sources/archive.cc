#include "sources/archive.h"

#include <algorithm>
#include <cstddef>

namespace longhand::sources {
namespace {

/// Little-endian.
std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t i = size; i > 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
    return number;
}

}  // namespace

std::uint64_t unpacked_size(std::string_view zip) {
    constexpr std::string_view kEnd = "PK\x05\x06", kEntry = "PK\x01\x02";
    constexpr std::size_t kEndSize = 22, kEntrySize = 46, kLongestComment = 65'535;
    const auto tail = zip.size() - std::min(zip.size(), kEndSize + kLongestComment);
    const auto end = zip.rfind(kEnd);
    if (end == zip.npos || end < tail || zip.size() - end < kEndSize) return 0;
    std::uint64_t total = 0;
    for (std::uint64_t at = number_at(zip, end + 16, 4); at < end && end - at >= kEntrySize;) {
        if (zip.substr(at, kEntry.size()) != kEntry) break;
        // Of an entry of 4 GiB and more it is the greatest number, and the true one elsewhere.
        total += number_at(zip, at + 24, 4);
        at += kEntrySize + number_at(zip, at + 28, 2) + number_at(zip, at + 30, 2) + number_at(zip, at + 32, 2);
    }
    return total;
}

}  // namespace longhand::sources
