#include "engine/engine.h"

#include <gtest/gtest.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::Stage;
using job::State;
using llm::LlmErrc;

FakeModel::Fault down() {
    return Failure<LlmErrc>{LlmErrc::unavailable, "The provider does not answer."};
}

/// After the commit of a cancel, the run writes nothing: the row stays as it is, and nothing is open any more.
void expect_stays_cancelled(World& world, Uuid job) {
    EXPECT_EQ(world.state(job), State::cancelled);
    const job::Job row = world.job(job);
    const auto calls = world.model.prompts.size();
    world.runtime.run_for(1min);
    EXPECT_EQ(world.job(job), row);
    EXPECT_EQ(world.model.prompts.size(), calls);
    EXPECT_EQ(world.model.streams, 0);
    EXPECT_EQ(world.typesetter.children, 0);
    EXPECT_EQ(world.engine->stats().running, 0U);
}

void cancel(World& world, Uuid job) {
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
}

class EngineTest : public testing::Test {
protected:
    World world{1};
};

TEST_F(EngineTest, AJobRunsFromTheQueueToItsOutputs) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const auto row = world.job(job);
    EXPECT_EQ(row.progress, 100);
    EXPECT_EQ(row.counts.words_done, 12 * SmallWork::kSections);
    EXPECT_EQ(row.counts.completion_tokens, 20 * (SmallWork::kSections + 1));
    EXPECT_EQ(row.title, "Work");
    EXPECT_EQ(world.output(job, "tex").substr(0, 4), "tex\n");
    EXPECT_EQ(world.output(job, "quality.json"), "{}");
    EXPECT_NE(world.output(job, "md").find("\np"), std::string::npos) << "no passage was found";
    world.stop();
}

TEST_F(EngineTest, ProgressMovesWhileItRuns) {
    const Uuid job = world.enqueue_one();
    world.options.beat = Milliseconds{100};
    std::set<double> seen;
    world.on_commit = [&](const store::Committed& committed) { seen.insert(committed.job.progress); };
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_GT(seen.size(), 8U);
    world.stop();
}

TEST_F(EngineTest, ACancelledJobInTheQueueIsNotRun) {
    const Uuid job = world.enqueue_one();
    cancel(world, job);
    world.start();
    expect_stays_cancelled(world, job);
    EXPECT_TRUE(world.model.prompts.empty());
    world.stop();
}

TEST_F(EngineTest, ACancelRightBehindTheClaimIsSeen) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::in_progress));
    cancel(world, job);
    expect_stays_cancelled(world, job);
    EXPECT_TRUE(world.model.prompts.empty());
    world.stop();
}

TEST_F(EngineTest, ACancelClosesTheStreams) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("section/1/draft"));
    cancel(world, job);
    expect_stays_cancelled(world, job);
    world.stop();
}

TEST_F(EngineTest, ACancelRaisesTheStopBeforeItIsAnswered) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    ASSERT_EQ(world.model.streams, 1);
    // What is posted by the stop needs no time.
    cancel(world, job);
    world.runtime.run_until_idle();
    EXPECT_EQ(world.model.streams, 0);
    world.stop();
}

TEST_F(EngineTest, ACancelEndsABackOffSleep) {
    const Uuid job = world.enqueue_one();
    world.model.fault = [](const llm::ChatRequest&) { return down(); };
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    ASSERT_TRUE(world.runtime.run_until([&] { return world.model.streams == 0; }, 1min));
    cancel(world, job);
    expect_stays_cancelled(world, job);
    world.stop();
}

TEST_F(EngineTest, ACancelWhileItWaitsForItsProvider) {
    const Uuid job = world.enqueue_one();
    world.model.fault = [](const llm::ChatRequest&) { return down(); };
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return world.job(job).stage == Stage::waiting_for_provider; }, 1h));
    cancel(world, job);
    expect_stays_cancelled(world, job);
    world.stop();
}

