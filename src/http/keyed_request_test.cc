// Requests with an Idempotency-Key: done once, answered as often as they are sent.
#include "http/keyed_request.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "http/testing.h"

namespace longhand::http {
namespace {

TEST(IdempotencyKey, IsAStructuredStringOrTheSameBare) {
    const std::pair<std::string, std::string> good[] = {
        {R"("8e03978e-40d5-43e8-bc93-6894a57f9324")", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
        {"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
        {R"(  "a b"  )", "a b"},
        {R"("say \"\\\"")", R"(say "\")"},
        {R"("a";v=1; w="2")", "a"},
        {"order/17+x=", "order/17+x="},
        {std::string(255, 'k'), std::string(255, 'k')},
    };
    for (const auto& [field, key] : good) {
        const auto parsed = parse_idempotency_key(field);
        ASSERT_TRUE(parsed) << field;
        EXPECT_EQ(*parsed, key);
    }
    const std::string bad[] = {"",
                               "\"\"",
                               "\"open",
                               "a, b",
                               "\"a\", \"b\"",
                               "a b",
                               "\"a\\n\"",
                               "\"a\\",
                               "\"a\"b\"",
                               "a\"b",
                               std::string(256, 'k'),
                               "\"\xc3\xa9\"",
                               "\xc3\xa9",
                               "\"a\tb\"",
                               "\"" + std::string(256, 'k') + "\""};
    for (const std::string& field : bad) {
        const auto parsed = parse_idempotency_key(field);
        ASSERT_FALSE(parsed) << field;
        EXPECT_EQ(parsed.error().code, ApiErrc::invalid_idempotency_key) << field;
    }
}

TEST(AnswerSeal, OpensWhatItSealedAndNothingElse) {
    const std::string newest(32, 'n'), old(32, 'o');
    const auto keys = std::make_shared<KeyRing>(Secrets{newest, {{old, {}}}});
    const AnswerSeal seal(keys);
    const AnswerSeal former(std::make_shared<KeyRing>(Secrets{old, {}}));
    const AnswerSeal other(std::make_shared<KeyRing>(Secrets{std::string(32, 'a'), {}}));
    const store::RepeatableRequest request{Uuid{}, "key", ""}, next{Uuid{}, "key2", ""};
    const std::string sealed = seal.seal("dw_secret", request);
    EXPECT_EQ(sealed.find("dw_secret"), sealed.npos);
    EXPECT_NE(sealed, seal.seal("dw_secret", request));
    EXPECT_EQ(seal.open(sealed, request), "dw_secret");
    EXPECT_EQ(seal.open(sealed, next), std::nullopt);
    EXPECT_EQ(seal.open(former.seal("old", request), request), "old");
    EXPECT_EQ(other.open(sealed, request), std::nullopt);
    std::string forged = sealed;
    char& middle = forged[forged.size() / 2];
    middle = middle == 'A' ? 'B' : 'A';
    EXPECT_EQ(seal.open(forged, request), std::nullopt);
    EXPECT_EQ(seal.open("sealed:AAAA", request), std::nullopt);
    EXPECT_EQ(seal.open("dw_secret", request), std::nullopt);
}

class Keyed : public testing::Test {
protected:
    std::string as(Uuid user) { return "Authorization: Bearer " + server.token(user) + "\r\n"; }
    RawAnswer post(const std::string& target, const std::string& body, const std::string& key, Uuid user) {
        return server.send("POST", target, as(user) + (key.empty() ? "" : "Idempotency-Key: " + key + "\r\n"), body);
    }
    RawAnswer post(const std::string& target, const std::string& body, const std::string& key) {
        return post(target, body, key, ada);
    }
    std::string make_project() { return post("/api/createProject", R"({"newProjectName":"A book"})", "").text("id"); }
    static std::string order(const std::string& project) {
        return R"({"projectId":")" + project + R"(","prompt":"Write a handbook.","author":"A","email":"a@b.example"})";
    }
    std::int64_t jobs() { return server.send("GET", "/api/jobs", as(ada), "").json().at("total").as_int64(); }
    RawAnswer upload(const std::string& boundary, const std::string& project, const std::string& text,
                     const std::string& key) {
        const std::string begin = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"";
        const std::string body = begin + "files\"; filename=\"a.txt\"\r\n\r\n" + text + "\r\n" + begin +
                                 "projectId\"\r\n\r\n" + project + "\r\n--" + boundary + "--\r\n";
        return server.send("POST", "/api/uploadProjectFiles",
                           as(ada) + "Content-Type: multipart/form-data; boundary=" + boundary +
                               "\r\nIdempotency-Key: " + key + "\r\n",
                           body);
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org");
    Uuid bob = server.add_user("bob@example.org");
};

TEST_F(Keyed, TheSameRequestHasTheSameAnswerAndIsDoneOnce) {
    const std::string body = order(make_project());
    const RawAnswer first = post("/api/generateWizardWork", body, "\"one\"");
    ASSERT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.header("idempotency-replayed"), "");
    for (const std::string key : {"\"one\"", "one"}) {
        const RawAnswer again = post("/api/generateWizardWork", body, key);
        EXPECT_EQ(again.status, 200);
        EXPECT_EQ(again.body, first.body);
        EXPECT_EQ(again.header("idempotency-replayed"), "true");
        EXPECT_EQ(again.header("content-type"), first.header("content-type"));
    }
    EXPECT_EQ(jobs(), 1);
}

TEST_F(Keyed, AnotherBodyOrPathIs422) {
    const std::string body = order(make_project());
    ASSERT_EQ(post("/api/generateWizardWork", body, "one").status, 200);
    const RawAnswer other_body = post("/api/generateWizardWork", body + " ", "one");
    EXPECT_EQ(other_body.status, 422);
    EXPECT_EQ(other_body.text("code"), "idempotency_key_reused");
    EXPECT_EQ(post("/api/generateWork", body, "one").status, 422);
    EXPECT_EQ(post("/api/generateWizardWork", body, "two").status, 409);
    EXPECT_EQ(jobs(), 1);
}

TEST_F(Keyed, KeysOfTwoUsersHaveNothingToDoWithEachOther) {
    const std::string body = R"({"newProjectName":"A book"})";
    const std::string adas = post("/api/createProject", body, "one", ada).text("id");
    const RawAnswer bobs = post("/api/createProject", body, "one", bob);
    EXPECT_EQ(bobs.status, 200);
    EXPECT_NE(bobs.text("id"), adas);
    EXPECT_EQ(post("/api/createProject", body, "one", bob).text("id"), bobs.text("id"));
}

TEST_F(Keyed, ABadKeyIs400AndNothingIsDone) {
    for (const std::string& key : {std::string("a, b"), std::string("\"open"), std::string(256, 'k')}) {
        const RawAnswer answer = post("/api/createProject", R"({"newProjectName":"A book"})", key);
        EXPECT_EQ(answer.status, 400) << key;
        EXPECT_EQ(answer.text("code"), "invalid_idempotency_key");
    }
    const RawAnswer twice =
        server.send("POST", "/api/createProject", as(ada) + "Idempotency-Key: a\r\nIdempotency-Key: b\r\n", "{}");
    EXPECT_EQ(twice.text("code"), "invalid_idempotency_key");
    EXPECT_EQ(server.send("GET", "/api/listProjects", as(ada) + "Idempotency-Key: a, b\r\n", "").status, 200);
}

TEST_F(Keyed, WhatWasDecidedOnTheStateOfThingsStands) {
    const std::string project = make_project();
    const std::string job = post("/api/generateWizardWork", order(project), "").text("jobId");
    const RawAnswer busy = post("/api/generateWizardWork", order(project), "busy");
    EXPECT_EQ(busy.status, 409);
    const std::string nobody = R"({"jobId":"0190a2f4-5b1c-7d3e-8f00-0123456789ab"})";
    EXPECT_EQ(post("/api/cancelJob", nobody, "none").status, 404);
    const std::string retry = R"({"jobId":")" + job + "\"}";
    EXPECT_EQ(post("/api/retryJob", retry, "early").status, 400);
    ASSERT_EQ(post("/api/cancelJob", retry, "cancel").status, 200);
    EXPECT_EQ(post("/api/generateWizardWork", order(project), "busy").body, busy.body);
    EXPECT_EQ(post("/api/retryJob", retry, "early").status, 400);
    EXPECT_EQ(post("/api/retryJob", retry, "retry").status, 200);
    // Run again it would be refused: the job is queued.
    EXPECT_EQ(post("/api/retryJob", retry, "retry").status, 200);
    EXPECT_EQ(post("/api/retryJob", retry, "").status, 400);
}

TEST_F(Keyed, WhatWasRefusedForItsFormLeavesTheKeyFree) {
    EXPECT_EQ(post("/api/createProject", "{}", "one").status, 400);
    EXPECT_EQ(post("/api/createProject", "{", "one").status, 400);
    EXPECT_EQ(post("/api/createProject", R"({"newProjectName":"A book"})", "one").status, 200);
}

TEST_F(Keyed, AnUploadIsKnownByItsFilesWhateverItsBoundary) {
    const std::string project = make_project();
    const RawAnswer first = upload("XX", project, "The first.", "one");
    ASSERT_EQ(first.status, 200) << first.body;
    const RawAnswer again = upload("YYYY", project, "The first.", "one");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(upload("XX", project, "Another.", "one").status, 422);
    EXPECT_EQ(upload("XX", project, "The first.", "two").status, 409);
    EXPECT_EQ(upload("ZZ", project, "The first.", "two").status, 409);
    EXPECT_EQ(server.uploads().size(), 1U);
}

TEST_F(Keyed, ANewApiKeyIsShownAgainAndLiesNowhereInClear) {
    const RawAnswer first = post("/api/generateApiKey", "", "one");
    ASSERT_EQ(first.status, 200) << first.body;
    const std::string key = first.text("apiKey");
    EXPECT_EQ(post("/api/generateApiKey", "", "one").text("apiKey"), key);
    EXPECT_EQ(server.send("GET", "/api/jobs", "x-api-key: " + key + "\r\n", "").status, 200);
    EXPECT_EQ(post("/api/generateApiKey", "", "one", ada).body, first.body);
    // Who has the key alone is no more told what replaced it than it may replace it.
    const RawAnswer leaked =
        server.send("POST", "/api/generateApiKey", "x-api-key: " + key + "\r\nIdempotency-Key: one\r\n", "");
    EXPECT_EQ(leaked.status, 403);
    EXPECT_EQ(leaked.body.find("dw_"), leaked.body.npos);
    const auto kept = server.wait(server.database().kept_answer(ada, "one")).value();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->answer.body.find("dw_"), std::string::npos);
}

TEST_F(Keyed, OfAHundredAtOnceOneIsDone) {
    const std::string body = order(make_project());
    std::vector<RawAnswer> answers(100);
    std::vector<std::thread> clients;
    for (RawAnswer& answer : answers)
        clients.emplace_back([&] { answer = post("/api/generateWizardWork", body, "one"); });
    for (std::thread& client : clients) client.join();
    std::string job;
    for (const RawAnswer& answer : answers) {
        if (answer.status == 200) {
            if (job.empty()) job = answer.text("jobId");
            EXPECT_EQ(answer.text("jobId"), job);
        } else {
            ASSERT_EQ(answer.status, 409) << answer.body;
            EXPECT_EQ(answer.text("code"), "request_in_progress");
            EXPECT_EQ(answer.header("retry-after"), "1");
        }
    }
    EXPECT_FALSE(job.empty());
    EXPECT_EQ(jobs(), 1);
    EXPECT_EQ(post("/api/generateWizardWork", body, "one").text("jobId"), job);
}

}  // namespace
}  // namespace longhand::http
