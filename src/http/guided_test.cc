// What a client sees of a guided job, and how it goes on.
#include <gtest/gtest.h>

#include "http/testing.h"

namespace longhand::http {
namespace {

using job::Milestone;

class GuidedApi : public testing::Test {
protected:
    RawAnswer send(const std::string& method, const std::string& target, const std::string& body, Uuid user) {
        return server.send(method, target,
                           "Authorization: Bearer " + server.token(user) + "\r\nContent-Type: application/json\r\n",
                           body);
    }
    RawAnswer post(const std::string& target, const std::string& body) { return send("POST", target, body, ada); }
    RawAnswer resume(const std::string& more = "") {
        return post("/api/resumeJob", R"({"jobId":")" + id + "\"" + more + "}");
    }
    RawAnswer start(const std::string& more) {
        if (project.empty()) project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
        RawAnswer answer = post("/api/generateWizardWork",
                                R"({"projectId":")" + project +
                                    R"(","prompt":"Write a handbook.","author":"Ada","email":"a@b.org")" + more + "}");
        if (answer.status == 200) id = answer.text("jobId");
        return answer;
    }
    boost::json::object draft() { return send("GET", "/api/getDraft?jobId=" + id, "", ada).json(); }
    boost::json::object details() {
        return send("GET", "/api/getProjectDetails?projectId=" + project, "", ada).json().at("project").as_object();
    }
    store::ClaimedJob claim() {
        store::ClaimRequest request;
        request.worker = *Uuid::parse("01900000-0000-7000-8000-000000000001");
        request.provider = "offline";
        request.only_job = Uuid::parse(id);
        return server.wait(server.database().claim(request)).value().at(0);
    }
    void stop_at_description(const std::string& text) {
        store::AwaitUser stop;
        const job::Job job = claim().job;
        stop.job = job.id;
        stop.lease = job.lease;
        stop.shown[Milestone::description] = {text, "milestone/description"};
        ASSERT_TRUE(server.wait(server.database().await_user(stop)));
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org");
    Uuid bob = server.add_user("bob@example.org");
    std::string project, id;
};

TEST_F(GuidedApi, AMilestoneIsReadInTheDraftAndInTheProject) {
    ASSERT_EQ(start(R"(,"guided":"on")").status, 200);
    EXPECT_TRUE(draft().at("milestone").is_null());
    stop_at_description("A <b>book</b>.");
    const auto shown = draft();
    EXPECT_EQ(shown.at("milestone"), "description");
    EXPECT_EQ(shown.at("guided"), true);
    EXPECT_EQ(shown.at("status"), "draft");
    EXPECT_EQ(shown.at("progress_stage"), "waiting_for_user");
    EXPECT_EQ(shown.at("work_description"), "A <b>book</b>.");
    EXPECT_TRUE(shown.at("work_details").is_null());
    EXPECT_EQ(shown.at("versions").at(0).at("key"), "milestone/description");
    EXPECT_EQ(details().at("work_description"), "A <b>book</b>.");
    const auto status = send("GET", "/api/getJobStatus?jobId=" + id, "", ada).json();
    EXPECT_EQ(status.at("progress_stage"), "waiting_for_user");
    EXPECT_EQ(send("GET", "/api/getDraft?jobId=" + id, "", bob).status, 404);
    EXPECT_EQ(send("GET", "/api/getDraft?jobId=x", "", ada).status, 400);
}

TEST_F(GuidedApi, AProjectThatIsKeptBusyByADraftSaysHowToGoOnWithIt) {
    ASSERT_EQ(start(R"(,"guided":"on")").status, 200);
    const RawAnswer queued = start("");
    EXPECT_EQ(queued.text("code"), "project_busy");
    EXPECT_NE(queued.text("message").find("Wait for it"), std::string::npos);
    stop_at_description("A book.");
    const RawAnswer waiting = start("");
    EXPECT_EQ(waiting.text("code"), "project_busy");
    EXPECT_EQ(waiting.text("status"), "draft");
    EXPECT_NE(waiting.text("message").find("POST /api/resumeJob {\"jobId\": \"" + id + "\"}"), std::string::npos)
        << waiting.body;
    EXPECT_NE(waiting.text("message").find("cancelJob"), std::string::npos);
    EXPECT_EQ(waiting.text("message").find("Wait for it"), std::string::npos) << "it would wait for ever";
}