TEST_F(EngineTest, ACancelWhileSourcesAreRead) {
    const Uuid job = world.enqueue_one();
    world.faults.longest_delay = Milliseconds{500};
    world.queue->set_faults(world.faults);
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::in_progress));
    world.runtime.run_for(10ms);
    ASSERT_TRUE(world.model.prompts.empty());
    cancel(world, job);
    expect_stays_cancelled(world, job);
    EXPECT_TRUE(world.model.prompts.empty());
    world.stop();
}

TEST_F(EngineTest, ACancelEndsTheTypesetting) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return world.typesetter.children == 1; }, 1h));
    cancel(world, job);
    world.runtime.run_until_idle();
    EXPECT_EQ(world.typesetter.children, 0);
    expect_stays_cancelled(world, job);
    world.stop();
}

struct Outputs {
    std::string md, tex;
    std::size_t calls = 0;
    bool operator==(const Outputs&) const = default;
};

// The same job, interrupted where the section's call has been sent.
Outputs outputs_of(std::uint64_t seed, const std::function<void(World&)>& interrupt) {
    World world(seed);
    const Uuid owner = world.add_user("a@example.org");
    const Uuid project = world.add_project(owner);
    world.add_source(owner, project, "river.txt", World::river());
    store::NewJob request;
    request.owner = owner;
    request.project = project;
    request.settings.prompt = "the same";
    request.provider = "fake";
    const Uuid job = world.persist([&] { return world.store->enqueue(request); })->job.id;
    world.start();
    EXPECT_TRUE(world.run_until_called("section/1/draft"));
    interrupt(world);
    EXPECT_TRUE(world.run_until_state(job, State::completed));
    const Outputs outputs{world.output(job, "md"), world.output(job, "tex"), world.model.prompts.size()};
    world.stop();
    return outputs;
}

TEST(Resume, GivesTheSameMarkdownAndLatexByteForByte) {
    const Outputs straight = outputs_of(1, [](World&) {});
    ASSERT_FALSE(straight.md.empty());
    const Outputs handed_over = outputs_of(2, [](World& world) {
        world.stop();
        world.start();
    });
    const Outputs killed = outputs_of(3, [](World& world) {
        world.runtime.run_for(100ms);
        world.restart();
    });
    EXPECT_EQ(handed_over.md, straight.md);
    EXPECT_EQ(handed_over.tex, straight.tex);
    EXPECT_EQ(killed.md, straight.md);
    EXPECT_EQ(killed.tex, straight.tex);
    // What was in flight is asked for again, and nothing else.
    EXPECT_LE(handed_over.calls, straight.calls + SmallWork::kWave);
    EXPECT_LE(killed.calls, straight.calls + SmallWork::kWave);
}

TEST_F(EngineTest, StopHandsBackWithinSeconds) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    const auto start = world.runtime.steady_now();
    world.stop();
    EXPECT_LT(world.runtime.steady_now() - start, 2s);
    EXPECT_EQ(world.state(job), State::queued);
    EXPECT_EQ(world.job(job).rescues, 0);
}

TEST_F(EngineTest, TheProgressThatWasShownIsKeptWhenAJobIsHandedBack) {
    const Uuid job = world.enqueue_one();
    world.start();
    const auto watcher = world.engine->live().watch(job);
    double shown = 0;
    const auto is_ahead = [&] {
        if (const auto news = watcher->take(); news.report) shown = std::max(shown, news.report->progress);
        return shown > world.job(job).progress;
    };
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    ASSERT_TRUE(world.runtime.run_until(is_ahead, 1h));
    world.stop();
    EXPECT_EQ(world.state(job), State::queued);
    EXPECT_GE(world.job(job).progress, shown);
}

TEST_F(EngineTest, StopEndsAlsoWhenTheDatabaseIsDown) {
    world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    world.queue->set_faults({.longest_delay = Milliseconds{5}, .unavailable = 1});
    const auto start = world.runtime.steady_now();
    world.stop();
    EXPECT_LT(world.runtime.steady_now() - start, 10s);
}

