#include "engine/documents.h"

#include <gtest/gtest.h>

#include "engine/file_name.h"
#include "engine/outputs.h"
#include "engine/step_value.h"
#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

class DocumentsTest : public testing::Test {
protected:
    void TearDown() override { world.runtime.block_on(documents.stop()); }
    DocumentResult<Document> get(Uuid owner, Uuid job, const std::string& format) {
        return world.runtime.block_on(documents.get(owner, job, format, StopToken{}));
    }
    Uuid complete_one() {
        const Uuid job = world.enqueue_one();
        world.start();
        EXPECT_TRUE(world.run_until_state(job, job::State::completed));
        world.stop();
        return job;
    }

    World world{1};
    Documents documents{world.runtime, *world.store, world.files, world.typesetter};
};

awaitable<void> fetch(Documents& documents, Uuid owner, Uuid job, std::string format, std::vector<Document>& got) {
    auto getting = documents.get(owner, job, std::move(format), StopToken{});
    DocumentResult<Document> document = co_await std::move(getting);
    if (document.has_value()) got.push_back(*document);
}

TEST_F(DocumentsTest, WhatWasMadeIsGiven) {
    const Uuid job = complete_one();
    const int renderings = world.typesetter.renderings;
    for (const char* format : {"pdf", "tex", "md", "quality.json"}) {
        const auto document = get(world.owner, job, format);
        ASSERT_TRUE(document.has_value()) << format;
        EXPECT_FALSE(document->partial);
        EXPECT_TRUE(std::filesystem::exists(document->path));
        EXPECT_EQ(document->file_name, "Work." + std::string(format));
    }
    EXPECT_EQ(world.typesetter.renderings, renderings);
}

TEST_F(DocumentsTest, TwoFirstRequestsAreOneRenderingWhichIsKept) {
    const Uuid job = complete_one();
    const int renderings = world.typesetter.renderings;
    std::vector<Document> got;
    for (int i = 0; i < 2; ++i) {
        asio::co_spawn(world.runtime.executor(), fetch(documents, world.owner, job, "html", got),
                       [](std::exception_ptr) {});
    }
    ASSERT_TRUE(world.runtime.run_until([&] { return got.size() == 2; }, 1min));
    EXPECT_EQ(got[0].path, got[1].path);
    EXPECT_TRUE(get(world.owner, job, "html").has_value());
    EXPECT_EQ(world.typesetter.renderings, renderings + 1);
}

awaitable<void> fetch_any(Documents& documents, Uuid owner, Uuid job, std::string format,
                          std::vector<DocumentResult<Document>>& got) {
    auto getting = documents.get(owner, job, std::move(format), StopToken{});
    DocumentResult<Document> document = co_await std::move(getting);
    got.push_back(std::move(document));
}

TEST_F(DocumentsTest, AStopEndsWhatIsRenderedAndLeavesNothingBehind) {
    const Uuid job = complete_one();
    std::vector<DocumentResult<Document>> got;
    asio::co_spawn(world.runtime.executor(), fetch_any(documents, world.owner, job, "html", got),
                   [](std::exception_ptr) {});
    ASSERT_TRUE(world.runtime.run_until([&] { return world.typesetter.children == 1; }, 1min));
    world.runtime.block_on(documents.stop());
    EXPECT_EQ(world.typesetter.children, 0);
    ASSERT_TRUE(world.runtime.run_until([&] { return got.size() == 1; }, 1min));
    EXPECT_EQ(got[0].error().code, DocumentErrc::stopped);
    for (const char* format : {"html", "pdf"}) {
        EXPECT_EQ(get(world.owner, job, format).error().code, DocumentErrc::stopped) << format;
    }
}

