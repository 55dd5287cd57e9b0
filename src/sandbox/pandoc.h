// What pandoc may take, whoever runs it.
#pragma once

#include <cstdint>

namespace longhand::sandbox {

/// Between `+RTS` and `-RTS`: the bound of its heap, which is the one that counts.
inline constexpr const char* kPandocHeap = "-M1g";
/// For `Command::memory_limit`: Haskell's runtime reserves address space that it never uses.
inline constexpr std::uint64_t kPandocAddressSpace = 16ULL << 30;

}  // namespace longhand::sandbox
