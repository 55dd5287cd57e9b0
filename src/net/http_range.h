// Conditional and partial answers for a file (RFC 9110, sections 13 and 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace longhand::net {

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

enum class RangeKind {
    whole,          ///< no range, one of another unit, several, or one that is not well-formed: all of it is sent
    partial,        ///< one satisfiable range
    unsatisfiable,  ///< it begins past the end
};

struct RangeAnswer {
    RangeKind kind = RangeKind::whole;
    ByteRange range;
};

/// What a Range header asks of a representation of `size` bytes.
RangeAnswer parse_range(std::string_view header, std::uint64_t size);

/// True when an If-None-Match header (`*` or a list) names `etag`, compared weakly.
bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace longhand::net
