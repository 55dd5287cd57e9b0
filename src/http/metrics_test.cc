#include "http/metrics.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "http/testing.h"

namespace longhand::http {
namespace {

/// An exposition as a scraper reads it: series by name and labels, types by family.
struct Exposition {
    std::map<std::string, double> series;
    std::map<std::string, std::string> types;
    std::set<std::string> explained;

    explicit Exposition(const std::string& text) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string mark, kind, name, rest;
            if (line.starts_with("# ")) {
                words >> mark >> kind >> name;
                std::getline(words >> std::ws, rest);
                EXPECT_FALSE(rest.empty()) << line;
                const bool is_new = kind == "TYPE" ? types.emplace(name, rest).second : explained.insert(name).second;
                EXPECT_TRUE(is_new) << "twice: " << line;
            } else if (!line.empty()) {
                const auto end = line.rfind(' ');
                EXPECT_TRUE(series.emplace(line.substr(0, end), std::stod(line.substr(end))).second) << line;
            }
        }
    }
    double at(const std::string& name) const {
        const auto found = series.find(name);
        EXPECT_NE(found, series.end()) << name;
        return found == series.end() ? -1 : found->second;
    }
};

MetricsSources sources() {
    MetricsSources sources;
    for (const job::State state : job::kStates) sources.store.jobs.emplace_back(state, 0);
    sources.engine.emplace();
    sources.engine->provider = "offline";
    sources.provider_state = "ok";
    sources.version = "1.2.3";
    sources.now = WallTime(Milliseconds(1'000'000));
    return sources;
}

Exposition exposition(const MetricsSources& sources) {
    return Exposition(Metrics().text(sources));
}

std::string waiting(const std::string& reason) {
    return fmt::format("longhand_jobs_waiting{{reason=\"{}\"}}", reason);
}

