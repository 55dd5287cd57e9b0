// What the store tells of itself: what it counts, and that asking costs no walk over all that is stored.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fmt/format.h>

#include "store/conformance/fixture_testing.h"
#include "store/sqlite/database.h"
#include "store/sqlite/query_figures.h"
#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::sqlite {
namespace {

int note_step(void* plan, int, char** values, char**) {
    static_cast<std::vector<std::string>*>(plan)->emplace_back(values[3]);
    return 0;
}

std::vector<std::string> plan_of(Connection& connection, std::string_view sql) {
    std::vector<std::string> plan;
    const std::string explain = "EXPLAIN QUERY PLAN " + std::string(sql);
    EXPECT_EQ(sqlite3_exec(connection.handle(), explain.c_str(), &note_step, &plan, nullptr), SQLITE_OK) << sql;
    return plan;
}

// A row for an owner, at most seven; or an index that has none but the jobs and calls that wait or run.
bool is_cheap(const std::string& step) {
    for (const char* cheap :
         {"SCAN job_counts", "SCAN owner_spending", "INDEX ready_jobs", "INDEX suspect_jobs", "INDEX delayed_jobs",
          "INDEX queued_since", "INDEX unfinished_calls", "USE TEMP B-TREE FOR GROUP BY"}) {
        if (step.find(cheap) != step.npos) return true;
    }
    return step == "SEARCH jobs";
}

TEST(Figures, AScrapeLooksAtWhatWaitsAndRunsAndAtOwners) {
    const auto connection = open_database(":memory:", Milliseconds{100}).value();
    const auto figures = std::make_shared<QueryFigures>();
    connection->count_into(figures);
    ASSERT_TRUE(table_stats(*connection).has_value());
    EXPECT_GE(figures->by_name().size(), 7U);
    for (const auto& [name, ran] : figures->by_name()) {
        EXPECT_EQ(ran.count, 1) << name;
        for (const std::string& step : plan_of(*connection, named_query(name).sql))
            EXPECT_TRUE(is_cheap(step)) << name << ": " << step;
    }
}

TEST(Figures, APageOfAStateIsReadFromItsIndex) {
    const auto connection = open_database(":memory:", Milliseconds{100}).value();
    for (const std::string half : {"live", "ended"}) {
        const auto plan = plan_of(*connection, named_query("job_ids_in_" + half + "_state").sql);
        EXPECT_EQ(plan.size(), 1U);
        EXPECT_EQ(plan.at(0).find("SEARCH jobs USING INDEX " + half + "_jobs_of_owner (owner=? AND state=? AND id<?)"),
                  0U)
            << plan.at(0);
    }
}

TEST(Figures, QueriesAndWritesAreCountedByName) {
    conformance::ManualRuntime runtime;
    const TemporaryFolder folder;
    const auto store = open_sqlite_store(folder.file("longhand.db"), runtime).value();
    for (int i = 0; i < 3; ++i) {
        const auto user = runtime.run(store->add_user(fmt::format("{}@example.org", i)));
        ASSERT_TRUE(user.has_value());
        ASSERT_TRUE(runtime.run(store->user(user->id)).has_value());
    }
    const StoreStats stats = runtime.run(store->stats()).value();
    EXPECT_EQ(stats.queries.at("user").count, 3);
    EXPECT_GT(stats.queries.at("user").time.count(), 0);
    EXPECT_EQ(stats.queries.at("insert_user").count, 3);
    EXPECT_FALSE(stats.queries.contains("insert_job"));
    EXPECT_EQ(stats.writes.by_operation.at("add_user").count, 3);
    EXPECT_GT(stats.writes.by_operation.at("add_user").time.count(), 0);
    EXPECT_EQ(stats.writes.by_operation.size(), 1U);
    EXPECT_EQ(stats.writes.waiting, 0);
}

}  // namespace
}  // namespace longhand::store::sqlite
