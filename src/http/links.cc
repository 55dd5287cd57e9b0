#include "http/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/digest.h"

namespace longhand::http {
namespace {

std::string as_text(const Sha256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string_view only(const net::HttpRequest& request, std::string_view name) {
    std::string_view found;
    for (const auto& [key, value] : request.query) {
        if (key != name) continue;
        if (!found.empty()) return {};
        found = value;
    }
    return found;
}

constexpr Seconds kLinkLife = std::chrono::hours(24 * 365);
static_assert(kLinkLife < kFormerSecretLife, "a link would end before its time when the secret is rotated");

std::string signed_text(Uuid job, std::string_view format, Uuid owner, std::string_view expiry) {
    return fmt::format("{}\n{}\n{}\n{}", job.to_string(), format, owner.to_string(), expiry);
}

std::string signature(const SigningKey& key, std::string_view text) {
    return to_base64url(as_text(hmac_sha256(key.link_key, text)));
}

bool is_signature(const Keys& keys, std::string_view text, std::string_view found) {
    return std::any_of(keys.all().begin(), keys.all().end(),
                       [&](const SigningKey& key) { return equal_in_constant_time(signature(key, text), found); });
}

}  // namespace

std::string Links::output_url(std::string_view base_url, const job::Job& job, std::string_view format) const {
    const auto expiry = job.finished_at.value_or(job.updated_at) + kLinkLife;
    const std::string seconds = std::to_string(std::chrono::duration_cast<Seconds>(expiry.time_since_epoch()).count());
    const std::string text = signed_text(job.id, format, job.owner, seconds);
    return fmt::format("{}/api/jobs/{}/output.{}?user={}&exp={}&sig={}", base_url, job.id.to_string(), format,
                       job.owner.to_string(), seconds, signature(keys_->keys()->newest(), text));
}

std::string Links::fingerprint(std::string_view base_url, std::string_view version) const {
    const auto keys = keys_->keys();
    const std::lock_guard lock(last_->mutex);
    if (last_->keys == keys && last_->base_url == base_url && last_->version == version) return last_->fingerprint;
    const std::string text = fmt::format("fingerprint\n{}\n{}", base_url, version);
    last_->keys = keys;
    last_->base_url = base_url;
    last_->version = version;
    last_->fingerprint = to_base64url(as_text(hmac_sha256(keys->newest().link_key, text)).substr(0, 6));
    return last_->fingerprint;
}

Links::Checked Links::check(Uuid job, std::string_view format, const net::HttpRequest& request, WallTime now) const {
    const auto expiry = only(request, "exp");
    const auto owner = Uuid::parse(only(request, "user"));
    if (!owner) return {};
    const std::string text = signed_text(job, format, *owner, expiry);
    if (!is_signature(*keys_->keys(), text, only(request, "sig"))) return {};
    std::int64_t seconds = 0;
    const auto end = expiry.data() + expiry.size();
    if (std::from_chars(expiry.data(), end, seconds).ptr != end) return {};
    if (now >= WallTime(Seconds(seconds))) return {std::nullopt, Refusal::expired};
    return {owner, Refusal::wrong_signature};
}

}  // namespace longhand::http
