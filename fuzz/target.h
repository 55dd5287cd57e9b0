// What the fuzz targets share. A target is one function of any bytes that says, by `require`, what must be true of
// what the product makes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// Returns 0. Called again and again in one process: what it leaves behind is the next call's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace longhand::fuzz {

/// A broken property is a finding, as a crash is: libFuzzer keeps the input.
inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "This must be true, and is not: %s\n", property);
    std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Cuts off and gives what stands before the first `mark`, and drops the mark; all of `text` when there is none.
inline std::string_view take_until(std::string_view& text, std::string_view mark) {
    const auto end = text.find(mark);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + mark.size());
    return part;
}

}  // namespace longhand::fuzz
