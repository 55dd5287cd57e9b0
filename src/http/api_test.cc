// What a client sees of a running server.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "http/testing.h"

namespace longhand::http {
namespace {

/// One server for all tests of a suite: opening a store costs more than most of them.
class Api : public testing::Test {
protected:
    static void SetUpTestSuite() {
        server = new TestServer;
        ada = server->add_user("ada@example.org");
        bob = server->add_user("bob@example.org");
    }
    static void TearDownTestSuite() {
        delete server;
        server = nullptr;
    }

    static std::string as(Uuid user) { return "Authorization: Bearer " + server->token(user) + "\r\n"; }
    RawAnswer get(const std::string& target, Uuid user = ada) { return server->send("GET", target, as(user), ""); }
    RawAnswer post(const std::string& target, const std::string& body, Uuid user = ada) {
        return server->send("POST", target, as(user) + "Content-Type: application/json\r\n", body);
    }
    std::string make_project(Uuid user = ada) {
        return post("/api/createProject", R"({"newProjectName":"A book"})", user).text("id");
    }
    static std::string order(const std::string& project, const std::string& more = "") {
        return R"({"projectId":")" + project +
               R"(","prompt":"Write a handbook.","author":"Ada","email":"ada@example.org")" + more + "}";
    }
    std::string make_job(const std::string& project, Uuid user = ada) {
        return post("/api/generateWizardWork", order(project), user).text("jobId");
    }
    RawAnswer patch(const std::string& project, const std::string& body) {
        return server->send("PATCH", "/api/updateProject?projectId=" + project, as(ada), body);
    }
    boost::json::object details(const std::string& project) {
        return get("/api/getProjectDetails?projectId=" + project).json().at("project").as_object();
    }
    std::string signed_target(const std::string& job, const std::string& format) {
        job::Job known;
        known.id = *Uuid::parse(job);
        known.owner = ada;
        known.updated_at = server->runtime().wall_now();
        return Links(server->keys()).output_url("", known, format);
    }
    /// Of the last request to a target that begins so; 0: there was none.
    static int logged_status(const std::string& target) {
        int status = 0;
        for (const AccessLine& line : server->access())
            if (line.target.starts_with(target)) status = line.status;
        return status;
    }
    RawAnswer upload(const std::string& parts, Uuid user = ada) {
        return server->send("POST", "/api/uploadProjectFiles",
                            as(user) + "Content-Type: multipart/form-data; boundary=XX\r\n", parts + "--XX--\r\n");
    }
    static std::string field(const std::string& name, const std::string& value) {
        return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }
    static std::string file(const std::string& name, const std::string& bytes) {
        return "--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" + name + "\"\r\n\r\n" + bytes +
               "\r\n";
    }

    static TestServer* server;
    static Uuid ada, bob;
};
TestServer* Api::server = nullptr;
Uuid Api::ada, Api::bob;

TEST_F(Api, StatusHasAllSixteenFieldsAtBothPaths) {
    const std::string project = make_project(), job = make_job(project);
    for (const std::string path : {"/getJobStatus", "/api/getJobStatus"}) {
        const RawAnswer answer = get(path + "?jobId=" + job);
        ASSERT_EQ(answer.status, 200) << answer.body;
        const auto body = answer.json();
        EXPECT_EQ(body.size(), 16U) << answer.body;
        EXPECT_EQ(answer.text("id"), job);
        EXPECT_EQ(answer.text("user_id"), ada.to_string());
        EXPECT_EQ(answer.text("project_id"), project);
        EXPECT_EQ(answer.text("status"), "queued");
        EXPECT_EQ(answer.text("progress_stage"), "queued");
        EXPECT_EQ(body.at("progress"), body.at("percent_complete"));
        EXPECT_TRUE(body.at("title").is_null());
        EXPECT_TRUE(body.at("error_message").is_null());
        EXPECT_EQ(answer.text("writing_model"), "offline/extract");
        EXPECT_FALSE(body.at("is_byok").as_bool());
        EXPECT_TRUE(parse_wall_time(answer.text("created_at")).has_value());
        EXPECT_FALSE(answer.header("x-request-id").empty());
    }
}

TEST_F(Api, CancelSaysTheSameWordsTwiceAndTheNextReadShowsIt) {
    const std::string job = make_job(make_project());
    for (const std::string path : {"/cancelJob", "/api/cancelJob"}) {
        const RawAnswer answer = post(path, R"({"jobId":")" + job + "\"}");
        EXPECT_EQ(answer.status, 200) << answer.body;
        EXPECT_EQ(answer.body, R"({"message":"Job cancelled successfully"})");
        EXPECT_EQ(get("/getJobStatus?jobId=" + job).text("status"), "cancelled");
    }
}

