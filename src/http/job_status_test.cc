// What a client of getJobStatus sees that asks again and again, or waits.
#include <gtest/gtest.h>

#include <set>

#include "http/prefer.h"
#include "http/testing.h"

namespace longhand::http {
namespace {

class JobStatus : public testing::Test {
protected:
    std::string as(Uuid user) { return "Authorization: Bearer " + server.token(user) + "\r\n"; }
    std::string post(const std::string& target, const std::string& body) {
        return server.send("POST", target, as(ada), body).body;
    }
    std::string make_job() {
        const auto project = boost::json::parse(post("/api/createProject", R"({"newProjectName":"A book"})"));
        const std::string id(project.at("id").as_string());
        const auto order =
            R"({"prompt":"Write a handbook.","author":"Ada","email":"ada@example.org","projectId":")" + id + "\"}";
        return std::string(boost::json::parse(post("/api/generateWizardWork", order)).at("jobId").as_string());
    }
    void cancel(const std::string& job) { post("/cancelJob", R"({"jobId":")" + job + "\"}"); }
    RawAnswer read(const std::string& job, const std::string& headers = "") {
        return server.send("GET", "/getJobStatus?jobId=" + job, as(ada) + headers, "");
    }
    /// A read that is under way.
    TestServer::Connection begin(const std::string& job, const std::string& headers) {
        return server.open("GET /getJobStatus?jobId=" + job + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                           as(ada) + headers + "\r\n");
    }
    /// Returns once reads have begun to wait, again after a change too, so often in all.
    void until_waiting(int times) { server.handlers_runtime().until_slept_on(times); }
    store::ClaimedJob claim(const std::string& job) {
        store::ClaimRequest request;
        request.worker = kWorker;
        request.provider = "offline";
        request.only_job = Uuid::parse(job);
        return server.wait(server.database().claim(request)).value().at(0);
    }
    void beat(const store::ClaimedJob& claimed, double progress) {
        store::Beat beat{.job = claimed.job.id, .lease = claimed.job.lease, .report = {}};
        beat.report.stage = claimed.job.stage;
        beat.report.progress = progress;
        std::vector<store::Beat> beats{beat};
        const auto answers = server.wait(server.database().extend(kWorker, Milliseconds(15'000), std::move(beats)));
        ASSERT_EQ(answers.value().at(0), store::BeatAnswer::held);
    }

    std::string head_of(const std::string& job, Uuid user, const std::string& headers = "") {
        return "GET /getJobStatus?jobId=" + job + " HTTP/1.1\r\nHost: localhost\r\n" + as(user) + headers + "\r\n";
    }
    /// The answer to these bytes, to the byte but for its id.
    std::string poll(const std::string& head) {
        const std::string last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        const std::string all = server.open(head + last).read_to_end();
        std::string answer = all.substr(0, all.find("HTTP/1.1 ", 1));
        const std::string mark = "x-request-id: ";
        if (const auto at = answer.find(mark); at != answer.npos) answer.replace(at + mark.size(), 32, kId);
        return answer;
    }
    /// The answer as the server gives it without a handler; empty: it does not.
    std::string from_memory(const std::string& head) {
        std::string answer;
        net::CallerId caller = 0;
        const auto told = server.app().repeated({head, kAddress, kNewId, nullptr}, answer, caller);
        return told == net::RepeatedAnswer::appended ? answer : "";
    }

    const std::string kId = std::string(32, 'a'), kAddress = "127.0.0.1";
    const std::function<std::string()> kNewId = [this] { return kId; };
    const Uuid kWorker = *Uuid::parse("01900000-0000-7000-8000-000000000001");
    TestServer server;
    const Uuid ada = server.add_user("ada@example.org"), bob = server.add_user("bob@example.org");
};

TEST_F(JobStatus, IsNotSentToAClientThatHasItAndIsAfterEachChange) {
    const std::string job = make_job();
    const RawAnswer first = read(job);
    const std::string tag = first.header("etag");
    ASSERT_TRUE(tag.starts_with("W/\"") && tag.ends_with('"')) << tag;
    for (const std::string& known : {tag, tag.substr(2), "\"other\", " + tag, std::string("*")}) {
        const RawAnswer again = read(job, "If-None-Match: " + known + "\r\n");
        EXPECT_EQ(again.status, 304) << known;
        EXPECT_EQ(again.body, "");
        EXPECT_EQ(again.header("etag"), tag);
        EXPECT_EQ(again.header("content-type"), "");
    }
    const auto claimed = claim(job);
    std::set<std::string> tags{tag, read(job).header("etag")};
    for (const double progress : {0.0, 1.0, 1.0}) {
        beat(claimed, progress);
        const RawAnswer after = read(job, "If-None-Match: " + tag + "\r\n");
        EXPECT_EQ(after.status, 200);
        tags.insert(after.header("etag"));
    }
    cancel(job);
    tags.insert(read(job).header("etag"));
    EXPECT_EQ(tags.size(), 6U);
}

TEST_F(JobStatus, ThatAnotherServerShowsOtherwiseHasAnotherTag) {
    const auto links = [](std::string secret) {
        return Links(std::make_shared<KeyRing>(Secrets{std::move(secret), {}}));
    };
    const Links own = links(std::string(TestServer::kSecret));
    const std::string tag = own.fingerprint("http://a.example", "1");
    EXPECT_EQ(links(std::string(TestServer::kSecret)).fingerprint("http://a.example", "1"), tag);
    EXPECT_NE(own.fingerprint("http://a.example", "2"), tag);
    EXPECT_NE(own.fingerprint("http://b.example", "1"), tag);
    EXPECT_NE(links(std::string(32, 'x')).fingerprint("http://a.example", "1"), tag);
}

TEST_F(JobStatus, ToTheSameBytesIsToldFromMemoryUntilItChanges) {
    const std::string job = make_job(), head = head_of(job, ada);
    const auto claimed = claim(job);
    EXPECT_EQ(from_memory(head), "");
    for (const double progress : {1.0, 2.0, 3.0}) {
        beat(claimed, progress);
        EXPECT_EQ(from_memory(head), "") << "it has changed";
        const std::string answer = poll(head);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
        EXPECT_NE(answer.find(R"("progress":)" + std::to_string(static_cast<int>(progress)) + ","), answer.npos)
            << answer;
        EXPECT_EQ(from_memory(head), answer);
        EXPECT_EQ(poll(head), answer);
    }
    cancel(job);
    EXPECT_EQ(from_memory(head), "");
    EXPECT_NE(poll(head).find(R"("status":"cancelled")"), std::string::npos);
    EXPECT_EQ(from_memory(head), "") << "nothing is kept of a job that has ended";
}

TEST_F(JobStatus, IsToldFromMemoryToNobodyElseAndToNoOtherBytes) {
    const std::string job = make_job(), head = head_of(job, ada);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(poll(head).starts_with("HTTP/1.1 200"));
        EXPECT_TRUE(poll(head_of(job, bob)).starts_with("HTTP/1.1 404"));
        EXPECT_EQ(from_memory(head_of(job, bob)), "");
        // Each of these may be answered otherwise next time.
        for (const char* header : {"If-None-Match: \"x\"\r\n", "Prefer: wait=0\r\n", "X-Request-Id: 7\r\n",
                                   "Connection: keep-alive\r\n", "Content-Length: 0\r\n", "x-api-key: dw_x\r\n"}) {
            EXPECT_TRUE(poll(head_of(job, ada, header)).starts_with("HTTP/1.1 200")) << header;
            EXPECT_EQ(from_memory(head_of(job, ada, header)), "") << header;
        }
    }
    EXPECT_NE(from_memory(head), "");
    std::string other = head;
    other[other.size() - 6] = other[other.size() - 6] == 'A' ? 'B' : 'A';
    EXPECT_EQ(from_memory(other), "");
    ASSERT_TRUE(server.wait(server.database().remove_user(ada)));
    EXPECT_EQ(from_memory(head), "");
    EXPECT_TRUE(poll(head).starts_with("HTTP/1.1 401"));
}

TEST_F(JobStatus, FromMemoryIsCountedAndLoggedAsAnyOther) {
    const std::string job = make_job(), head = head_of(job, ada);
    const auto logged = [&] {
        const auto lines = server.access();
        return std::count_if(lines.begin(), lines.end(), [&](const AccessLine& line) {
            return line.method == "GET" && line.target == "/getJobStatus?jobId=" + job && line.status == 200 &&
                   line.request_id.size() == 32 && line.remote_address == "127.0.0.1";
        });
    };
    for (int i = 0; i < 3; ++i) poll(head);
    EXPECT_NE(from_memory(head), "");
    EXPECT_EQ(logged(), 4);
    const std::string count = R"(longhand_http_requests_total{method="GET",route="/getJobStatus",status="200"} 4)";
    EXPECT_NE(server.send("GET", "/metrics", "", "").body.find(count), std::string::npos);
}

TEST_F(JobStatus, SaysWhenToAskAgainWhileThereIsSomethingToCome) {
    const std::string job = make_job();
    const RawAnswer queued = read(job);
    EXPECT_EQ(queued.header("retry-after"), "2");
    EXPECT_EQ(read(job, "If-None-Match: " + queued.header("etag") + "\r\n").header("retry-after"), "2");
    const auto claimed = claim(job);
    EXPECT_EQ(read(job).header("retry-after"), "2");
    const Milliseconds delay = std::chrono::seconds(30);
    ASSERT_TRUE(
        server.wait(server.database().wait_for_provider(claimed.job.id, claimed.job.lease, delay, "It is away.")));
    const int seconds = std::stoi(read(job).header("retry-after"));
    EXPECT_TRUE(seconds > 20 && seconds <= 30) << seconds;
    cancel(job);
    EXPECT_EQ(read(job).header("retry-after"), "");
}

TEST_F(JobStatus, WaitsForTheNextChangeAndNotForABeatThatTellsNothing) {
    const std::string job = make_job();
    const auto claimed = claim(job);
    beat(claimed, 5);
    auto waiting = begin(job, "Prefer: respond-async, WAIT=50; x=1\r\n");
    auto known = begin(job, "Prefer: wait=50\r\nIf-None-Match: " + read(job).header("etag") + "\r\n");
    until_waiting(2);
    beat(claimed, 5);
    until_waiting(4);
    EXPECT_FALSE(waiting.has_input() || known.has_input());
    beat(claimed, 7.5);
    for (auto* connection : {&waiting, &known}) {
        const RawAnswer answer = TestServer::parse(connection->read_to_end());
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.json().at("progress").to_number<double>(), 7.5);
        EXPECT_EQ(answer.header("preference-applied"), "wait=50");
        EXPECT_EQ(answer.header("etag"), read(job).header("etag"));
    }
}

TEST_F(JobStatus, IsToldAtOnceWhenItIsNewsOrWhenNothingIsToCome) {
    const std::string job = make_job();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(read(job, "Prefer: wait=50\r\nIf-None-Match: \"of-old\"\r\n").status, 200);
    EXPECT_EQ(read(job, "Prefer: wait=soon\r\n").header("preference-applied"), "");
    EXPECT_EQ(read(job, "Prefer: wait=0\r\n").header("preference-applied"), "wait=0");
    cancel(job);
    const RawAnswer ended = read(job, "Prefer: wait=50\r\n");
    EXPECT_EQ(ended.text("status"), "cancelled");
    EXPECT_EQ(ended.header("preference-applied"), "wait=50");
    EXPECT_EQ(read(job, "Prefer: wait=50\r\nIf-None-Match: " + ended.header("etag") + "\r\n").status, 304);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST_F(JobStatus, IsToldUnchangedWhenTheTimeIsUp) {
    const std::string job = make_job();
    const RawAnswer now = read(job);
    const auto began = std::chrono::steady_clock::now();
    const RawAnswer later = read(job, "Prefer: wait=1\r\nIf-None-Match: " + now.header("etag") + "\r\n");
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
    EXPECT_EQ(later.status, 304);
    EXPECT_EQ(later.header("preference-applied"), "wait=1");
}

TEST_F(JobStatus, IsNotWaitedForWithACredentialThatIsGone) {
    const std::string job = make_job(), key = make_api_key();
    ASSERT_TRUE(server.wait(server.database().set_api_key(ada, sha256_hex(key))));
    auto waiting =
        server.open("GET /getJobStatus?jobId=" + job + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" +
                    "x-api-key: " + key + "\r\nPrefer: wait=50\r\n\r\n");
    until_waiting(1);
    const auto began = std::chrono::steady_clock::now();
    // Nobody tells who waits.
    ASSERT_TRUE(server.wait(server.database().set_api_key(ada, sha256_hex(make_api_key()))));
    EXPECT_EQ(TestServer::parse(waiting.read_to_end()).status, 401);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST_F(JobStatus, OfAnothersJobIsNotThereAndNotWaitedFor) {
    const std::string job = make_job(), target = "/getJobStatus?jobId=" + job;
    EXPECT_EQ(server.send("GET", target, as(bob) + "Prefer: wait=50\r\n", "").status, 404);
    EXPECT_EQ(server.send("GET", target, as(bob) + "If-None-Match: *\r\n", "").status, 404);
    EXPECT_EQ(server.send("GET", target, "Prefer: wait=50\r\nIf-None-Match: *\r\n", "").status, 401);
}

TEST_F(JobStatus, IsNotToldToAUserWhoWasRemovedMeanwhile) {
    const std::string job = make_job();
    auto waiting = begin(job, "Prefer: wait=50\r\n");
    until_waiting(1);
    // Cancels the user's jobs, and so ends the wait.
    ASSERT_TRUE(server.wait(server.database().remove_user(ada)));
    EXPECT_EQ(TestServer::parse(waiting.read_to_end()).status, 401);
}

TEST_F(JobStatus, AWaitEndsWithItsClientAndWithTheServer) {
    const std::string job = make_job();
    const std::string tag = read(job).header("etag");
    auto gone = begin(job, "Prefer: wait=50\r\n");
    gone.finish_sending();
    EXPECT_EQ(TestServer::parse(gone.read_to_end()).status, 200);
    auto waiting = begin(job, "Prefer: wait=50\r\nIf-None-Match: " + tag + "\r\n");
    until_waiting(2);
    server.stop();
    const RawAnswer last = TestServer::parse(waiting.read_to_end());
    EXPECT_EQ(last.status, 304);
    EXPECT_EQ(last.header("connection"), "close");
}

TEST(Prefer, IsReadAsItsStandardSays) {
    const auto wait_of = [](std::initializer_list<const char*> values) {
        boost::beast::http::fields headers;
        for (const char* value : values) headers.insert("Prefer", value);
        const auto wait = preferred_wait(headers);
        return wait ? wait->count() : -1;
    };
    EXPECT_EQ(wait_of({"wait=10"}), 10);
    EXPECT_EQ(wait_of({"wait=60"}), 60);
    EXPECT_EQ(wait_of({"wait=61"}), 60);
    EXPECT_EQ(wait_of({"wait=99999999999999999999999"}), 60);
    EXPECT_EQ(wait_of({"Wait = \"7\" ; foo=\"a,wait=3\""}), 7);
    EXPECT_EQ(wait_of({"respond-async", "a=\"x, wait=1\", wait=2, wait=3"}), 2);
    EXPECT_EQ(wait_of({"a=\"quote \\\" , wait=1\", wait=4"}), 4);
    for (const char* none : {"", "wait", "wait=", "wait=-1", "wait=1.5", "waiting=1", "x=1;wait=5", "wait=\"", "\""})
        EXPECT_EQ(wait_of({none}), -1) << none;
}

}  // namespace
}  // namespace longhand::http
