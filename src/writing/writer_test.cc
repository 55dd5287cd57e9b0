// The whole work against a scripted model.
#include "writing/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "writing/length.h"
#include "writing/table_context_testing.h"

namespace longhand::writing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::obedient;
using testing::TableContext;
using testing::task_attribute;
using testing::write;

constexpr const char* kPrompt = "Write a handbook about the lamps of lighthouses and the ships that steer by them.";

TableContext lighthouse(const std::string& pages = "5-6 pages") {
    TableContext context;
    context.asked.prompt = kPrompt;
    context.asked.author = "A. Keeper";
    context.asked.length = *job::Length::parse(pages);
    context.add_source("lamps.md", 30);
    context.add_source("ships.txt", 30);
    return context;
}

boost::json::object sheet(const Finished& finished) {
    return boost::json::parse(finished.quality).as_object();
}

std::string warnings(const Finished& finished) {
    return boost::json::serialize(sheet(finished).at("warnings"));
}

TEST(Writer, APromptAndSourcesBecomeAManuscript) {
    TableContext context = lighthouse();
    const auto result = write(context);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->manuscript.title, "The Lighthouse");
    EXPECT_EQ(result->manuscript.author, "A. Keeper");
    EXPECT_EQ(result->manuscript.language, "en");
    EXPECT_TRUE(result->manuscript.table_of_contents);
    EXPECT_FALSE(result->manuscript.partial);
    EXPECT_THAT(result->manuscript.markdown, HasSubstr("# 1 Part outline number 1 of it"));
    EXPECT_THAT(result->manuscript.markdown, HasSubstr("# Sources"));
    EXPECT_GE(result->pages, 5U);
    EXPECT_LE(result->pages, 6U);
    EXPECT_GT(result->citations, 10);
    EXPECT_EQ(sheet(*result).at("citations").as_int64(), result->citations);
    EXPECT_EQ(sheet(*result).at("sources_unread").as_array().size(), 0U);
    EXPECT_EQ(warnings(*result), "[]");
}

TEST(Writer, TheSheetNamesThePassagesThatAreCited) {
    TableContext context = lighthouse();
    const auto result = write(context);
    ASSERT_TRUE(result) << result.error().message;
    std::set<std::string> known, named;
    for (const sources::Passage& passage : context.passages) known.insert(passage.key);
    const boost::json::object told = sheet(*result);
    for (const auto& source : told.at("sources").as_array()) {
        const auto& ids = source.at("passage_ids").as_array();
        EXPECT_EQ(static_cast<std::int64_t>(ids.size()), source.at("passages_cited").as_int64());
        for (const auto& id : ids) named.emplace(id.as_string());
    }
    EXPECT_GT(named.size(), 5U);
    EXPECT_TRUE(std::ranges::includes(known, named));
}

TEST(Writer, TheBudgetsOfTheDraftsAddUpToTheLength) {
    TableContext context = lighthouse("12-15 pages");
    ASSERT_TRUE(write(context));
    long words = 0, drafts = 0;
    for (const auto& [key, request] : context.requests)
        if (task_attribute(request.user, "name") == "draft")
            words += testing::task_number(request.user, "words"), ++drafts;
    EXPECT_EQ(words, words_on(14));
    EXPECT_EQ(drafts, 10);
    EXPECT_LE(context.most_at_once, 8U);
}

TEST(Writer, AReplayCostsNothingAndGivesTheSameBytes) {
    TableContext context = lighthouse();
    const auto first = write(context);
    ASSERT_TRUE(first);
    const long calls = context.calls;
    const auto second = write(context);
    ASSERT_TRUE(second);
    EXPECT_EQ(context.calls, calls);
    EXPECT_EQ(second->manuscript.markdown, first->manuscript.markdown);
    EXPECT_EQ(second->quality, first->quality);
}

TEST(Writer, TheOrderInWhichCallsFinishChangesNothing) {
    TableContext plain = lighthouse();
    const auto expected = write(plain);
    ASSERT_TRUE(expected);
    for (unsigned seed = 1; seed <= 5; ++seed) {
        TableContext context = lighthouse();
        context.shuffle(seed);
        const auto result = write(context);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->manuscript.markdown, expected->manuscript.markdown);
        EXPECT_EQ(result->quality, expected->quality);
        for (const auto& [key, request] : context.requests) EXPECT_EQ(request.user, plain.requests[key].user) << key;
        EXPECT_GT(context.most_at_once, 1U);
    }
}

