// The ids of a job's event stream: where a watcher is, so that it can go on there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace longhand::http {

/// `SEQ`: every durable event up to it was seen. `SEQ:ATTEMPT:OFFSET:KEY`: besides, the text of that step's attempt up
/// to the offset (bytes, of the attempt's text).
struct StreamId {
    std::int64_t seq = 0;
    std::uint32_t attempt = 0;
    std::uint64_t offset = 0;
    std::string key;  ///< empty: `SEQ` alone

    std::string to_string() const;
    static std::optional<StreamId> parse(std::string_view text);
};

}  // namespace longhand::http
