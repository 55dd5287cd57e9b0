// What a job reads of its files, and what of it serves another.
#include "engine/job_sources.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "engine/step_value.h"
#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;

class JobSourcesTest : public testing::Test {
protected:
    JobSourcesTest() {
        world.options.write = [this](writing::StepContext& context) {
            seen = context.sources();
            hits = context.retrieve("river", 1, 0);
            return SmallWork::write(context);
        };
        world.owner = world.add_user("a@example.org");
    }

    /// The entry of a source that was read before readings were told apart.
    void record_older_read(Uuid job, const std::string& sha256) {
        const auto claimed = world.persist([&] {
            return world.store->claim(
                {.worker = world.runtime.new_id(), .limit = 1, .lease = Milliseconds{1000}, .provider = "fake"});
        });
        ASSERT_EQ(claimed->size(), 1U);
        store::StepRecord step;
        step.job = job;
        step.lease = claimed->front().job.lease;
        step.entry.key = read_key(sha256);
        step.entry.value = encode_result(R"({"title":"draft.txt","kind":"text","passages":1,"problem":""})");
        ASSERT_TRUE(world.persist([&] { return world.store->record_step(step); }));
        ASSERT_TRUE(world.persist([&] { return world.store->rescue_all("it was written by an older program"); }));
    }

    World world{1};
    // Of the work that was written last.
    std::vector<writing::SourceInfo> seen;
    std::vector<sources::Hit> hits;
};

TEST_F(JobSourcesTest, TheSameBytesAreReadByEachNameAndNoneTellsOfAnother) {
    world.start();
    const auto work_with = [&](const std::string& name) {
        const Uuid project = world.add_project(world.owner);
        world.add_source(world.owner, project, name, "## The river\n\nThe **river** rises in the hills.\n");
        ASSERT_TRUE(world.run_until_state(world.enqueue(world.owner, project), State::completed));
        ASSERT_EQ(seen.size(), 1U);
        ASSERT_EQ(hits.size(), 1U);
    };
    work_with("draft for client Smith.txt");
    EXPECT_EQ(seen[0].title, "draft for client Smith.txt");
    const std::string as_text = hits[0].passage.text;
    EXPECT_NE(as_text.find("**river**"), std::string::npos);
    work_with("public.md");
    EXPECT_EQ(seen[0].title, "public.md");
    EXPECT_EQ(seen[0].kind, "markdown");
    EXPECT_EQ(hits[0].passage.text, "The river rises in the hills.");
    EXPECT_EQ(hits[0].passage.place.section, "The river");
    work_with("other.md");
    EXPECT_EQ(seen[0].title, "other.md");
    EXPECT_EQ(hits[0].passage.text, "The river rises in the hills.");
    work_with("notes.txt");
    EXPECT_EQ(seen[0].title, "notes.txt");
    EXPECT_EQ(hits[0].passage.text, as_text);
    world.stop();
}

TEST_F(JobSourcesTest, WhatWasReadBeforeReadingsIsWalkedAgainAsItWasAndServesNoNewWork) {
    const std::string bytes = "The river is *high*.\n", sha256 = sha256_hex(bytes);
    const Uuid older = world.add_project(world.owner), newer = world.add_project(world.owner);
    for (const Uuid& project : {older, newer}) world.add_source(world.owner, project, "b.md", bytes);
    store::StoredSource stored{.sha256 = sha256, .title = "", .kind = "text", .passages = {}};
    stored.passages.push_back({"p" + sha256.substr(0, 12) + "-0", sha256, 0, "{}", "The river as it was read."});
    ASSERT_TRUE(world.persist([&] { return world.store->put_source(world.owner, stored); }));
    const Uuid job = world.enqueue(world.owner, older);
    record_older_read(job, sha256);
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed)) << to_string(world.state(job));
    EXPECT_EQ(hits.at(0).passage.text, "The river as it was read.");
    EXPECT_EQ(seen.at(0).title, "b.md");
    ASSERT_TRUE(world.run_until_state(world.enqueue(world.owner, newer), State::completed));
    EXPECT_EQ(hits.at(0).passage.text, "The river is high.");
    EXPECT_EQ(seen.at(0).kind, "markdown");
    world.stop();
}

TEST(SourceInfo, OfAnOlderEntryATextHasItsOwnNameForATitle) {
    const auto title = [](const std::string& entry) {
        store::JobSource source;
        source.name = "public.txt";
        return source_info(source, encode_result(entry))->title;
    };
    EXPECT_EQ(title(R"({"title":"draft.txt","kind":"text","passages":1,"problem":""})"), "public.txt");
    EXPECT_EQ(title(R"({"title":"Of bees","kind":"markdown","passages":1,"problem":""})"), "Of bees");
    EXPECT_EQ(title(R"({"title":"","kind":"","passages":0,"problem":"It is empty."})"), "");
}

}  // namespace
}  // namespace longhand::engine
