// What a job writes, and the fence around it.
#pragma once

#include "store/conformance/fixture_testing.h"

namespace longhand::store::conformance {

class StoreJournal : public StoreTest {
protected:
    static PartialText text(const job::Job& job, std::string key, std::uint64_t offset, std::string piece,
                            std::uint32_t attempt = 1) {
        PartialText text;
        text.job = job.id;
        text.lease = job.lease;
        text.key = std::move(key);
        text.attempt = attempt;
        text.offset = offset;
        text.text = std::move(piece);
        return text;
    }
    void append(PartialText text) {
        const std::vector<PartialText> texts{std::move(text)};
        ok(store().append_text(texts));
    }
    /// The one text of a job that is under way.
    PartialText only_text(const job::Job& job) {
        const auto texts = ok(store().partial_text_for_owner(job.owner, job.id));
        return texts.size() == 1 ? texts[0] : PartialText{};
    }
    std::int64_t stale_writes() { return ok(store().stats()).stale_writes; }
};

TEST_P(StoreJournal, AStepIsRecordedWithItsProgressAndEvent) {
    const auto job = start(owner_);
    auto record = step(job, "section/1/draft", "Bees \xF0\x9F\x90\x9D fly.", 42);
    record.entry.prompt_tokens = 7;
    record.entry.completion_tokens = 9;
    record.report.counts.words_done = 3;
    record.report.title = "On bees";
    const auto recorded = ok(store().record_step(record));
    EXPECT_FALSE(recorded.existed);
    const auto entries = ok(store().journal(job.id));
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].key, "section/1/draft");
    EXPECT_EQ(entries[0].value, record.entry.value);
    EXPECT_EQ(entries[0].input_hash, "ab");
    EXPECT_EQ(entries[0].prompt_tokens, 7);
    EXPECT_EQ(entries[0].completion_tokens, 9);
    EXPECT_EQ(entries[0].recorded_at, runtime_.wall_now());
    EXPECT_EQ(read(job).progress, 42);
    EXPECT_EQ(read(job).counts.words_done, 3);
    EXPECT_EQ(read(job).title, "On bees");
    EXPECT_EQ(event_kinds(job).back(), "step");
}

TEST_P(StoreJournal, TheFirstValueOfAStepStands) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "plan", "first")));
    const auto events = event_kinds(job);
    const auto again = ok(store().record_step(step(job, "plan", "second", 90)));
    EXPECT_TRUE(again.existed);
    EXPECT_EQ(again.value, "first");
    EXPECT_EQ(ok(store().journal(job.id)).at(0).value, "first");
    EXPECT_EQ(event_kinds(job), events);
    EXPECT_LT(read(job).progress, 90);
}

TEST_P(StoreJournal, EntriesComeByKeyWithZeroBytesAndEmptyValues) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "b", std::string("x\0y", 3))));
    ok(store().record_step(step(job, "a", "")));
    const auto entries = ok(store().journal_for_owner(owner_, job.id));
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].key, "a");
    EXPECT_EQ(entries[0].value, "");
    EXPECT_EQ(entries[1].value, std::string("x\0y", 3));
}

TEST_P(StoreJournal, EveryLateWriteOfAnOldHolderIsDroppedAndCounted) {
    const auto old = start(owner_);
    ok(store().rescue_all("crash"));
    const auto holder = claim_one();
    ASSERT_EQ(holder.id, old.id);
    EXPECT_EQ(error(store().record_step(step(old, "plan", "late"))), StoreErrc::stale);
    EXPECT_EQ(error(store().append_text({text(old, "plan", 0, "late")})), StoreErrc::stale);
    EXPECT_EQ(error(store().complete(completion(old))), StoreErrc::stale);
    EXPECT_EQ(error(store().fail(old.id, old.lease, {"x", "y"})), StoreErrc::stale);
    EXPECT_EQ(error(store().moderate(old.id, old.lease, {"x", "y"})), StoreErrc::stale);
    EXPECT_EQ(error(store().pause(old.id, old.lease, "{}")), StoreErrc::stale);
    EXPECT_EQ(error(store().wait_for_provider(old.id, old.lease, Milliseconds{1}, "x")), StoreErrc::stale);
    EXPECT_EQ(error(store().rescue(old.id, old.lease, "x")), StoreErrc::stale);
    EXPECT_EQ(beat(old, 99), BeatAnswer::lost);
    EXPECT_EQ(stale_writes(), 9);
    EXPECT_EQ(read(holder), holder);
    EXPECT_TRUE(ok(store().journal(old.id)).empty());
    EXPECT_TRUE(ok(store().partial_text_for_owner(owner_, old.id)).empty());
    EXPECT_EQ(beat(holder), BeatAnswer::held);
}

