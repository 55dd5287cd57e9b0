#include "llm/provider_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <charconv>

#include "llm/utf8.h"

namespace longhand::llm {
namespace {

namespace json = boost::json;

constexpr std::size_t kQuotedCharacters = 300;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

void cut_out(std::string& text, std::string_view secret) {
    if (secret.size() < 4) return;
    for (std::size_t at; (at = text.find(secret)) != std::string::npos;) text.replace(at, secret.size(), "[key]");
}

/// `sk-...` and `Bearer ...`: keys that the provider echoes, whole or masked.
void mask_key_like_words(std::string& text) {
    for (const std::string_view start : {"sk-", "Bearer "}) {
        for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos;) {
            std::size_t end = at + start.size();
            while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '-' ||
                                         text[end] == '_' || text[end] == '*' || text[end] == '.'))
                ++end;
            if (end - at < start.size() + 6) {
                at = end;
                continue;
            }
            text.replace(at, end - at, "[key]");
        }
    }
}

std::string one_line(std::string_view words) {
    std::string out;
    for (std::size_t at = 0; at < words.size();) {
        const char32_t c = next_code_point(words, at);
        const bool blank = c <= 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
        const bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        if (blank && (out.empty() || out.back() == ' ')) continue;
        if (direction) continue;
        append_utf8(out, blank ? U' ' : c);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

/// The words and the machine's name of an error, wherever providers put them.
struct ProviderError {
    std::string message;
    std::string code;
    int status = 0;
};

ProviderError read_error(const json::value& value);

/// What OpenRouter tells beside its own words: its name for the kind of error, and the words of the provider behind it.
void read_metadata(const json::object& metadata, ProviderError& found) {
    if (const auto* type = metadata.if_contains("error_type"); type && type->is_string())
        found.code += std::string(type->as_string().c_str()) + " ";
    if (metadata.contains("reasons") || metadata.contains("flagged_input") || metadata.contains("patterns"))
        found.code += "moderation ";
    const auto* raw = metadata.if_contains("raw");
    if (!raw) return;
    boost::system::error_code failed;
    const json::value parsed = raw->is_string() ? json::parse(raw->as_string(), failed) : *raw;
    std::string words = failed ? std::string(raw->as_string()) : read_error(parsed).message;
    if (!words.empty()) found.message += (found.message.empty() ? "" : ": ") + words;
}

ProviderError read_error(const json::value& value) {
    ProviderError found;
    const json::value* error = &value;
    if (value.is_object() && value.as_object().contains("error")) error = &value.as_object().at("error");
    if (error->is_string()) found.message = error->as_string().c_str();
    if (!error->is_object()) return found;
    const json::object& object = error->as_object();
    for (const char* name : {"message", "detail"}) {
        if (const auto* text = object.if_contains(name); text && text->is_string() && found.message.empty())
            found.message = text->as_string().c_str();
    }
    for (const char* name : {"code", "type"}) {
        const auto* code = object.if_contains(name);
        if (!code) continue;
        if (code->is_int64()) found.status = static_cast<int>(code->as_int64());
        if (code->is_string()) found.code += std::string(code->as_string().c_str()) + " ";
    }
    if (const auto* metadata = object.if_contains("metadata"); metadata && metadata->is_object())
        read_metadata(metadata->as_object(), found);
    if (found.status == 0) std::from_chars(found.code.data(), found.code.data() + found.code.size(), found.status);
    return found;
}

ProviderError read_body(const std::string& body) {
    boost::system::error_code failed;
    const json::value value = json::parse(repair_utf8(body), failed);
    if (!failed) return read_error(value);
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || body[first] == '<') return {};  // a web page says nothing worth quoting
    return {body, "", 0};
}

bool says_unknown_model(const ProviderError& error) {
    const std::string text = lower(error.message + " " + error.code);
    if (!has(text, "model")) return false;
    for (const char* sign : {"not found", "not exist", "not a valid", "invalid model", "unknown model", "no endpoints",
                             "model_not_found", "not available", "not supported model"}) {
        if (has(text, sign)) return true;
    }
    return false;
}

/// A 404 that concerns the model, rather than the address.
bool concerns_model(const Asked& asked, const ProviderError& error) {
    const std::string text = lower(error.message + " " + error.code);
    return has(text, "model") || has(text, "endpoints") || (asked.model.size() >= 4 && has(text, lower(asked.model)));
}

bool says_too_long(const ProviderError& error) {
    const std::string text = lower(error.message + " " + error.code);
    for (const char* sign : {"context_length_exceeded", "exceed_context_size", "context length", "context size",
                             "prompt is too long", "request too large", "string_too_long"}) {
        if (has(text, sign)) return true;
    }
    return false;
}

bool says_no_credit(const ProviderError& error) {
    const std::string text = lower(error.message + " " + error.code);
    return has(text, "insufficient_quota") || has(text, "exceeded your current quota") ||
           has(text, "insufficient credit") || has(text, "billing_hard_limit");
}

bool says_filtered(const ProviderError& error) {
    const std::string text = lower(error.code + " " + error.message);
    return has(lower(error.code), "refusal") || has(text, "content_filter") || has(text, "content_policy") ||
           has(text, "moderation") || has(text, "flagged");
}

std::string saying(const Asked& asked, const ProviderError& error) {
    const std::string words = quoted(error.message, asked.key);
    return words.empty() ? "" : fmt::format(": \"{}\"", words);
}

Fault permanent(LlmErrc code, std::string message) {
    return {{code, std::move(message)}};
}

Fault passing(std::string message) {
    Fault fault{{LlmErrc::unavailable, std::move(message)}};
    fault.transient = true;
    return fault;
}

std::string model_named(const Asked& asked) {
    return asked.model.empty() ? "the model" : fmt::format("the model \"{}\"", asked.model);
}

Fault too_many_requests(const Asked& asked, int status, const std::string& why) {
    Fault fault = passing(fmt::format("{} allows no more requests for now ({}){}.", asked.provider, status, why));
    fault.rate_limited = true;
    return fault;
}

Fault fault_of(const Asked& asked, int status, const ProviderError& error) {
    const std::string& who = asked.provider;
    const std::string why = saying(asked, error);
    if (says_too_long(error) && status < 500) {
        return permanent(LlmErrc::bad_request,
                         fmt::format("{} can't take so long a request for {} ({}){}; set --context-tokens to what the "
                                     "model holds.",
                                     who, model_named(asked), status, why));
    }
    if (says_no_credit(error) || status == 402) {
        return permanent(
            LlmErrc::no_credit,
            fmt::format("{} has no credit left for this key ({}){}; add credit there, then retry.", who, status, why));
    }
    if (status == 401 || (status == 403 && !says_filtered(error))) {
        return permanent(
            LlmErrc::refused_key,
            fmt::format("{} refused the key ({}){}; {}.", who, status, why,
                        asked.renew_key.empty() ? "give a valid one with --provider-key-file" : asked.renew_key));
    }
    if (status == 429) return too_many_requests(asked, status, why);
    if (status >= 500 || status == 408 || status == 409 || status == 425)
        return passing(fmt::format("{} failed with status {}{}.", who, status, why));
    if (status == 404 && !concerns_model(asked, error)) {
        return permanent(
            LlmErrc::unknown_model,
            fmt::format("{} has nothing at that address (404){}; check that --provider is the API's base URL with "
                        "its version, and that it offers {}.",
                        who, why, model_named(asked)));
    }
    if (status == 404 || says_unknown_model(error)) {
        return permanent(LlmErrc::unknown_model,
                         fmt::format("{} does not offer {} ({}){}; name another in the request or with --model.", who,
                                     model_named(asked), status, why));
    }
    if (says_filtered(error)) {
        return permanent(
            LlmErrc::content_filtered,
            fmt::format("{} declined the content ({}){}; change the prompt, or name another model in the request or "
                        "with --model.",
                        who, status, why));
    }
    return permanent(LlmErrc::bad_request,
                     fmt::format("{} did not accept the request for {} ({}){}; the prompt may be too long "
                                 "for the model (see --context-tokens).",
                                 who, model_named(asked), status, why));
}

}  // namespace

