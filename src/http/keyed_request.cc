#include "http/keyed_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace longhand::http {
namespace {

ApiError bad_key(std::string_view what) {
    return {ApiErrc::invalid_idempotency_key,
            fmt::format("The Idempotency-Key {}; it should be one string of 1 to {} visible ASCII characters, such as "
                        "\"8e03978e-40d5-43e8-bc93-6894a57f9324\".",
                        what, kLongestIdempotencyKey)};
}

bool is_visible(char c) {
    return c > 0x20 && c < 0x7f;
}

// A token, and the few more characters that keys of other services have. No quote, comma or backslash: those are of
// lists and of strings that lack their quotes.
bool is_bare(char c) {
    return is_visible(c) && c != '"' && c != ',' && c != '\\' && c != ';';
}

// `text` begins behind the opening quote. What is behind the closing one is left in it.
std::optional<std::string> unquoted(std::string_view& text) {
    std::string key;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '"') {
            text.remove_prefix(i + 1);
            return key;
        }
        if (c == '\\') {
            if (++i == text.size() || (text[i] != '"' && text[i] != '\\')) return std::nullopt;
            c = text[i];
        } else if (c != ' ' && !is_visible(c)) {
            return std::nullopt;
        }
        key += c;
    }
    return std::nullopt;
}

// Parameters mean nothing here, but they are allowed.
bool is_parameters(std::string_view text) {
    return text.empty() ||
           (text.front() == ';' && std::ranges::all_of(text, [](char c) { return is_visible(c) || c == ' '; }));
}

/// Whether the refusal was decided on the state of things, so that it is the request's answer.
bool is_decision(ApiErrc code) {
    switch (code) {
        case ApiErrc::wrong_state:
        case ApiErrc::budget_reached:
        case ApiErrc::not_found:
        case ApiErrc::project_busy:
        case ApiErrc::not_paused:
        case ApiErrc::not_waiting:
        case ApiErrc::duplicate:
        case ApiErrc::nothing_yet:
            return true;
        case ApiErrc::invalid_parameter:
        case ApiErrc::invalid_body:
        case ApiErrc::invalid_json:
        case ApiErrc::duplicate_field:
        case ApiErrc::missing_field:
        case ApiErrc::invalid_field:
        case ApiErrc::invalid_idempotency_key:
        case ApiErrc::nothing_to_change:
        case ApiErrc::price_unknown:
        case ApiErrc::web_research_unavailable:
        case ApiErrc::provider_takes_no_keys:
        case ApiErrc::provider_key_refused:
        case ApiErrc::provider_key_unusable:
        case ApiErrc::provider_unreachable:
        case ApiErrc::address_not_allowed:
        case ApiErrc::no_files:
        case ApiErrc::upload_failed:
        case ApiErrc::unauthorized:
        case ApiErrc::mode_not_allowed:
        case ApiErrc::session_needed:
        case ApiErrc::over_limit:
        case ApiErrc::host_not_allowed:
        case ApiErrc::link_not_valid:
        case ApiErrc::no_such_path:
        case ApiErrc::method_not_allowed:
        case ApiErrc::request_timeout:
        case ApiErrc::request_in_progress:
        case ApiErrc::body_too_large:
        case ApiErrc::file_too_large:
        case ApiErrc::unsupported_media_type:
        case ApiErrc::unsupported_file_type:
        case ApiErrc::idempotency_key_reused:
        case ApiErrc::internal:
        case ApiErrc::output_failed:
        case ApiErrc::unavailable:
        case ApiErrc::storage_full:
            return false;
    }
    return false;
}

ApiError reused() {
    return {ApiErrc::idempotency_key_reused,
            "This Idempotency-Key came with another request before: another path or another body. Send the same "
            "request again, or a new key with a new one."};
}

}  // namespace