TEST_F(Api, ACompletedJobHasALinkThatNeedsNoHeader) {
    const std::string job = make_job(make_project());
    store::ClaimRequest claim;
    claim.worker = *Uuid::parse("01900000-0000-7000-8000-000000000001");
    claim.provider = "offline";
    claim.only_job = Uuid::parse(job);
    const auto claimed = server->wait(server->database().claim(claim)).value();
    ASSERT_EQ(claimed.size(), 1U);
    store::Completion completion;
    completion.job = claimed[0].job.id;
    completion.lease = claimed[0].job.lease;
    ASSERT_TRUE(server->wait(server->database().complete(completion)));

    const RawAnswer status = get("/getJobStatus?jobId=" + job);
    EXPECT_EQ(status.json().at("progress").to_number<double>(), 100.0);
    const std::string link = status.text("output_url_pdf");
    EXPECT_EQ(get("/getJobStatus?jobId=" + job).text("output_url_pdf"), link);
    const std::string target = link.substr(std::string("http://books.example:8080").size());
    const RawAnswer pdf = server->send("GET", target, "", "");
    EXPECT_EQ(pdf.status, 200) << pdf.body;
    EXPECT_EQ(pdf.body, "the pdf");
    EXPECT_NE(pdf.header("content-disposition").find("filename*=UTF-8''%C3%9Cber"), std::string::npos);
    EXPECT_EQ(server->send("GET", target, "If-None-Match: " + pdf.header("etag") + "\r\n", "").status, 304);

    std::string forged = target;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    EXPECT_EQ(server->send("GET", forged, "", "").text("code"), "link_not_valid");
    std::string other_format = target;
    other_format.replace(other_format.find("output.pdf"), 10, "output.tex");
    EXPECT_EQ(server->send("GET", other_format, "", "").status, 403);
    const RawAnswer cancelled = post("/cancelJob", R"({"jobId":")" + job + "\"}");
    EXPECT_EQ(cancelled.status, 400);
    EXPECT_EQ(cancelled.text("status"), "completed");
    for (const AccessLine& line : server->access())
        EXPECT_EQ(line.target.find("sig=") == std::string::npos, line.target.find("sig=...") == std::string::npos)
            << line.target;
}

TEST_F(Api, ASignedLinkIsEnoughWhateverTheHeadersSay) {
    const std::string target = signed_target(make_job(make_project()), "pdf");
    EXPECT_EQ(server->send("GET", target, "Authorization: Bearer old\r\n", "").status, 200);
    EXPECT_EQ(server->send("GET", target, as(bob), "").status, 200);
    std::string forged = target;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    EXPECT_EQ(server->send("GET", forged, as(ada), "").status, 200);
    EXPECT_EQ(server->send("GET", forged, "x-api-key: dw_old\r\n", "").status, 401);
    EXPECT_EQ(server->send("GET", forged, "", "").text("code"), "link_not_valid");
}

TEST_F(Api, OutputsHaveNoOriginButAPdfIsLeftToItsViewer) {
    const std::string outputs = "/api/jobs/" + make_job(make_project()) + "/output.";
    for (const std::string format : {"md", "html", "tex", "quality.json"})
        EXPECT_EQ(get(outputs + format).header("content-security-policy").substr(0, 8), "sandbox;") << format;
    EXPECT_EQ(get(outputs + "pdf").header("content-security-policy"), "");
}

TEST_F(Api, AnOutputThatIsLostOnItsWayIsSaidSoAndLogged) {
    const std::string target = "/api/jobs/" + make_job(make_project()) + "/output.epub";
    const RawAnswer answer = get(target);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.text("code"), "unavailable");
    EXPECT_EQ(logged_status(target), 503);
    EXPECT_FALSE(server->problems().empty());
}

TEST_F(Api, TheLogHasTheStatusThatWentOut) {
    const std::string target = "/api/jobs/" + make_job(make_project()) + "/output.md";
    EXPECT_EQ(server->send("GET", target, as(ada) + "Range: bytes=0-2\r\n", "").status, 206);
    EXPECT_EQ(logged_status(target), 206);
    EXPECT_EQ(server->send("GET", target, as(ada) + "Range: bytes=900-\r\n", "").status, 416);
    EXPECT_EQ(logged_status(target), 416);
}

