#include "http/webhook_secrets.h"

#include <gtest/gtest.h>

#include "engine/webhook_signature.h"
#include "http/testing.h"

namespace longhand::http {
namespace {

class SealedWebhookSecrets : public testing::Test {
protected:
    static std::string bearer(const std::string& credential) { return "Authorization: Bearer " + credential + "\r\n"; }
    static std::shared_ptr<const KeyRing> ring_of(const std::string& secret) {
        return std::make_shared<KeyRing>(Secrets{secret, {}});
    }
    RawAnswer post(const std::string& target, const std::string& body, const std::string& headers = "") {
        return server.send("POST", target, bearer(server.token(ada)) + headers, body);
    }
    RawAnswer create(const std::string& headers = "") {
        return post("/api/createWebhook", R"({"url":"https://receiver.example/hook"})", headers);
    }
    RawAnswer rotate(const Uuid& webhook) {
        return post("/api/rotateWebhookSecret", R"({"webhookId":")" + webhook.to_string() + "\"}");
    }
    store::Webhook read(const Uuid& webhook) {
        return server.wait(server.database().webhook_for_owner(ada, webhook)).value();
    }
    store::Webhook add(const std::string& kept, Uuid id) {
        store::Webhook webhook;
        webhook.id = id;
        webhook.owner = ada;
        webhook.url = "https://receiver.example/hook";
        webhook.kinds = {"*"};
        webhook.secret = kept;
        return server.wait(server.database().add_webhook(webhook)).value();
    }
    /// Puts `kept` in the place of the secret.
    void put(const Uuid& webhook, const std::string& kept) {
        ASSERT_TRUE(server.wait(server.database().reseal_webhook_secret(webhook, read(webhook).secret, kept)));
    }
    WebhookSecrets::Resealed reseal(const WebhookSecrets& secrets) {
        return server.wait(secrets.reseal_all(server.database())).value();
    }
    Uuid new_id() { return server.runtime().new_id(); }

    TestServer server;
    const Uuid ada = server.add_user("ada@example.org");
    const WebhookSecrets ours{server.keys()};
    const std::string secret = engine::make_webhook_secret();
};

TEST_F(SealedWebhookSecrets, OpenForTheirWebhookUnderTheirSigningSecretAndForNothingElse) {
    const Uuid webhook = new_id();
    const std::string kept = ours.seal(webhook, secret);
    EXPECT_EQ(kept.find(secret.substr(10)), std::string::npos);
    EXPECT_NE(ours.seal(webhook, secret), kept) << "never the same twice";
    EXPECT_EQ(ours.open(webhook, kept), secret);
    EXPECT_EQ(ours.open(new_id(), kept), std::nullopt);
    EXPECT_EQ(WebhookSecrets(ring_of(std::string(32, 'x'))).open(webhook, kept), std::nullopt);
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{10}, kept.rfind(':'), kept.rfind(':') + 1, kept.size() - 2}) {
        std::string flipped = kept;
        flipped[at] = flipped[at] == 'A' ? 'B' : 'A';
        EXPECT_EQ(ours.open(webhook, flipped), std::nullopt) << at;
    }
    for (const std::string& text : {std::string(), std::string("sealed:"), kept.substr(0, kept.rfind(':')),
                                    kept.substr(0, kept.size() - 8), kept.substr(7), "x" + secret}) {
        EXPECT_EQ(ours.open(webhook, text), std::nullopt) << text;
    }
}

TEST_F(SealedWebhookSecrets, OneOfBeforeIsTakenInClear) {
    EXPECT_EQ(ours.open(new_id(), secret), secret);
}