/// Cites nothing at first, is cut once, and writes too little in chapter 2: so that every kind of step happens.
AskReply untidy(const std::string& key, const AskRequest& request) {
    AskReply reply = obedient(key, request);
    if (key == "section/1.1/draft") return {testing::fake_prose(key, 300, false), Finish::stop};
    if (key.starts_with("section/2.") && key.ends_with("draft"))
        return {testing::fake_prose(key, 40, true), Finish::stop};
    if (key.ends_with("/draft") && key.starts_with("section/3")) {
        reply.text.resize(reply.text.size() - 9);
        reply.finish = Finish::length;
    }
    if (key == "plan") reply.text = "A fine plan!";
    return reply;
}

TEST(Writer, StoppedAfterAnyStepItGoesOnToTheSameBytes) {
    TableContext undisturbed = lighthouse("4 pages");
    undisturbed.model = untidy;
    undisturbed.words_per_page = 420;
    const auto expected = write(undisturbed);
    ASSERT_TRUE(expected);
    const auto steps = static_cast<long>(undisturbed.journal.size());
    EXPECT_TRUE(undisturbed.journal.contains("section/1.1/draft#2"));
    EXPECT_TRUE(undisturbed.journal.contains("section/3.1/continue"));
    EXPECT_TRUE(undisturbed.journal.contains("plan#2"));
    for (long stop = 0; stop < steps; ++stop) {
        TableContext context = lighthouse("4 pages");
        context.model = untidy;
        context.words_per_page = 420;
        context.steps_left = stop;
        context.shuffle(static_cast<unsigned>(stop + 1));
        const auto stopped = write(context);
        ASSERT_FALSE(stopped);
        EXPECT_EQ(stopped.error().code, StepErrc::stopped);
        context.steps_left = 1'000'000;
        const auto resumed = write(context);
        ASSERT_TRUE(resumed);
        EXPECT_EQ(resumed->manuscript.markdown, expected->manuscript.markdown) << "stopped after " << stop;
        EXPECT_EQ(resumed->quality, expected->quality);
        EXPECT_EQ(context.calls, undisturbed.calls) << "no call is made twice";
    }
}

TEST(Writer, ADraftSeesWhatEarlierWavesSaidAndNeverTheWholeText) {
    TableContext context = lighthouse("25 pages");
    ASSERT_TRUE(write(context));
    const std::string first = context.requests.at("section/1.1/draft").user;
    EXPECT_THAT(first, Not(HasSubstr("<said>")));
    EXPECT_THAT(first, HasSubstr("&gt; 1.1 "));
    const std::string later = context.requests.at("section/1.3/draft").user;
    EXPECT_THAT(later, HasSubstr("<said>"));
    EXPECT_THAT(later, HasSubstr("1.1 Part 1 number 1 of it: T"));
    EXPECT_THAT(later, HasSubstr("<terms>lamp\nkeeper</terms>"));
    EXPECT_THAT(later, HasSubstr("<passage id=\"p1\" source=\""));
    for (const auto& [key, request] : context.requests) {
        EXPECT_LT(request.user.size(), 30'000U) << key;
        const std::string said = testing::between(request.user, "<said>", "</said>");
        EXPECT_LE(std::count(said.begin(), said.end(), '\n'), 60) << key;
    }
}

TEST(Writer, PassagesOfADraftComeFromSeveralFilesAndDiffer) {
    TableContext context = lighthouse("12-15 pages");
    context.add_source("storms.md", 30);
    context.add_source("fog.md", 30);
    ASSERT_TRUE(write(context));
    std::set<std::string> shown;
    for (const auto& [key, request] : context.requests) {
        if (!key.ends_with("/draft")) continue;
        std::map<std::string, int> of_file;
        for (std::size_t at = request.user.find("<passage id"); at != std::string::npos;
             at = request.user.find("<passage id", at + 1)) {
            const std::string mark = request.user.substr(at, request.user.find('>', at) - at);
            EXPECT_LE(++of_file[testing::between(mark, "source=\"", "\"")], 3) << key;
            shown.insert(request.user.substr(request.user.find('>', at), 60));
        }
        EXPECT_GE(of_file.size(), 3U);
    }
    EXPECT_GT(shown.size(), 60U);
}

TEST(Writer, ASmallContextBoundsEveryPrompt) {
    TableContext context = lighthouse("12-15 pages");
    context.asked.context_tokens = 4096;
    context.asked.supplemental_info = std::string(8000, 'x');
    ASSERT_TRUE(write(context));
    for (const auto& [key, request] : context.requests)
        EXPECT_LE(estimate_tokens(request.user) + estimate_tokens(request.system) + request.max_tokens, 4096U) << key;
}

TEST(Writer, TheOwnersOutlineIsKept) {
    TableContext context = lighthouse();
    context.asked.outline_text = "# Oil\n## Whales\n## Colza\n# Gas\n## Mains\n## Tanks";
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_FALSE(context.journal.contains("outline"));
    EXPECT_THAT(result->manuscript.markdown, HasSubstr("# 1 Oil"));
    EXPECT_THAT(result->manuscript.markdown, HasSubstr("## 2.2 Tanks"));
}

TEST(Writer, TheOwnersTitleAndContentsSettingAreKept) {
    TableContext context = lighthouse();
    context.asked.title = "My Lamps";
    context.asked.table_of_contents = job::Choice::off;
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->manuscript.title, "My Lamps");
    EXPECT_FALSE(result->manuscript.table_of_contents);
}

