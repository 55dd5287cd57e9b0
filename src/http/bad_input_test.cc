// Bad input over a raw connection: each line gets a clear answer, and nothing changes.
#include <gtest/gtest.h>

#include "http/testing.h"

namespace longhand::http {
namespace {

class BadInput : public testing::Test {
protected:
    static void SetUpTestSuite() {
        server = new TestServer;
        user = server->add_user("ada@example.org");
        project = server->wait(server->database().create_project(user, "A book", "")).value().id.to_string();
    }
    static void TearDownTestSuite() {
        delete server;
        server = nullptr;
    }
    /// No request of these tests may start anything.
    void TearDown() override {
        EXPECT_EQ(server->wait(server->database().jobs_of_owner({.owner = user})).value().total, 0);
    }

    RawAnswer get(const std::string& target) { return server->send("GET", target, as_user(), ""); }
    RawAnswer post(const std::string& target, const std::string& body) {
        return server->send("POST", target, as_user(), body);
    }
    static std::string as_user() { return "Authorization: Bearer " + server->token(user) + "\r\n"; }
    static std::string order(const std::string& more, const std::string& prompt = "Write a handbook.") {
        return R"({"projectId":")" + project + R"(","prompt":")" + prompt +
               R"(","author":"Ada","email":"ada@example.org")" + more + "}";
    }
    void expect_refused(const RawAnswer& answer, int status, const std::string& code, const std::string& words) {
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.text("code"), code) << answer.body;
        EXPECT_EQ(answer.text("error"), answer.text("message"));
        EXPECT_NE(answer.text("message").find(words), std::string::npos) << answer.body;
    }

    static TestServer* server;
    static Uuid user;
    static std::string project;
};
TestServer* BadInput::server = nullptr;
Uuid BadInput::user;
std::string BadInput::project;

