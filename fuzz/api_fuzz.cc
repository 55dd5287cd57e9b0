// Any one request to the whole API: its path, its parameters, its headers and its body. An input is a head as a
// connection would take it; what stands behind it is the body, whatever the head says of it.
#include <string>

#include "fuzz/one_user_api.h"
#include "fuzz/target.h"
#include "http/handlers.h"
#include "http/text.h"

namespace longhand::fuzz {
namespace {

// Of several things that are wrong, the pieces may decide which is told.
bool is_same(const Reply& a, const Reply& b) {
    const auto is_refusal = [](const Reply& reply) { return static_cast<unsigned>(reply.response.status) >= 400; };
    if (is_refusal(a) && is_refusal(b)) return true;
    return a.response.status == b.response.status && a.response.headers == b.response.headers &&
           a.response.body == b.response.body && a.is_file == b.is_file && a.is_stream == b.is_stream &&
           a.asked.in_the_users_name == b.asked.in_the_users_name;
}

// Whether anything in the request could be a credential of the user: a token, the key, a link's signature.
bool may_come_in(const net::HttpRequest& request) {
    for (const auto& field : request.headers) {
        const std::string_view value = field.value();
        if (value.find(OneUserApi::token()) != value.npos || value.find(OneUserStore::api_key()) != value.npos)
            return true;
    }
    return std::ranges::any_of(request.query, [](const auto& pair) { return pair.first == "sig"; });
}

void check(const net::HttpRequest& request, const Reply& reply) {
    require(reply.asked.in_the_users_name == 0 || may_come_in(request),
            "nobody asks in a user's name without a credential");
    for (const store::JobsQuery& query : reply.asked.queries)
        require(query.limit >= 1 && query.limit <= 1000, "a list's length keeps its bounds");
    for (const job::Budget& raised : reply.asked.raised) {
        require(!raised.max_cost || *raised.max_cost <= job::kHighestCap, "a raised cap on money keeps its bounds");
        require(!raised.max_tokens || *raised.max_tokens <= job::kMostTokens,
                "a raised cap on tokens keeps its bounds");
    }
    for (const job::UserSaid& said : reply.asked.said) {
        for (const auto& text : said.texts.each)
            require(!text || http::code_points(*text) <= http::kMostOfMilestone, "a milestone keeps its bounds");
    }
    const auto status = static_cast<unsigned>(reply.response.status);
    require(reply.asked.started.empty() || status == 200, "a job that was started is one that is answered for");
    require(request.method_name != "HEAD" || reply.asked.started.empty(), "HEAD starts nothing");
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    static OneUserApi api;
    std::string_view bytes = as_text(data, size);
    const auto request = take_request(bytes);
    if (!request) return 0;
    const std::string body(bytes);
    const Reply at_once = api.answer(*request, body, body.size() + 1);
    check(*request, at_once);
    if (request->path == "/metrics") return 0;
    const std::size_t piece = 1 + size % 13;
    require(is_same(at_once, api.answer(*request, body, piece)), "a body in small pieces is the body");
    return 0;
}
