// What all event streams have in common.
#pragma once

#include <cstdint>
#include <string>

#include "base/runtime.h"
#include "http/router.h"
#include "net/http_server.h"

namespace longhand::http {

/// When a client that lost its stream should connect again: soon.
inline constexpr Milliseconds kReconnect{1'000};

net::HttpResponse event_stream_head();
std::string retry_hint(Milliseconds pause);
/// The stream can't go on behind the event `from`, where the client was; it goes on behind `to`, which is the id.
std::string reset_event(std::int64_t from, std::int64_t to);
/// The last words of a server that goes down: all watchers are cut at once, and should not all come back at once.
std::string going_down(Runtime& runtime);
/// What a client says of where it was: `Last-Event-ID`, or the parameter `lastEventId`; empty: nothing.
/// Errors: invalid_parameter.
ApiResult<std::string> last_event_id(const Call& call);

}  // namespace longhand::http
