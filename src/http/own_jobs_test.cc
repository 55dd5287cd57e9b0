// What a user does with jobs beside running them: marks, deletion, usage, estimates, outline, passages, one stream of
// all.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <map>

#include "engine/step_value.h"
#include "http/testing.h"

namespace longhand::http {
namespace {

class OwnJobs : public testing::Test {
protected:
    std::string as(Uuid user) { return "Authorization: Bearer " + server.token(user) + "\r\n"; }
    RawAnswer get(const std::string& target, Uuid user) { return server.send("GET", target, as(user), ""); }
    RawAnswer get(const std::string& target) { return get(target, ada); }
    RawAnswer post(const std::string& target, const std::string& body, Uuid user) {
        return server.send("POST", target, as(user), body);
    }
    RawAnswer post(const std::string& target, const std::string& body) { return post(target, body, ada); }
    std::string make_project() { return post("/api/createProject", R"({"newProjectName":"A book"})").text("id"); }
    static std::string order(const std::string& project, const std::string& more = "") {
        return R"({"projectId":")" + project + R"(","prompt":"Write a handbook.","author":"A","email":"a@b.example")" +
               more + "}";
    }
    std::string make_job() { return post("/api/generateWizardWork", order(make_project())).text("jobId"); }
    static std::string of(const std::string& job, const std::string& more = "") {
        return R"({"jobId":")" + job + "\"" + more + "}";
    }
    store::ClaimedJob claim(const std::string& job) {
        store::ClaimRequest request;
        request.worker = kWorker;
        request.provider = "offline";
        request.only_job = Uuid::parse(job);
        return server.wait(server.database().claim(request)).value().at(0);
    }
    void record(const store::ClaimedJob& claimed, const std::string& key, const std::string& value) {
        store::StepRecord step;
        step.job = claimed.job.id;
        step.lease = claimed.job.lease;
        step.entry.key = key;
        step.entry.value = value;
        step.report.stage = job::Stage::generating_work;
        step.report.progress = 20;
        ASSERT_TRUE(server.wait(server.database().record_step(std::move(step))));
    }
    void complete(const store::ClaimedJob& claimed) {
        store::Completion completion;
        completion.job = claimed.job.id;
        completion.lease = claimed.job.lease;
        completion.outputs = {{"pdf", "aa", 1, 17, "artifacts/x", false}};
        ASSERT_TRUE(server.wait(server.database().complete(std::move(completion))));
    }
    static std::string reply(const std::string& text) {
        boost::json::object value{{"finish", "stop"}, {"text", text}};
        return boost::json::serialize(value);
    }

