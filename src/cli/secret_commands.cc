// secret rotate.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "cli/command.h"
#include "cli/installation.h"
#include "cli/own_keys.h"
#include "http/secret.h"
#include "http/webhook_secrets.h"

namespace longhand::cli {
namespace {

// What is sealed under the former secret is sealed under the new one, beside whoever holds the folder. A process that
// was about to seal under the former one does no harm: that is still taken, and the next start seals it again.
int reseal_provider_keys(Installation& installation, const std::shared_ptr<const http::KeyRing>& ring, Runtime& runtime,
                         asio::io_context& loop) {
    const http::ProviderKeys keys(runtime, installation.store(), ring);
    const auto resealed = run_on(loop, keys.reseal_all());
    if (!resealed) {
        return complain(
            fmt::format("The secret is replaced, but users' provider keys are still sealed under the former "
                        "one: {} The next start of the server seals them again.",
                        resealed.error().message));
    }
    if (resealed->keys > 0) std::printf("%zu provider keys of users are sealed under it.\n", resealed->keys);
    for (const Uuid& user : resealed->not_opened) {
        complain(
            fmt::format("The provider key of the user {} can't be opened and stays as it was: it is not "
                        "used, and has to be submitted again.",
                        user.to_string()));
    }
    return resealed->not_opened.empty() ? kDone : kFailed;
}

int reseal_webhooks(Installation& installation, const std::shared_ptr<const http::KeyRing>& ring,
                    asio::io_context& loop) {
    const http::WebhookSecrets secrets(ring);
    const auto resealed = run_on(loop, secrets.reseal_all(installation.store()));
    if (!resealed) {
        return complain(
            fmt::format("The secret is replaced, but webhooks' secrets are still sealed under the former one: {} The "
                        "next start of the server seals them again.",
                        resealed.error().message));
    }
    if (resealed->secrets > 0) std::printf("%zu secrets of webhooks are sealed under it.\n", resealed->secrets);
    for (const auto& [webhook, owner] : resealed->not_opened) {
        complain(
            fmt::format("The secret of the webhook {} of the user {} can't be opened and stays as it was: nothing is "
                        "sent to it until its owner makes a new one with rotateWebhookSecret.",
                        webhook.to_string(), owner.to_string()));
    }
    return resealed->not_opened.empty() ? kDone : kFailed;
}

int reseal_all(Installation& installation, Runtime& runtime, asio::io_context& loop) {
    const auto ring = key_ring_of(installation, runtime, nullptr);
    const int keys = reseal_provider_keys(installation, ring, runtime, loop);
    const int webhooks = reseal_webhooks(installation, ring, loop);
    return keys == kDone ? webhooks : keys;
}

int rotate(const Options& options) {
    const auto data = data_path(options);
    if (!data) return complain(data.error().message, status_of(data.error().code));
    const std::string path = secret_path(options, *data);
    const auto there = is_there(path);
    if (!there) return complain(there.error().message);
    if (!*there) {
        return complain(
            fmt::format("There is no secret at {} yet, so there is nothing to replace: 'longhand serve' "
                        "makes one. Name another with --data or --secret-file.",
                        path));
    }
    const auto has_database = is_there(*data + "/longhand.db");
    if (!has_database) return complain(has_database.error().message);
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    std::unique_ptr<Installation> installation;
    if (*has_database) {
        // Before anything is replaced: in a database that can't be opened nothing can be sealed again.
        auto opened = Installation::open(options, Hold::beside, runtime);
        if (!opened) return complain(opened.error().message);
        installation = std::move(*opened);
    }
    const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    const auto until = http::rotate_secret(path, now);
    if (!until) return complain(until.error().message);
    std::printf(
        "%s has a new secret; a running server signs with it within a second.\nTokens and links of the former one hold "
        "until they expire; it is kept until %s.\n",
        path.c_str(), format_wall_time(*until).c_str());
    return installation ? reseal_all(*installation, runtime, loop) : kDone;
}

}  // namespace

std::vector<Command> secret_commands() {
    return {
        {{"secret rotate",
          "replaces the signing secret; old tokens and links hold till they expire",
          "longhand secret rotate --data ./data",
          {},
          store_options(),
          "A running server takes the new one up within a second, and users' own provider keys and the secrets of "
          "webhooks are sealed under it. Where the secret may be known to others, remove its file and restart the "
          "server instead: then old tokens and links end, and users have to submit their provider keys and make the "
          "secrets of their webhooks again."},
         rotate}};
}

}  // namespace longhand::cli