TEST_F(Api, ARequestThatReachedNoHandlerIsLoggedAndCounted) {
    EXPECT_EQ(get("/far/" + std::string(9'000, 'x')).status, 414);
    EXPECT_EQ(logged_status("/far/"), 414);
    EXPECT_NE(server->send("GET", "/metrics", "", "").body.find("414"), std::string::npos);
}

TEST_F(Api, AClientThatSendsNoMoreIsNotToldThatTheServerStops) {
    auto client = server->open("GET /api/jobs/" + make_job(make_project()) +
                               "/output.docx HTTP/1.1\r\nHost: localhost\r\n" + as(ada) + "\r\n");
    client.finish_sending();
    const RawAnswer answer = TestServer::parse(client.read_to_end());
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.text("message").find("client closed its half"), std::string::npos) << answer.body;
}

TEST_F(Api, ASecondJobInAProjectIsRefusedAndTheFirstIsNamed) {
    const std::string project = make_project(), job = make_job(project);
    const RawAnswer second = post("/api/generateWizardWork", order(project));
    EXPECT_EQ(second.status, 409);
    EXPECT_EQ(second.text("jobId"), job);
    EXPECT_EQ(second.text("status"), "queued");
    EXPECT_NE(second.text("message").find("cancelJob"), std::string::npos);
}

TEST_F(Api, RetryQueuesACancelledJobAndObeysTheConflict) {
    const std::string project = make_project(), first = make_job(project);
    EXPECT_EQ(post("/api/retryJob", R"({"jobId":")" + first + "\"}").status, 400);
    post("/cancelJob", R"({"jobId":")" + first + "\"}");
    const std::string second = make_job(project);
    EXPECT_EQ(post("/api/retryJob", R"({"jobId":")" + first + "\"}").text("jobId"), second);
    post("/cancelJob", R"({"jobId":")" + second + "\"}");
    EXPECT_EQ(post("/api/retryJob", R"({"jobId":")" + first + "\"}").status, 200);
    EXPECT_EQ(get("/getJobStatus?jobId=" + first).text("status"), "queued");
}

TEST_F(Api, TheListShowsAFractionAndPages) {
    const Uuid user = server->add_user("lister@example.org");
    std::vector<std::string> jobs;
    for (int i = 0; i < 3; ++i) jobs.push_back(make_job(make_project(user), user));
    const auto page = get("/api/jobs?limit=2", user).json();
    EXPECT_EQ(page.at("total").as_int64(), 3);
    ASSERT_EQ(page.at("jobs").as_array().size(), 2U);
    EXPECT_EQ(page.at("jobs").at(0).at("id").as_string(), boost::json::string_view(jobs[2]));
    EXPECT_LE(page.at("jobs").at(0).at("percent_complete").to_number<double>(), 1.0);
    const auto rest = get("/api/jobs?limit=2&cursor=" + std::string(page.at("next_cursor").as_string()), user).json();
    ASSERT_EQ(rest.at("jobs").as_array().size(), 1U);
    EXPECT_EQ(rest.at("jobs").at(0).at("id").as_string(), boost::json::string_view(jobs[0]));
    EXPECT_EQ(get("/api/jobs?status=completed,failed", user).json().at("total").as_int64(), 0);
    EXPECT_EQ(get("/api/jobs?status=done", user).text("parameter"), "status");
    for (const std::string name : {"status", "ids", "projectId", "cursor", "limit"}) {
        for (const std::string nothing : {"", ",", "%20,"}) {
            const RawAnswer refused = get("/api/jobs?" + name + "=" + nothing, user);
            EXPECT_EQ(refused.status, 400) << name << "=" << nothing;
            EXPECT_EQ(refused.text("parameter"), name);
        }
    }
    std::string ids = jobs[0];
    for (int i = 1; i < 200; ++i) ids += "," + user.to_string();
    EXPECT_EQ(get("/api/jobs?ids=" + ids, user).json().at("total").as_int64(), 1);
    EXPECT_NE(get("/api/jobs?ids=" + ids + "," + jobs[1], user).text("message").find("1 to 200"), std::string::npos);
}

