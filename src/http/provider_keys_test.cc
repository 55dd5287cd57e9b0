// submitApiKey, and what is kept of a provider key.
#include "http/provider_keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/testing.h"

namespace longhand::http {
namespace {

constexpr const char* kSubmit = "/api/submitApiKey";
constexpr const char* kProvider = "offline";  // TestServer's

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

class OwnProviderKeys : public testing::Test {
protected:
    static std::string bearer(const std::string& credential) { return "Authorization: Bearer " + credential + "\r\n"; }
    RawAnswer get(const std::string& target) { return server.send("GET", target, session, ""); }
    RawAnswer post(const std::string& target, const std::string& body) {
        return server.send("POST", target, session, body);
    }
    RawAnswer submit(const std::string& key) { return post(kSubmit, R"({"apiKey":")" + key + "\"}"); }
    RawAnswer start() {
        const std::string project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
        return post("/api/generateWizardWork",
                    R"({"projectId":")" + project + R"(","prompt":"Write a book.","author":"A","email":"a@x.org"})");
    }
    bool is_byok(const std::string& job) { return get("/getJobStatus?jobId=" + job).json().at("is_byok").as_bool(); }
    store::SealedProviderKey record(Uuid user) {
        return server.wait(server.database().provider_key(user)).value().value();
    }
    void put(const store::SealedProviderKey& record) {
        ASSERT_TRUE(server.wait(server.database().set_provider_key(record)));
    }
    ProviderKeyResult<std::string> opened(Uuid user, const std::string& provider = kProvider) {
        return server.wait(ProviderKeys(server.runtime(), server.database(), server.keys()).open(user, provider));
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org"), bob = server.add_user("bob@example.org");
    std::string session = bearer(server.token(ada));
};

TEST_F(OwnProviderKeys, AKeyIsTriedThenKeptSealedAndUsedByJobsThatBeginThen) {
    EXPECT_FALSE(get("/api/apiKeyStatus").json().at("hasProviderKey").as_bool());
    const std::string before = start().text("jobId");
    const RawAnswer stored = submit(" sk-good-canary ");
    EXPECT_EQ(stored.status, 200);
    EXPECT_EQ(stored.text("message"), "API key validated and stored successfully");
    EXPECT_EQ(server.keys_checked(), 1);
    EXPECT_EQ(opened(ada).value(), "sk-good-canary");
    EXPECT_EQ(record(ada).sealed.find("canary"), std::string::npos);
    const auto status = get("/api/apiKeyStatus").json();
    EXPECT_TRUE(status.at("hasProviderKey").as_bool());
    EXPECT_TRUE(status.at("providerKeyCreatedAt").is_string());
    EXPECT_FALSE(status.at("hasApiKey").as_bool());
    EXPECT_FALSE(is_byok(before));
    EXPECT_TRUE(is_byok(start().text("jobId")));
    const RawAnswer removed = server.send("DELETE", kSubmit, session, "");
    EXPECT_EQ(removed.status, 200);
    EXPECT_FALSE(get("/api/apiKeyStatus").json().at("hasProviderKey").as_bool());
    EXPECT_FALSE(is_byok(start().text("jobId")));
    EXPECT_EQ(server.send("DELETE", kSubmit, session, "").status, 404);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(server.folder())) {
        if (!entry.is_regular_file()) continue;
        EXPECT_EQ(content_of(entry.path()).find("canary"), std::string::npos) << entry.path();
    }
}

TEST_F(OwnProviderKeys, WhatIsNotValidIsNotStored) {
    struct {
        const char* body;
        int status;
        const char* code;
    } const cases[] = {
        {R"({"apiKey":"sk-bad"})", 400, "provider_key_refused"},
        {R"({"apiKey":"sk-slow"})", 503, "provider_unreachable"},
        {R"({})", 400, "missing_field"},
        {R"({"apiKey":7})", 400, "invalid_field"},
        {R"({"apiKey":"  "})", 400, "invalid_field"},
        {R"({"apiKey":"sk-good\r\nHost: elsewhere"})", 400, "invalid_field"},
        {R"({"apiKey":"sk-good gap"})", 400, "invalid_field"},
    };
    for (const auto& one : cases) {
        const RawAnswer answer = post(kSubmit, one.body);
        EXPECT_EQ(answer.status, one.status) << one.body;
        EXPECT_EQ(answer.text("code"), one.code) << one.body;
    }
    EXPECT_EQ(post(kSubmit, R"({"apiKey":"sk-good)" + std::string(600, 'x') + "\"}").status, 400);
    const std::string own = post("/api/generateApiKey", "").text("apiKey");
    const RawAnswer ours = submit(own);
    EXPECT_EQ(ours.status, 400);
    EXPECT_NE(ours.text("message").find("of this server"), std::string::npos);
    EXPECT_EQ(ours.body.find(own), std::string::npos);
    EXPECT_EQ(opened(ada).error().code, ProviderKeyErrc::none);
}

