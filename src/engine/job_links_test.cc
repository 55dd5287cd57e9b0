#include "engine/job_links.h"

#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;

/// A web of a few pages, on virtual time.
class Web {
public:
    explicit Web(SimRuntime& runtime) : runtime_(runtime) {}

    std::map<std::string, std::string> pages;
    std::map<std::string, int> asked;  ///< how often for each
    std::map<std::string, int> status;
    int at_once = 0, most_at_once = 0;

    awaitable<net::FetchResult<net::FetchReply>> fetch(net::FetchRequest request, StopToken stop) {
        ++asked[request.url];
        most_at_once = std::max(most_at_once, ++at_once);
        const WaitResult waited = co_await runtime_.sleep_for(500ms, stop);
        --at_once;
        if (waited == WaitResult::stopped) co_return net::FetchFailure{net::FetchErrc::stopped, ""};
        if (request.url.find("inside") != std::string::npos) {
            co_return net::FetchFailure{net::FetchErrc::refused,
                                        request.url + " leads to an address that is not public."};
        }
        net::FetchReply reply;
        reply.url = request.url;
        const auto page = pages.find(request.url);
        const auto told = status.find(request.url);
        reply.reply.status = told != status.end() ? told->second : page != pages.end() ? 200 : 404;
        reply.reply.headers = {{"content-type", "text/html; charset=utf-8"}};
        if (page != pages.end()) reply.reply.body = page->second;
        co_return reply;
    }

private:
    SimRuntime& runtime_;
};

class JobLinks : public testing::Test {
protected:
    JobLinks() {
        world.options.fetch = [this](net::FetchRequest request, StopToken stop) {
            return web.fetch(std::move(request), std::move(stop));
        };
        web.pages["https://a.example/river"] = page("Rivers", World::river());
        web.pages["https://b.example/mill"] = page("Mills", "The mill grinds what the river brings. " + World::river());
        world.owner = world.add_user("a@example.org");
    }
    static std::string page(const std::string& title, const std::string& text) {
        return "<!doctype html><html><head><title>" + title + "</title></head><body><nav>Home</nav><main><p>" + text +
               "</p></main></body></html>";
    }
    Uuid enqueue(std::vector<std::string> links) {
        world.links = std::move(links);
        return world.enqueue(world.owner, world.add_project(world.owner));
    }
    std::vector<std::string> events_with(Uuid id, const std::string& word) {
        std::vector<std::string> found;
        const auto events = world.persist([&] { return world.store->events_after(world.owner, id, 0, 1000); });
        for (const auto& event : *events) {
            if (event.data.find(word) != std::string::npos) found.push_back(event.kind + " " + event.data);
        }
        return found;
    }

    World world{1};
    Web web{world.runtime};
};

TEST_F(JobLinks, ArePassagesOfTheWork) {
    const Uuid job = enqueue({"https://a.example/river", "https://b.example/mill"});
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const std::string river = sha256_hex(web.pages["https://a.example/river"]);
    EXPECT_NE(world.output(job, "md").find("p" + river.substr(0, 12) + "-0"), std::string::npos)
        << world.output(job, "md");
    EXPECT_EQ(events_with(job, "https://a.example/river").size(), 1U);
    world.stop();
}

TEST_F(JobLinks, AreFetchedOnceWhateverHappensToTheProcess) {
    const Uuid job = enqueue({"https://a.example/river", "https://b.example/mill"});
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    // The page changes meanwhile: the job's text is the one of its start.
    web.pages["https://a.example/river"] = page("Rivers", "Nothing of that was true. " + World::river());
    const std::string before = sha256_hex(web.pages["https://a.example/river"]);
    world.restart();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(web.asked["https://a.example/river"], 1);
    EXPECT_EQ(web.asked["https://b.example/mill"], 1);
    EXPECT_EQ(world.output(job, "md").find("p" + before.substr(0, 12)), std::string::npos);
    world.stop();
}

TEST_F(JobLinks, ADeadOneIsNamedAndTheRestGoesOn) {
    const Uuid job = enqueue(
        {"https://gone.example/x?key=1", "http://inside.example/", "https://a.example/river", "https://e.example/"});
    web.pages["https://e.example/"] = " ";
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const auto told = events_with(job, "problem");
    ASSERT_EQ(told.size(), 3U);
    EXPECT_NE(told[0].find("https://gone.example/x answers 404."), std::string::npos) << told[0];
    EXPECT_NE(told[1].find("leads to an address that is not public"), std::string::npos) << told[1];
    EXPECT_NE(told[2].find("https://e.example/ can't be read"), std::string::npos) << told[2];
    EXPECT_EQ(web.asked["http://inside.example/"], 1) << "what is refused is not tried again";
    world.stop();
}

TEST_F(JobLinks, OneThatFailsForAMomentIsTriedASecondTime) {
    web.status["https://a.example/river"] = 503;
    const Uuid job = enqueue({"https://a.example/river", "https://b.example/mill"});
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(web.asked["https://a.example/river"], 2);
    world.stop();
}

TEST_F(JobLinks, WhenNoneCanBeReadTheJobSaysSoAndARetryTriesAgain) {
    const Uuid job = enqueue({"https://later.example/"});
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "sources_unreadable");
    EXPECT_NE(world.job(job).problem->message.find("https://later.example/ answers 404."), std::string::npos);
    web.pages["https://later.example/"] = page("Late", World::river());
    ASSERT_TRUE(world.persist([&] { return world.store->retry(world.owner, job); }).has_value());
    EXPECT_TRUE(world.run_until_state(job, State::completed));
    world.stop();
}

TEST_F(JobLinks, FewAreFetchedAtOnceAndACancelEndsThem) {
    std::vector<std::string> links;
    for (int i = 0; i < 20; ++i) links.push_back("https://a.example/" + std::to_string(i));
    const Uuid job = enqueue(links);
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return web.at_once == 4; }, 1min));
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
    ASSERT_TRUE(world.runtime.run_until([&] { return web.at_once == 0; }, 1s));
    const auto asked = web.asked.size();
    world.runtime.run_for(1min);
    EXPECT_EQ(web.asked.size(), asked);
    EXPECT_LE(web.most_at_once, 4);
    world.stop();
}

TEST_F(JobLinks, AServerThatFetchesNothingNamesThem) {
    world.options.fetch = nullptr;
    const Uuid project = world.add_project(world.owner);
    world.add_source(world.owner, project, "river.txt", World::river());
    world.links = {"https://a.example/river"};
    const Uuid job = world.enqueue(world.owner, project);
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(events_with(job, "no web pages are fetched here").size(), 1U);
    world.stop();
}

TEST_F(JobLinks, OfAllJobsOfOneOwnerOnlySoManyAreFetchedAtOnce) {
    std::vector<Uuid> jobs;
    for (int number = 0; number < 4; ++number) {
        std::vector<std::string> links = {"https://a.example/river"};
        for (int i = 0; i < 8; ++i) links.push_back("https://a.example/" + std::to_string(number * 8 + i));
        jobs.push_back(enqueue(std::move(links)));
    }
    world.start();
    for (const Uuid& job : jobs) ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(web.most_at_once, static_cast<int>(kLinksOfOwner));
    world.stop();
}

}  // namespace
}  // namespace longhand::engine
