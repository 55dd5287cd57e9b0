// What a client sees of a job's money.
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <thread>

#include "http/handlers.h"
#include "http/testing.h"

namespace longhand::http {
namespace {

/// The series of those families whose type is counter, with their values.
std::map<std::string, double> counters_in(const std::string& metrics) {
    std::map<std::string, double> counters;
    std::istringstream lines(metrics);
    bool is_counter = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) is_counter = line.ends_with(" counter");
        if (!is_counter || line.starts_with('#')) continue;
        const auto space = line.rfind(' ');
        counters[line.substr(0, space)] = std::stod(line.substr(space + 1));
    }
    return counters;
}

class LedgerApi : public testing::Test {
protected:
    RawAnswer get(const std::string& target, Uuid user) {
        return server.send("GET", target, "Authorization: Bearer " + server.token(user) + "\r\n", "");
    }
    RawAnswer post(const std::string& target, const std::string& body) {
        return server.send("POST", target,
                           "Authorization: Bearer " + server.token(ada) + "\r\nContent-Type: application/json\r\n",
                           body);
    }
    RawAnswer start(const std::string& more) {
        const std::string project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
        return post("/api/generateWizardWork",
                    R"({"projectId":")" + project +
                        R"(","prompt":"Write a handbook.","author":"Ada","email":"a@b.org")" + more + "}");
    }
    job::Job claim(const std::string& id) {
        store::ClaimRequest request;
        request.worker = *Uuid::parse("01900000-0000-7000-8000-000000000001");
        request.provider = "offline";
        request.only_job = Uuid::parse(id);
        return server.wait(server.database().claim(request)).value().at(0).job;
    }
    /// Reserves a call of 100 tokens of prompt and 400 more, at a dollar a million.
    Uuid reserve(const job::Job& job) {
        store::CallIntent intent;
        intent.job = job.id;
        intent.lease = job.lease;
        intent.key = "plan";
        intent.provider = "https://openrouter.ai/api/v1";
        intent.model = "m";
        intent.prompt_tokens = 100;
        intent.most_completion_tokens = 400;
        intent.price = job::Price{{1'000'000}, {1'000'000}, {1'000'000}};
        return server.wait(server.database().reserve_call(intent)).value();
    }
    void settle(const job::Job& job, Uuid call) {
        store::CallEnd end;
        end.job = job.id;
        end.call = call;
        end.tokens = {.prompt = 100, .completion = 150};
        end.ending = "stop";
        ASSERT_TRUE(server.wait(server.database().settle_call(end)));
    }
    void estimate(const job::Job& job, Uuid call) {
        store::CallEnd end;
        end.job = job.id;
        end.call = call;
        end.state = job::CallState::estimated;
        end.tokens = {.prompt = 200, .completion = 400};
        end.generation_id = "gen-1";
        end.ending = "unavailable";
        ASSERT_TRUE(server.wait(server.database().settle_call(end)));
    }
    std::string metrics() { return server.send("GET", "/metrics", "", "").body; }
    void pause(const job::Job& job) { ASSERT_TRUE(server.wait(server.database().pause(job.id, job.lease, "{}"))); }
    static std::string resume_body(const std::string& id, const std::string& more = "") {
        return R"({"jobId":")" + id + "\"" + more + "}";
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org");
    Uuid bob = server.add_user("bob@example.org");
};