std::string without_credentials(std::string_view url) {
    std::string out(url.substr(0, url.find_first_of("?#")));
    const auto scheme = out.find("://");
    const auto start = scheme == std::string::npos ? 0 : scheme + 3;
    const auto path = out.find('/', start);
    const auto at = out.rfind('@', path == std::string::npos ? out.size() : path);
    if (at != std::string::npos && at >= start) out.erase(start, at + 1 - start);
    while (!out.empty() && out.back() == '/') out.pop_back();
    return out;
}

std::string shown_provider(std::string_view base_url) {
    const std::string url = without_credentials(base_url);
    const auto scheme = url.find("://");
    const auto start = scheme == std::string::npos ? 0 : scheme + 3;
    const std::string host = url.substr(start, url.find('/', start) - start);
    if (host.ends_with("openrouter.ai")) return "OpenRouter at " + host;
    if (host.ends_with("api.openai.com")) return "OpenAI at " + host;
    return "The provider at " + host;
}

std::string quoted(std::string_view words, std::string_view key) {
    std::string text = one_line(words);
    cut_out(text, key);
    mask_key_like_words(text);
    return shortened(text, kQuotedCharacters);
}

Fault fault_of_reply(const Asked& asked, const net::HttpReply& reply, WallTime now) {
    if (reply.status >= 300 && reply.status < 400) {
        return permanent(LlmErrc::malformed,
                         fmt::format("{} sends the request elsewhere ({}): give the final address with "
                                     "--provider.",
                                     asked.provider, reply.status));
    }
    const ProviderError error = read_body(reply.body);
    Fault fault = fault_of(asked, reply.status, error);
    const auto value = reply.header("retry-after");
    if (!value) return fault;
    // OpenRouter's bound on what is being spent at once: with the header it is to be waited out.
    if (reply.status == 402) fault = too_many_requests(asked, 402, saying(asked, error));
    if (fault.transient) fault.wait = parse_retry_after(*value, now);
    return fault;
}