TEST_F(Api, WorkTakesBothFormsOfItsFields) {
    const std::string project = make_project();
    const RawAnswer answer =
        post("/api/generateWizardWork",
             order(project, R"(,"page_length":10,"questions_and_answers":"[{\"question\":\"Who?\",\"answer\":\"Ada\"}]",
                                                   "urls_for_research":"https://a.example/Washington,_D.C., http://b.example,https://c.example/x,y,","has_technical_diagrams":"on","is_default":1)"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json().at("warnings").as_array().size(), 1U);
    const auto settings =
        server->wait(server->database().settings_for_owner(ada, *Uuid::parse(answer.text("jobId")))).value();
    EXPECT_EQ(settings.length.max_pages, 10U);
    ASSERT_EQ(settings.questions_and_answers.size(), 1U);
    EXPECT_EQ(settings.questions_and_answers[0].answer, "Ada");
    EXPECT_EQ(settings.urls_for_research, (std::vector<std::string>{"https://a.example/Washington,_D.C.",
                                                                    "http://b.example/", "https://c.example/x,y"}));
    ASSERT_EQ(settings.warnings.size(), 1U) << "which the quality sheet is told";
    EXPECT_EQ(answer.json().at("warnings").at(0).as_string(), boost::json::string_view(settings.warnings[0]));
}

TEST_F(Api, AProjectLivesItsLife) {
    const std::string project = make_project();
    const RawAnswer changed = server->send("PATCH", "/api/updateProject?projectId=" + project, as(ada),
                                           R"({"style_text":"  plain\n","title":" New ","author":"  "})");
    EXPECT_EQ(changed.text("id"), project);
    const auto details = get("/api/getProjectDetails?projectId=" + project).json().at("project").as_object();
    EXPECT_EQ(details.size(), 15U);
    EXPECT_EQ(details.at("title").as_string(), "New");
    EXPECT_EQ(details.at("style_text").as_string(), "  plain\n");
    EXPECT_TRUE(details.at("prompt").is_null());
    EXPECT_TRUE(details.at("author").is_null());
    EXPECT_EQ(server->send("PATCH", "/api/updateProject?projectId=" + project, as(ada), "{}").text("code"),
              "nothing_to_change");
    const std::string job = make_job(project);
    const RawAnswer deleted = server->send("DELETE", "/api/deleteProject?projectId=" + project,
                                           as(ada) + "Content-Type: application/json\r\n", "");
    EXPECT_EQ(deleted.status, 200);
    EXPECT_NE(deleted.text("message").find(project), std::string::npos);
    EXPECT_EQ(get("/api/getProjectDetails?projectId=" + project).status, 404);
    EXPECT_EQ(get("/getJobStatus?jobId=" + job).status, 404);
}

TEST_F(Api, NullAndAnEmptyTextClearAFieldOfAProject) {
    const std::string project = make_project();
    const std::string filled = R"({"author":"Ada","email":"ada@example.org","prompt":"Write.",
        "questions_answers":[{"question":"Who?","answer":"All."}]})";
    for (const std::string nothing : {"null", "\"\""}) {
        EXPECT_EQ(patch(project, filled).status, 200);
        EXPECT_EQ(details(project).at("author").as_string(), "Ada");
        EXPECT_EQ(details(project).at("questions_answers").as_array().size(), 1U);
        const RawAnswer cleared = patch(
            project, "{\"author\":" + nothing + ",\"email\":" + nothing + ",\"questions_answers\":" + nothing + "}");
        EXPECT_EQ(cleared.status, 200) << cleared.body;
        const auto now = details(project);
        EXPECT_TRUE(now.at("author").is_null());
        EXPECT_TRUE(now.at("email").is_null());
        EXPECT_TRUE(now.at("questions_answers").as_array().empty());
        EXPECT_EQ(now.at("prompt").as_string(), "Write.");
        EXPECT_EQ(now.at("title").as_string(), "A book");
    }
    EXPECT_EQ(post("/api/createProject", R"({"newProjectName":"B","email":""})").status, 200);
}

TEST_F(Api, QuestionsAreTakenFromTheFieldThatHasThem) {
    for (const std::string blank : {"\" \"", "[]", "null", "\"[]\"", "\" [ ]\\n\"", "\"null\""}) {
        const RawAnswer answer =
            post("/api/generateWizardWork",
                 order(make_project(), ",\"questions_and_answers\":" + blank +
                                           R"(,"questions_answers":[{"question":"Who?","answer":"Ada"}])"));
        ASSERT_EQ(answer.status, 200) << answer.body;
        const auto job = *Uuid::parse(answer.text("jobId"));
        const auto settings = server->wait(server->database().settings_for_owner(ada, job)).value();
        EXPECT_EQ(settings.questions_and_answers.size(), 1U) << blank;
    }
}

TEST_F(Api, QuestionsThatAreBlankInBothFieldsAreNone) {
    for (const std::string blank : {"\"\"", "[]", "null", "\"[]\"", "\"null\""}) {
        const RawAnswer answer =
            post("/api/generateWizardWork", order(make_project(), ",\"questions_answers\":" + blank));
        ASSERT_EQ(answer.status, 200) << blank << answer.body;
    }
}

TEST_F(Api, WhatIsAcceptedButMakesNoDifferenceIsWarnedOf) {
    const std::string with_model = make_project();
    ASSERT_EQ(patch(with_model, R"({"model":"m/dear"})").status, 200);
    const auto warnings = [&](const std::string& project, const std::string& more) {
        const auto estimate = post("/api/estimateJob", order(project, more)).json();
        const auto started = post("/api/generateWizardWork", order(project, more)).json();
        if (started.if_contains("jobId")) post("/cancelJob", boost::json::serialize(started));
        EXPECT_TRUE(started.contains("jobId")) << more;
        const auto* told = started.if_contains("warnings");
        const auto* before = estimate.if_contains("warnings");
        EXPECT_EQ(told ? *told : nullptr, before ? *before : nullptr) << "the estimate says the same";
        return told ? boost::json::serialize(*told) : "none";
    };
    const std::string plain = make_project();
    const auto expect_one = [&](const std::string& project, const std::string& more, const std::string& words) {
        const std::string told = warnings(project, more);
        EXPECT_NE(told.find(words), std::string::npos) << more << told;
        EXPECT_EQ(told.find("\",\""), std::string::npos) << told;
    };
    expect_one(plain, R"(,"has_technical_diagrams":"on")", "draws no diagrams");
    expect_one(plain, R"(,"function_model":"m/small")", "function_model");
    expect_one(plain, R"(,"page_length":"15-20 pages","max_pages":18)", "up to 20 pages, but max_pages is 18");
    expect_one(plain, R"(,"page_length":"9000 words","max_pages":"4")", "9000 words, but the work may have 4 pages");
    expect_one(plain, R"(,"page_length":"10 words")", "10 words; a work has at least 50");
    expect_one(with_model, "", "'m/dear' is kept, not used");
    expect_one(with_model, R"(,"writing_model":" ")", "'m/dear' is kept, not used");
    EXPECT_EQ(warnings(with_model, R"(,"writing_model":"m/other")"), "none");
    for (const std::string& more :
         {std::string(), std::string(R"(,"function_model":"")"), std::string(R"(,"max_pages":3)"),
          std::string(R"(,"page_length":"15-20 pages","max_pages":20)"),
          std::string(R"(,"page_length":"1000 words","max_pages":10)")})
        EXPECT_EQ(warnings(plain, more), "none") << more;
}

TEST_F(Api, FilesMayComeBeforeTheProjectId) {
    const std::string project = make_project();
    const RawAnswer answer =
        upload(file("etc/notes.md", "# Notes") + file("empty.txt", "") + field("projectId", project));
    ASSERT_EQ(answer.status, 207) << answer.body;
    const auto body = answer.json();
    EXPECT_EQ(body.at("files").at(0).at("file_name").as_string(), "notes.md");
    EXPECT_EQ(body.at("files").at(0).at("file_type").as_string(), "text/markdown");
    EXPECT_EQ(body.at("summary").at("errors").at(0).at("file_name").as_string(), "empty.txt");
    EXPECT_EQ(server->wait(server->database().files_of_project(ada, *Uuid::parse(project))).value().size(), 1U);
}

TEST_F(Api, EveryErrorOfAnUploadHasItsTwoArrays) {
    const std::string project = field("projectId", make_project()), good = file("a.txt", "A text.");
    const std::string form = "Content-Type: multipart/form-data; boundary=XX\r\n", path = "/api/uploadProjectFiles";
    const auto send = [&](const std::string& headers, const std::string& body) {
        return server->send("POST", path, headers, body);
    };
    const std::string whole = project + good + "--XX--\r\n", key = as(ada) + form + "Idempotency-Key: arrays\r\n";
    ASSERT_EQ(send(key, whole).status, 200);
    const auto expect_arrays = [](const RawAnswer& answer, int status, const std::string& code, std::size_t received) {
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.text("code"), code);
        const auto body = answer.json();
        EXPECT_EQ(body.at("success"), false) << answer.body;
        EXPECT_EQ(body.at("files"), boost::json::array());
        const auto& errors = body.at("summary").at("errors").as_array();
        ASSERT_EQ(errors.size(), received) << answer.body;
        for (const auto& error : errors) EXPECT_EQ(error.at("file_name"), "a.txt");
        EXPECT_EQ(body.at("summary").at("failed_uploads"), received);
    };
    expect_arrays(upload(project + good + file("../b.txt", "x")), 400, "invalid_field", 1);
    expect_arrays(upload(project + good + field("files", "x")), 400, "invalid_field", 1);
    expect_arrays(upload(project + "--XX of mine\r\n"), 400, "invalid_body", 0);
    expect_arrays(send(as(ada) + "Content-Type: multipart/form-data\r\n", whole), 400, "invalid_body", 0);
    expect_arrays(upload(good), 400, "missing_field", 1);
    expect_arrays(upload(good + field("projectId", "seven")), 400, "invalid_field", 1);
    expect_arrays(upload(good + field("projectId", ada.to_string())), 404, "not_found", 1);
    expect_arrays(upload(project), 400, "no_files", 0);
    expect_arrays(upload(project + file("a.txt", "")), 400, "upload_failed", 1);
    expect_arrays(send(as(ada) + "Content-Type: application/json\r\n", "{}"), 415, "unsupported_media_type", 0);
    expect_arrays(send(as(ada) + form + "Content-Encoding: gzip\r\n", whole), 415, "unsupported_media_type", 0);
    expect_arrays(send(key, good + whole), 422, "idempotency_key_reused", 2);
    expect_arrays(send(as(ada) + "Idempotency-Key: arrays\r\n", "{}"), 415, "unsupported_media_type", 0);
    expect_arrays(send(as(ada) + form + "Idempotency-Key: \"open\r\n", whole), 400, "invalid_idempotency_key", 0);
    expect_arrays(send(form, whole), 401, "unauthorized", 0);
    const RawAnswer other = server->send("POST", "/api/createProject", as(ada), "{}");
    EXPECT_FALSE(other.json().contains("files")) << other.body;
}