TEST(Writer, NoSourceNoCitation) {
    TableContext context = lighthouse();
    context.files.clear();
    context.passages.clear();
    context.model = [](const std::string& key, const AskRequest& request) {
        AskReply reply = obedient(key, request);
        if (key.starts_with("section")) reply.text += " It is so [@p1].";
        return reply;
    };
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->citations, 0);
    EXPECT_THAT(result->manuscript.markdown, Not(HasSubstr("[")));
    EXPECT_GT(sheet(*result).at("citations_dropped").as_int64(), 0);
}

TEST(Writer, QuotationsAreCitedEvenWhenTheModelForgets) {
    TableContext context = lighthouse();
    context.model = [](const std::string& key, const AskRequest& request) {
        AskReply reply = obedient(key, request);
        if (task_attribute(request.user, "name") != "draft") return reply;
        const std::size_t at = request.user.find("<passage id=\"p2\"");
        reply.text += "\n\n" + testing::between(request.user.substr(at), ">", "</passage>");
        return reply;
    };
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_GT(sheet(*result).at("citations_added").as_int64(), 0);
}

TEST(Writer, UnreadSourcesAndWhatTheStartWarnedOfAreOnTheSheet) {
    TableContext context = lighthouse();
    SourceInfo broken;
    broken.sha256 = std::string(64, 'f');
    broken.name = "scan.pdf";
    broken.problem = "scan.pdf is encrypted.";
    context.files.push_back(broken);
    context.asked.warnings = {"Diagrams are not drawn."};
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_THAT(result->quality, HasSubstr("scan.pdf is encrypted."));
    EXPECT_THAT(warnings(*result), HasSubstr("Diagrams"));
    EXPECT_LE(sheet(*result).at("largest_source_share").as_double(), 0.6);
}

TEST(Writer, AWorkThatIsTooShortIsToppedUp) {
    TableContext context = lighthouse("10 pages");
    context.words_per_page = 420;
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_TRUE(context.journal.contains("fit/2"));
    EXPECT_EQ(result->pages, 10U);
}

TEST(Writer, AWorkThatIsTooLongIsTrimmedEvenWhenTheModelWillNot) {
    TableContext context = lighthouse("5 pages");
    context.words_per_page = 200;
    context.model = [](const std::string& key, const AskRequest& request) {
        if (key.starts_with("fit/")) return AskReply{testing::fake_prose(key, 900, true), Finish::stop};
        return obedient(key, request);
    };
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_LE(result->pages, 5U);
    EXPECT_FALSE(context.journal.contains("fit/5"));
}

TEST(Writer, WordsThatWereAskedForAreTheMeasure) {
    TableContext context = lighthouse("1500 words");
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_NEAR(static_cast<double>(result->words), 1500, 150);
}