/// Ends a job as its run would, with its manuscript alone.
void complete_by_hand(World& world, Uuid job) {
    store::ClaimRequest request;
    request.worker = world.runtime.new_id();
    request.provider = "fake";
    request.only_job = job;
    const auto claimed = world.persist([&] { return world.store->claim(request); });
    ASSERT_TRUE(claimed.has_value() && claimed->size() == 1);
    typeset::Manuscript manuscript;
    manuscript.title = "Work";
    manuscript.markdown = "All of it.";
    auto folder = scratch_folder(world.files);
    auto kept = world.runtime.block_on(
        keep_text(world.runtime, world.files, job, std::string(kManuscriptFormat), to_json(manuscript), *folder));
    store::Completion completion;
    completion.job = job;
    completion.lease = claimed->front().job.lease;
    completion.outputs = {*kept};
    ASSERT_TRUE(world.persist([&] { return world.store->complete(completion); }).has_value());
}

TEST_F(DocumentsTest, ARequestRightAfterCompletionDoesNotGetThePartialRenderingThatIsUnderWay) {
    world.options.write = [](writing::StepContext& context) { return writing::write_document(context); };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return world.typesetter.renderings > 0; }, 1h));
    world.stop();
    ASSERT_EQ(world.state(job), job::State::queued);
    const int renderings = world.typesetter.renderings;
    std::vector<DocumentResult<Document>> got;
    asio::co_spawn(world.runtime.executor(), fetch_any(documents, world.owner, job, "html", got),
                   [](std::exception_ptr) {});
    ASSERT_TRUE(world.runtime.run_until([&] { return world.typesetter.children == 1; }, 1min));
    complete_by_hand(world, job);
    ASSERT_TRUE(got.empty()) << "the partial rendering is over";
    const auto whole = get(world.owner, job, "html");
    ASSERT_TRUE(whole.has_value());
    EXPECT_FALSE(whole->partial);
    EXPECT_EQ(world.typesetter.renderings, renderings + 2);
    ASSERT_TRUE(world.runtime.run_until([&] { return got.size() == 1; }, 1min));
    ASSERT_TRUE(got[0].has_value());
    EXPECT_TRUE(got[0]->partial);
}

TEST_F(DocumentsTest, AnotherOwnersJobIsNotThere) {
    const Uuid job = complete_one();
    const Uuid stranger = world.add_user("b@example.org");
    EXPECT_EQ(get(stranger, job, "pdf").error().code, DocumentErrc::not_found);
    EXPECT_EQ(get(world.owner, job, "exe").error().code, DocumentErrc::not_found);
    EXPECT_EQ(get(world.owner, job, "manuscript.json").error().code, DocumentErrc::not_found)
        << "it is the store's own";
}

TEST_F(DocumentsTest, AJobThatHasNotBegunHasNothingYet) {
    const Uuid job = world.enqueue_one();
    const auto document = get(world.owner, job, "pdf");
    ASSERT_FALSE(document.has_value());
    EXPECT_EQ(document.error().code, DocumentErrc::nothing_yet);
    EXPECT_NE(document.error().message.find("queued"), std::string::npos);
}

TEST(FileName, IsFitForEveryFileSystem) {
    EXPECT_EQ(file_name("A/B: \"C\"", "pdf", false), "A B C.pdf");
    EXPECT_EQ(file_name("Coffee at home: A Guide", "pdf", false), "Coffee at home A Guide.pdf");
    EXPECT_EQ(file_name("", "md", false), "document.md");
    EXPECT_EQ(file_name("..", "md", true), "document (partial).md");
    EXPECT_EQ(file_name("漢字", "pdf", true), "漢字 (partial).pdf");
    EXPECT_EQ(file_name(std::string(79, 'x') + "漢", "pdf", false), std::string(79, 'x') + ".pdf");
}

TEST(StepValue, ReadsWhatItWrote) {
    const auto reply = decode_reply(encode_reply({.text = "a \"b\"", .finish = writing::Finish::length}));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text, "a \"b\"");
    EXPECT_EQ(reply->finish, writing::Finish::length);
    EXPECT_EQ(decode_result(encode_result("{}")), "{}");
    EXPECT_FALSE(decode_reply(encode_result("x")));
    EXPECT_FALSE(decode_result(encode_reply({.text = "x"})));
    EXPECT_FALSE(decode_reply("not JSON"));
}

}  // namespace
}  // namespace longhand::engine
