// The calls of webhooks.
#include <gtest/gtest.h>

#include "http/testing.h"

namespace longhand::http {
namespace {

class Webhooks : public testing::Test {
protected:
    static std::string bearer(const std::string& credential) { return "Authorization: Bearer " + credential + "\r\n"; }
    RawAnswer call(const std::string& method, const std::string& target, const std::string& body = "") {
        return server.send(method, target, session, body);
    }
    RawAnswer create(const std::string& fields = R"("url":"https://receiver.example/hook")") {
        return call("POST", "/api/createWebhook", "{" + fields + "}");
    }
    std::string start_job() {
        const std::string project = call("POST", "/api/createProject", R"({"newProjectName":"A book"})").text("id");
        return call("POST", "/api/generateWizardWork",
                    R"({"projectId":")" + project +
                        R"(","prompt":"Write a book.","author":"A","email":"a@example.org"})")
            .text("jobId");
    }
    boost::json::array deliveries(const std::string& webhook, const std::string& more = "") {
        return call("GET", "/api/webhookDeliveries?webhookId=" + webhook + more).json().at("deliveries").as_array();
    }
    void expect_refused(const RawAnswer& answer, const std::string& code, const std::string& words) {
        EXPECT_EQ(answer.status, 400) << answer.body;
        EXPECT_EQ(answer.text("code"), code);
        EXPECT_NE(answer.text("message").find(words), std::string::npos) << answer.body;
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org");
    std::string session = bearer(server.token(ada));
};

TEST_F(Webhooks, OneIsMadeListedChangedAndDeleted) {
    const RawAnswer made = create();
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_TRUE(made.text("secret").starts_with("whsec_"));
    const std::string id = made.text("id");
    const auto listed = call("GET", "/api/listWebhooks").json().at("webhooks").as_array();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].at("url"), "https://receiver.example/hook");
    EXPECT_EQ(listed[0].at("enabled"), true);
    EXPECT_EQ(listed[0].at("events").as_array().size(), 7U);
    EXPECT_EQ(call("GET", "/api/listWebhooks").body.find("whsec_"), std::string::npos);
    const RawAnswer changed =
        call("PATCH", "/api/updateWebhook?webhookId=" + id, R"({"enabled":false,"events":"job.step, queued"})");
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(changed.json().at("webhook").at("enabled"), false);
    const auto events = changed.json().at("webhook").at("events").as_array();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0], "job.step");
    EXPECT_EQ(events[1], "job.queued");
    EXPECT_EQ(server.wakes(), 1);
    EXPECT_EQ(call("DELETE", "/api/deleteWebhook?webhookId=" + id).status, 200);
    EXPECT_EQ(call("DELETE", "/api/deleteWebhook?webhookId=" + id).status, 404);
}

