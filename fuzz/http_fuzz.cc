// A whole connection of the server, fed from memory: an input is all that a client sends on it. What handlers see is
// held against a strict reading of the same bytes (RFC 9112), so that no two readers can frame them differently.
#include <string>
#include <vector>

#include "fuzz/conversation.h"
#include "fuzz/strict_http.h"
#include "fuzz/target.h"

namespace longhand::fuzz {
namespace {

// Of two ways to send the same bytes: the requests are the same, and so are the answers, but that a head that is both
// too long and broken may be refused for either.
void are_the_same(const Conversation& a, const Conversation& b) {
    require(a.requests.size() == b.requests.size(), "how a stream is cut does not change how many requests are taken");
    for (std::size_t i = 0; i < a.requests.size(); ++i)
        require(a.requests[i] == b.requests[i], "how a stream is cut does not change a request");
    require(a.refusals == b.refusals, "how a stream is cut does not change whether it is refused");
    require(a.answers.size() == b.answers.size(), "how a stream is cut does not change how many answers there are");
    const std::size_t compared = a.answers.size() - (a.refusals > 0 ? 1 : 0);
    for (std::size_t i = 0; i < compared; ++i)
        require(a.answers[i] == b.answers[i], "how a stream is cut does not change an answer");
}

void is_sound(std::string_view stream, const Conversation& seen) {
    require(seen.refusals <= 1, "a connection is refused once");
    require(seen.taken_after_refusal == 0, "no request is taken behind a refused one");
    const std::size_t answered = seen.requests.size() + seen.refusals;
    const bool was_cut = !seen.requests.empty() && seen.requests.back().was_cut;
    require(seen.answers.size() == answered || (was_cut && seen.answers.size() + 1 == answered),
            "each request has one answer, but for one that was cut off");
    for (std::size_t i = 0; i < seen.answers.size(); ++i) {
        const Answer& answer = seen.answers[i];
        require(i + 1 == seen.answers.size() || !answer.closes, "nothing is answered behind a close");
        require(answer.status != 500, "no request makes the server fail");
    }
    if (seen.refusals > 0) require(seen.answers.back().closes, "a refusal ends the connection");
    StrictReader reader(stream);
    for (const Request& request : seen.requests) reader.expect(request);
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    const std::string_view stream = as_text(data, size);
    const Conversation at_once = converse({stream});
    is_sound(stream, at_once);
    if (size < 2) return 0;
    // One way for each input: a corpus has many that are alike.
    const std::size_t chosen = std::hash<std::string_view>{}(stream);
    std::vector<std::string_view> pieces;
    constexpr std::size_t kFewBytes = 128;
    if (size <= kFewBytes && chosen % 8 == 0) {
        for (std::size_t i = 0; i < size; ++i) pieces.push_back(stream.substr(i, 1));
    } else {
        const std::size_t cut = 1 + chosen % (size - 1);
        pieces = {stream.substr(0, cut), stream.substr(cut)};
    }
    are_the_same(at_once, converse(pieces));
    return 0;
}
