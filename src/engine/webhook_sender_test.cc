#include "engine/webhook_sender.h"

#include <gtest/gtest.h>

#include "engine/webhook_signature.h"
#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;

TEST(WebhookSignature, IsTheOneOfTheStandard) {
    EXPECT_EQ(webhook_signature({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, EverySecretSigns) {
    const std::string first = make_webhook_secret(), second = make_webhook_secret();
    EXPECT_NE(first, second);
    EXPECT_EQ(first.size(), 6U + 44U);
    const auto alone = webhook_signature({first}, "a", 1, "b");
    EXPECT_EQ(webhook_signature({second, first}, "a", 1, "b"), webhook_signature({second}, "a", 1, "b") + " " + alone);
    EXPECT_NE(webhook_signature({first}, "a", 2, "b"), alone);
    EXPECT_EQ(webhook_signature({"plain"}, "a", 1, "b"), "");
}

TEST(WebhookPause, GrowsToSixHoursAndIsSpread) {
    EXPECT_EQ(pause_before_retry(1, 0), 5s);
    EXPECT_EQ(pause_before_retry(2, 0), 20s);
    EXPECT_EQ(pause_before_retry(3, 0), 80s);
    EXPECT_EQ(pause_before_retry(7, 0), 20'480s);
    EXPECT_EQ(pause_before_retry(8, 0), 6h);
    EXPECT_EQ(pause_before_retry(1'000, 0), 6h);
    for (std::uint64_t random : {1ULL, 999ULL, ~0ULL}) {
        EXPECT_GE(pause_before_retry(8, random), 3h);
        EXPECT_LE(pause_before_retry(8, random), 6h);
    }
}

/// A receiver on virtual time, that answers what it is told to.
class WebhookSending : public testing::Test {
protected:
    struct Call {
        WallTime at;
        std::string id, type, signature, timestamp, body;
    };
    WebhookSending() {
        world.owner = world.add_user("a@example.org");
        world.on_commit = [this](const store::Committed& committed) {
            if (sender) sender->on_committed(committed);
        };
    }
    ~WebhookSending() override {
        if (sender) world.runtime.block_on(sender->stop());
        if (world.engine) world.stop();
    }

    void start_sender() {
        WebhookSenderOptions options;
        options.poll = 1min;
        sender = std::make_unique<WebhookSender>(
            world.runtime, *world.store,
            [this](net::FetchRequest request, StopToken stop) { return receive(std::move(request), std::move(stop)); },
            [this](const Uuid& webhook, std::string_view kept) { return open_secret(webhook, kept); }, options);
        sender->start();
    }
    store::Webhook add_webhook(std::vector<std::string> kinds) {
        store::Webhook webhook;
        webhook.id = world.runtime.new_id();
        webhook.owner = world.owner;
        webhook.url = "https://receiver.example/hook";
        webhook.secret = sealed(webhook.id, make_webhook_secret());
        webhook.kinds = std::move(kinds);
        return *world.persist([&] { return world.store->add_webhook(webhook); });
    }
    /// Sealed for these tests: the webhook's id, then the secret.
    static std::string sealed(const Uuid& webhook, const std::string& secret) { return webhook.to_string() + secret; }
    std::optional<std::string> open_secret(const Uuid& webhook, std::string_view kept) const {
        const std::string id = webhook.to_string();
        if (!kept.starts_with(id)) return std::nullopt;
        return std::string(kept.substr(id.size()));
    }
    void rotate(const store::Webhook& webhook, const std::string& kept, Milliseconds overlap) {
        const auto rotated =
            world.persist([&] { return world.store->rotate_webhook_secret(world.owner, webhook.id, kept, overlap); });
        ASSERT_TRUE(rotated.has_value());
        sender->wake();
    }
    static std::string signature_of(const Call& call, const std::vector<std::string>& secrets) {
        return webhook_signature(secrets, call.id, std::stoll(call.timestamp), call.body);
    }
    awaitable<net::FetchResult<net::FetchReply>> receive(net::FetchRequest request, StopToken stop) {
        Call call;
        call.at = world.runtime.wall_now();
        call.body = request.body;
        for (const auto& header : request.headers) {
            if (header.starts_with("webhook-id: ")) call.id = header.substr(12);
            if (header.starts_with("webhook-timestamp: ")) call.timestamp = header.substr(19);
            if (header.starts_with("webhook-signature: ")) call.signature = header.substr(19);
        }
        const auto type = request.body.find("job.");
        call.type = request.body.substr(type, request.body.find('"', type) - type);
        calls.push_back(call);
        EXPECT_EQ(request.most_redirects, 0U);
        const WaitResult waited = co_await world.runtime.sleep_for(takes, stop);
        if (waited == WaitResult::stopped) co_return net::FetchFailure{net::FetchErrc::stopped, ""};
        if (status == 0) co_return net::FetchFailure{net::FetchErrc::refused, "It leads inside."};
        net::FetchReply reply;
        reply.reply.status = status;
        reply.reply.headers = headers;
        co_return reply;
    }
    std::vector<std::string> types() const {
        std::vector<std::string> types;
        for (const auto& call : calls) types.push_back(call.type);
        return types;
    }
    store::WebhookMessage message_of(const store::Webhook& webhook) {
        auto page = world.persist(
            [&] { return world.store->messages_of_webhook(world.owner, webhook.id, 1000, std::nullopt); });
        return page->messages.at(0);
    }

    World world{3};
    std::unique_ptr<WebhookSender> sender;
    std::vector<Call> calls;
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    Milliseconds takes{100};
};

TEST_F(WebhookSending, TellsOfAJobInTheOrderOfItsEvents) {
    add_webhook({"*"});
    start_sender();
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    ASSERT_TRUE(world.runtime.run_until([&] { return !calls.empty() && calls.back().type == "job.completed"; }, 10min));
    std::vector<std::string> wanted;
    const auto events = world.persist([&] { return world.store->events_after(world.owner, job, 0, 1000); });
    for (const auto& event : *events) wanted.push_back("job." + event.kind);
    EXPECT_EQ(types(), wanted);
}

TEST_F(WebhookSending, TriesForSeventyTwoHoursAndGivesUp) {
    const auto webhook = add_webhook({"queued"});
    status = 500;
    start_sender();
    world.enqueue_one();
    const WallTime begun = world.runtime.wall_now();
    world.runtime.run_for(100h);
    ASSERT_GE(calls.size(), 15U);
    EXPECT_LE(calls.size(), 40U);
    EXPECT_LT(calls[1].at - calls[0].at, 8s);
    for (const auto& call : calls) EXPECT_EQ(call.id, calls[0].id);
    EXPECT_GE(calls.back().at - begun, 72h - 1s) << "the last try is at the end of the time";
    EXPECT_LE(calls.back().at - begun, 72h + 1min);
    const auto message = message_of(webhook);
    EXPECT_EQ(message.state, store::MessageState::failed);
    EXPECT_EQ(static_cast<std::size_t>(message.attempts), calls.size());
    EXPECT_EQ(message.log.back().problem, "The receiver answered 500.");
    EXPECT_EQ(message.log.back().status, 500);
    const WebhookStats stats = sender->stats();
    EXPECT_EQ(stats.given_up, 1);
    EXPECT_EQ(stats.retried, static_cast<std::int64_t>(calls.size()) - 1);
    EXPECT_EQ(stats.delivered, 0);
    EXPECT_EQ(stats.under_way, 0);
    EXPECT_EQ(stats.late, 0s);
}

TEST_F(WebhookSending, AReceiverThatComesBackGetsAllInOrder) {
    add_webhook({"submitted", "queued", "claimed", "completed"});
    status = 503;
    start_sender();
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    world.runtime.run_for(2h);
    for (const auto& type : types()) EXPECT_EQ(type, "job.submitted") << "nothing overtakes it";
    calls.clear();
    status = 204;
    world.runtime.run_for(24h);
    EXPECT_EQ(types(), (std::vector<std::string>{"job.submitted", "job.queued", "job.claimed", "job.completed"}));
}

TEST_F(WebhookSending, AReceiverThatHangsKeepsNoJobWaiting) {
    add_webhook({"*"});
    takes = 14s;
    start_sender();
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_LT(calls.size(), 10U) << "the job was done before its receiver had heard of much of it";
}

TEST_F(WebhookSending, GoesOnAfterTheProcessDied) {
    const auto webhook = add_webhook({"queued"});
    takes = 10s;
    start_sender();
    world.enqueue_one();
    ASSERT_TRUE(world.runtime.run_until([&] { return calls.size() == 1; }, 1min));
    world.crash();
    sender.reset();
    world.open();
    ASSERT_TRUE(world.persist([&] { return world.store->rescue_all("the process died"); }).has_value());
    start_sender();
    ASSERT_TRUE(world.runtime.run_until([&] { return calls.size() == 2; }, 5s));
    EXPECT_EQ(calls[0].id, calls[1].id);
    world.runtime.run_for(1min);
    EXPECT_EQ(message_of(webhook).state, store::MessageState::delivered);
}

TEST_F(WebhookSending, WhoIsGoneIsNotToldAgain) {
    const auto webhook = add_webhook({"queued"});
    status = 410;
    start_sender();
    world.enqueue_one();
    world.runtime.run_for(1h);
    EXPECT_EQ(calls.size(), 1U);
    const auto read = world.persist([&] { return world.store->webhook_for_owner(world.owner, webhook.id); });
    EXPECT_FALSE(read->is_enabled);
    EXPECT_EQ(read->disabled_because, "The receiver answered 410 Gone.");
}

TEST_F(WebhookSending, AReceiverMayAskForALongerPause) {
    add_webhook({"queued"});
    status = 429;
    headers = {{"retry-after", "600"}};
    start_sender();
    world.enqueue_one();
    world.runtime.run_for(15min);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_GE(calls[1].at - calls[0].at, 10min);
}

TEST_F(WebhookSending, WhatItCannotSendYetIsLate) {
    add_webhook({"queued"});
    takes = 14s;
    start_sender();
    for (int count = 0; count < 40; ++count) world.enqueue_one();  // four of which may be under way at once
    world.runtime.run_for(1min);
    const WebhookStats busy = sender->stats();
    EXPECT_EQ(busy.under_way, 4);
    EXPECT_GE(busy.late, 45s);
    EXPECT_LE(busy.late, 61s);
    world.runtime.run_for(5min);
    EXPECT_EQ(sender->stats().delivered, 40);
    EXPECT_EQ(sender->stats().under_way, 0);
    EXPECT_EQ(sender->stats().late, 0s);
}

TEST_F(WebhookSending, ASecretThatCannotBeOpenedSendsNothingTillThereIsANewOne) {
    const auto webhook = add_webhook({"queued"}), whole = add_webhook({"queued"});
    start_sender();
    rotate(webhook, whole.secret, 1h);
    world.enqueue_one();
    world.runtime.run_for(1h);
    ASSERT_EQ(calls.size(), 1U) << "the other webhook's message alone";
    const auto waiting = message_of(webhook);
    EXPECT_EQ(waiting.state, store::MessageState::due);
    ASSERT_GE(waiting.log.size(), 4U) << "it is tried again, with pauses";
    EXPECT_LE(waiting.log.size(), 8U);
    EXPECT_EQ(waiting.log[0].status, 0);
    EXPECT_NE(waiting.log[0].problem.find("can't be opened"), std::string::npos) << waiting.log[0].problem;
    EXPECT_EQ(waiting.log[0].problem.find("whsec_"), std::string::npos);
    EXPECT_EQ(sender->stats().under_way, 0);

    // The one that can't be opened is the former one now: the new one signs alone.
    const std::string fresh = make_webhook_secret();
    rotate(webhook, sealed(webhook.id, fresh), 1h);
    world.runtime.run_for(10s);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[1].id, waiting.id.to_string());
    EXPECT_EQ(calls[1].signature, signature_of(calls[1], {fresh}));
    EXPECT_EQ(message_of(webhook).state, store::MessageState::delivered);
}

TEST_F(WebhookSending, BothSecretsSignInClear) {
    const auto webhook = add_webhook({"queued"});
    start_sender();
    const std::string fresh = make_webhook_secret();
    rotate(webhook, sealed(webhook.id, fresh), 1h);
    world.enqueue_one();
    world.runtime.run_for(10s);
    ASSERT_EQ(calls.size(), 1U);
    const std::string former = open_secret(webhook.id, webhook.secret).value();
    EXPECT_EQ(calls[0].signature, signature_of(calls[0], {fresh, former}));
}

TEST_F(WebhookSending, AnAddressThatHasTurnedInwardIsInTheLog) {
    const auto webhook = add_webhook({"queued"});
    status = 0;
    start_sender();
    world.enqueue_one();
    world.runtime.run_for(10s);
    EXPECT_EQ(message_of(webhook).log.at(0).problem, "It leads inside.");
    EXPECT_EQ(message_of(webhook).log.at(0).status, 0);
}

}  // namespace
}  // namespace longhand::engine