TEST_F(Api, UploadsThatFailLeaveNothingBehind) {
    const std::string project = make_project();
    ASSERT_EQ(upload(field("projectId", project) + file("a.txt", "the same")).status, 200);
    const auto before = server->uploads().size();
    EXPECT_EQ(upload(field("projectId", project) + file("b.txt", "the same")).status, 409);
    EXPECT_EQ(upload(field("projectId", project) + file("big.txt", std::string((1 << 20) + 1, 'x'))).status, 413);
    EXPECT_EQ(upload(field("projectId", project) + file("a.bin", std::string("\0\1\2\3", 4))).status, 415);
    const RawAnswer none = upload(field("projectId", project));
    EXPECT_EQ(none.text("code"), "no_files");
    EXPECT_EQ(none.json().at("files"), boost::json::array());
    EXPECT_EQ(none.json().at("summary").at("errors"), boost::json::array());
    EXPECT_EQ(upload(file("c.txt", "other")).text("field"), "projectId");
    EXPECT_EQ(upload(field("projectId", project) + field("files", "text")).status, 400);
    EXPECT_EQ(upload(field("projectId", make_project(bob)) + file("d.txt", "mine?")).status, 404);
    EXPECT_EQ(
        server
            ->send("POST", "/api/uploadProjectFiles", as(ada) + "Content-Type: multipart/form-data; boundary=XX\r\n",
                   field("projectId", project) + file("e.txt", "cut off"))
            .status,
        400);
    EXPECT_EQ(server->uploads().size(), before);
}

