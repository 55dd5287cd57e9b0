#include "engine/step_value.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace longhand::engine {
namespace {

namespace json = boost::json;

std::optional<json::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->as_string());
}

}  // namespace

std::string encode_reply(const writing::AskReply& reply) {
    const char* finish = reply.finish == writing::Finish::length ? "length" : "stop";
    return json::serialize(json::value{{"finish", finish}, {"text", reply.text}});
}

std::optional<writing::AskReply> decode_reply(std::string_view value) {
    const auto object = parse_object(value);
    if (!object) return std::nullopt;
    auto text = text_of(*object, "text");
    const auto finish = text_of(*object, "finish");
    if (!text || !finish) return std::nullopt;
    return writing::AskReply{std::move(*text), *finish == "length" ? writing::Finish::length : writing::Finish::stop};
}

std::string encode_result(std::string_view result) {
    return json::serialize(json::value{{"result", result}});
}

std::optional<std::string> decode_result(std::string_view value) {
    const auto object = parse_object(value);
    if (!object) return std::nullopt;
    return text_of(*object, "result");
}

}  // namespace longhand::engine