TEST_F(GuidedApi, AStartTakesTheProjectsTextsWhereItHasNone) {
    project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
    const std::string texts = R"({"work_description":"The project's.","work_details":"Its details."})";
    ASSERT_EQ(send("PATCH", "/api/updateProject?projectId=" + project, texts, ada).status, 200);
    ASSERT_EQ(start(R"(,"guided":true,"work_description":null,"work_details":"")").status, 200);
    EXPECT_EQ(draft().at("work_description"), "The project's.");
    EXPECT_TRUE(draft().at("work_details").is_null());
}

TEST_F(GuidedApi, GoingOnTakesEditsAndASkip) {
    ASSERT_EQ(start(R"(,"guided":true)").status, 200);
    EXPECT_EQ(resume(R"(,"skip":true)").text("code"), "not_paused") << "it does not wait yet";
    stop_at_description("A book.");
    EXPECT_EQ(send("POST", "/api/resumeJob", R"({"jobId":")" + id + "\"}", bob).status, 404);
    for (const std::string bad : {R"(,"work_details":7)", R"(,"skip":"yes")", R"(,"skip":1)"})
        EXPECT_EQ(resume(bad).text("code"), "invalid_field") << bad;
    const RawAnswer long_text = resume(R"(,"work_vision":")" + std::string(50'001, 'x') + "\"");
    EXPECT_EQ(long_text.status, 400);
    EXPECT_EQ(long_text.text("field"), "work_vision");
    EXPECT_EQ(draft().at("milestone"), "description") << "what was refused has changed nothing";
    ASSERT_EQ(resume(R"(,"work_description":"Mine.","work_details":null,"skip":true)").status, 200);
    EXPECT_EQ(details().at("work_description"), "Mine.");
    EXPECT_EQ(draft().at("skips"), true);
    EXPECT_EQ(draft().at("versions").at(1).at("by"), "user");
    const job::Guidance guidance = claim().guidance;
    EXPECT_EQ(guidance.of[Milestone::description].text, "Mine.");
    EXPECT_TRUE(guidance.skips);
}

TEST_F(GuidedApi, AClientThatKnowsOnlyTheProjectEditsThere) {
    ASSERT_EQ(start(R"(,"guided":"on")").status, 200);
    stop_at_description("A book.");
    ASSERT_EQ(send("PATCH", "/api/updateProject?projectId=" + project, R"({"work_description":"Mine."})", ada).status,
              200);
    EXPECT_EQ(draft().at("work_description"), "Mine.");
    ASSERT_EQ(resume().status, 200);
    EXPECT_EQ(claim().guidance.of[Milestone::description].text, "Mine.");
}

TEST_F(GuidedApi, AJobThatWaitsForABudgetTakesNoWord) {
    ASSERT_EQ(start(R"(,"guided":"on","max_tokens":100)").status, 200);
    const job::Job job = claim().job;
    ASSERT_TRUE(server.wait(server.database().pause(job.id, job.lease, "{}")));
    const RawAnswer refused = resume(R"(,"skip":true,"max_tokens":5000)");
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.text("code"), "not_waiting");
    EXPECT_EQ(resume(R"(,"max_tokens":5000)").status, 200);
}

TEST_F(GuidedApi, TextsOfTheRequestStandBeforeThoseOfTheProject) {
    project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
    const std::string texts = R"({"work_description":"Old.","work_details":"Old.","work_vision":"Old."})";
    ASSERT_EQ(send("PATCH", "/api/updateProject?projectId=" + project, texts, ada).status, 200);
    ASSERT_EQ(start(R"(,"guided":"off","work_description":"New.","work_details":"")").status, 200);
    const job::Settings settings = claim().settings;
    EXPECT_FALSE(settings.guided);
    EXPECT_EQ(settings.milestones[Milestone::description], "New.");
    EXPECT_EQ(settings.milestones[Milestone::details], "");
    EXPECT_EQ(settings.milestones[Milestone::vision], "Old.");
    EXPECT_EQ(details().at("work_description"), "Old.") << "only a guided job shows its own there";
    for (const std::string bad : {R"(,"guided":"auto")", R"(,"guided":1)", R"(,"work_vision":[])"})
        EXPECT_EQ(start(bad).status, 400) << bad;
}

}  // namespace
}  // namespace longhand::http