TEST_F(Api, EventsAreToldFromTheFirstToTheEndAndResume) {
    const std::string job = make_job(make_project());
    post("/cancelJob", R"({"jobId":")" + job + "\"}");
    const RawAnswer all = get("/api/jobs/" + job + "/events");
    EXPECT_EQ(all.status, 200);
    EXPECT_EQ(all.header("content-type"), "text/event-stream; charset=utf-8");
    const auto id_line = [](const std::string& text, int id) { return text.find("id: " + std::to_string(id) + "\n"); };
    EXPECT_LT(id_line(all.body, 1), id_line(all.body, 2));
    EXPECT_NE(all.body.find("event: cancelled\n"), std::string::npos) << all.body;
    const RawAnswer later = server->send("GET", "/api/jobs/" + job + "/events", as(ada) + "Last-Event-ID: 1\r\n", "");
    EXPECT_EQ(id_line(later.body, 1), std::string::npos);
    EXPECT_NE(id_line(later.body, 2), std::string::npos);
    EXPECT_EQ(get("/api/jobs/" + job + "/events?lastEventId=3").status, 204);
    EXPECT_EQ(get("/api/jobs/" + job + "/events?lastEventId=x").text("parameter"), "lastEventId");
}

TEST_F(Api, AnIdAheadOfAJobsEventsBeginsThemAnew) {
    const std::string job = make_job(make_project());
    const std::string path = "/api/jobs/" + job + "/events?lastEventId=";
    auto stream = server->open("GET " + path + "99:1:5:plan HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                               as(ada) + "\r\n");
    const std::string begun = stream.read_to("id: 1\n");
    EXPECT_NE(begun.find("id: 0\nevent: reset\ndata: {\"from\":99,\"to\":0}\n\n"), begun.npos) << begun;
    EXPECT_LT(begun.find("event: reset"), begun.find("id: 1\nevent: submitted"));
    post("/cancelJob", R"({"jobId":")" + job + "\"}");
    const RawAnswer ended = get(path + "4");
    EXPECT_EQ(ended.status, 200);
    EXPECT_LT(ended.body.find("event: reset"), ended.body.find("id: 1\nevent: submitted"));
    EXPECT_NE(ended.body.find("id: 3\nevent: cancelled"), std::string::npos) << ended.body;
}