TEST(Writer, ProgressNamesTheStagesAndReachesThePlan) {
    TableContext context = lighthouse();
    ASSERT_TRUE(write(context));
    std::vector<job::Stage> stages;
    for (const ProgressReport& report : context.reports)
        if (stages.empty() || stages.back() != report.stage) stages.push_back(report.stage);
    const std::vector<job::Stage> start = {job::Stage::planning, job::Stage::outlining, job::Stage::researching,
                                           job::Stage::generating_work, job::Stage::reviewing};
    ASSERT_GE(stages.size(), start.size());
    EXPECT_EQ(std::vector<job::Stage>(stages.begin(), stages.begin() + 5), start);
    EXPECT_EQ(context.reports.back().stage, job::Stage::typesetting);
    EXPECT_EQ(context.reports.front().words_done, 0);
    EXPECT_GT(context.reports.back().words_done, context.reports.back().words_planned * 8 / 10);
}

// ---- stubborn models

TEST(Stubborn, AModelThatNeverAnswersInJsonStillGetsADocument) {
    TableContext context = lighthouse();
    context.model = [](const std::string& key, const AskRequest& request) {
        if (!key.starts_with("section"))
            return AskReply{"What a lovely idea. I would be glad to help with that.", Finish::stop};
        return obedient(key, request);
    };
    const auto result = write(context);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(context.journal.contains("plan#4"));
    EXPECT_FALSE(context.journal.contains("plan#5"));
    EXPECT_THAT(context.requests.at("outline#2").user, HasSubstr("<error>The answer holds no complete JSON value"));
    EXPECT_THAT(context.requests.at("outline#4").user, HasSubstr("form=\"lines\""));
    EXPECT_THAT(result->manuscript.markdown, HasSubstr("Heading")) << "chapters come from the sources' headings";
    EXPECT_THAT(warnings(*result), HasSubstr("no outline"));
}

TEST(Stubborn, LinesAreTakenWhereJsonWillNotCome) {
    TableContext context = lighthouse();
    context.model = [](const std::string& key, const AskRequest& request) {
        if (key.starts_with("outline") && !key.ends_with("#4")) return AskReply{"No.", Finish::stop};
        if (key == "outline#4") return AskReply{"1. Oil: burns\n2. Gas: burns too\n3. Power\n4. Fog", Finish::stop};
        return obedient(key, request);
    };
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_THAT(result->manuscript.markdown, HasSubstr("# 2 Gas"));
}

TEST(Stubborn, AnEmptyModelIsAClearFailure) {
    TableContext context = lighthouse();
    context.model = [](const std::string&, const AskRequest&) { return AskReply{"", Finish::stop}; };
    const auto result = write(context);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, StepErrc::failed);
    EXPECT_THAT(result.error().message, HasSubstr("usable text for only 0 of"));
    EXPECT_THAT(result.error().message, HasSubstr("another writing model"));
}

TEST(Stubborn, LoopsInventedIdsAndWrongLanguagesAreSentBackTwiceAtMost) {
    const std::pair<const char*, std::string> kinds[] = {
        {"It repeats itself", "The lamp is lit and the ship is safe again tonight. "},
        {"It cites nothing", ""},
        {"wrong language", "Лампа горит всю ночь и корабли видят её издалека. "},
    };
    int uncited = 0;
    for (const auto& [message, sentence] : kinds) {
        TableContext context = lighthouse();
        context.model = [&sentence = sentence](const std::string& key, const AskRequest& request) {
            if (key.find("section") == std::string::npos) return obedient(key, request);
            std::string text = sentence.empty() ? testing::fake_prose(key, 300, false) + " So it is [@p99]." : "";
            // Told apart by its section, or it would be taken for one text said many times.
            for (int i = 0; i < 40 && !sentence.empty(); ++i)
                text += key.substr(key.find("section/") + 8, 3) + " " + sentence;
            return AskReply{text, Finish::length};
        };
        const auto result = write(context);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_THAT(context.requests.at("section/1.1/draft#2").user, HasSubstr(message));
        EXPECT_TRUE(context.journal.contains("section/1.1/draft#3"));
        EXPECT_FALSE(context.journal.contains("section/1.1/draft#4"));
        EXPECT_THAT(result->manuscript.markdown, Not(HasSubstr("p99")));
        EXPECT_THAT(warnings(*result), HasSubstr(" short of a measure"));
        const bool told = warnings(*result).find("No source is cited") != std::string::npos;
        EXPECT_EQ(told, result->citations == 0);
        uncited += result->citations == 0;
    }
    EXPECT_GT(uncited, 0);
}