TEST_F(LedgerApi, TellsEachCallAndTheSums) {
    const std::string id = start(R"(,"max_cost_usd":" 0.5","max_tokens":"9000")").text("jobId");
    const job::Job job = claim(id);
    settle(job, reserve(job));
    // Calls of one millisecond have no order.
    std::this_thread::sleep_for(Milliseconds(2));
    reserve(job);
    const RawAnswer answer = get("/api/jobs/" + id + "/ledger", ada);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = answer.json();
    EXPECT_NE(answer.body.find(R"("budget":{"max_cost_usd":0.5,"max_tokens":9000})"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find(R"("spent":{"cost_usd":0.00025,"tokens":250,"unknown_costs":0})"), std::string::npos)
        << answer.body;
    EXPECT_NE(answer.body.find(R"("reserved":{"cost_usd":0.0005,"tokens":500})"), std::string::npos);
    ASSERT_EQ(body.at("calls").as_array().size(), 2U);
    EXPECT_EQ(body.at("calls").at(0).at("state"), "settled");
    EXPECT_EQ(body.at("calls").at(0).at("cost_from"), "prices");
    EXPECT_EQ(body.at("calls").at(1).at("state"), "reserved");
    EXPECT_TRUE(body.at("calls").at(1).at("cost_usd").is_null());
    EXPECT_TRUE(body.at("receipt").is_null());
    EXPECT_EQ(get("/api/jobs/" + id + "/ledger", bob).status, 404);
    const RawAnswer metrics = server.send("GET", "/metrics", "", "");
    EXPECT_NE(metrics.body.find("longhand_ledger_calls_total 1"), std::string::npos) << metrics.body;
    EXPECT_NE(metrics.body.find("longhand_ledger_cost_usd 0.00025"), std::string::npos);
    EXPECT_NE(metrics.body.find("longhand_ledger_unfinished_calls 1"), std::string::npos);
}

TEST_F(LedgerApi, NoCounterFallsWhenAnEstimateIsCorrected) {
    const job::Job job = claim(start("").text("jobId"));
    const Uuid call = reserve(job);
    estimate(job, call);
    const std::string estimated = metrics();
    EXPECT_NE(estimated.find("longhand_ledger_completion_tokens 400"), std::string::npos) << estimated;
    settle(job, call);
    const std::string corrected = metrics();
    EXPECT_NE(corrected.find("longhand_ledger_completion_tokens 150"), std::string::npos) << corrected;
    EXPECT_NE(corrected.find("longhand_ledger_prompt_tokens 100"), std::string::npos);
    const auto before = counters_in(estimated), after = counters_in(corrected);
    EXPECT_EQ(before.at("longhand_ledger_calls_total"), 1);
    for (const auto& [series, value] : before) EXPECT_GE(after.at(series), value) << series;
}

TEST_F(LedgerApi, ACancelledJobHasAReceipt) {
    const std::string id = start("").text("jobId");
    const job::Job job = claim(id);
    settle(job, reserve(job));
    reserve(job);
    ASSERT_EQ(post("/api/cancelJob", resume_body(id)).status, 200);
    const auto receipt = get("/api/jobs/" + id + "/ledger", ada).json().at("receipt").as_object();
    EXPECT_EQ(receipt.at("spent_before").at("tokens"), 250);
    ASSERT_EQ(receipt.at("in_flight").as_array().size(), 1U);
    EXPECT_TRUE(receipt.at("in_flight").at(0).at("bills_the_rest").is_null());
    EXPECT_TRUE(parse_wall_time(std::string(receipt.at("cancelled_at").as_string())).has_value());
}

TEST_F(LedgerApi, APausedJobGoesOnUnderAHigherCapAlone) {
    const std::string id = start(R"(,"max_cost_usd":0.0006)").text("jobId");
    const job::Job job = claim(id);
    settle(job, reserve(job));
    pause(job);
    for (const std::string caps : {"", R"(,"max_cost_usd":0.0006)", R"(,"max_cost_usd":0.0002)"}) {
        const RawAnswer refused = post("/api/resumeJob", resume_body(id, caps));
        EXPECT_EQ(refused.status, 400) << refused.body;
        EXPECT_EQ(refused.text("code"), "budget_reached");
        EXPECT_NE(refused.text("message").find("$0.000250 is spent and $0.00 reserved"), std::string::npos)
            << refused.body;
        EXPECT_EQ(refused.json().at("spent").at("tokens"), 250);
        EXPECT_EQ(refused.json().at("reserved").at("tokens"), 0);
    }
    EXPECT_EQ(post("/api/resumeJob", resume_body(id, R"(,"max_tokens":100)")).text("code"), "budget_reached");
    EXPECT_EQ(get("/api/getJobStatus?jobId=" + id, ada).text("progress_stage"), "waiting_for_budget");
    const RawAnswer resumed = post("/api/resumeJob", resume_body(id, R"(,"max_cost_usd":0.01)"));
    EXPECT_EQ(resumed.status, 200) << resumed.body;
    EXPECT_EQ(get("/api/getJobStatus?jobId=" + id, ada).text("status"), "queued");
}

TEST_F(LedgerApi, AJobThatIsNotPausedSaysItsStateAndWhatCanBeDone) {
    const std::string id = start("").text("jobId");
    RawAnswer refused = post("/api/resumeJob", resume_body(id));
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.text("code"), "not_paused");
    EXPECT_EQ(refused.text("status"), "queued");
    EXPECT_NE(refused.text("message").find("goes on by itself"), std::string::npos);
    ASSERT_EQ(post("/api/cancelJob", resume_body(id)).status, 200);
    refused = post("/api/resumeJob", resume_body(id));
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.text("message").find("retryJob"), std::string::npos);
    EXPECT_EQ(post("/api/resumeJob", resume_body(bob.to_string())).status, 404);
}

TEST_F(LedgerApi, CapsThatAreNoneAreRefusedWithTheirBounds) {
    for (const std::string value : {"0", "-1", "1e308", "1000001", "\"5 dollars\"", "true", "0.0000001"}) {
        const RawAnswer refused = start(R"(,"max_cost_usd":)" + value);
        EXPECT_EQ(refused.status, 400) << value;
        EXPECT_EQ(refused.text("field"), "max_cost_usd");
        EXPECT_NE(refused.text("message").find("from 0.000001 to 1000000"), std::string::npos) << refused.body;
    }
    EXPECT_EQ(start(R"(,"max_cost_usd":NaN)").text("code"), "invalid_json");
    EXPECT_EQ(start(R"(,"max_cost_usd":"nan")").text("field"), "max_cost_usd");
    for (const std::string value : {"0", "-1", "1e308", "1.5", "\"five\""}) {
        const RawAnswer refused = start(R"(,"max_tokens":)" + value);
        EXPECT_EQ(refused.status, 400) << value;
        EXPECT_EQ(refused.text("field"), "max_tokens");
    }
}

TEST(UnknownPrice, OfAModelThatAJobAsksRefusesACapOnMoney) {
    ServerDefaults defaults;
    defaults.provider = "https://openrouter.ai/api/v1";
    defaults.prices = llm::PriceTable::parse("[cheap]\nprompt = 1\ncompletion = 1\n", "prices.toml").value();
    job::Settings settings;
    settings.reasoning_model = settings.writing_model = "cheap";
    settings.function_model = "of no step of a job";
    EXPECT_FALSE(unknown_price(settings, defaults));
    settings.writing_model = "dear";
    const auto problem = unknown_price(settings, defaults);
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->code, ApiErrc::price_unknown);
    EXPECT_NE(problem->message.find("'dear'"), std::string::npos);
    EXPECT_NE(problem->message.find("--prices"), std::string::npos);
}

}  // namespace
}  // namespace longhand::http