TEST_P(StoreJournal, AfterACancelNothingOfTheRunIsWritten) {
    const auto job = start(owner_);
    const auto cancelled = ok(store().cancel(owner_, job.id));
    EXPECT_EQ(beat(job, 50), BeatAnswer::cancelled);
    EXPECT_EQ(error(store().record_step(step(job, "plan", "late"))), StoreErrc::stale);
    EXPECT_EQ(error(store().append_text({text(job, "plan", 0, "late")})), StoreErrc::stale);
    EXPECT_EQ(error(store().complete(completion(job))), StoreErrc::stale);
    EXPECT_EQ(read(job), cancelled);
    EXPECT_TRUE(ok(store().journal_for_owner(owner_, job.id)).empty());
}

TEST_P(StoreJournal, OneBeatAnswersForEachJobInOrder) {
    const auto held = start(owner_), cancelled = start(owner_), lost = start(owner_);
    ok(store().cancel(owner_, cancelled.id));
    ok(store().rescue(lost.id, lost.lease, "hangs"));
    const std::vector<Beat> beats{{lost.id, lost.lease, report(1)},
                                  {held.id, held.lease, report(2)},
                                  {new_id(), 1, report(3)},
                                  {cancelled.id, cancelled.lease, report(4)}};
    const std::vector<BeatAnswer> expected{BeatAnswer::lost, BeatAnswer::held, BeatAnswer::lost, BeatAnswer::cancelled};
    EXPECT_EQ(ok(store().extend(worker_, kLease, beats)), expected);
    EXPECT_EQ(read(held).progress, 2);
}

TEST_P(StoreJournal, TextGrowsPieceByPieceInBytes) {
    const auto job = start(owner_);
    append(text(job, "section/1", 0, "Bees \xC3\xA4"));
    append(text(job, "section/1", 7, "\xC3\xB6 fly."));
    EXPECT_EQ(only_text(job).text, "Bees \xC3\xA4\xC3\xB6 fly.");
    EXPECT_EQ(only_text(job).attempt, 1U);
}

TEST_P(StoreJournal, APieceSentAgainIsNotDoubledAndOneBeyondTheEndIsDropped) {
    const auto job = start(owner_);
    append(text(job, "s", 0, "abc"));
    append(text(job, "s", 3, "def"));
    append(text(job, "s", 3, "def"));
    EXPECT_EQ(only_text(job).text, "abcdef");
    append(text(job, "s", 9, "jkl"));
    append(text(job, "s", 3, "xyz", 2));
    EXPECT_EQ(only_text(job).text, "abcdef");
}

TEST_P(StoreJournal, ANewAttemptReplacesTheText) {
    const auto job = start(owner_);
    append(text(job, "s", 0, "first try"));
    append(text(job, "s", 0, "second", 2));
    EXPECT_EQ(only_text(job).text, "second");
    EXPECT_EQ(only_text(job).attempt, 2U);
}

TEST_P(StoreJournal, StaleTextsDoNotHoldUpTheOthers) {
    const auto job = start(owner_);
    auto stale = text(job, "s", 0, "stale");
    --stale.lease;
    ok(store().append_text({stale, text(job, "t", 0, "good")}));
    EXPECT_EQ(only_text(job).text, "good");
    EXPECT_EQ(stale_writes(), 1);
}

TEST_P(StoreJournal, ARecordedStepTakesThePlaceOfItsText) {
    const auto job = start(owner_);
    append(text(job, "s", 0, "half"));
    append(text(job, "t", 0, "other"));
    ok(store().record_step(step(job, "s", "whole")));
    EXPECT_EQ(only_text(job).key, "t");
}