TEST(Metrics, EveryQueuedJobWaitsForOneReason) {
    MetricsSources given = sources();
    given.store.jobs[static_cast<std::size_t>(job::State::draft)].second = 6;
    given.store.waiting = {.ready = {{"offline", 1, 1}, {"offline", 2, 20}, {"https://elsewhere", 1, 22}},
                           .capped = 3,
                           .delayed = 4,
                           .suspect = 5};
    given.store.oldest_queued = WallTime(Milliseconds(997'500));
    const Exposition shown = exposition(given);
    EXPECT_EQ(shown.at(waiting("worker")), 1);
    EXPECT_EQ(shown.at(waiting("other_worker")), 42);
    EXPECT_EQ(shown.at(waiting("owner_limit")), 3);
    EXPECT_EQ(shown.at(waiting("provider")), 4);
    EXPECT_EQ(shown.at(waiting("alone")), 5);
    EXPECT_EQ(shown.at(waiting("budget")), 6);
    EXPECT_EQ(shown.at("longhand_oldest_queued_seconds"), 2.5);
}

TEST(Metrics, AHistogramCountsAllBelowEachBound) {
    MetricsSources given = sources();
    for (const double size : {1.0, 2.0, 2.0, 256.0, 300.0}) given.store.writes.commit_operations.observe(size);
    const Exposition shown = exposition(given);
    const std::string name = "longhand_store_commit_operations";
    EXPECT_EQ(shown.types.at(name), "histogram");
    EXPECT_EQ(shown.at(name + "_bucket{le=\"1\"}"), 1);
    EXPECT_EQ(shown.at(name + "_bucket{le=\"2\"}"), 3);
    EXPECT_EQ(shown.at(name + "_bucket{le=\"128\"}"), 3);
    EXPECT_EQ(shown.at(name + "_bucket{le=\"256\"}"), 4);
    EXPECT_EQ(shown.at(name + "_bucket{le=\"+Inf\"}"), 5);
    EXPECT_EQ(shown.at(name + "_count"), 5);
    EXPECT_EQ(shown.at(name + "_sum"), 561);
}

TEST(Metrics, LeasesProviderWebhooksAndRoomAreShown) {
    MetricsSources given = sources();
    given.engine->lease = Milliseconds(15'000);
    given.engine->leases.oldest = Milliseconds(2'500);
    given.engine->calls.failures = {{"unavailable", 7}, {"no_credit", 0}};
    given.webhooks = {.delivered = 30, .retried = 4, .given_up = 1, .under_way = 2, .late = Milliseconds(1'500)};
    given.provider_state = "refused";
    given.disk_free = 5'000'000'000;
    given.store.rescues = 2;
    given.store.queries["job"] = {.count = 4, .time = std::chrono::milliseconds(20)};
    const Exposition shown = exposition(given);
    EXPECT_EQ(shown.at("longhand_lease_oldest_age_seconds"), 2.5);
    EXPECT_EQ(shown.at("longhand_lease_seconds"), 15);
    EXPECT_EQ(shown.at("longhand_provider_errors_total{kind=\"unavailable\"}"), 7);
    EXPECT_EQ(shown.at("longhand_provider_errors_total{kind=\"no_credit\"}"), 0);
    EXPECT_EQ(shown.at("longhand_webhook_tries_total{outcome=\"delivered\"}"), 30);
    EXPECT_EQ(shown.at("longhand_webhook_tries_total{outcome=\"retried\"}"), 4);
    EXPECT_EQ(shown.at("longhand_webhook_tries_total{outcome=\"given_up\"}"), 1);
    EXPECT_EQ(shown.at("longhand_webhook_tries_under_way"), 2);
    EXPECT_EQ(shown.at("longhand_webhook_late_seconds"), 1.5);
    EXPECT_EQ(shown.at("longhand_provider_state{state=\"refused\"}"), 1);
    EXPECT_EQ(shown.at("longhand_provider_state{state=\"ok\"}"), 0);
    EXPECT_EQ(shown.at("longhand_disk_free_bytes"), 5e9);
    EXPECT_EQ(shown.at("longhand_store_rescues_total"), 2);
    EXPECT_EQ(shown.at("longhand_store_queries_total{query=\"job\"}"), 4);
    EXPECT_EQ(shown.at("longhand_store_query_seconds_total{query=\"job\"}"), 0.02);
    EXPECT_EQ(shown.at("longhand_build_info{version=\"1.2.3\"}"), 1);
    EXPECT_GT(shown.at("process_open_fds"), 2);
    EXPECT_GT(shown.at("process_resident_memory_bytes"), 1'000'000);
    EXPECT_GT(shown.at("process_start_time_seconds"), 1.7e9);
    EXPECT_LE(shown.at("process_open_fds"), shown.at("process_max_fds"));
}

/// A server whose requests are counted when a call returns, not a moment after their answers.
class CountedServer {
public:
    RawAnswer get(const std::string& target, const std::string& headers) { return send("GET", target, headers); }
    RawAnswer send(const std::string& method, const std::string& target, const std::string& headers) {
        const RawAnswer answer = server_.send(method, target, headers, "");
        ++sent_;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (server_.access().size() < sent_ && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        EXPECT_EQ(server_.access().size(), sent_);
        return answer;
    }
    Exposition metrics() { return Exposition(get("/metrics", "").body); }
    TestServer& server() { return server_; }

private:
    TestServer server_;
    std::size_t sent_ = 0;
};

TEST(Metrics, NoRequestMakesASeriesOfItsOwn) {
    CountedServer counted;
    const auto ask = [&](const std::string& word) {
        const Uuid user = counted.server().add_user(word + "@example.org");
        const std::string as = "Authorization: Bearer " + counted.server().token(user) + "\r\n";
        counted.get("/no/" + word, as);
        counted.get("/getJobStatus?jobId=" + word, as);
        counted.get("/api/jobs/" + user.to_string() + "/events", as);
        counted.get("/docs/" + word, as);
        counted.send("BREW" + word, "/", as);
    };
    const auto names = [&] {
        std::set<std::string> names;
        for (const auto& [name, value] : counted.metrics().series) {
            EXPECT_EQ(name.find("whose"), name.npos) << name;
            names.insert(name);
        }
        return names;
    };
    names();  // a scrape is counted when it is over
    ask("whose1");
    const auto before = names();
    ask("whose2");
    EXPECT_EQ(names(), before);
    EXPECT_TRUE(before.contains("longhand_http_requests_total{method=\"GET\",route=\"/metrics\",status=\"200\"}"));
}

}  // namespace
}  // namespace longhand::http