TEST_F(OwnProviderKeys, OnlyASessionManagesThem) {
    const std::string key = post("/api/generateApiKey", "").text("apiKey");
    for (const char* method : {"POST", "DELETE"}) {
        const RawAnswer refused = server.send(method, kSubmit, bearer(key), R"({"apiKey":"sk-good"})");
        EXPECT_EQ(refused.status, 403) << method;
        EXPECT_EQ(refused.text("code"), "session_needed");
    }
    EXPECT_EQ(server.keys_checked(), 0);
}

TEST_F(OwnProviderKeys, AFlippedByteIsRefusedAndNothingIsStarted) {
    submit("sk-good-canary");
    auto changed = record(ada);
    changed.sealed.back() = static_cast<char>(changed.sealed.back() ^ 1);
    put(changed);
    EXPECT_EQ(opened(ada).error().code, ProviderKeyErrc::not_opened);
    const RawAnswer refused = start();
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("code"), "provider_key_unusable");
    EXPECT_NE(refused.text("message").find("can't be opened"), std::string::npos);
    EXPECT_EQ(get("/api/jobs").json().at("total"), 0);
}

TEST_F(OwnProviderKeys, AKeyInAnotherRowIsRefused) {
    submit("sk-good-of-ada");
    const std::string of_bob = bearer(server.token(bob));
    EXPECT_EQ(server.send("POST", kSubmit, of_bob, R"({"apiKey":"sk-good-of-bob"})").status, 200);
    const auto adas = record(ada), bobs = record(bob);
    // The sealed text alone, with its record's id, and the whole row under another user.
    auto swapped = adas;
    swapped.sealed = bobs.sealed;
    put(swapped);
    EXPECT_EQ(opened(ada).error().code, ProviderKeyErrc::not_opened);
    swapped.id = bobs.id;
    put(swapped);
    EXPECT_EQ(opened(ada).error().code, ProviderKeyErrc::not_opened);
    auto renamed = adas;
    renamed.provider = "https://elsewhere.example/v1";
    put(renamed);
    EXPECT_EQ(opened(ada, renamed.provider).error().code, ProviderKeyErrc::not_opened);
    put(adas);
    EXPECT_EQ(opened(ada).value(), "sk-good-of-ada");
    EXPECT_EQ(opened(bob).value(), "sk-good-of-bob");
}

TEST_F(OwnProviderKeys, AKeyForAnotherProviderIsNotSentToThisOne) {
    const ProviderKeys keys(server.runtime(), server.database(), server.keys());
    ASSERT_TRUE(server.wait(keys.keep(ada, "https://elsewhere.example/v1", "sk-good")));
    const RawAnswer refused = start();
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("code"), "provider_key_unusable");
    EXPECT_NE(refused.text("message").find("https://elsewhere.example/v1"), std::string::npos);
    EXPECT_EQ(opened(ada, "https://elsewhere.example/v1").value(), "sk-good");
}

TEST_F(OwnProviderKeys, ARotationSealsThemUnderTheNewSecret) {
    const std::string path = server.folder() + "/secret";
    const auto first = load_or_make_secrets(path, server.runtime().wall_now()).value();
    const ProviderKeys keys(server.runtime(), server.database(),
                            std::make_shared<KeyRing>(first, path, server.runtime(), nullptr));
    ASSERT_TRUE(server.wait(keys.keep(ada, kProvider, "sk-good-of-ada")));
    ASSERT_TRUE(server.wait(keys.keep(bob, kProvider, "sk-good-of-bob")));
    auto damaged = record(bob);
    damaged.sealed.front() = static_cast<char>(damaged.sealed.front() ^ 1);
    put(damaged);
    ASSERT_TRUE(rotate_secret(path, server.runtime().wall_now()));
    EXPECT_EQ(server.wait(keys.open(ada, kProvider)).value(), "sk-good-of-ada") << "the former secret still opens";
    const auto done = server.wait(keys.reseal_all()).value();
    EXPECT_EQ(done.keys, 1U);
    EXPECT_EQ(done.not_opened, std::vector<Uuid>{bob});
    // The new secret alone opens it now, and the former one does not.
    const auto newest = load_secrets(path, server.runtime().wall_now()).value().newest;
    const ProviderKeys after(server.runtime(), server.database(), std::make_shared<KeyRing>(Secrets{newest, {}}));
    EXPECT_EQ(server.wait(after.open(ada, kProvider)).value(), "sk-good-of-ada");
    const ProviderKeys former(server.runtime(), server.database(), std::make_shared<KeyRing>(first));
    EXPECT_EQ(server.wait(former.open(ada, kProvider)).error().code, ProviderKeyErrc::not_opened);
    EXPECT_EQ(server.wait(keys.reseal_all()).value().keys, 0U) << "sealed twice";
}

}  // namespace
}  // namespace longhand::http
