// Guided jobs in the real engine on virtual time: where they stop, what they go on with, and that nothing is bought
// twice.
#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::Milestone;
using job::Stage;
using job::State;

class GuidedJob : public testing::Test {
protected:
    void SetUp() override {
        world.guided = true;
        id = world.enqueue_one();
        world.start();
    }
    void TearDown() override { world.stop(); }

    store::Draft draft() {
        return *world.persist([&] { return world.store->draft_for_owner(world.owner, id); });
    }
    void expect_stop_at(Milestone milestone) {
        ASSERT_TRUE(world.run_until_state(id, State::draft)) << job::to_string(milestone);
        EXPECT_EQ(world.job(id).stage, Stage::waiting_for_user);
        EXPECT_EQ(draft().waits_at, milestone);
    }
    void go_on(job::UserSaid said = {}) {
        ASSERT_TRUE(world.persist([&] { return world.store->go_on(world.owner, id, {}, said); }).has_value());
    }
    job::UserSaid says(Milestone milestone, std::string text) {
        job::UserSaid said;
        said.texts[milestone] = std::move(text);
        return said;
    }
    std::size_t bought(std::string_view prefix) {
        const std::string all = world.job(id).project.to_string() + "|" + std::string(prefix);
        return static_cast<std::size_t>(std::ranges::count_if(
            world.model.prompts, [&](const std::string& prompt) { return prompt.starts_with(all); }));
    }

    World world{1};
    Uuid id;
};

TEST_F(GuidedJob, StopsAtEachMilestoneAndThenWritesTheWork) {
    expect_stop_at(Milestone::description);
    world.runtime.run_for(1s);
    EXPECT_EQ(world.engine->stats().running, 0U) << "it holds a slot while it waits";
    go_on();
    expect_stop_at(Milestone::details);
    go_on();
    expect_stop_at(Milestone::vision);
    go_on();
    ASSERT_TRUE(world.run_until_state(id, State::completed));
    EXPECT_EQ(bought("milestone/"), 3U);
    EXPECT_EQ(bought("plan"), 1U);
}

TEST_F(GuidedJob, AnEditMakesWhatFollowsAnewAndNothingElse) {
    expect_stop_at(Milestone::description);
    go_on();
    expect_stop_at(Milestone::details);
    const std::string details = draft().texts[Milestone::details];
    go_on(says(Milestone::description, "The user's."));
    expect_stop_at(Milestone::details);
    EXPECT_EQ(draft().texts[Milestone::description], "The user's.");
    EXPECT_NE(draft().texts[Milestone::details], details);
    EXPECT_EQ(bought("milestone/description"), 1U);
    EXPECT_EQ(bought("milestone/details"), 2U);
    // Back to the model's: its text, and the details that followed from it, are there already.
    go_on(says(Milestone::description, ""));
    expect_stop_at(Milestone::vision);
    EXPECT_EQ(draft().texts[Milestone::details], details);
    EXPECT_EQ(bought("milestone/details"), 2U);
    go_on();
    ASSERT_TRUE(world.run_until_state(id, State::completed));
}

TEST_F(GuidedJob, SkippingAheadStopsNoMore) {
    expect_stop_at(Milestone::description);
    job::UserSaid said = says(Milestone::vision, "Short and plain.");
    said.skips = true;
    go_on(said);
    ASSERT_TRUE(world.run_until_state(id, State::completed));
    EXPECT_EQ(bought("milestone/"), 2U) << "the vision is the user's";
}

TEST_F(GuidedJob, AKillWhileItWaitsAndAfterItWentOnLosesNothing) {
    expect_stop_at(Milestone::description);
    world.restart();
    world.runtime.run_for(1min);
    EXPECT_EQ(draft().waits_at, Milestone::description);
    EXPECT_EQ(bought("milestone/"), 1U);
    go_on(says(Milestone::description, "The user's."));
    world.restart();
    expect_stop_at(Milestone::details);
    EXPECT_EQ(draft().texts[Milestone::description], "The user's.");
    EXPECT_EQ(bought("milestone/description"), 1U);
}

TEST_F(GuidedJob, AKillBetweenTheTextAndTheStopDoesNotBuyItAgain) {
    bool recorded = false;
    world.on_commit = [&](const store::Committed& committed) {
        const bool is_step = committed.event && committed.event->kind == "step";
        recorded = recorded || (is_step && committed.event->data.find("milestone/") != std::string::npos);
    };
    ASSERT_TRUE(world.runtime.run_until([&] { return recorded; }, 1h));
    world.on_commit = [](const store::Committed&) {};
    ASSERT_EQ(world.state(id), State::in_progress) << "the stop came in the same breath";
    world.restart();
    expect_stop_at(Milestone::description);
    EXPECT_EQ(bought("milestone/description"), 1U);
}

TEST_F(GuidedJob, CancelledWhileItWaitsItStopsThereAgainWhenRetried) {
    expect_stop_at(Milestone::description);
    go_on(says(Milestone::description, "The user's."));
    expect_stop_at(Milestone::details);
    const auto calls = world.model.prompts.size();
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, id); }).has_value());
    world.runtime.run_for(1min);
    EXPECT_EQ(world.state(id), State::cancelled);
    ASSERT_TRUE(world.persist([&] { return world.store->retry(world.owner, id); }).has_value());
    expect_stop_at(Milestone::details);
    EXPECT_EQ(draft().texts[Milestone::description], "The user's.");
    EXPECT_EQ(world.model.prompts.size(), calls);
}

TEST_F(GuidedJob, WhatTheUserWritesIntoTheProjectMeanwhileStandsAtTheNextStop) {
    expect_stop_at(Milestone::description);
    go_on();
    ASSERT_TRUE(world.runtime.run_until([&] { return bought("milestone/details") == 1; }, 1h));
    store::ProjectChange change;
    change.work_description = "Written into the project.";
    const Uuid project = world.job(id).project;
    ASSERT_TRUE(world.persist([&] { return world.store->update_project(world.owner, project, change); }).has_value());
    expect_stop_at(Milestone::details);
    EXPECT_EQ(draft().texts[Milestone::description], "Written into the project.");
    go_on();
    expect_stop_at(Milestone::details);
    EXPECT_EQ(bought("milestone/details"), 2U) << "they follow from the new description";
}

}  // namespace
}  // namespace longhand::engine