TEST_F(EngineTest, ALostLeaseStopsTheJobAndItsLateResultIsDropped) {
    const Uuid job = world.enqueue_one();
    world.options.workers = 1;
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    const job::Lease lease = world.job(job).lease;
    // Somebody else's word: the job is rescued while it runs here.
    ASSERT_TRUE(world.persist([&] { return world.store->rescue(job, lease, "a test"); }).has_value());
    world.runtime.run_until_idle();
    EXPECT_EQ(world.model.streams, 0);
    store::StepRecord late;
    late.job = job;
    late.lease = lease;
    late.entry.key = "plan";
    const auto recorded = world.persist([&] { return world.store->record_step(late); });
    ASSERT_FALSE(recorded.has_value());
    EXPECT_EQ(recorded.error().code, store::StoreErrc::stale);
    EXPECT_TRUE(world.run_until_state(job, State::completed)) << "it is claimed again, and goes on";
    world.stop();
}

TEST_F(EngineTest, AProviderThatIsDownFreesTheSlotAndTheJobGoesOnWhenItIsUp) {
    bool is_down = true;
    world.model.fault = [&](const llm::ChatRequest&) { return is_down ? down() : std::nullopt; };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return world.job(job).stage == Stage::waiting_for_provider; }, 2min));
    EXPECT_EQ(world.state(job), State::queued);
    ASSERT_TRUE(world.runtime.run_until([&] { return world.engine->stats().running == 0; }, 1min));
    EXPECT_EQ(world.job(job).problem, std::nullopt);
    world.runtime.run_for(2h);
    is_down = false;
    EXPECT_TRUE(world.run_until_state(job, State::completed, 10min));
    world.stop();
}

TEST_F(EngineTest, AProviderThatStaysDownFailsTheJobAtTheEndOfItsPatience) {
    world.model.fault = [](const llm::ChatRequest&) { return down(); };
    world.options.provider_patience = std::chrono::duration_cast<Milliseconds>(3h);
    const Uuid job = world.enqueue_one();
    world.start();
    world.runtime.run_for(150min);
    EXPECT_NE(world.state(job), State::failed);
    ASSERT_TRUE(world.run_until_state(job, State::failed, 1h));
    EXPECT_EQ(world.job(job).problem->code, "provider_unavailable");
    world.stop();
}

TEST_F(EngineTest, AFilteredAnswerIsAskedForOnceMoreInOtherWords) {
    int refusals = 1;
    world.model.fault = [&](const llm::ChatRequest&) -> FakeModel::Fault {
        if (refusals-- > 0) return Failure<LlmErrc>{LlmErrc::content_filtered, "The provider refuses this content."};
        return std::nullopt;
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_NE(world.model.prompts[1].find("neutral"), std::string::npos);
    world.stop();
}

TEST_F(EngineTest, ContentThatIsRefusedTwiceEndsModerated) {
    world.model.fault = [&](const llm::ChatRequest& request) -> FakeModel::Fault {
        if (request.messages.back().content.find("section/2") == std::string::npos) return std::nullopt;
        return Failure<LlmErrc>{LlmErrc::content_filtered, "The provider refuses this content."};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::moderated));
    EXPECT_EQ(world.job(job).problem->message, "The provider refuses this content.");
    world.stop();
}

TEST_F(EngineTest, AWrongKeyFailsTheJobAndRetryGoesOnWhereItStopped) {
    bool is_wrong = true;
    world.model.fault = [&](const llm::ChatRequest& request) -> FakeModel::Fault {
        if (!is_wrong || request.messages.back().content.find("section/2") == std::string::npos) return std::nullopt;
        return Failure<LlmErrc>{LlmErrc::refused_key, "The provider refuses the key; give another and retry."};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "provider_key");
    is_wrong = false;
    world.model.prompts.clear();
    ASSERT_TRUE(world.persist([&] { return world.store->retry(world.owner, job); }).has_value());
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(world.job(job).run, 2);
    for (const auto& prompt : world.model.prompts) EXPECT_EQ(prompt.find("|plan"), std::string::npos);
    world.stop();
}

TEST_F(EngineTest, AModelThatLoopsIsAskedAgainAndThenTheJobFails) {
    world.model.fault = [&](const llm::ChatRequest&) -> FakeModel::Fault {
        return Failure<LlmErrc>{LlmErrc::loop, "The model repeats itself; try another."};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "model_loop");
    EXPECT_EQ(world.model.prompts.size(), 3U);
    world.stop();
}

