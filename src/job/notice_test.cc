#include "job/notice.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace longhand::job {
namespace {

TEST(Notice, NamesTheEventAndTheJobAsItLeftIt) {
    Job job;
    job.state = State::failed;
    job.stage = Stage::stopped;
    job.progress = 41.5;
    job.problem = Problem{"x", "It \"broke\"."};
    const Event event{job.id, 7, WallTime(Milliseconds(1'752'749'732'134)), "failed", R"({"code":"x"})"};
    const auto body = boost::json::parse(notice(job, event));
    EXPECT_EQ(body.at("type"), "job.failed");
    EXPECT_EQ(body.at("timestamp"), "2025-07-17T10:55:32.134Z");
    EXPECT_EQ(body.at("data").at("status"), "failed");
    EXPECT_EQ(body.at("data").at("progress"), 41.5);
    EXPECT_EQ(body.at("data").at("error_message"), "It \"broke\".");
    EXPECT_EQ(body.at("data").at("seq"), 7);
    EXPECT_EQ(body.at("data").at("event").at("code"), "x");
    EXPECT_TRUE(body.at("data").at("title").is_null());
}

TEST(Notice, ItsTypesAreTheKindsOfEvents) {
    EXPECT_EQ(kind_of_notice("job.completed"), "completed");
    EXPECT_EQ(kind_of_notice("step"), "step");
    EXPECT_EQ(kind_of_notice("job.submitted"), "submitted");
    EXPECT_EQ(kind_of_notice("job.unheard"), std::nullopt);
    EXPECT_EQ(kind_of_notice(""), std::nullopt);
    for (const auto& kind : usual_notices()) EXPECT_EQ(kind_of_notice(notice_type(kind)), kind);
}

}  // namespace
}  // namespace longhand::job