    const Uuid kWorker = *Uuid::parse("01900000-0000-7000-8000-000000000001");
    TestServer server;
    const Uuid ada = server.add_user("ada@example.org"), bob = server.add_user("bob@example.org");
};

TEST_F(OwnJobs, AStarAndATitleShowEverywhere) {
    const std::string job = make_job();
    const RawAnswer starred = post("/api/starJob", of(job));
    ASSERT_EQ(starred.status, 200) << starred.body;
    EXPECT_EQ(starred.json().at("is_starred"), true);
    EXPECT_EQ(post("/api/renameJob", of(job, R"(,"title":"  Bees  ")")).text("title"), "Bees");
    const RawAnswer status = get("/getJobStatus?jobId=" + job);
    EXPECT_EQ(status.json().at("is_starred"), true);
    EXPECT_EQ(status.text("title"), "Bees");
    EXPECT_EQ(get("/api/jobs").json().at("jobs").at(0).at("is_starred"), true);
    EXPECT_EQ(boost::json::parse(get("/api/fetchDocuments").body).at(0).at("title"), "Bees");
    EXPECT_EQ(post("/api/starJob", of(job, R"(,"starred":false)")).json().at("is_starred"), false);
    EXPECT_EQ(get("/getJobStatus?jobId=" + job).json().at("is_starred"), false);
}

TEST_F(OwnJobs, MarksThatAreNoneAreRefused) {
    const std::string job = make_job();
    for (const char* more : {R"(,"starred":"yes")", R"(,"starred":1)"})
        EXPECT_EQ(post("/api/starJob", of(job, more)).text("field"), "starred") << more;
    for (const char* more : {"", R"(,"title":"")", R"(,"title":" ")", R"(,"title":7)"})
        EXPECT_EQ(post("/api/renameJob", of(job, more)).text("field"), "title") << more;
    EXPECT_EQ(post("/api/renameJob", of(job, ",\"title\":\"" + std::string(201, 'x') + "\"")).status, 400);
    for (const char* path : {"/api/starJob", "/api/renameJob", "/api/deleteJob", "/api/undeleteJob"})
        EXPECT_EQ(post(path, R"({"jobId":"seven"})").text("field"), "jobId") << path;
}

TEST_F(OwnJobs, ADeletedJobIs404UntilItIsBroughtBack) {
    const std::string job = make_job();
    complete(claim(job));
    const std::string link = get("/getJobStatus?jobId=" + job).text("output_url_pdf");
    const std::string target = link.substr(link.find("/api/"));
    EXPECT_EQ(server.send("GET", target, "", "").status, 200);
    const RawAnswer deleted = post("/api/deleteJob", of(job));
    ASSERT_EQ(deleted.status, 200) << deleted.body;
    EXPECT_TRUE(parse_wall_time(deleted.text("undo_until")) > server.runtime().wall_now());
    for (const std::string& path : {"/getJobStatus?jobId=" + job, "/api/jobs/" + job + "/events",
                                    "/api/jobs/" + job + "/ledger", "/api/jobs/" + job + "/output.pdf",
                                    "/api/getOutline?jobId=" + job, "/api/getPassage?passageId=f0-1&jobId=" + job})
        EXPECT_EQ(get(path).status, 404) << path;
    EXPECT_EQ(server.send("GET", target, "", "").status, 404);
    EXPECT_EQ(get("/api/jobs").json().at("total"), 0);
    EXPECT_EQ(get("/api/fetchDocuments").body, "[]");
    EXPECT_EQ(post("/api/deleteJob", of(job)).status, 404);
    const RawAnswer restored = post("/api/undeleteJob", of(job));
    ASSERT_EQ(restored.status, 200) << restored.body;
    EXPECT_EQ(restored.text("status"), "completed");
    EXPECT_EQ(server.send("GET", target, "", "").status, 200);
    EXPECT_EQ(get("/api/jobs").json().at("total"), 1);
    EXPECT_EQ(post("/api/undeleteJob", of(job)).status, 404);
}

TEST_F(OwnJobs, DeletingAJobThatRunsCancelsItAndEndsItsStream) {
    const std::string job = make_job();
    const auto claimed = claim(job);
    auto stream = server.open("GET /api/jobs/" + job + "/events HTTP/1.1\r\nHost: localhost\r\n" + as(ada) + "\r\n");
    stream.read_to("event: claimed");
    ASSERT_EQ(post("/api/deleteJob", of(job)).status, 200);
    // The chunk that ends the stream.
    const std::string seen = stream.read_to("\r\n0\r\n\r\n");
    EXPECT_NE(seen.find("\r\nevent: deleted\ndata: {\"jobId\":\"" + job + "\"}\n\n"), seen.npos) << seen;
    store::StepRecord late;
    late.job = claimed.job.id;
    late.lease = claimed.job.lease;
    late.entry.key = "plan";
    EXPECT_EQ(server.wait(server.database().record_step(late)).error().code, store::StoreErrc::stale);
}

TEST_F(OwnJobs, DeletingAProjectEndsTheStreamsOfItsJobsAndIsToldInThatOfAll) {
    const std::string job = make_job();
    claim(job);
    auto stream = server.open("GET /api/jobs/" + job + "/events HTTP/1.1\r\nHost: localhost\r\n" + as(ada) + "\r\n");
    stream.read_to("event: claimed");
    auto all = server.open("GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + as(ada) + "\r\n");
    all.read_to("id: 0");
    const std::string project = get("/getJobStatus?jobId=" + job).text("project_id");
    ASSERT_EQ(server.send("DELETE", "/api/deleteProject?projectId=" + project, as(ada), "").status, 200);
    const std::string seen = stream.read_to("\r\n0\r\n\r\n");
    EXPECT_NE(seen.find("\r\nevent: deleted\ndata: {\"jobId\":\"" + job + "\"}\n\n"), seen.npos) << seen;
    // Whatever was told, the wait ends.
    make_job();
    const std::string told = all.read_to("event: queued");
    EXPECT_LT(told.find("event: cancelled"), told.find("event: deleted")) << told;
    EXPECT_NE(told.find("\"kind\":\"deleted\",\"jobId\":\"" + job + "\",\"event\":null"), told.npos) << told;
}

TEST_F(OwnJobs, AnotherUsersThingsAreNotThere) {
    const std::string job = make_job();
    EXPECT_EQ(post("/api/starJob", of(job), bob).status, 404);
    EXPECT_EQ(post("/api/renameJob", of(job, R"(,"title":"Mine")"), bob).status, 404);
    EXPECT_EQ(post("/api/deleteJob", of(job), bob).status, 404);
    EXPECT_EQ(get("/api/getOutline?jobId=" + job, bob).status, 404);
    EXPECT_EQ(get("/api/getPassage?passageId=f0-1&jobId=" + job, bob).status, 404);
    const std::string project = get("/getJobStatus?jobId=" + job).text("project_id");
    EXPECT_EQ(post("/api/estimateJob", order(project), bob).status, 404);
    ASSERT_EQ(post("/api/deleteJob", of(job)).status, 200);
    EXPECT_EQ(post("/api/undeleteJob", of(job), bob).status, 404);
    EXPECT_EQ(get("/api/getUsage?projectId=" + project, bob).json().at("total").at("calls"), 0);
}

TEST_F(OwnJobs, UsageIsSummedByMonthModelAndProject) {
    const std::string job = make_job();
    const auto claimed = claim(job);
    for (const char* model : {"m/writer", "m/writer", "m/planner"}) {
        store::CallIntent intent;
        intent.job = claimed.job.id;
        intent.lease = claimed.job.lease;
        intent.key = "plan";
        intent.provider = "offline";
        intent.model = model;
        store::CallEnd end;
        end.job = claimed.job.id;
        end.call = server.wait(server.database().reserve_call(intent)).value();
        end.tokens = {.prompt = 90, .completion = 20};
        end.cost = UsdMicros{500};
        ASSERT_TRUE(server.wait(server.database().settle_call(end)));
    }
    complete(claimed);
    const auto usage = get("/api/getUsage").json();
    EXPECT_EQ(usage.at("total").at("calls"), 3);
    EXPECT_EQ(usage.at("total").at("prompt_tokens"), 270);
    EXPECT_EQ(usage.at("total").at("cost_usd").to_number<double>(), 0.0015);
    EXPECT_EQ(usage.at("total").at("pages"), 17);
    const std::string month = format_wall_time(server.runtime().wall_now()).substr(0, 7);
    ASSERT_EQ(usage.at("months").as_array().size(), 1U);
    EXPECT_EQ(usage.at("months").at(0).at("month"), month.c_str());
    // With the one that wrote the work.
    EXPECT_EQ(usage.at("models").as_array().size(), 3U);
    EXPECT_EQ(usage.at("projects").at(0).at("calls"), 3);
    ASSERT_EQ(post("/api/deleteJob", of(job)).status, 200);
    EXPECT_EQ(get("/api/getUsage?from=" + month + "&to=" + month).json().at("total"), usage.at("total"));
    EXPECT_EQ(get("/api/getUsage?from=2999-01").json().at("total").at("calls"), 0);
    EXPECT_EQ(get("/api/getUsage?projectId=" + make_project()).json().at("total").at("calls"), 0);
    for (const char* query : {"from=2026", "to=2026-13", "from=2026-1", "projectId=seven", "from=2026-01&from=2026-02"})
        EXPECT_EQ(get(std::string("/api/getUsage?") + query).status, 400) << query;
}

TEST_F(OwnJobs, AnEstimateGrowsWithLengthAndSourcesAndStartsNothing) {
    const std::string project = make_project();
    const auto estimate = [&](const std::string& length) {
        const RawAnswer answer = post("/api/estimateJob", order(project, ",\"page_length\":\"" + length + "\""));
        EXPECT_EQ(answer.status, 200) << answer.body;
        return answer.json();
    };
    const auto small = estimate("5 pages"), large = estimate("100 pages");
    EXPECT_EQ(large.at("pages").at("low"), 100);
    for (const char* figure : {"calls", "prompt_tokens", "completion_tokens"}) {
        EXPECT_LT(small.at(figure).at("high").to_number<double>(), large.at(figure).at("low").to_number<double>())
            << figure;
        EXPECT_LE(small.at(figure).at("low").to_number<double>(), small.at(figure).at("high").to_number<double>());
    }
    // The offline provider costs nothing.
    EXPECT_EQ(small.at("cost_usd").at("high").to_number<double>(), 0);
    EXPECT_EQ(get("/api/jobs").json().at("total"), 0);
    EXPECT_EQ(post("/api/estimateJob", order(project, R"(,"page_length":"no pages")")).text("field"), "page_length");
}

TEST_F(OwnJobs, TheOutlineIsATreeWithEachSectionsState) {
    const std::string job = make_job();
    auto empty = get("/api/getOutline?jobId=" + job).json();
    EXPECT_EQ(empty.at("is_whole"), false);
    EXPECT_TRUE(empty.at("chapters").as_array().empty());
    const std::string project = make_project();
    const RawAnswer started = post(
        "/api/generateWizardWork",
        order(
            project,
            R"(,"page_length":"6 pages","outline_text":"1. The hive\n1.1 The queen\n1.2 The workers\n2. The year\n2.1 Spring\n2.2 Winter")"));
    const std::string outlined = started.text("jobId");
    const auto claimed = claim(outlined);
    record(
        claimed, "plan",
        reply(
            R"({"title":"Bees","subtitle":"","audience":"all","language":"en","thesis":"They matter.","themes":["hive"],"terms":["queen"]})"));
    record(claimed, "section/1.1/draft", reply("One two three four."));
    record(claimed, "section/1.1/continue", reply("Five."));
    record(claimed, "section/2.1/draft", reply("One two three."));
    std::vector<store::PartialText> texts(2);
    texts[0].key = "section/1.2/draft";
    texts[1].key = "section/2.1/draft#2";
    for (store::PartialText& text : texts) {
        text.job = claimed.job.id;
        text.lease = claimed.job.lease;
        text.text = "A";
    }
    ASSERT_TRUE(server.wait(server.database().append_text(texts)));
    const auto tree = get("/api/getOutline?jobId=" + outlined).json();
    ASSERT_EQ(tree.at("is_whole"), true);
    EXPECT_EQ(tree.at("title"), "Bees");
    const auto& chapters = tree.at("chapters").as_array();
    ASSERT_EQ(chapters.size(), 2U);
    const auto& hive = chapters[0].at("sections").as_array();
    ASSERT_EQ(hive.size(), 2U);
    EXPECT_EQ(hive[0].at("number"), "1.1");
    EXPECT_EQ(hive[0].at("title"), "The queen");
    EXPECT_EQ(hive[0].at("state"), "drafted");
    EXPECT_EQ(hive[0].at("versions"), 1);
    EXPECT_EQ(hive[0].at("words_written"), 5);
    EXPECT_EQ(hive[1].at("state"), "drafting");
    EXPECT_EQ(chapters[0].at("words_written"), 5);
    EXPECT_EQ(chapters[1].at("sections").at(0).at("state"), "revising");
    EXPECT_EQ(chapters[1].at("sections").at(1).at("state"), "planned");
    EXPECT_GT(chapters[1].at("words_planned").as_int64(), 0);
}

TEST_F(OwnJobs, APassageIsFoundByItsIdInTheJobsOwnSources) {
    const std::string project = make_project();
    const std::string body = "--XX\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n" + project +
                             "\r\n--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"bees.md\"\r\n\r\n"
                             "Bees.\r\n--XX--\r\n";
    ASSERT_EQ(server
                  .send("POST", "/api/uploadProjectFiles",
                        as(ada) + "Content-Type: multipart/form-data; boundary=XX\r\n", body)
                  .status,
              200);
    const std::string job = post("/api/generateWizardWork", order(project)).text("jobId");
    const std::string hash = sha256_hex("Bees."), id = "p" + hash.substr(0, 12) + "-3";
    store::StoredSource source;
    source.sha256 = hash;
    source.title = "On bees";
    source.kind = "markdown";
    source.passages = {{"p" + hash.substr(0, 12) + "-2", hash, 2, "{}", "Before."},
                       {id, hash, 3, R"({"section":"The queen"})", "She lays eggs."}};
    ASSERT_TRUE(server.wait(server.database().put_source(ada, source)));
    const RawAnswer passage = get("/api/getPassage?jobId=" + job + "&passageId=" + id);
    ASSERT_EQ(passage.status, 200) << passage.body;
    EXPECT_EQ(passage.text("text"), "She lays eggs.");
    EXPECT_EQ(passage.text("file_name"), "bees.md");
    EXPECT_TRUE(passage.json().at("fileId").is_string());
    EXPECT_TRUE(passage.json().at("address").is_null());
    EXPECT_EQ(passage.json().at("locator").at("section"), "The queen");
    for (const std::string& other : {"p" + hash.substr(0, 12) + "-4", std::string("p0123456789ab-3"), std::string("-"),
                                     std::string("p-3"), std::string("x")})
        EXPECT_EQ(get("/api/getPassage?jobId=" + job + "&passageId=" + other).status, 404) << other;
    EXPECT_EQ(get("/api/getPassage?jobId=" + job).text("parameter"), "passageId");
    // As a file of that name is read, and without the name that the bytes have elsewhere.
    source.reading = "markdown";
    source.title = "";
    source.passages[1].text = "She lays many eggs.";
    ASSERT_TRUE(server.wait(server.database().put_source(ada, source)));
    source.reading = "text";
    source.passages[1].text = "As another name has it.";
    ASSERT_TRUE(server.wait(server.database().put_source(ada, source)));
    const RawAnswer again = get("/api/getPassage?jobId=" + job + "&passageId=" + id);
    EXPECT_EQ(again.text("text"), "She lays many eggs.");
    EXPECT_EQ(again.text("title"), "bees.md");
    // But as the job read it, where its journal says how.
    record(claim(job), "read/" + hash, engine::encode_result(R"({"kind":"text","passages":2,"reading":"text"})"));
    EXPECT_EQ(get("/api/getPassage?jobId=" + job + "&passageId=" + id).text("text"), "As another name has it.");
    // The owner has it, but not as a source of that job.
    EXPECT_EQ(get("/api/getPassage?jobId=" + make_job() + "&passageId=" + id).status, 404);
}

TEST_F(OwnJobs, APassageOfALinkHasItsAddressAndNoFile) {
    const std::string page = "Herons.", url = "https://a.example/heron";
    const std::string hash = sha256_hex(page), id = "p" + hash.substr(0, 12) + "-0";
    const std::string job =
        post("/api/generateWizardWork", order(make_project(), R"(,"urls_for_research":")" + url + "\"")).text("jobId");
    const std::string path = "/api/getPassage?passageId=" + id + "&jobId=";
    EXPECT_EQ(get(path + job).status, 404);
    const auto claimed = claim(job);
    store::StoredSource source{.sha256 = hash, .title = "The heron", .kind = "html", .passages = {}};
    source.passages = {{id, hash, 0, "{}", "It stands still."}};
    ASSERT_TRUE(server.wait(server.database().put_source(ada, source, claimed.job.id)));
    const std::string read =
        R"({"sha256":")" + hash + R"(","address":"https://a.example/read","accessed_at":"2026-11-29T18:50:12.000Z"})";
    record(claimed, "fetch/" + sha256_hex(url), engine::encode_result(read));
    const RawAnswer passage = get(path + job);
    ASSERT_EQ(passage.status, 200) << passage.body;
    EXPECT_EQ(passage.text("text"), "It stands still.");
    EXPECT_TRUE(passage.json().at("fileId").is_null());
    EXPECT_EQ(passage.text("file_name"), url);
    EXPECT_EQ(passage.text("address"), "https://a.example/read");
    EXPECT_EQ(get(path + job, bob).status, 404);
    const RawAnswer other =
        post("/api/generateWizardWork", order(make_project(), R"(,"urls_for_research":")" + url + "\""));
    EXPECT_EQ(get(path + other.text("jobId")).status, 404) << "another job has not read it";
}