TEST_F(EngineTest, ADatabaseOutageBuysNothingTwice) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    world.queue->set_faults({.longest_delay = Milliseconds{5}, .unavailable = 1});
    world.runtime.run_for(5s);
    world.queue->set_faults({});
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(world.model.prompts.size(), SmallWork::kSections + 1U);
    world.stop();
}

TEST_F(EngineTest, AnOutagePastTheWatchdogStopsTheJobAndKeepsWhatIsPaid) {
    const Uuid job = world.enqueue_one();
    world.model.longest_pause = Milliseconds{1};
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    world.queue->set_faults({.longest_delay = Milliseconds{5}, .unavailable = 1});
    world.runtime.run_for(1min);
    EXPECT_EQ(world.model.streams, 0);
    const auto calls = world.model.prompts.size();
    world.queue->set_faults({});
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    // The answers that were held were written; only what was never answered is asked for.
    EXPECT_EQ(world.model.prompts.size() - calls, SmallWork::kSections - 2U);
    world.stop();
}

TEST_F(EngineTest, ADatabaseThatHangsIsNoticedByTheWatchdog) {
    world.enqueue_one();
    world.model.longest_pause = std::chrono::duration_cast<Milliseconds>(1000h);
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    world.queue->set_faults({.longest_delay = std::chrono::duration_cast<Milliseconds>(1000h)});
    world.runtime.run_for(30s);
    EXPECT_EQ(world.model.streams, 0);
}

TEST_F(EngineTest, AnOutageIsInTheLog) {
    std::ostringstream lines;
    world.options.log =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines));
    world.enqueue_one();
    world.model.longest_pause = Milliseconds{1};
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    world.queue->set_faults({.longest_delay = Milliseconds{5}, .unavailable = 1});
    world.runtime.run_for(1min);
    EXPECT_NE(lines.str().find("did not take attempt 1 of"), std::string::npos);
    EXPECT_NE(lines.str().find("did not take attempt 10 of"), std::string::npos);
    EXPECT_EQ(lines.str().find("did not take attempt 2 of"), std::string::npos);
    world.queue->set_faults({});
    world.stop();
}

TEST_F(EngineTest, ASourceThatTheDatabaseNeverTakesFailsTheJob) {
    const Uuid job = world.enqueue_one();
    world.refuse_rows("passages");
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed, 1min));
    EXPECT_EQ(world.job(job).problem->code, "internal_error");
    world.stop();
}

TEST_F(EngineTest, WorkThatStopsThoughNobodyAskedForItFailsTheJob) {
    world.options.write = [](writing::StepContext&) -> awaitable<writing::StepResult<writing::Finished>> {
        co_return Failure<writing::StepErrc>{writing::StepErrc::stopped, ""};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed, 1min));
    EXPECT_EQ(world.job(job).problem->code, "internal_error");
    EXPECT_EQ(world.engine->stats().claims, 1);
    world.stop();
}

TEST_F(EngineTest, AWorkThatKeepsNoFilesNeedsNoFolder) {
    world.options.write = [](writing::StepContext&) -> awaitable<writing::StepResult<writing::Finished>> {
        co_return writing::Finished{};
    };
    world.options.outputs = [](writing::Finished) -> awaitable<writing::StepResult<std::vector<store::OutputRecord>>> {
        co_return std::vector<store::OutputRecord>{};
    };
    const Uuid owner = world.add_user("a@example.org");
    const Uuid job = world.enqueue(owner, world.add_project(owner));
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed, 1min));
    EXPECT_FALSE(world.has_artifacts(job));
    EXPECT_FALSE(std::filesystem::exists(world.files.absolute("scratch")));
    world.stop();
}

TEST_F(EngineTest, ACompletionThatTheDatabaseNeverTakesFailsTheJobAndLeavesNoFiles) {
    const Uuid job = world.enqueue_one();
    world.refuse_rows("outputs");
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "internal_error");
    world.stop();
    EXPECT_FALSE(world.has_artifacts(job));
}

