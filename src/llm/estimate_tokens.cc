#include <boost/json/serialize.hpp>

#include "llm/chat.h"
#include "llm/token_estimate.h"
#include "llm/utf8.h"

namespace longhand::llm {

void TokenEstimate::add(std::string_view piece) {
    for (std::size_t at = 0; at < piece.size();) {
        const std::size_t start = at;
        if (is_unspaced_script(next_code_point(piece, at)))
            ++characters_;
        else
            bytes_ += at - start;
    }
}

std::uint64_t estimate_tokens(std::string_view text) {
    TokenEstimate estimate;
    estimate.add(text);
    return estimate.tokens();
}

std::uint64_t estimate_prompt_tokens(const ChatRequest& request) {
    constexpr std::uint64_t kTokensAroundAMessage = 4;
    std::uint64_t tokens = 0;
    for (const Message& message : request.messages) tokens += estimate_tokens(message.content) + kTokensAroundAMessage;
    if (request.json_schema) tokens += estimate_tokens(boost::json::serialize(*request.json_schema));
    return tokens;
}

}  // namespace longhand::llm