ApiResult<std::string> parse_idempotency_key(std::string_view field) {
    std::string_view text = trimmed(field);
    std::string key;
    if (text.starts_with('"')) {
        text.remove_prefix(1);
        auto inner = unquoted(text);
        if (!inner || !is_parameters(trimmed(text))) return bad_key("is no structured string");
        key = std::move(*inner);
    } else if (std::ranges::all_of(text, is_bare)) {
        key = text;
    } else {
        return bad_key("has a character that is none of a key's");
    }
    if (key.empty()) return bad_key("is empty");
    if (key.size() > kLongestIdempotencyKey) return bad_key(fmt::format("has {} characters", key.size()));
    return key;
}

std::string request_fingerprint(std::string_view target, std::string_view body) {
    Sha256Stream hash;
    hash.update(fmt::format("{}\n{}\n", target, body.size()));
    hash.update(body);
    return hash.finish_hex();
}

std::optional<std::string> KeysUnderWay::begin(const Uuid& owner, const std::string& key,
                                               const std::string& fingerprint) {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = fingerprints_.try_emplace(Key(owner, key), fingerprint);
    return is_new ? std::nullopt : std::optional(place->second);
}

void KeysUnderWay::end(const Uuid& owner, const std::string& key) {
    const std::lock_guard lock(mutex_);
    fingerprints_.erase(Key(owner, key));
}

KeyedRequest::KeyedRequest(store::RequestStore& store, KeysUnderWay& under_way, const AnswerSeal& seal, Uuid owner,
                           std::string key)
    : store_(store), under_way_(under_way), seal_(seal) {
    request_.owner = owner;
    request_.key = std::move(key);
}

KeyedRequest::~KeyedRequest() {
    if (begun_) under_way_.end(request_.owner, request_.key);
}

awaitable<ApiResult<void>> KeyedRequest::begin(std::string fingerprint) {
    request_.fingerprint = std::move(fingerprint);
    // First of all, so that between this look and that one no other request of the key is answered unseen.
    if (const auto other = under_way_.begin(request_.owner, request_.key, request_.fingerprint)) {
        co_return *other == request_.fingerprint ? request_in_progress() : reused();
    }
    begun_ = true;
    const auto kept = co_await store_.kept_answer(request_.owner, request_.key);
    if (!kept) co_return from_store(kept.error(), "request");
    if (!*kept) co_return ApiResult<void>();
    if ((*kept)->fingerprint != request_.fingerprint) co_return reused();
    net::HttpResponse reply;
    reply.status = static_cast<Status>((*kept)->answer.status);
    reply.body = (*kept)->answer.body;
    if (AnswerSeal::is_sealed(reply.body)) {
        auto opened = seal_.open(reply.body, request_);
        if (!opened) co_return ApiError{ApiErrc::unavailable, "The answer to this request can't be opened any more."};
        reply.body = std::move(*opened);
    }
    reply.headers.emplace_back("Idempotency-Replayed", "true");
    kept_reply_ = std::move(reply);
    co_return request_in_progress();
}

awaitable<void> KeyedRequest::keep_reply(const net::HttpResponse& response) {
    if (!begun_ || kept_->load() || response.status >= Status::multiple_choices) co_return;
    store::KeptAnswer answer{static_cast<int>(response.status), response.body};
    if (holds_secret_) answer.body = seal_.seal(answer.body, request_);
    co_await keep(std::move(answer));
}

awaitable<void> KeyedRequest::keep_refusal(ApiError error) {
    if (!begun_ || !is_decision(error.code)) co_return;
    const net::HttpResponse refusal = to_response(error);
    store::KeptAnswer answer{static_cast<int>(refusal.status), refusal.body};
    co_await keep(std::move(answer));
}

awaitable<void> KeyedRequest::keep(store::KeptAnswer answer) {
    ignore_result(co_await store_.keep_answer(request_, std::move(answer)),
                  "without it the request is looked at again when it is repeated");
}

}  // namespace longhand::http
