// The files of a project, one's key, the plain list of documents, and the older way to start work.
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "http/testing.h"

namespace longhand::http {
namespace {

class FilesAndKeys : public testing::Test {
protected:
    static std::string bearer(const std::string& credential) { return "Authorization: Bearer " + credential + "\r\n"; }
    RawAnswer get(const std::string& target) { return server.send("GET", target, session, ""); }
    RawAnswer post(const std::string& target, const std::string& body) {
        return server.send("POST", target, session, body);
    }
    std::string make_project(const std::string& more = "") {
        const std::string id = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
        if (!more.empty()) server.send("PATCH", "/api/updateProject?projectId=" + id, session, more);
        return id;
    }
    boost::json::object upload(const std::string& project, const std::string& name, const std::string& text) {
        const std::string body = "--XX\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n" + project +
                                 "\r\n--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" + name +
                                 "\"\r\n\r\n" + text + "\r\n--XX--\r\n";
        const RawAnswer answer = server.send("POST", "/api/uploadProjectFiles",
                                             session + "Content-Type: multipart/form-data; boundary=XX\r\n", body);
        return answer.json().at("files").as_array().at(0).as_object();
    }
    RawAnswer remove(const std::string& file) {
        return server.send("DELETE", "/api/deleteProjectFile?fileId=" + file, session, "");
    }
    boost::json::array files_of(const std::string& project) {
        return boost::json::parse(get("/api/getProjectFiles?projectId=" + project).body).as_array();
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org");
    std::string session = bearer(server.token(ada));
};

TEST_F(FilesAndKeys, AProjectsFilesAreListedAndTakenOut) {
    const std::string project = make_project();
    EXPECT_TRUE(files_of(project).empty());
    const auto first = upload(project, "a.txt", "The first.");
    upload(project, "b.md", "# The second");
    const auto files = files_of(project);
    ASSERT_EQ(files.size(), 2U);
    const auto& listed = files[0].as_object();
    EXPECT_EQ(listed.at("id"), first.at("id"));
    EXPECT_EQ(listed.at("project_id"), project.c_str());
    EXPECT_EQ(listed.at("file_name"), "a.txt");
    EXPECT_EQ(listed.at("file_size"), 10);
    EXPECT_EQ(listed.at("created_at"), listed.at("updated_at"));
    const std::string id(listed.at("id").as_string());
    EXPECT_EQ(remove(id).text("message"), "File deleted successfully");
    EXPECT_EQ(files_of(project).size(), 1U);
    EXPECT_EQ(remove(id).status, 404);
    EXPECT_EQ(remove("nonsense").status, 400);
    upload(project, "a.txt", "The first.");
}

TEST_F(FilesAndKeys, TheBytesOfAFileGoWithTheLastThatNamesThem) {
    const std::string project = make_project();
    const auto unused = upload(project, "a.txt", "Of no job.");
    EXPECT_EQ(server.uploads().size(), 1U);
    remove(std::string(unused.at("id").as_string()));
    for (int i = 0; i < 500 && !server.uploads().empty(); ++i) std::this_thread::sleep_for(Milliseconds(10));
    EXPECT_TRUE(server.uploads().empty());
    const auto used = upload(project, "b.txt", "Of a job.");
    post("/api/generateWizardWork",
         R"({"projectId":")" + project + R"(","prompt":"Write a book.","author":"A","email":"a@example.org"})");
    EXPECT_EQ(remove(std::string(used.at("id").as_string())).status, 200);
    EXPECT_EQ(server.uploads().size(), 1U);
}

TEST_F(FilesAndKeys, AKeyIsMadeBySessionsAndReplacesTheOneBefore) {
    auto status = get("/api/apiKeyStatus").json();
    EXPECT_EQ(status.at("hasApiKey"), false);
    EXPECT_TRUE(status.at("createdAt").is_null());
    const std::string first = post("/api/generateApiKey", "").text("apiKey");
    EXPECT_TRUE(is_well_formed_api_key(first));
    EXPECT_EQ(server.send("GET", "/api/jobs", "x-api-key: " + first + "\r\n", "").status, 200);
    status = get("/api/apiKeyStatus").json();
    EXPECT_EQ(status.at("hasApiKey"), true);
    EXPECT_TRUE(status.at("createdAt").is_string());
    const std::string second = post("/api/generateApiKey", "{}").text("apiKey");
    EXPECT_EQ(server.send("GET", "/api/jobs", "x-api-key: " + first + "\r\n", "").status, 401);
    for (const auto& [method, path] :
         {std::pair("POST", "/api/generateApiKey"), std::pair("GET", "/api/apiKeyStatus")}) {
        const RawAnswer refused = server.send(method, path, bearer(second), "");
        EXPECT_EQ(refused.status, 403) << path;
        EXPECT_EQ(refused.text("code"), "session_needed");
    }
    EXPECT_EQ(server.send("GET", "/api/jobs", bearer(second), "").status, 200);
}

TEST_F(FilesAndKeys, DocumentsAreAnArrayInFiveStates) {
    const std::string project = make_project();
    const std::string order =
        R"({"projectId":")" + project + R"(","prompt":"Write a book.","author":"A","email":"a@example.org"})";
    const std::string first = post("/api/generateWizardWork", order).text("jobId");
    post("/cancelJob", R"({"jobId":")" + first + "\"}");
    const std::string second = post("/api/generateWizardWork", order).text("jobId");
    const auto documents = boost::json::parse(get("/api/fetchDocuments").body).as_array();
    ASSERT_EQ(documents.size(), 2U);
    const auto& newest = documents[0].as_object();
    EXPECT_EQ(newest.at("id"), second.c_str());
    EXPECT_EQ(newest.at("jobId"), second.c_str());
    EXPECT_EQ(newest.at("projectId"), project.c_str());
    EXPECT_EQ(newest.at("status"), "in_progress");
    EXPECT_EQ(newest.at("progress"), 0);
    EXPECT_EQ(documents[1].at("status"), "failed");
}

awaitable<void> make_a_job(store::Store& store, Uuid owner) {
    store::NewJob job;
    job.owner = owner;
    job.project = (co_await store.create_project(owner, "A book", "a@example.org")).value().id;
    job.settings.prompt = "Write a book.";
    job.provider = "offline";
    const auto made = co_await store.enqueue(std::move(job));
    if (!made) throw std::runtime_error(made.error().message);
}

TEST_F(FilesAndKeys, MoreThanAThousandDocumentsAreToldByALink) {
    std::vector<std::future<void>> made;
    for (int i = 0; i < 1'001; ++i) {
        made.push_back(
            asio::co_spawn(server.runtime().executor(), make_a_job(server.database(), ada), asio::use_future));
    }
    for (auto& one : made) one.get();
    const RawAnswer first = get("/api/fetchDocuments");
    const auto documents = boost::json::parse(first.body).as_array();
    ASSERT_EQ(documents.size(), 1'000U);
    const std::string cursor(documents.back().at("id").as_string());
    const std::string next = "/api/fetchDocuments?cursor=" + cursor;
    EXPECT_EQ(first.header("link"), "<" + next + ">; rel=\"next\"");
    const RawAnswer rest = get(next);
    EXPECT_EQ(boost::json::parse(rest.body).as_array().size(), 1U);
    EXPECT_EQ(rest.header("link"), "");
    EXPECT_EQ(get("/api/fetchDocuments?cursor=seven").text("parameter"), "cursor");
}

TEST_F(FilesAndKeys, TheOlderWayTakesFromTheProjectWhatTheRequestLeavesOut) {
    const std::string bare = make_project();
    const RawAnswer refused = post("/api/generateWork", R"({"projectId":")" + bare + "\"}");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("field"), "prompt");
    const std::string project =
        make_project(R"({"prompt":"Write of bees.","author":"Ada","email":"ada@example.org","outline_text":"One."})");
    const RawAnswer started =
        post("/api/generateWork", R"({"projectId":")" + project + R"(","author":"Grace","prompt":null})");
    EXPECT_EQ(started.text("message"), "Job started successfully");
    const auto settings =
        server.wait(server.database().settings_for_owner(ada, *Uuid::parse(started.text("jobId")))).value();
    EXPECT_EQ(settings.prompt, "Write of bees.");
    EXPECT_EQ(settings.author, "Grace");
    EXPECT_EQ(settings.email, "ada@example.org");
    EXPECT_EQ(settings.outline_text, "One.");
    post("/cancelJob", R"({"jobId":")" + started.text("jobId") + "\"}");
    const RawAnswer blank =
        post("/api/generateWork", R"({"projectId":")" + project + R"(","author":" ","prompt":"","email":""})");
    EXPECT_EQ(blank.status, 200) << "an empty field of a form is one that is left out" << blank.body;
    EXPECT_EQ(post("/api/generateWork", R"({"projectId":")" + bare + R"(","prompt":""})").text("field"), "prompt");
    EXPECT_EQ(post("/api/generateWork", R"({"projectId":")" + project + "\"}").status, 409);
    EXPECT_EQ(post("/api/generateWork", R"({"projectId":")" + ada.to_string() + "\"}").status, 404);
    EXPECT_EQ(post("/api/generateWork", "{}").status, 400);
}