TEST_P(StoreJournal, TextUnderWayOutlivesACancelButNotACompletion) {
    const auto cancelled = start(owner_), completed = start(owner_);
    append(text(cancelled, "s", 0, "half"));
    append(text(completed, "s", 0, "half"));
    ok(store().cancel(owner_, cancelled.id));
    complete(completed);
    EXPECT_EQ(only_text(cancelled).text, "half");
    EXPECT_TRUE(ok(store().partial_text_for_owner(owner_, completed.id)).empty());
}

TEST_P(StoreJournal, AnOutputAddedTwiceIsThereOnce) {
    const auto job = complete(start(owner_));
    const OutputRecord epub{"epub", "cc", 10, 0, "artifacts/x/epub-cc", false};
    ok(store().add_output(owner_, job.id, epub));
    ok(store().add_output(owner_, job.id, epub));
    const auto outputs = ok(store().outputs_for_owner(owner_, job.id));
    ASSERT_EQ(outputs.size(), 1U);
    EXPECT_EQ(outputs[0].path, epub.path);
    EXPECT_EQ(error(store().add_output(owner_, new_id(), epub)), StoreErrc::not_found);
}

TEST_P(StoreJournal, ASourceIsKeptByOwnerAndHash) {
    StoredSource source{"f00d", "Bees", "text", {}};
    source.passages.push_back({"p1", "f00d", 0, R"({"line":1})", "Bees fly."});
    source.passages.push_back({"p2", "f00d", 1, R"({"line":2})", "Bees buzz."});
    EXPECT_EQ(error(store().put_source(owner_, source)), StoreErrc::not_found) << "nothing has it";
    ProjectFile file;
    file.owner = owner_;
    file.project = new_project(owner_);
    file.sha256 = source.sha256;
    ok(store().add_file(file));
    ok(store().put_source(owner_, source));
    ok(store().put_source(owner_, source));
    const auto stored = ok(store().source(owner_, "f00d", ""));
    EXPECT_EQ(stored.title, "Bees");
    EXPECT_EQ(stored.kind, "text");
    ASSERT_EQ(stored.passages.size(), 2U);
    EXPECT_EQ(stored.passages[1].key, "p2");
    EXPECT_EQ(stored.passages[1].position, 1U);
    EXPECT_EQ(stored.passages[1].text, "Bees buzz.");
    EXPECT_EQ(stored.passages[1].locator, R"({"line":2})");
    EXPECT_EQ(error(store().source(new_id(), "f00d", "")), StoreErrc::not_found);
    EXPECT_EQ(error(store().source(owner_, "beef", "")), StoreErrc::not_found);
}

TEST_P(StoreJournal, ASourceIsKeptByTheReadingThatItsNameHasToo) {
    ProjectFile file;
    file.owner = owner_;
    file.project = new_project(owner_);
    file.sha256 = "f00d";
    file.id = ok(store().add_file(file)).id;
    const auto put = [&](const std::string& reading, const std::string& text) {
        StoredSource source{.sha256 = "f00d", .title = "", .kind = "text", .passages = {}, .reading = reading};
        source.passages.push_back({"p1", "f00d", 0, "{}", text});
        ok(store().put_source(owner_, source));
    };
    const auto read = [&](const std::string& reading) { return ok(store().source(owner_, "f00d", reading)); };
    put("markdown", "As Markdown.");
    EXPECT_EQ(error(store().source(owner_, "f00d", "text")), StoreErrc::not_found);
    put("text", "As text.");
    EXPECT_EQ(read("markdown").passages.at(0).text, "As Markdown.");
    EXPECT_EQ(read("markdown").passages.size(), 1U);
    EXPECT_EQ(read("text").passages.at(0).text, "As text.");
    put("", "As before.");
    EXPECT_EQ(read("text").passages.at(0).text, "As text.");
    EXPECT_EQ(read("table").passages.at(0).text, "As before.");
    EXPECT_EQ(read("table").reading, "");
    ok(store().delete_file(owner_, file.id));
    for (const char* reading : {"markdown", "text", ""})
        EXPECT_EQ(error(store().source(owner_, "f00d", reading)), StoreErrc::not_found) << reading;
}

}  // namespace longhand::store::conformance
