#include "http/webhook_secrets.h"

#include "base/digest.h"
#include "base/seal.h"
#include "engine/webhook_signature.h"

namespace longhand::http {
namespace {

constexpr std::string_view kMark = "sealed:";

/// What is sealed under that secret begins so.
std::string mark_of(const SigningKey& key) {
    return std::string(kMark) + key.id + ":";
}

std::string belonging(const Uuid& webhook) {
    std::string text = "longhand webhook secret 1\n";
    text.append(reinterpret_cast<const char*>(webhook.bytes.data()), webhook.bytes.size());
    return text;
}

std::string seal_under(const SigningKey& key, const Uuid& webhook, std::string_view secret) {
    return mark_of(key) + to_base64url(longhand::seal(key.seal_key, secret, belonging(webhook)));
}

struct Kept {
    Uuid webhook, owner;
    std::string kept;
    bool is_newest = true;
};

/// What is to be sealed again, secret by secret.
std::vector<Kept> not_under(const SigningKey& key, const std::vector<store::KeptWebhookSecrets>& webhooks) {
    const std::string mark = mark_of(key);
    std::vector<Kept> old;
    for (const store::KeptWebhookSecrets& of : webhooks) {
        if (!of.secret.starts_with(mark)) old.push_back({of.webhook, of.owner, of.secret, true});
        if (!of.former_secret.empty() && !of.former_secret.starts_with(mark))
            old.push_back({of.webhook, of.owner, of.former_secret, false});
    }
    return old;
}

}  // namespace

std::string WebhookSecrets::seal(const Uuid& webhook, std::string_view secret) const {
    return seal_under(keys_->latest()->newest(), webhook, secret);
}

std::optional<std::string> WebhookSecrets::open(const Uuid& webhook, std::string_view kept) const {
    if (kept.starts_with(engine::kWebhookSecretPrefix)) return std::string(kept);
    if (!kept.starts_with(kMark)) return std::nullopt;
    kept.remove_prefix(kMark.size());
    const std::size_t end = kept.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view id = kept.substr(0, end);
    const auto sealed = from_base64url(kept.substr(end + 1));
    if (!sealed) return std::nullopt;
    const auto key = keys_->find(id);
    if (key == nullptr) return std::nullopt;
    return unseal(key->seal_key, *sealed, belonging(webhook));
}

awaitable<store::StoreResult<WebhookSecrets::Resealed>> WebhookSecrets::reseal_all(
    store::WebhookStore& webhooks) const {
    const auto keys = keys_->latest();
    const SigningKey& newest = keys->newest();
    const auto found = co_await webhooks.webhook_secrets_without(mark_of(newest));
    if (!found) co_return found.error();
    Resealed done;
    const std::vector<Kept> all = not_under(newest, *found);
    for (const Kept& old : all) {
        const auto secret = open(old.webhook, old.kept);
        if (!secret) {
            if (old.is_newest) done.not_opened.push_back({old.webhook, old.owner});
            continue;
        }
        std::string sealed = seal_under(newest, old.webhook, *secret);
        const auto stored = co_await webhooks.reseal_webhook_secret(old.webhook, old.kept, std::move(sealed));
        if (stored) ++done.secrets;
        // Another process was faster, or it is gone: there is nothing left to seal.
        if (!stored && stored.error().code != store::StoreErrc::not_found) co_return stored.error();
    }
    co_return done;
}

}  // namespace longhand::http