TEST(Stubborn, ASectionThatNeverComesIsLeftOutAndTold) {
    TableContext context = lighthouse();
    context.model = [](const std::string& key, const AskRequest& request) {
        if (key.starts_with("section/1.1/")) return AskReply{"As an AI, I can't.", Finish::stop};
        return obedient(key, request);
    };
    const auto result = write(context);
    ASSERT_TRUE(result);
    EXPECT_THAT(warnings(*result), HasSubstr("1 section is missing"));
}

TEST(Stubborn, ARefusalEndsTheWorkAtOnce) {
    class Refusing final : public StepContext {
    public:
        const job::Settings& settings() const override { return settings_; }
        const job::Guidance& guidance() const override { return guidance_; }
        const std::vector<SourceInfo>& sources() const override { return sources_; }
        Failure<StepErrc> await_user(MilestoneStop) override { return {StepErrc::stopped, ""}; }
        awaitable<StepResult<AskReply>> ask(job::StepKey, AskRequest) override {
            ++calls;
            co_return Failure<StepErrc>{StepErrc::moderated, "The provider refuses this."};
        }
        awaitable<StepResult<std::string>> run(job::StepKey, std::string,
                                               std::function<awaitable<StepResult<std::string>>()>) override {
            co_return StepResult<std::string>(std::string());
        }
        awaitable<StepResult<std::uint32_t>> count_pages(job::StepKey, typeset::Manuscript) override {
            co_return StepResult<std::uint32_t>(1U);
        }
        std::vector<sources::Hit> retrieve(std::string_view, std::size_t, std::size_t) override { return {}; }
        std::optional<sources::Passage> passage(std::string_view) override { return std::nullopt; }
        awaitable<void> all(std::vector<awaitable<void>> tasks) override {
            for (auto& task : tasks) co_await std::move(task);
        }
        void report(ProgressReport) override {}
        int calls = 0;

    private:
        job::Settings settings_;
        job::Guidance guidance_;
        std::vector<SourceInfo> sources_;
    } context;
    boost::asio::io_context loop;
    std::optional<StepErrc> code;
    boost::asio::co_spawn(loop, write_document(context), [&code](std::exception_ptr, StepResult<Finished> result) {
        if (!result) code = result.error().code;
    });
    loop.run();
    EXPECT_EQ(code, StepErrc::moderated);
    EXPECT_EQ(context.calls, 1);
}

// ---- partial documents

std::vector<std::pair<std::string, std::string>> entries_of(const TableContext& context) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (const auto& [key, entry] : context.journal) entries.emplace_back(key, entry.text);
    return entries;
}

TEST(Partial, FinishedSectionsOfAStoppedWorkAreADocument) {
    TableContext context = lighthouse("12-15 pages");
    context.steps_left = 10;
    ASSERT_FALSE(write(context));
    const auto lookup = [&context](std::string_view key) { return context.passage(key); };
    const auto partial = partial_document(context.asked, context.said, context.files, entries_of(context), lookup);
    ASSERT_TRUE(partial);
    EXPECT_TRUE(partial->manuscript.partial);
    EXPECT_EQ(partial->manuscript.title, "The Lighthouse");
    EXPECT_GT(partial->words, 100);
    EXPECT_GT(partial->citations, 0);
    EXPECT_THAT(partial->manuscript.markdown, HasSubstr("# Sources"));
}

TEST(Partial, AWholeJournalGivesTheWholeText) {
    TableContext context = lighthouse();
    const auto whole = write(context);
    ASSERT_TRUE(whole);
    const auto lookup = [&context](std::string_view key) { return context.passage(key); };
    const auto partial = partial_document(context.asked, context.said, context.files, entries_of(context), lookup);
    ASSERT_TRUE(partial);
    EXPECT_EQ(partial->manuscript.markdown, whole->manuscript.markdown);
}

TEST(Partial, NothingFinishedIsNoDocument) {
    TableContext context = lighthouse();
    const auto lookup = [&context](std::string_view key) { return context.passage(key); };
    EXPECT_FALSE(partial_document(context.asked, context.said, context.files, {}, lookup));
    context.steps_left = 2;
    ASSERT_FALSE(write(context));
    EXPECT_FALSE(partial_document(context.asked, context.said, context.files, entries_of(context), lookup));
}

}  // namespace
}  // namespace longhand::writing
