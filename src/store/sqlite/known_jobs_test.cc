#include "store/sqlite/known_jobs.h"

#include <gtest/gtest.h>

#include "store/sqlite/known_users.h"

namespace longhand::store::sqlite {
namespace {

Uuid id_of(std::uint8_t number) {
    Uuid id;
    id.bytes[15] = number;
    return id;
}
const Uuid kOwner = id_of(200);

KnownJobs::Row row_of(std::uint8_t number, job::State state = job::State::in_progress, double progress = 0) {
    job::Job job;
    job.id = id_of(number);
    job.owner = kOwner;
    job.state = state;
    job.progress = progress;
    return std::make_shared<const job::Job>(job);
}

TEST(KnownJobs, GiveTheirOwnerTheObjectThatWasKept) {
    KnownJobs known;
    const auto row = row_of(1);
    EXPECT_EQ(known.find(kOwner, row->id), nullptr);
    known.keep(row, known.ticket(row->id));
    EXPECT_EQ(known.find(kOwner, row->id), row);
    EXPECT_EQ(known.find(id_of(201), row->id), nullptr);
}

TEST(KnownJobs, AreForgottenBeforeTheCommitAndNotKeptUntilItHasEnded) {
    KnownJobs known;
    const auto old = row_of(1);
    known.keep(old, known.ticket(old->id));
    known.changing({old->id});
    EXPECT_EQ(known.find(kOwner, old->id), nullptr);
    known.keep(old, known.ticket(old->id));
    EXPECT_EQ(known.find(kOwner, old->id), nullptr) << "read while a commit was under way";
    known.changed({old->id});
    EXPECT_EQ(known.find(kOwner, old->id), nullptr);
    const auto fresh = row_of(1, job::State::in_progress, 1);
    known.keep(fresh, known.ticket(old->id));
    EXPECT_EQ(known.find(kOwner, old->id), fresh);
}

TEST(KnownJobs, ASlowReaderDoesNotBringAnOldRowBack) {
    KnownJobs known;
    const auto old = row_of(1);
    const auto ticket = known.ticket(old->id);
    known.changing({old->id});
    known.changed({old->id});
    known.keep(old, ticket);
    EXPECT_EQ(known.find(kOwner, old->id), nullptr);
}

TEST(KnownJobs, OneOfTwoCommitsHavingEndedIsNotEnough) {
    KnownJobs known;
    const auto row = row_of(1);
    known.changing({row->id, row->id});  // two operations of a batch
    known.changed({row->id});
    known.keep(row, known.ticket(row->id));
    EXPECT_EQ(known.find(kOwner, row->id), nullptr);
    known.changed({row->id});
    known.keep(row, known.ticket(row->id));
    EXPECT_EQ(known.find(kOwner, row->id), row);
}

TEST(KnownJobs, JobsThatHaveEndedAreNotKept) {
    KnownJobs known;
    for (const auto state : {job::State::completed, job::State::failed, job::State::cancelled, job::State::moderated}) {
        const auto row = row_of(1, state);
        known.keep(row, known.ticket(row->id));
        EXPECT_EQ(known.find(kOwner, row->id), nullptr);
    }
}

TEST(KnownUsers, AreBelievedForAWhileAndForgottenAtOnce) {
    KnownUsers known;
    const SteadyTime now{};
    known.note(kOwner, now, known.ticket());
    EXPECT_TRUE(known.is_there(kOwner, now));
    EXPECT_TRUE(known.is_there(kOwner, now + KnownUsers::kAge - Milliseconds(1)));
    EXPECT_FALSE(known.is_there(kOwner, now + KnownUsers::kAge));
    EXPECT_FALSE(known.is_there(id_of(1), now));
    const auto ticket = known.ticket();
    known.forget(kOwner);
    EXPECT_FALSE(known.is_there(kOwner, now));
    known.note(kOwner, now, ticket);
    EXPECT_FALSE(known.is_there(kOwner, now)) << "was read before it was removed";
}

}  // namespace
}  // namespace longhand::store::sqlite