Fault fault_of_error_object(const Asked& asked, const json::value& value) {
    ProviderError error = read_error(value);
    if (error.message.empty()) error.message = json::serialize(value);
    if (error.status >= 400 && error.status < 600) return fault_of(asked, error.status, error);
    if (says_filtered(error) || says_too_long(error)) return fault_of(asked, 400, error);
    const std::string code = lower(error.code);
    if (says_no_credit(error)) return fault_of(asked, 402, error);
    if (has(code, "rate_limit")) return fault_of(asked, 429, error);
    if (has(code, "invalid_request")) return fault_of(asked, 400, error);
    if (has(code, "auth") || has(code, "api_key")) return fault_of(asked, 401, error);
    return passing(fmt::format("{} broke off its answer{}.", asked.provider, saying(asked, error)));
}

Fault fault_of_connection(const Asked& asked, const net::NetFailure& failure) {
    const std::string why = quoted(failure.message, asked.key);
    switch (failure.code) {
        case net::NetErrc::unreachable:
            return passing(
                fmt::format("{} can't be reached ({}); check --provider and the network.", asked.provider, why));
        case net::NetErrc::timeout:
            return passing(fmt::format("{} did not answer in time ({}).", asked.provider, why));
        case net::NetErrc::closed:
            return passing(
                fmt::format("{} closed the connection before its answer was whole ({}).", asked.provider, why));
        case net::NetErrc::too_large:
            return malformed(asked, fmt::format("more bytes than an answer can have ({})", why));
        case net::NetErrc::malformed:
            return malformed(asked, why);
        case net::NetErrc::stopped:
            break;
    }
    return {{LlmErrc::stopped, "stopped"}};
}

Fault malformed(const Asked& asked, std::string_view what) {
    return permanent(
        LlmErrc::malformed,
        fmt::format("{} does not speak the OpenAI protocol: it sent {}; check that --provider is the API's base URL "
                    "with its version (https://.../v1).",
                    asked.provider, what));
}

}  // namespace longhand::llm
