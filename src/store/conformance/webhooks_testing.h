// Webhooks, and the outbox of messages to them.
#pragma once

#include <algorithm>
#include <map>

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

class StoreWebhooks : public StoreTest {
protected:
    static constexpr Milliseconds kHold{60'000};

    Webhook webhook(std::vector<std::string> kinds = {"*"}) {
        Webhook webhook;
        webhook.id = new_id();
        webhook.owner = owner_;
        webhook.url = "https://receiver.example/hook";
        webhook.secret = "whsec_AAAA";
        webhook.kinds = std::move(kinds);
        return webhook;
    }
    job::Job enqueue() { return StoreTest::enqueue(owner_); }
    Webhook add(std::vector<std::string> kinds = {"*"}) { return ok(store().add_webhook(webhook(std::move(kinds)))); }
    std::vector<Delivery> claim(std::size_t limit = 100, std::size_t per_webhook = 100, std::size_t per_owner = 100) {
        return ok(store().claim_deliveries({limit, per_webhook, per_owner}, kHold));
    }
    void end(const Delivery& delivery, DeliveryEnd::Outcome outcome, Milliseconds pause = {}) {
        DeliveryEnd end;
        end.message = delivery.message.id;
        end.attempt = {.number = delivery.message.attempts, .at = runtime_.wall_now(), .status = 200};
        if (outcome != DeliveryEnd::Outcome::delivered) end.attempt = {.number = end.attempt.number, .problem = "no"};
        end.outcome = outcome;
        end.next_at = runtime_.wall_now() + pause;
        ok(store().end_delivery(end));
    }
    std::vector<WebhookMessage> log_of(const Webhook& webhook) {
        return ok(store().messages_of_webhook(owner_, webhook.id, 1000, std::nullopt)).messages;
    }
    static std::vector<std::string> kinds_of(const std::vector<WebhookMessage>& messages) {
        std::vector<std::string> kinds;
        for (auto message = messages.rbegin(); message != messages.rend(); ++message) kinds.push_back(message->kind);
        return kinds;
    }
};

TEST_P(StoreWebhooks, OneIsReadBackAndIsItsOwnersAlone) {
    const Webhook made = add({"completed", "failed"});
    const Webhook read = ok(store().webhook_for_owner(owner_, made.id));
    EXPECT_EQ(read.url, "https://receiver.example/hook");
    EXPECT_EQ(read.kinds, (std::vector<std::string>{"completed", "failed"}));
    EXPECT_EQ(read.secret, "whsec_AAAA");
    EXPECT_TRUE(read.is_enabled);
    EXPECT_FALSE(read.project || read.job);
    const Uuid other = new_id();
    EXPECT_EQ(error(store().webhook_for_owner(other, made.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().update_webhook(other, made.id, {})), StoreErrc::not_found);
    EXPECT_EQ(error(store().delete_webhook(other, made.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().rotate_webhook_secret(other, made.id, "whsec_B", Milliseconds{1})), StoreErrc::not_found);
    EXPECT_EQ(error(store().messages_of_webhook(other, made.id, 10, std::nullopt)), StoreErrc::not_found);
    EXPECT_EQ(error(store().replay_message(other, made.id, new_id())), StoreErrc::not_found);
    EXPECT_TRUE(ok(store().webhooks_of_owner(other)).empty());
    EXPECT_EQ(ok(store().webhooks_of_owner(owner_)).size(), 1U);
}

TEST_P(StoreWebhooks, OneOfAnothersProjectOrJobIsRefused) {
    const auto theirs = ok(store().create_project(new_id(), "Theirs", ""));
    Webhook on_project = webhook(), on_job = webhook();
    on_project.project = theirs.id;
    EXPECT_EQ(error(store().add_webhook(on_project)), StoreErrc::not_found);
    on_job.job = new_id();
    EXPECT_EQ(error(store().add_webhook(on_job)), StoreErrc::not_found);
}

TEST_P(StoreWebhooks, ThereAreNotMoreThanTheLimit) {
    for (std::size_t i = 0; i < kMostWebhooks; ++i) add();
    EXPECT_EQ(error(store().add_webhook(webhook())), StoreErrc::limit);
}

TEST_P(StoreWebhooks, AMessageIsThereWithItsEvent) {
    const Webhook all = add(), ends = add({"completed", "cancelled"});
    const job::Job job = enqueue();
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(kinds_of(log_of(all)), (std::vector<std::string>{"submitted", "queued", "cancelled"}));
    EXPECT_EQ(kinds_of(log_of(ends)), (std::vector<std::string>{"cancelled"}));
    const auto message = log_of(ends)[0];
    EXPECT_EQ(message.job, job.id);
    EXPECT_EQ(message.seq, 3);
    EXPECT_NE(message.payload.find("\"type\":\"job.cancelled\""), std::string::npos) << message.payload;
    EXPECT_NE(message.payload.find(job.id.to_string()), std::string::npos);
    EXPECT_EQ(message.expires_at, message.created_at + kMessagePatience);
    // Cancelled already: no event, no message.
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(log_of(ends).size(), 1U);
}

TEST_P(StoreWebhooks, OneOfAProjectOrAJobHearsOfThatAlone) {
    const job::Job first = enqueue(), second = enqueue();
    Webhook on_project = webhook(), on_job = webhook();
    on_project.project = first.project;
    on_job.job = second.id;
    on_project = ok(store().add_webhook(on_project));
    on_job = ok(store().add_webhook(on_job));
    ok(store().cancel(owner_, first.id));
    ok(store().cancel(owner_, second.id));
    ASSERT_EQ(log_of(on_project).size(), 1U);
    EXPECT_EQ(log_of(on_project)[0].job, first.id);
    ASSERT_EQ(log_of(on_job).size(), 1U);
    EXPECT_EQ(log_of(on_job)[0].job, second.id);
}

TEST_P(StoreWebhooks, AnothersJobsAreNotTold) {
    Webhook theirs = webhook();
    theirs.owner = ok(store().add_user("their@example.org")).id;
    theirs = ok(store().add_webhook(theirs));
    enqueue();
    EXPECT_TRUE(ok(store().messages_of_webhook(theirs.owner, theirs.id, 10, std::nullopt)).messages.empty());
    EXPECT_TRUE(claim().empty());
}

TEST_P(StoreWebhooks, MessagesOfAJobLeaveOneAfterTheOther) {
    add();
    const job::Job job = enqueue();
    ok(store().cancel(owner_, job.id));
    for (const char* kind : {"submitted", "queued", "cancelled"}) {
        const auto claimed = claim();
        ASSERT_EQ(claimed.size(), 1U) << kind;
        EXPECT_EQ(claimed[0].message.kind, kind);
        EXPECT_EQ(claimed[0].url, "https://receiver.example/hook");
        EXPECT_EQ(claimed[0].secrets, std::vector<std::string>{"whsec_AAAA"});
        EXPECT_TRUE(claim().empty()) << "it is held";
        end(claimed[0], DeliveryEnd::Outcome::delivered);
    }
    EXPECT_TRUE(claim().empty());
    EXPECT_EQ(ok(store().next_delivery()), std::nullopt);
}

TEST_P(StoreWebhooks, OneThatFailsIsDueAgainLaterAndHoldsBackItsJobAlone) {
    const Webhook hook = add({"submitted", "queued"});
    enqueue();
    const auto first = claim();
    ASSERT_EQ(first.size(), 1U);
    end(first[0], DeliveryEnd::Outcome::again, Milliseconds{5'000});
    EXPECT_TRUE(claim().empty());
    EXPECT_EQ(ok(store().next_delivery()), runtime_.wall_now() + Milliseconds{5'000});
    const job::Job other = enqueue();
    const auto of_other = claim();
    ASSERT_EQ(of_other.size(), 1U);
    EXPECT_EQ(of_other[0].message.job, other.id);
    runtime_.advance(Milliseconds{5'000});
    const auto again = claim();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].message.id, first[0].message.id);
    EXPECT_EQ(again[0].tries, 2);
    end(again[0], DeliveryEnd::Outcome::failed);
    const auto next = claim();
    ASSERT_EQ(next.size(), 1U) << "one that is given up lets the next go";
    EXPECT_EQ(next[0].message.kind, "queued");
    const auto log = log_of(hook);
    const auto given_up = std::find_if(log.begin(), log.end(), [&](auto& m) { return m.id == first[0].message.id; });
    EXPECT_EQ(given_up->state, MessageState::failed);
    ASSERT_EQ(given_up->log.size(), 2U);
    EXPECT_EQ(given_up->log[1].number, 2);
    EXPECT_EQ(given_up->log[1].problem, "no");
}

TEST_P(StoreWebhooks, AHoldRunsOutAndALateEndIsDropped) {
    const Webhook hook = add({"submitted"});
    enqueue();
    const auto lost = claim();
    ASSERT_EQ(lost.size(), 1U);
    runtime_.advance(kHold);
    const auto again = claim();
    ASSERT_EQ(again.size(), 1U);
    end(lost[0], DeliveryEnd::Outcome::failed);
    EXPECT_EQ(log_of(hook)[0].state, MessageState::held);
    end(again[0], DeliveryEnd::Outcome::delivered);
    EXPECT_EQ(log_of(hook)[0].state, MessageState::delivered);
}

TEST_P(StoreWebhooks, WhatWasHeldWhenTheProcessDiedIsDueAtOnce) {
    const Webhook hook = add({"submitted"});
    enqueue();
    ASSERT_EQ(claim().size(), 1U);
    reopen();
    ok(store().rescue_all("died"));
    EXPECT_EQ(claim().size(), 1U);
    // What is told of later is told after the reopening too.
    enqueue();
    EXPECT_EQ(log_of(hook).size(), 2U);
}

TEST_P(StoreWebhooks, NoMoreThanAFewAreUnderWayToOne) {
    add({"submitted"});
    for (int i = 0; i < 5; ++i) enqueue();
    const auto first = claim(100, 2);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_TRUE(claim(100, 2).empty());
    end(first[0], DeliveryEnd::Outcome::delivered);
    EXPECT_EQ(claim(100, 2).size(), 1U);
    add({"submitted"});
    enqueue();
    EXPECT_EQ(claim(100, 2).size(), 1U) << "a busy one keeps no other waiting";
}

TEST_P(StoreWebhooks, OneOwnersManyWebhooksKeepNoOtherOwnerWaiting) {
    for (int i = 0; i < 5; ++i) add({"submitted"});
    enqueue();
    EXPECT_EQ(claim(100, 2, 3).size(), 3U);
    const Uuid user = ok(store().add_user("user@example.org")).id;
    Webhook of_other = webhook({"submitted"});
    of_other.owner = user;
    ok(store().add_webhook(of_other));
    StoreTest::enqueue(user);
    const auto claimed = claim(100, 2, 3);
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].message.webhook, ok(store().webhooks_of_owner(user))[0].id);
}

TEST_P(StoreWebhooks, ACorrectedAddressIsTriedAtOnce) {
    const Webhook hook = add({"submitted"});
    enqueue();
    end(claim().at(0), DeliveryEnd::Outcome::again, Milliseconds{3'600'000});
    EXPECT_TRUE(claim().empty());
    WebhookChange change;
    change.url = "https://receiver.example/other";
    ok(store().update_webhook(owner_, hook.id, change));
    const auto claimed = claim();
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].url, "https://receiver.example/other");
}

TEST_P(StoreWebhooks, WhatADisabledOneIsToBeToldIsGivenUpInItsTime) {
    const Webhook hook = add({"submitted", "claimed"});
    enqueue();
    claim_one();
    WebhookChange disable;
    disable.is_enabled = false;
    ok(store().update_webhook(owner_, hook.id, disable));
    runtime_.advance(kMessagePatience - Milliseconds{1});
    EXPECT_EQ(ok(store().prune_messages(runtime_.wall_now() - 2 * kMessagePatience, 10)), 0U);
    runtime_.advance(Milliseconds{1'000});
    EXPECT_EQ(ok(store().prune_messages(runtime_.wall_now() - 2 * kMessagePatience, 10)), 2U);
    for (const WebhookMessage& message : log_of(hook)) EXPECT_EQ(message.state, MessageState::failed);
    EXPECT_FALSE(ok(store().next_delivery()));
}

TEST_P(StoreWebhooks, ADisabledOneGetsNothingTillItIsEnabled) {
    const Webhook hook = add({"submitted"});
    enqueue();
    const auto claimed = claim();
    ASSERT_EQ(claimed.size(), 1U);
    DeliveryEnd gone;
    gone.message = claimed[0].message.id;
    gone.attempt.number = 1;
    gone.attempt.status = 410;
    gone.attempt.problem = "gone";
    gone.outcome = DeliveryEnd::Outcome::failed;
    gone.disable_because = "It is gone.";
    ok(store().end_delivery(gone));
    EXPECT_FALSE(ok(store().webhook_for_owner(owner_, hook.id)).is_enabled);
    EXPECT_EQ(ok(store().webhook_for_owner(owner_, hook.id)).disabled_because, "It is gone.");
    enqueue();
    EXPECT_EQ(log_of(hook).size(), 1U);
    WebhookChange enable;
    enable.is_enabled = true;
    EXPECT_EQ(ok(store().update_webhook(owner_, hook.id, enable)).disabled_because, "");
    enqueue();
    EXPECT_EQ(log_of(hook).size(), 2U);
    EXPECT_EQ(claim().size(), 1U);
}

TEST_P(StoreWebhooks, AReplayIsDueAtOnceWithItsTriesAnew) {
    const Webhook hook = add({"submitted"});
    enqueue();
    const auto first = claim();
    const Uuid id = first.at(0).message.id;
    EXPECT_EQ(error(store().replay_message(owner_, hook.id, id)), StoreErrc::wrong_state);
    end(first[0], DeliveryEnd::Outcome::failed);
    WebhookChange change;
    change.is_enabled = false;
    ok(store().update_webhook(owner_, hook.id, change));
    EXPECT_EQ(error(store().replay_message(owner_, hook.id, id)), StoreErrc::wrong_state);
    EXPECT_EQ(error(store().replay_message(owner_, hook.id, new_id())), StoreErrc::not_found);
    change.is_enabled = true;
    ok(store().update_webhook(owner_, hook.id, change));
    runtime_.advance(Milliseconds{1'000});
    const auto replayed = ok(store().replay_message(owner_, hook.id, id));
    EXPECT_EQ(replayed.state, MessageState::due);
    EXPECT_EQ(replayed.expires_at, runtime_.wall_now() + kMessagePatience);
    EXPECT_EQ(error(store().replay_message(owner_, add().id, id)), StoreErrc::not_found);
    const auto again = claim();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].message.id, id);
    EXPECT_EQ(again[0].message.attempts, 2);
    EXPECT_EQ(again[0].tries, 1);
}

TEST_P(StoreWebhooks, AFormerSecretSignsForAWhile) {
    const Webhook hook = add({"submitted"});
    ok(store().rotate_webhook_secret(owner_, hook.id, "whsec_BBBB", Milliseconds{1'000}));
    enqueue();
    const auto both = claim();
    EXPECT_EQ(both.at(0).secrets, (std::vector<std::string>{"whsec_BBBB", "whsec_AAAA"}));
    runtime_.advance(Milliseconds{1'000});
    enqueue();
    EXPECT_EQ(claim().at(0).secrets, std::vector<std::string>{"whsec_BBBB"});
}

TEST_P(StoreWebhooks, AFormerSecretIsForgottenWhereThereIsNoOverlap) {
    const Webhook hook = add({"submitted"});
    ok(store().rotate_webhook_secret(owner_, hook.id, "whsec_BBBB", Milliseconds{1'000}));
    const Webhook rotated = ok(store().rotate_webhook_secret(owner_, hook.id, "whsec_CCCC", Milliseconds{0}));
    EXPECT_EQ(rotated.former_secret, "");
    EXPECT_FALSE(rotated.former_until);
    enqueue();
    EXPECT_EQ(claim().at(0).secrets, std::vector<std::string>{"whsec_CCCC"});
}

TEST_P(StoreWebhooks, WhatWaitsIsTriedAtOnceWithANewSecret) {
    const Webhook hook = add({"submitted"});
    enqueue();
    end(claim().at(0), DeliveryEnd::Outcome::again, Milliseconds{3'600'000});
    EXPECT_TRUE(claim().empty());
    ok(store().rotate_webhook_secret(owner_, hook.id, "whsec_BBBB", Milliseconds{1'000}));
    EXPECT_EQ(claim().size(), 1U);
}

TEST_P(StoreWebhooks, SecretsThatBeginOtherwiseAreFound) {
    const Webhook both = add(), former = add(), neither = add();
    ok(store().rotate_webhook_secret(owner_, both.id, "whsec_BBBB", Milliseconds{1'000}));
    ok(store().rotate_webhook_secret(owner_, former.id, "new:BBBB", Milliseconds{1'000}));
    ok(store().rotate_webhook_secret(owner_, neither.id, "new:CCCC", Milliseconds{0}));
    const auto found = ok(store().webhook_secrets_without("new:"));
    ASSERT_EQ(found.size(), 2U);
    const auto& of_both = found[found[0].webhook == both.id ? 0 : 1];
    const auto& of_former = found[found[0].webhook == both.id ? 1 : 0];
    EXPECT_EQ(of_both.webhook, both.id);
    EXPECT_EQ(of_both.owner, owner_);
    EXPECT_EQ(of_both.secret, "whsec_BBBB");
    EXPECT_EQ(of_both.former_secret, "whsec_AAAA");
    EXPECT_EQ(of_former.webhook, former.id);
    EXPECT_EQ(of_former.former_secret, "whsec_AAAA");
}

TEST_P(StoreWebhooks, ASecretIsSealedAgainWhereverItStandsAndOnce) {
    const Webhook hook = add(), other = add();
    // Its owner rotates it between the look and the sealing.
    ok(store().rotate_webhook_secret(owner_, hook.id, "new:BBBB", Milliseconds{1'000}));
    ok(store().reseal_webhook_secret(hook.id, "whsec_AAAA", "new:AAAA"));
    Webhook read = ok(store().webhook_for_owner(owner_, hook.id));
    EXPECT_EQ(read.secret, "new:BBBB");
    EXPECT_EQ(read.former_secret, "new:AAAA");
    EXPECT_EQ(ok(store().webhook_for_owner(owner_, other.id)).secret, "whsec_AAAA") << "another webhook's is its own";
    // Another process was faster; what it has put there stays.
    EXPECT_EQ(error(store().reseal_webhook_secret(hook.id, "whsec_AAAA", "new:ZZZZ")), StoreErrc::not_found);
    ok(store().reseal_webhook_secret(hook.id, "new:BBBB", "newer:BBBB"));
    read = ok(store().webhook_for_owner(owner_, hook.id));
    EXPECT_EQ(read.secret, "newer:BBBB");
    EXPECT_EQ(read.former_secret, "new:AAAA");
    EXPECT_EQ(error(store().reseal_webhook_secret(new_id(), "newer:BBBB", "x")), StoreErrc::not_found);
}

TEST_P(StoreWebhooks, PagesAreNewestFirst) {
    const Webhook hook = add({"submitted"});
    for (int i = 0; i < 5; ++i) {
        enqueue();
        runtime_.advance(Milliseconds{1});
    }
    const auto first = ok(store().messages_of_webhook(owner_, hook.id, 3, std::nullopt));
    ASSERT_EQ(first.messages.size(), 3U);
    ASSERT_TRUE(first.next);
    const auto second = ok(store().messages_of_webhook(owner_, hook.id, 3, first.next));
    ASSERT_EQ(second.messages.size(), 2U);
    EXPECT_FALSE(second.next);
    EXPECT_GT(first.messages[2].id, second.messages[0].id);
}

TEST_P(StoreWebhooks, GoWithTheirProjectTheirJobAndTheirOwner) {
    const Uuid user = ok(store().add_user("user@example.org")).id;
    const job::Job job = StoreTest::enqueue(user);
    Webhook on_project = webhook(), on_job = webhook(), on_all = webhook({"cancelled"});
    on_project.owner = on_job.owner = on_all.owner = user;
    on_project.project = job.project;
    on_job.job = job.id;
    ok(store().add_webhook(on_project));
    ok(store().add_webhook(on_job));
    on_all = ok(store().add_webhook(on_all));
    ok(store().delete_project(user, job.project));
    ASSERT_EQ(ok(store().webhooks_of_owner(user)).size(), 1U);
    EXPECT_EQ(ok(store().messages_of_webhook(user, on_all.id, 10, std::nullopt)).messages.size(), 1U)
        << "that the project's job was cancelled is told all the same";
    ok(store().remove_user(user));
    EXPECT_TRUE(ok(store().webhooks_of_owner(user)).empty());
    EXPECT_TRUE(claim().empty());
}

TEST_P(StoreWebhooks, OfADeletedJobNothingIsKeptOfWhatAnyWasTold) {
    const Webhook hook = add({"submitted", "cancelled"});
    const job::Job purged = enqueue(), erased = enqueue(), stays = enqueue();
    for (const Delivery& delivery : claim()) end(delivery, DeliveryEnd::Outcome::delivered);
    EXPECT_EQ(log_of(hook).size(), 3U);
    ok(store().delete_job(owner_, purged.id));
    ok(store().purge_job(purged.id));
    // With its project; that it was cancelled is still to be told.
    ok(store().delete_project(owner_, erased.project));
    std::map<Uuid, std::string> left;
    for (const WebhookMessage& message : log_of(hook)) EXPECT_TRUE(left.emplace(message.job, message.kind).second);
    EXPECT_EQ(left, (std::map<Uuid, std::string>{{erased.id, "cancelled"}, {stays.id, "submitted"}}));
}

TEST_P(StoreWebhooks, OldMessagesAreForgottenOnceTheyHaveEnded) {
    const Webhook hook = add({"submitted"});
    enqueue();
    end(claim().at(0), DeliveryEnd::Outcome::delivered);
    enqueue();
    runtime_.advance(Milliseconds{1'000});
    EXPECT_EQ(ok(store().prune_messages(runtime_.wall_now(), 10)), 1U);
    ASSERT_EQ(log_of(hook).size(), 1U);
    EXPECT_EQ(log_of(hook)[0].state, MessageState::due);
}

}  // namespace longhand::store::conformance
