#include <boost/json/serialize.hpp>

#include "llm/chat.h"
#include "llm/utf8.h"

namespace longhand::llm {

std::uint64_t estimate_tokens(std::string_view text) {
    std::uint64_t characters = 0;  // of scripts without spaces
    std::uint64_t bytes = 0;       // of the others
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t start = at;
        if (is_unspaced_script(next_code_point(text, at)))
            ++characters;
        else
            bytes += at - start;
    }
    return characters + (bytes + 3) / 4;
}

std::uint64_t estimate_prompt_tokens(const ChatRequest& request) {
    constexpr std::uint64_t kTokensAroundAMessage = 4;
    std::uint64_t tokens = 0;
    for (const Message& message : request.messages) tokens += estimate_tokens(message.content) + kTokensAroundAMessage;
    if (request.json_schema) tokens += estimate_tokens(boost::json::serialize(*request.json_schema));
    return tokens;
}

}  // namespace longhand::llm