TEST_F(BadInput, JobIdSaysWhatItShouldBe) {
    const std::string id = user.to_string();
    for (const std::string path : {"/getJobStatus", "/api/getJobStatus"}) {
        expect_refused(get(path), 400, "invalid_parameter", "'jobId' is missing; it should be a UUID");
        expect_refused(get(path + "?jobId="), 400, "invalid_parameter", "'jobId' is empty");
        expect_refused(get(path + "?jobId=" + id + "&jobId=" + id), 400, "invalid_parameter", "'jobId' is there twice");
        expect_refused(get(path + "?jobId=seven"), 400, "invalid_parameter", "'seven'; it should be a UUID");
        expect_refused(get(path + "?jobId=" + id + "%00"), 400, "invalid_parameter", "it should be a UUID");
        expect_refused(get(path + "?jobId=%7B" + id + "%7D"), 400, "invalid_parameter", "it should be a UUID");
        EXPECT_EQ(get(path + "?jobId=" + id).status, 404);
    }
    const int status = get("/getJobStatus?jobId=" + std::string(100'000, 'a')).status;
    EXPECT_TRUE(status == 414 || status == 431) << status;
    expect_refused(get("/getJobStatus?jobId=" + std::string(5'000, 'a')), 400, "invalid_parameter",
                   "it should be a UUID");
    expect_refused(get("/api/jobs/seven/events"), 400, "invalid_parameter", "'id'");
}

TEST_F(BadInput, BodiesOfEachWrongKind) {
    for (const std::string path : {"/cancelJob", "/api/retryJob", "/api/createProject", "/api/generateWizardWork"}) {
        expect_refused(post(path, ""), 400, "invalid_json", "empty");
        expect_refused(post(path, "jobId=7"), 400, "invalid_json", "not valid JSON");
        expect_refused(post(path, "[]"), 400, "invalid_json", "an array");
        expect_refused(post(path, "\"text\""), 400, "invalid_json", "a string");
        expect_refused(post(path, R"({"jobId":"a","jobId":"b"})"), 400, "duplicate_field", "'jobId' twice");
        expect_refused(post(path, std::string(1000, '[')), 400, "invalid_json", "32 levels");
        expect_refused(post(path, "{\"jobId\":\"\xC3\x28\"}"), 400, "invalid_json", "UTF-8");
        expect_refused(post(path, "{\"a\":\"" + std::string(1024 * 1024, 'x') + "\"}"), 413, "body_too_large",
                       "1048576");
        expect_refused(post(path, "{}"), 400, "missing_field", "is missing");
    }
    expect_refused(post("/cancelJob", R"({"jobId":7})"), 400, "invalid_field", "'jobId' should be a UUID");
    expect_refused(
        server->send("POST", "/cancelJob", as_user() + "Content-Type: multipart/form-data; boundary=a\r\n", "{}"), 415,
        "unsupported_media_type", "application/json");
    expect_refused(server->send("POST", "/cancelJob", as_user() + "Content-Encoding: gzip\r\n", "{}"), 415,
                   "unsupported_media_type", "Content-Encoding");
    expect_refused(post("/api/uploadProjectFiles", "{}"), 415, "unsupported_media_type", "multipart/form-data");
    const std::string packed = "Content-Type: multipart/form-data; boundary=a\r\nContent-Encoding: gzip\r\n";
    expect_refused(server->send("POST", "/api/uploadProjectFiles", as_user() + packed, "\x1f\x8b"), 415,
                   "unsupported_media_type", "Content-Encoding");
}

TEST_F(BadInput, FieldsOfWorkSayTheirBounds) {
    const auto refused = [&](const std::string& body, const std::string& field, const std::string& words) {
        const RawAnswer answer = post("/api/generateWizardWork", body);
        expect_refused(answer, 400, answer.text("code"), words);
        EXPECT_EQ(answer.text("field"), field) << answer.body;
    };
    std::string long_prompt;
    for (int i = 0; i < 10'001; ++i) long_prompt += "я";
    refused(order("", "123456789"), "prompt", "10 to 10000 characters");
    refused(order("", long_prompt), "prompt", "10 to 10000 characters");
    refused(order(R"(,"max_pages":0)"), "max_pages", "1 to 350");
    refused(order(R"(,"max_pages":351)"), "max_pages", "1 to 350");
    refused(order(R"(,"max_pages":1e400)"), "max_pages", "too large");
    refused(order(R"(,"has_tableofcontents":"maybe")"), "has_tableofcontents", "'auto', 'on' or 'off'");
    refused(order(R"(,"has_technical_diagrams":true)"), "has_technical_diagrams", "'auto', 'on' or 'off'");
    refused(order(R"(,"page_length":"0 pages")"), "page_length", "15-20 pages");
    refused(order(R"(,"page_length":[10])"), "page_length", "15-20 pages");
    refused(order(R"(,"outline_text":7)"), "outline_text", "is a number");
    refused(order(R"(,"questions_and_answers":"[{]")"), "questions_and_answers", "not valid JSON");
    refused(order(R"(,"questions_answers":[{"answer":"x"}])"), "questions_answers", "question");
    refused(order(R"(,"urls_for_research":"ftp://a")"), "urls_for_research", "http:// or https://");
    refused(order(R"(,"urls_for_research":["http://u:p@a.example"])"), "urls_for_research", "a password in it");
    refused(order(R"(,"use_web_research":"on")"), "use_web_research", "no search provider");
    expect_refused(post("/api/generateWizardWork", order(R"(,"mode":"turbo")")), 403, "mode_not_allowed",
                   "'deepwriter'");
    std::string author = order("");
    author.replace(author.find("\"Ada\""), 5, "\"" + std::string(101, 'a') + "\"");
    refused(author, "author", "1 to 100 characters");
    std::string email = order("");
    email.replace(email.find("ada@"), 4, "ada at ");
    refused(email, "email", "e-mail address");
    email.replace(email.find("ada at example.org"), 18, "");
    refused(email, "email", "e-mail address");
}

TEST(FullDisk, IsSaidAndNothingIsStartedOrKept) {
    TestServer full(~0ULL);
    const Uuid user = full.add_user("ada@example.org");
    const std::string project = full.wait(full.database().create_project(user, "A book", "")).value().id.to_string();
    const std::string as_user = "Authorization: Bearer " + full.token(user) + "\r\n";
    const RawAnswer work = full.send(
        "POST", "/api/generateWizardWork", as_user,
        R"({"projectId":")" + project + R"(","prompt":"Write a handbook.","author":"Ada","email":"ada@example.org"})");
    EXPECT_EQ(work.status, 503);
    EXPECT_EQ(work.text("code"), "storage_full");
    EXPECT_FALSE(work.header("retry-after").empty());
    EXPECT_EQ(full.wait(full.database().jobs_of_owner({.owner = user})).value().total, 0);
    const RawAnswer upload = full.send(
        "POST", "/api/uploadProjectFiles", as_user + "Content-Type: multipart/form-data; boundary=XX\r\n",
        "--XX\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n" + project +
            "\r\n--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.md\"\r\n\r\n# A\r\n--XX--\r\n");
    EXPECT_EQ(upload.status, 503) << upload.body;
    EXPECT_TRUE(full.uploads().empty());
}

TEST_F(BadInput, AProjectThatIsNotThereIsSaidSo) {
    std::string body = order("");
    body.replace(body.find(project), project.size(), user.to_string());
    expect_refused(post("/api/generateWizardWork", body), 404, "not_found", "no such project");
    expect_refused(get("/api/getProjectDetails?projectId=" + user.to_string()), 404, "not_found", "no such project");
}

}  // namespace
}  // namespace longhand::http
