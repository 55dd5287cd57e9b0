// The ids of a job's event stream: where a watcher is, so that it can go on there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/live_feed.h"

namespace longhand::http {

/// `SEQ`: every durable event up to it was seen. `SEQ:ATTEMPT:OFFSET:KEY`: besides, the text of that step's attempt up
/// to the offset (bytes, of the attempt's text). Of texts that are written side by side each has its place, divided by
/// commas: `SEQ:ATTEMPT:OFFSET:KEY,ATTEMPT:OFFSET:KEY`.
struct StreamId {
    std::int64_t seq = 0;
    std::vector<engine::TextPlace> places;

    std::string to_string() const;
    static std::optional<StreamId> parse(std::string_view text);
};

}  // namespace longhand::http
