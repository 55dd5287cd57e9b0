#include "http/status_polls.h"

#include <algorithm>

#include "http/host.h"
#include "net/http_head.h"

namespace longhand::http {
namespace {

using Field = boost::beast::http::field;

// Stands for an id in an answer's bytes: what its length is, and nothing else in them is.
constexpr std::string_view kNoId = "00000000-request-id-00000000";

/// Whether nothing but the target and the credential decides on the answer.
bool depends_on_its_bytes_alone(const net::HttpRequest& request) {
    // A client's own id goes back to it; the others change the answer, or the connection.
    for (const Field field : {Field::if_none_match, Field::prefer, Field::connection, Field::expect,
                              Field::content_length, Field::transfer_encoding}) {
        if (request.headers.count(field) > 0) return false;
    }
    return request.method == boost::beast::http::verb::get && request.headers.count("x-request-id") == 0 &&
           request.headers.count("x-api-key") == 0 && request.headers.count(Field::authorization) == 1;
}

/// HTTP/1.0 closes its connections.
bool is_http_11(std::string_view head) {
    return head.substr(0, head.find("\r\n")).ends_with(" HTTP/1.1");
}

}  // namespace

StatusPolls::Known StatusPolls::find(std::string_view head) {
    if (head.size() > kLongestHead) return nullptr;
    const Head hashed{head, Hash()(head)};
    Known known;
    {
        Shard& shard = shard_of(hashed.hash);
        const std::lock_guard lock(shard.mutex);
        const Known* found = shard.known.find(hashed);
        if (found == nullptr) return nullptr;
        known = *found;
    }
    if (!known->session.holds(runtime_.wall_now(), keys_->keys())) return nullptr;
    if (!accounts_.user_is_known(known->session.user)) return nullptr;
    if (jobs_.known_job(known->session.user, known->row->id) != known->row) return nullptr;
    return known;
}

void StatusPolls::keep(const net::HttpRequest& request, const net::HttpResponse& response, Poll poll) {
    if (request.head.empty() || request.head.size() > kLongestHead) return;
    if (!depends_on_its_bytes_alone(request) || !is_http_11(request.head)) return;
    // Of a job that waits for a time the answer says how long; one that has ended is not polled.
    if (job::is_terminal(poll.row->state) || poll.row->not_before) return;
    net::Framing framing;
    framing.content_length = response.body.size();
    const auto head = net::format_head(response, kNoId, framing);
    const auto at = head ? head->find(kNoId) : std::string::npos;
    if (at == std::string::npos) return;
    poll.target = loggable_target(request.target);
    poll.before_id = head->substr(0, at);
    poll.after_id = head->substr(at + kNoId.size()) + response.body;
    Shard& shard = shard_of(Hash()(request.head));
    auto known = std::make_shared<const Poll>(std::move(poll));
    const std::lock_guard lock(shard.mutex);
    shard.known.put(request.head, std::move(known));
}

}  // namespace longhand::http