TEST_F(FilesAndKeys, TheProjectsQuestionsAreTakenWhereTheRequestNamesNone) {
    const std::string project = make_project(
        R"({"prompt":"Write of bees.","author":"A","email":"a@example.org","questions_answers":[{"question":"Who?","answer":"All."}]})");
    const auto answers = [&](const std::string& path, const std::string& more) {
        const std::string body = R"({"projectId":")" + project +
                                 R"(","prompt":"Write of bees.","author":"A","email":"a@example.org")" + more + "}";
        const std::string job = post(path, body).text("jobId");
        const auto settings = server.wait(server.database().settings_for_owner(ada, *Uuid::parse(job))).value();
        post("/cancelJob", R"({"jobId":")" + job + "\"}");
        std::string all;
        for (const auto& [question, answer] : settings.questions_and_answers) all += question + answer;
        return all;
    };
    for (const std::string path : {"/api/generateWork", "/api/generateWizardWork"}) {
        for (const std::string none : {"", R"(,"questions_answers":null)", R"(,"questions_and_answers":" ")"})
            EXPECT_EQ(answers(path, none), "Who?All.") << path << none;
        EXPECT_EQ(answers(path, R"(,"questions_answers":[{"question":"Why?","answer":"So."}])"), "Why?So.");
        EXPECT_EQ(answers(path, R"(,"questions_answers":[])"), "") << "said to be none";
    }
}

}  // namespace
}  // namespace longhand::http