TEST_F(EngineTest, AJobThatIsDeletedWhileItsOutputsAreMadeLeavesNoFiles) {
    const Uuid job = world.enqueue_one();
    world.start();
    // Of the pages, the PDF, and then.
    ASSERT_TRUE(world.runtime.run_until([&] { return world.typesetter.renderings == 3; }, 1h));
    ASSERT_TRUE(world.has_artifacts(job));
    const Uuid project = world.job(job).project;
    ASSERT_TRUE(world.persist([&] { return world.store->delete_project(world.owner, project); }).has_value());
    world.runtime.run_for(1min);
    EXPECT_FALSE(world.has_artifacts(job));
    world.stop();
}

TEST_F(EngineTest, AnExceptionFromTheWorkFailsTheJobWithoutDetail) {
    std::ostringstream lines;
    world.options.log =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines));
    world.options.write = [](writing::StepContext&) -> awaitable<writing::StepResult<writing::Finished>> {
        throw std::runtime_error("secret detail");
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "internal_error");
    EXPECT_EQ(world.job(job).problem->message.find("secret"), std::string::npos);
    EXPECT_NE(lines.str().find("secret detail"), std::string::npos);
    world.stop();
}

TEST_F(EngineTest, AStepThatHangsIsRescuedAndAtLastBlamed) {
    world.options.step_limit = Milliseconds{60'000};
    world.model.longest_pause = std::chrono::duration_cast<Milliseconds>(1000h);
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed, 24h));
    EXPECT_NE(world.job(job).problem->message.find("plan"), std::string::npos) << world.job(job).problem->message;
    world.stop();
}

TEST_F(EngineTest, AJobThatTakesItsProcessDownThreeTimesAloneIsBlamed) {
    const Uuid job = world.enqueue_one();
    world.start();
    for (int life = 0; life < 10 && world.state(job) != State::failed; ++life) {
        if (!world.run_until_state(job, State::in_progress, 1min)) break;
        world.restart();
    }
    EXPECT_EQ(world.state(job), State::failed);
    world.stop();
}

TEST_F(EngineTest, OwnersTakeTurns) {
    world.options.workers = 1;
    const Uuid busy = world.add_user("busy@example.org"), other = world.add_user("other@example.org");
    for (int i = 0; i < 6; ++i) world.enqueue(busy, world.add_project(busy));
    const Uuid late = world.enqueue(other, world.add_project(other));
    std::vector<Uuid> claimed;
    world.on_commit = [&](const store::Committed& committed) {
        if (committed.event && committed.event->kind == "claimed") claimed.push_back(committed.job.id);
    };
    world.start();
    ASSERT_TRUE(world.run_until_state(late, State::completed));
    EXPECT_LE(claimed.size(), 3U) << "the late owner's only job waited behind the other's queue";
    world.stop();
}

TEST_F(EngineTest, NoMoreJobsRunThanThereAreSlotsNorCallsThanAJobMayHave) {
    world.options.workers = 2;
    world.options.calls_per_job = 1;
    for (int i = 0; i < 5; ++i) world.enqueue_one();
    world.start();
    world.runtime.run_for(1h);
    EXPECT_EQ(world.model.most_streams, 2);
    for (const auto& [id, row] : world.invariants.rows()) EXPECT_EQ(row.state, State::completed);
    world.stop();
}

TEST_F(EngineTest, AFullDiskStartsNothing) {
    world.options.disk_reserve = ~0ULL;
    const Uuid job = world.enqueue_one();
    world.start();
    world.runtime.run_for(1min);
    EXPECT_EQ(world.state(job), State::queued);
    world.stop();
}

TEST_F(EngineTest, AJobOfUnreadableSourcesSaysWhich) {
    world.owner = world.add_user("a@example.org");
    const Uuid project = world.add_project(world.owner);
    world.add_source(world.owner, project, "empty.txt", " ");
    const Uuid job = world.enqueue(world.owner, project);
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "sources_unreadable");
    EXPECT_NE(world.job(job).problem->message.find("empty.txt"), std::string::npos);
    world.stop();
}

}  // namespace
}  // namespace longhand::engine
