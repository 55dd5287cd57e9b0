// A request to /v1/chat/completions as a server reads it, and the shapes of its answers.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "llm/chat.h"

namespace longhand::llm::offline {

struct ChatCompletionRequest {
    std::string model;
    std::vector<Message> messages;
    std::uint32_t max_tokens = 4096;
    bool stream = false;
    bool include_usage = false;
    std::uint64_t prompt_tokens = 0;  ///< words and punctuation marks
};

/// In OpenAI's form: `{"error": {"message", "type", "param", "code"}}`.
struct ProtocolError {
    int status = 400;
    std::string message;
    std::string param;
    std::string code;
    std::string type = "invalid_request_error";
    std::string body() const;
};

std::variant<ChatCompletionRequest, ProtocolError> parse_chat_request(std::string_view body);

/// Words with the blank before them, and punctuation marks: joined they are the text again.
std::vector<std::string_view> tokens_of(std::string_view text);

/// Writes the events of one stream; what does not change between them is made once.
class ChunkWriter {
public:
    ChunkWriter(std::string id, std::string model, std::int64_t created);
    std::string role() const;
    void append_delta(std::string& out, std::string_view token) const;
    std::string finish(std::string_view reason) const;
    std::string usage(std::uint64_t prompt_tokens, std::uint64_t completion_tokens) const;
    /// The whole answer of a call that is not streamed.
    std::string completion(std::string_view text, std::string_view reason, std::uint64_t prompt_tokens,
                           std::uint64_t completion_tokens) const;

private:
    boost::json::object head(std::string_view kind) const;

    std::string id_;
    std::string model_;
    std::int64_t created_;
    std::string before_delta_;
};

}  // namespace longhand::llm::offline