TEST_F(Webhooks, BadOnesAreRefusedWithTheReason) {
    expect_refused(create(R"("events":"*")"), "missing_field", "'url'");
    expect_refused(create(R"("url":"ftp://a.example")"), "invalid_field", "http:// or https://");
    expect_refused(create(R"("url":"https://u:p@a.example/")"), "invalid_field", "a password in it");
    expect_refused(create(R"("url":"https://inside.example/")"), "address_not_allowed", "not public");
    const RawAnswer silent = create(R"("url":"https://silent.example/")");
    EXPECT_EQ(silent.status, 503) << "which is nobody's mistake";
    EXPECT_EQ(silent.text("code"), "unavailable");
    expect_refused(create(R"("url":"https://a.example","events":["job.unheard"])"), "invalid_field", "'job.unheard'");
    expect_refused(create(R"("url":"https://a.example","events":[])"), "invalid_field", "job.completed");
    expect_refused(create(R"("url":"https://a.example","events":7)"), "invalid_field", "job.completed");
    EXPECT_TRUE(call("GET", "/api/listWebhooks").json().at("webhooks").as_array().empty());
    const std::string id = create().text("id");
    const std::string target = "/api/updateWebhook?webhookId=" + id;
    expect_refused(call("PATCH", target, R"({"url":"https://inside.example/"})"), "address_not_allowed", "not public");
    expect_refused(call("PATCH", target, R"({"enabled":"no"})"), "invalid_field", "should be true");
    expect_refused(call("PATCH", target, "{}"), "nothing_to_change", "'enabled'");
    expect_refused(call("GET", "/api/webhookDeliveries?webhookId=" + id + "&limit=0"), "invalid_parameter", "1000");
    expect_refused(call("GET", "/api/webhookDeliveries?webhookId=" + id + "&cursor=x"), "invalid_parameter", "cursor");
}

TEST_F(Webhooks, AnothersIsNotThere) {
    const std::string id = create().text("id");
    const std::string job = start_job();
    session = bearer(server.token(server.add_user("bob@example.org")));
    EXPECT_TRUE(call("GET", "/api/listWebhooks").json().at("webhooks").as_array().empty());
    EXPECT_EQ(call("PATCH", "/api/updateWebhook?webhookId=" + id, R"({"enabled":false})").status, 404);
    EXPECT_EQ(call("DELETE", "/api/deleteWebhook?webhookId=" + id).status, 404);
    EXPECT_EQ(call("GET", "/api/webhookDeliveries?webhookId=" + id).status, 404);
    EXPECT_EQ(call("POST", "/api/rotateWebhookSecret", R"({"webhookId":")" + id + "\"}").status, 404);
    EXPECT_EQ(call("POST", "/api/replayWebhook", R"({"webhookId":")" + id + R"(","deliveryId":")" + id + "\"}").status,
              404);
    EXPECT_EQ(create(R"("url":"https://a.example","jobId":")" + job + "\"").status, 404);
}

TEST_F(Webhooks, TheLogShowsWhatIsSentAndAReplayIsDueAgain) {
    const std::string id = create(R"("url":"https://a.example","events":["job.queued"])").text("id");
    const std::string job = start_job();
    auto log = deliveries(id);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].at("event"), "job.queued");
    EXPECT_EQ(log[0].at("jobId"), job.c_str());
    EXPECT_EQ(log[0].at("status"), "pending");
    EXPECT_EQ(log[0].at("payload").at("data").at("status"), "queued");
    const std::string delivery(log[0].at("id").as_string());
    const std::string body = R"({"webhookId":")" + id + R"(","deliveryId":")" + delivery + "\"}";
    const RawAnswer early = call("POST", "/api/replayWebhook", body);
    EXPECT_EQ(early.status, 400);
    EXPECT_EQ(early.text("status"), "pending");

    const auto claimed = server.wait(server.database().claim_deliveries({1, 1, 1}, Milliseconds(1'000))).value();
    store::DeliveryEnd end;
    end.message = claimed.at(0).message.id;
    end.attempt = {.number = 1, .at = server.runtime().wall_now(), .status = 500, .problem = "It answered 500."};
    end.outcome = store::DeliveryEnd::Outcome::failed;
    ASSERT_TRUE(server.wait(server.database().end_delivery(end)));
    log = deliveries(id);
    EXPECT_EQ(log[0].at("status"), "failed");
    EXPECT_EQ(log[0].at("log").at(0).at("status"), 500);
    EXPECT_EQ(log[0].at("log").at(0).at("problem"), "It answered 500.");
    EXPECT_EQ(call("POST", "/api/replayWebhook", body).json().at("delivery").at("status"), "pending");
    EXPECT_EQ(server.wakes(), 1);
}

TEST_F(Webhooks, ADisabledOneIsToldThatAReplayWouldNotBeSent) {
    const std::string id = create(R"("url":"https://a.example","events":["job.queued"])").text("id");
    start_job();
    const std::string delivery(deliveries(id).at(0).at("id").as_string());
    ASSERT_EQ(call("PATCH", "/api/updateWebhook?webhookId=" + id, R"({"enabled":false})").status, 200);
    const RawAnswer refused =
        call("POST", "/api/replayWebhook", R"({"webhookId":")" + id + R"(","deliveryId":")" + delivery + "\"}");
    expect_refused(refused, "wrong_state", "updateWebhook");
    EXPECT_EQ(refused.text("status"), "disabled");
}

TEST_F(Webhooks, ANewSecretIsShownOnce) {
    const RawAnswer made = create();
    const RawAnswer rotated = call("POST", "/api/rotateWebhookSecret", R"({"webhookId":")" + made.text("id") + "\"}");
    ASSERT_EQ(rotated.status, 200);
    EXPECT_TRUE(rotated.text("secret").starts_with("whsec_"));
    EXPECT_NE(rotated.text("secret"), made.text("secret"));
    EXPECT_TRUE(rotated.json().at("former_secret_expires_at").is_string());
}

}  // namespace
}  // namespace longhand::http
