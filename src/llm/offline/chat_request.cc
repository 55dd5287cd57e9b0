#include "llm/offline/chat_request.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "llm/offline/words.h"
#include "llm/utf8.h"

namespace longhand::llm::offline {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMostTokens = 1'000'000;

ProtocolError wrong(std::string message, std::string param) {
    return {400, std::move(message), std::move(param), "", "invalid_request_error"};
}

/// Content as a string, or as a list of parts of type `text`.
std::optional<std::string> content_of(const json::value& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return std::string(value.as_string());
    if (!value.is_array()) return std::nullopt;
    std::string text;
    for (const json::value& part : value.as_array()) {
        const auto* object = part.if_object();
        const auto* words = object ? object->if_contains("text") : nullptr;
        if (!words || !words->is_string()) return std::nullopt;
        text += words->as_string();
    }
    return text;
}

std::optional<ProtocolError> read_messages(const json::object& body, ChatCompletionRequest& request) {
    const auto* messages = body.if_contains("messages");
    if (!messages || !messages->is_array() || messages->as_array().empty())
        return wrong("'messages' must be a list with at least one message.", "messages");
    for (const json::value& value : messages->as_array()) {
        const auto* object = value.if_object();
        const auto* role = object ? object->if_contains("role") : nullptr;
        const auto* content = object ? object->if_contains("content") : nullptr;
        const auto text = content ? content_of(*content) : std::nullopt;
        if (!role || !role->is_string() || !text)
            return wrong("Each message needs a 'role' and a 'content'.", "messages");
        request.messages.push_back({std::string(role->as_string()), *text});
        request.prompt_tokens += tokens_of(*text).size();
    }
    return std::nullopt;
}

std::optional<ProtocolError> read_max_tokens(const json::object& body, ChatCompletionRequest& request) {
    for (const char* name : {"max_tokens", "max_completion_tokens"}) {
        const auto* value = body.if_contains(name);
        if (!value || value->is_null()) continue;
        if (!value->is_int64() || value->as_int64() < 1 || value->as_int64() > kMostTokens)
            return wrong(fmt::format("'{}' must be a whole number from 1 to {}.", name, kMostTokens), name);
        request.max_tokens = static_cast<std::uint32_t>(value->as_int64());
    }
    return std::nullopt;
}

std::optional<ProtocolError> read_stream(const json::object& body, ChatCompletionRequest& request) {
    if (const auto* stream = body.if_contains("stream"); stream && !stream->is_null()) {
        if (!stream->is_bool()) return wrong("'stream' must be true or false.", "stream");
        request.stream = stream->as_bool();
    }
    const auto* options = body.if_contains("stream_options");
    if (!options || options->is_null()) return std::nullopt;
    if (!options->is_object()) return wrong("'stream_options' must be an object.", "stream_options");
    const auto* usage = options->as_object().if_contains("include_usage");
    request.include_usage = usage && usage->is_bool() && usage->as_bool();
    return std::nullopt;
}

json::object usage_object(std::uint64_t prompt, std::uint64_t completion) {
    return {{"prompt_tokens", prompt}, {"completion_tokens", completion}, {"total_tokens", prompt + completion}};
}

std::string event(const json::object& object) {
    return "data: " + json::serialize(object) + "\n\n";
}

}  // namespace

std::string ProtocolError::body() const {
    json::object error{{"message", message}, {"type", type}};
    error["param"] = param.empty() ? json::value(nullptr) : json::value(param);
    error["code"] = code.empty() ? json::value(nullptr) : json::value(code);
    return json::serialize(json::object{{"error", std::move(error)}});
}

std::variant<ChatCompletionRequest, ProtocolError> parse_chat_request(std::string_view body) {
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(body.data(), body.size()), failed);
    if (failed || !value.is_object())
        return wrong("We could not parse the JSON body of your request: an object is expected.", "");
    const json::object& object = value.as_object();
    ChatCompletionRequest request;
    const auto* model = object.if_contains("model");
    if (!model || !model->is_string() || model->as_string().empty())
        return wrong("You must provide a model parameter.", "model");
    request.model = std::string(model->as_string());
    if (request.model != "offline") {
        return ProtocolError{404,
                             fmt::format("The model `{}` does not exist; this server has `offline`.", request.model),
                             "model", "model_not_found", "invalid_request_error"};
    }
    for (const auto read : {read_messages, read_max_tokens, read_stream}) {
        if (auto error = read(object, request)) return *error;
    }
    return request;
}

std::vector<std::string_view> tokens_of(std::string_view text) {
    std::vector<std::string_view> tokens;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t start = at;
        bool in_word = false;
        while (at < text.size()) {
            std::size_t next = at;
            const char32_t c = next_code_point(text, next);
            const bool word = is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '\'';
            if (word && is_unspaced_script(c) && in_word) break;
            if (!word && (in_word || c > ' ')) {
                if (!in_word) at = next;
                break;
            }
            in_word |= word;
            at = next;
            if (word && is_unspaced_script(c)) break;
        }
        tokens.push_back(text.substr(start, at - start));
    }
    return tokens;
}

ChunkWriter::ChunkWriter(std::string id, std::string model, std::int64_t created)
    : id_(std::move(id)), model_(std::move(model)), created_(created) {
    std::string whole = json::serialize(head("chat.completion.chunk"));
    whole.pop_back();
    before_delta_ = "data: " + whole + R"(,"choices":[{"index":0,"delta":{"content":)";
}

json::object ChunkWriter::head(std::string_view kind) const {
    return {
        {"id", id_}, {"object", json::string_view(kind.data(), kind.size())}, {"created", created_}, {"model", model_}};
}

std::string ChunkWriter::role() const {
    json::object chunk = head("chat.completion.chunk");
    chunk["choices"] = json::array{
        json::object{{"index", 0}, {"delta", {{"role", "assistant"}, {"content", ""}}}, {"finish_reason", nullptr}}};
    return event(chunk);
}

void ChunkWriter::append_delta(std::string& out, std::string_view token) const {
    out += before_delta_;
    out += json::serialize(json::string_view(token.data(), token.size()));
    out += "},\"finish_reason\":null}]}\n\n";
}

std::string ChunkWriter::finish(std::string_view reason) const {
    json::object chunk = head("chat.completion.chunk");
    json::object choice{
        {"index", 0}, {"delta", json::object()}, {"finish_reason", json::string_view(reason.data(), reason.size())}};
    chunk["choices"] = json::array{std::move(choice)};
    return event(chunk);
}

std::string ChunkWriter::usage(std::uint64_t prompt_tokens, std::uint64_t completion_tokens) const {
    json::object chunk = head("chat.completion.chunk");
    chunk["choices"] = json::array();
    chunk["usage"] = usage_object(prompt_tokens, completion_tokens);
    return event(chunk);
}

std::string ChunkWriter::completion(std::string_view text, std::string_view reason, std::uint64_t prompt_tokens,
                                    std::uint64_t completion_tokens) const {
    json::object body = head("chat.completion");
    json::object message{{"role", "assistant"}, {"content", json::string_view(text.data(), text.size())}};
    json::object choice{{"index", 0},
                        {"message", std::move(message)},
                        {"finish_reason", json::string_view(reason.data(), reason.size())}};
    body["choices"] = json::array{std::move(choice)};
    body["usage"] = usage_object(prompt_tokens, completion_tokens);
    return json::serialize(body);
}

}  // namespace longhand::llm::offline
