#include "http/event_stream.h"

#include <fmt/format.h>

#include "http/handlers.h"
#include "http/json_out.h"
#include "net/sse.h"

namespace longhand::http {
namespace {

// Over which those who lost their streams together are spread.
constexpr Milliseconds kReconnectSpread{4'000};

}  // namespace

net::HttpResponse event_stream_head() {
    net::HttpResponse head;
    head.content_type = "text/event-stream; charset=utf-8";
    head.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    return head;
}

std::string retry_hint(Milliseconds pause) {
    return fmt::format("retry: {}\n\n", pause.count());
}

std::string reset_event(std::int64_t from, std::int64_t to) {
    JsonObject data;
    data.add("from", from).add("to", to);
    return net::format_sse({std::to_string(to), "reset", std::move(data).str()});
}

std::string going_down(Runtime& runtime) {
    const auto spread = static_cast<std::int64_t>(runtime.random() % kReconnectSpread.count());
    return retry_hint(kReconnect + Milliseconds{spread}) +
           net::format_sse_comment("the server is going down; connect again");
}

ApiResult<std::string> last_event_id(const Call& call) {
    auto parameter = one_parameter(call, "lastEventId");
    if (!parameter) return parameter.error();
    std::string text = header(call, "last-event-id");
    return text.empty() ? parameter->value_or("") : text;
}

}  // namespace longhand::http