TEST_F(SealedWebhookSecrets, WhatTheCallsShowIsKeptSealed) {
    const RawAnswer made = create("Idempotency-Key: one\r\n");
    const Uuid id = Uuid::parse(made.text("id")).value();
    EXPECT_EQ(create("Idempotency-Key: one\r\n").body, made.body);
    EXPECT_EQ(read(id).secret.find("whsec_"), std::string::npos);
    EXPECT_EQ(ours.open(id, read(id).secret), made.text("secret"));
    const RawAnswer rotated = rotate(id);
    EXPECT_EQ((read(id).secret + read(id).former_secret).find("whsec_"), std::string::npos);
    EXPECT_EQ(ours.open(id, read(id).secret), rotated.text("secret"));
    EXPECT_EQ(ours.open(id, read(id).former_secret), made.text("secret"));
    EXPECT_EQ(server.wakes(), 1);
}

TEST_F(SealedWebhookSecrets, ARotationReplacesOneThatCannotBeOpened) {
    const Uuid id = Uuid::parse(create().text("id")).value(), other = Uuid::parse(create().text("id")).value();
    put(id, read(other).secret);
    ASSERT_EQ(ours.open(id, read(id).secret), std::nullopt);
    const RawAnswer rotated = rotate(id);
    ASSERT_EQ(rotated.status, 200) << rotated.body;
    EXPECT_TRUE(rotated.json().at("former_secret_expires_at").is_null());
    EXPECT_NE(rotated.text("message").find("signs no more"), std::string::npos);
    EXPECT_EQ(ours.open(id, read(id).secret), rotated.text("secret"));
    EXPECT_EQ(read(id).former_secret, "");
}

TEST_F(SealedWebhookSecrets, OnesOfBeforeAreSealedAndByOneProcessAlone) {
    const Uuid id = add(secret, new_id()).id;
    const std::string second = engine::make_webhook_secret();
    ASSERT_TRUE(server.wait(server.database().rotate_webhook_secret(ada, id, second, Milliseconds{1'000'000})));
    EXPECT_EQ(reseal(ours).secrets, 2U);
    const store::Webhook sealed = read(id);
    EXPECT_EQ(sealed.secret.find("whsec_"), std::string::npos);
    EXPECT_EQ(sealed.former_secret.find("whsec_"), std::string::npos);
    EXPECT_EQ(ours.open(id, sealed.secret), second);
    EXPECT_EQ(ours.open(id, sealed.former_secret), secret);
    EXPECT_EQ(reseal(WebhookSecrets(server.keys())).secrets, 0U) << "sealed twice";
    EXPECT_EQ(read(id).secret, sealed.secret);
}

TEST_F(SealedWebhookSecrets, ARotationOfTheSigningSecretSealsThemUnderTheNewOne) {
    const std::string path = server.folder() + "/secret";
    const auto first = load_or_make_secrets(path, server.runtime().wall_now()).value();
    const WebhookSecrets secrets(std::make_shared<KeyRing>(first, path, server.runtime(), nullptr));
    const Uuid whole = new_id(), damaged = new_id();
    add(secrets.seal(whole, secret), whole);
    add(secrets.seal(whole, secret), damaged);
    ASSERT_TRUE(rotate_secret(path, server.runtime().wall_now()));
    EXPECT_EQ(secrets.open(whole, read(whole).secret), secret) << "the former signing secret still opens";
    const auto done = reseal(secrets);
    EXPECT_EQ(done.secrets, 1U);
    ASSERT_EQ(done.not_opened.size(), 1U);
    EXPECT_EQ(done.not_opened[0].webhook, damaged);
    EXPECT_EQ(done.not_opened[0].owner, ada);
    // The new secret alone opens it now, and the former one does not.
    const auto newest = load_secrets(path, server.runtime().wall_now()).value().newest;
    EXPECT_EQ(WebhookSecrets(ring_of(newest)).open(whole, read(whole).secret), secret);
    EXPECT_EQ(WebhookSecrets(ring_of(first.newest)).open(whole, read(whole).secret), std::nullopt);
    EXPECT_EQ(reseal(secrets).secrets, 0U) << "sealed twice";
}

}  // namespace
}  // namespace longhand::http