TEST_F(OwnJobs, QueuedJobsTellTheirPlace) {
    const std::string first = make_job(), second = make_job();
    const auto places = [&] {
        std::map<std::string, boost::json::value> all;
        const auto listed = get("/api/jobs").json();
        for (const auto& job : listed.at("jobs").as_array())
            all[std::string(job.at("id").as_string())] = job.at("queue_position");
        return all;
    };
    EXPECT_EQ(places()[first], 1);
    EXPECT_EQ(places()[second], 2);
    claim(first);
    EXPECT_TRUE(places()[first].is_null());
    EXPECT_EQ(places()[second], 1);
}

class AllEvents : public OwnJobs {
protected:
    TestServer::Connection listen(const std::string& headers = "") {
        return server.open("GET /api/events HTTP/1.1\r\nHost: localhost\r\n" + as(ada) + headers + "\r\n");
    }
};

TEST_F(AllEvents, TellOfEveryJobAndGoOnBehindAnyId) {
    make_job();
    auto stream = listen();
    stream.read_to("id: 0");
    const std::string first = make_job();
    std::string seen = stream.read_to("event: queued");
    EXPECT_NE(seen.find("\"jobId\":\"" + first + "\""), seen.npos);
    // What was before it began is not in it.
    EXPECT_EQ(seen.find("event: submitted"), seen.rfind("event: submitted"));
    const std::string second = make_job();
    post("/api/starJob", of(second));
    seen = stream.read_to("event: amended");
    EXPECT_NE(seen.find("\"jobId\":\"" + second + "\""), seen.npos);
    claim(first);
    stream.read_to("event: progress");
    auto later = listen("Last-Event-ID: 3\r\n");
    const std::string rest = later.read_to("event: claimed");
    EXPECT_EQ(rest.find("id: 2\n"), rest.npos);
    EXPECT_LT(rest.find("id: 4\nevent: queued"), rest.find("id: 5\nevent: amended"));
    EXPECT_LT(rest.find("id: 5\nevent: amended"), rest.find("id: 6\nevent: claimed"));
}