TEST_F(Api, AStreamTellsTextAndGoesOnAfterWhatWasSeen) {
    const std::string job = make_job(make_project());
    const Uuid id = *Uuid::parse(job);
    server->live().text(id, "section/1/draft", 1, "Once upon");
    auto stream = server->open("GET /api/jobs/" + job + "/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                               as(ada) + "Last-Event-ID: 1:1:5:section/1/draft\r\n\r\n");
    EXPECT_NE(stream.read_to("upon").find(R"("offset":5,"text":"upon)"), std::string::npos) << stream.read_to("upon");
    EXPECT_NE(stream.read_to("event: progress").find(R"("progress_stage":"queued")"), std::string::npos);
    server->live().text(id, "section/2/draft", 1, "And");
    const std::string both = stream.read_to("And");
    EXPECT_NE(both.find(":1:9:section/1/draft,1:3:section/2/draft\n"), std::string::npos) << both;
    server->live().restart(id, "section/1/draft", 2);
    EXPECT_NE(stream.read_to("section_restarted").find("event: section_restarted\n"), std::string::npos);
    post("/cancelJob", R"({"jobId":")" + job + "\"}");
    EXPECT_NE(stream.read_to_end().find("event: cancelled\n"), std::string::npos);
}

TEST_F(Api, AStreamEndsWithItsKey) {
    const std::string key = make_api_key(), next = make_api_key();
    ASSERT_TRUE(server->wait(server->database().set_api_key(ada, sha256_hex(key))));
    auto stream =
        server->open("GET /api/jobs/" + make_job(make_project()) +
                     "/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-api-key: " + key + "\r\n\r\n");
    EXPECT_NE(stream.read_to("event: progress").find("event: progress"), std::string::npos);
    ASSERT_TRUE(server->wait(server->database().set_api_key(ada, sha256_hex(next))));
    EXPECT_TRUE(stream.read_to_end().ends_with("0\r\n\r\n"));
}

TEST_F(Api, ASessionIsAskedAfterAgainAndEndsInTime) {
    const Tokens tokens{server->keys()};
    const Credentials credentials(server->runtime(), server->database(), tokens);
    const auto identity = server->wait(credentials.identify("Bearer " + server->token(ada), "")).value();
    EXPECT_TRUE(server->wait(credentials.still_there(identity)));
    Identity later = identity;
    ASSERT_TRUE(later.session);
    later.session->ends = server->runtime().wall_now();
    EXPECT_EQ(server->wait(credentials.still_there(later)).error().code, ApiErrc::unauthorized);
}

TEST_F(Api, WhatIsAnothersIsNotThere) {
    const std::string project = make_project(bob), job = make_job(project, bob);
    const auto stored = upload(field("projectId", project) + file("x.txt", "of bob"), bob).json();
    const std::string file_id(stored.at("files").as_array().at(0).at("id").as_string());
    const std::string hook =
        server->send("POST", "/api/createWebhook", as(bob), R"({"url":"https://receiver.example/"})").text("id");
    const std::string more = ",\"title\":\"Mine\",\"jobId\":\"" + job + "\",\"webhookId\":\"" + hook +
                             "\",\"deliveryId\":\"" + hook +
                             "\",\"url\":\"https://receiver.example/\",\"enabled\":false";
    for (const Route& route : server->app().routes()) {
        if (route.access == Access::open || route.path == "/api/jobs" || route.path == "/api/listWebhooks" ||
            route.path == "/api/createProject" || route.path == "/api/listProjects" ||
            route.path == "/api/fetchDocuments" || route.path.ends_with("ApiKey") ||
            route.path == "/api/apiKeyStatus" || route.path == "/api/events" || route.path == "/api/getUsage" ||
            route.path == "/api/formatPrompt")
            continue;
        std::string path = route.path, body = order(project, more.c_str());
        if (const auto at = path.find("{id}"); at != path.npos) path.replace(at, 4, job);
        if (const auto at = path.find("{format}"); at != path.npos) path.replace(at, 8, "pdf");
        path += "?jobId=" + job + "&projectId=" + project + "&fileId=" + file_id + "&webhookId=" + hook +
                "&passageId=f0123456789ab-1";
        const RawAnswer answer = route.path == "/api/uploadProjectFiles"
                                     ? upload(field("projectId", project) + file("x.txt", "x"))
                                 : route.method == "GET" ? get(path)
                                                         : server->send(route.method, path, as(ada), body);
        EXPECT_EQ(answer.status, 404) << route.method << " " << route.path << ": " << answer.body;
    }
    EXPECT_EQ(get("/getJobStatus?jobId=" + job, bob).text("status"), "queued");
}

TEST_F(Api, EveryRouteAsksForACredentialAndNamesItsMethods) {
    for (const Route& route : server->app().routes()) {
        std::string path = route.path;
        if (const auto at = path.find("{id}"); at != path.npos) path.replace(at, 4, ada.to_string());
        if (const auto at = path.find("{format}"); at != path.npos) path.replace(at, 8, "pdf");
        if (route.access != Access::open) {
            const RawAnswer answer = server->send(route.method, path, "", "");
            EXPECT_EQ(answer.status, 401) << route.method << " " << path;
            EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
        }
        const RawAnswer wrong = server->send("PUT", path, as(ada), "");
        EXPECT_EQ(wrong.status, 405) << path;
        EXPECT_NE(wrong.header("allow").find(route.method), std::string::npos) << path;
    }
    EXPECT_EQ(get("/api/nothing").text("code"), "no_such_path");
    EXPECT_EQ(server->send("HEAD", "/healthz", "", "").status, 200);
    EXPECT_TRUE(server->send("HEAD", "/healthz", "", "").body.empty());
}

TEST_F(Api, EachFormOfACredentialIsTakenAndOneOfTwoIsEnough) {
    const Uuid user = server->add_user("keys@example.org");
    const std::string key = make_api_key(), token = server->token(user);
    ASSERT_TRUE(server->wait(server->database().set_api_key(user, sha256_hex(key))));
    for (const std::string& headers :
         {"Authorization: Bearer " + token, "Authorization: " + token, "Authorization: bearer " + key,
          "x-api-key: " + key, "Authorization: Bearer nonsense\r\nx-api-key: " + key,
          "Authorization: Bearer " + token + "\r\nx-api-key: dw_nonsense"}) {
        EXPECT_EQ(server->send("GET", "/api/listProjects", headers + "\r\n", "").status, 200) << headers;
    }
    // Making a key takes a session.
    const auto make_key = [&](const std::string& headers) {
        return server->send("POST", "/api/generateApiKey", headers + "\r\n", "{}").status;
    };
    EXPECT_EQ(make_key("Authorization: Bearer " + key), 403);
    EXPECT_EQ(make_key("Authorization: Bearer " + key + "\r\nx-api-key: " + server->token(ada)), 403)
        << "another user's";
    EXPECT_EQ(make_key("Authorization: Bearer " + key + "\r\nx-api-key: " + token), 200);
    ASSERT_TRUE(server->wait(server->database().remove_user(user)));
    EXPECT_EQ(get("/api/listProjects", user).status, 401);
    EXPECT_EQ(server->send("GET", "/api/listProjects", "x-api-key: " + key + "\r\n", "").status, 401);
}

TEST_F(Api, ABodyThatComesSlowlyDoesNotOutliveItsCredential) {
    const std::string key = make_api_key(), body = R"({"newProjectName":"Late"})";
    for (const std::string once : {"", "Idempotency-Key: late\r\n"}) {
        ASSERT_TRUE(server->wait(server->database().set_api_key(ada, sha256_hex(key))));
        auto slow = server->open(
            "POST /api/createProject HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nx-api-key: " + key + "\r\n" +
            once + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 5));
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        ASSERT_TRUE(server->wait(server->database().set_api_key(ada, sha256_hex(make_api_key()))));
        slow.send_more(body.substr(5));
        EXPECT_EQ(TestServer::parse(slow.read_to_end()).status, 401) << once;
    }
    EXPECT_EQ(get("/api/listProjects").body.find("Late"), std::string::npos);
}

TEST_F(Api, AnUploadThatComesSlowlyDoesNotOutliveItsCredential) {
    const std::string project = make_project(), key = make_api_key();
    const std::string body = field("projectId", project) + file("late.txt", "Late.") + "--XX--\r\n";
    ASSERT_TRUE(server->wait(server->database().set_api_key(ada, sha256_hex(key))));
    auto slow = server->open(
        "POST /api/uploadProjectFiles HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nx-api-key: " + key +
        "\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body.substr(0, 40));
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    ASSERT_TRUE(server->wait(server->database().set_api_key(ada, sha256_hex(make_api_key()))));
    slow.send_more(body.substr(40));
    EXPECT_EQ(TestServer::parse(slow.read_to_end()).status, 401);
    EXPECT_EQ(get("/api/getProjectFiles?projectId=" + project).body, "[]");
}

TEST_F(Api, ForeignHostNamesAreRefused) {
    EXPECT_EQ(server->send("GET", "/healthz", "Host: evil.example\r\n", "").text("code"), "host_not_allowed");
    for (const std::string host : {"localhost:8080", "127.0.0.1", "[::1]:8080", "books.example:8080"}) {
        EXPECT_EQ(server->send("GET", "/healthz", "Host: " + host + "\r\n", "").status, 200) << host;
    }
}

TEST_F(Api, TheServerTellsOfItself) {
    const RawAnswer page = server->send("GET", "/", "", "");
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.header("content-security-policy").find("default-src 'none'"), std::string::npos);
    // Each document that it names is there.
    std::size_t documents = 0;
    for (auto at = page.body.find("\"/docs/"); at != std::string::npos; at = page.body.find("\"/docs/", at + 1)) {
        const RawAnswer document =
            server->send("GET", page.body.substr(at + 1, page.body.find('"', at + 1) - at - 1), "", "");
        EXPECT_EQ(document.status, 200);
        EXPECT_TRUE(document.body.starts_with("# ")) << document.body.substr(0, 40);
        ++documents;
    }
    EXPECT_GE(documents, 4U);
    EXPECT_EQ(server->send("GET", "/docs/index.html", "", "").status, 404);
    const auto provider = server->send("GET", "/readyz", "", "").json().at("provider");
    EXPECT_EQ(provider.at("name").as_string(), "offline");
    EXPECT_EQ(provider.at("state").as_string(), "waiting");
    EXPECT_EQ(server->send("GET", "/api/openapi.json", "", "").text("openapi"), "3.1.0");
}

TEST(Readiness, TellsOfTheProviderAlsoWhereItIsNotReady) {
    TestServer full(~0ULL);
    const RawAnswer answer = full.send("GET", "/readyz", "", "");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.text("code"), "storage_full");
    EXPECT_EQ(answer.json().at("provider").at("name").as_string(), "offline");
    EXPECT_EQ(answer.json().at("provider").at("state").as_string(), "waiting");
}

}  // namespace
}  // namespace longhand::http