TEST_F(AllEvents, AreOneUsersAlone) {
    auto stream = listen();
    stream.read_to("id: 0");
    const RawAnswer project = post("/api/createProject", R"({"newProjectName":"A book"})", bob);
    ASSERT_EQ(post("/api/generateWizardWork", order(project.text("id")), bob).status, 200);
    const std::string own = make_job();
    const std::string seen = stream.read_to("event: queued");
    EXPECT_NE(seen.find("\"seq\":1,"), seen.npos);
    EXPECT_NE(seen.find(own), seen.npos);
}

TEST_F(AllEvents, RefuseAnIdThatIsNone) {
    EXPECT_EQ(server.send("GET", "/api/events", as(ada) + "Last-Event-ID: 1:2\r\n", "").status, 400);
    EXPECT_EQ(server.send("GET", "/api/events", as(ada) + "Last-Event-ID: -1\r\n", "").status, 400);
    EXPECT_EQ(server.send("GET", "/api/events", "", "").status, 401);
}

TEST_F(AllEvents, AnIdAheadOfThemIsToldSoAndGoesOn) {
    listen().read_to("id: 0");
    const std::string before = make_job();
    auto stream = listen("Last-Event-ID: 7\r\nConnection: close\r\n");
    std::string seen = stream.read_to("event: reset");
    const std::string after = make_job();
    seen = stream.read_to("event: queued");
    EXPECT_NE(seen.find("id: 2\nevent: reset\ndata: {\"from\":7,\"to\":2}\n\n"), seen.npos) << seen;
    EXPECT_EQ(seen.find("\"jobId\":\"" + before + "\",\"event\""), seen.npos) << seen;
    EXPECT_NE(seen.find("id: 4\nevent: queued"), seen.npos) << seen;
    EXPECT_NE(seen.find("\"jobId\":\"" + after + "\",\"event\""), seen.npos) << seen;
}

TEST_F(AllEvents, EndWhenTheUserIsRemoved) {
    auto stream = listen();
    stream.read_to("id: 0");
    ASSERT_TRUE(server.wait(server.database().remove_user(ada)));
    stream.read_to("\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace longhand::http
