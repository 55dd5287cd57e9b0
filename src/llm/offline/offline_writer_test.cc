#include "llm/offline/offline_writer.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include "llm/offline/draft.h"
#include "llm/offline/filler.h"
#include "llm/offline/outline.h"
#include "llm/offline/phrases.h"
#include "llm/offline/prompt.h"
#include "llm/offline/sentences.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

namespace json = boost::json;

std::string answer(const std::string& prompt, Manner manner = Manner::plain) {
    return write_answer({{"system", "Rules."}, {"user", prompt}}, manner, 1, 400);
}

std::string head(const std::string& task, const std::string& attributes) {
    return "<task name=\"" + task + "\" key=\"k\" " + attributes +
           " language=\"en\">Do it.</task>\n<request>Write a handbook of the Longhand server for "
           "engineers.</request>\n";
}

const std::string kPassages = R"(<passages>
<passage id="p1" source="design.md" place="Design &gt; The engine">Every write of a worker carries the lease of its job. A write with an old lease matches no row and is dropped. It changes nothing. The lease grows with every entry to and exit from the running state.

- a fragment without a stop
- **Fence.** The store compares the lease before it writes a row.</passage>
<passage id="p2" source="design.md" place="Design &gt; The ledger">Each model call has a row in the ledger before the request leaves. The ledger counts what was spent and what is reserved. A budget that is reached pauses the job and destroys nothing.</passage>
<passage id="p3" source="manual.md" place="Manual &gt; Leases">A lease is a number that tells which worker may write to a job. The worker must renew the lease every two seconds. Whoever holds the newest lease walks the steps of the journal again. See also the manual.</passage>
<passage id="p4" source="manual.md" place="Manual &gt; Typesetting">Pandoc turns the Markdown of a section into LaTeX. The typesetter runs in a sandbox without a network. A document never fails on a character that a font lacks.

| font | script |
|---|---|
| Noto Serif | Latin |
| Noto CJK | Chinese |
</passage>
</passages>
)";
const std::string kSection =
    "<section number=\"2.1\" title=\"Leases\" chapter=\"The engine\">How a lease keeps two workers apart.</section>\n";

std::set<std::string> ids_in(const std::string& text) {
    std::set<std::string> ids;
    for (std::size_t at = 0; (at = text.find("[@", at)) != std::string::npos; ++at)
        ids.insert(text.substr(at + 2, text.find(']', at) - at - 2));
    return ids;
}

TEST(Prompt, ReadsMarksAndTheirEntities) {
    const auto prompt = parse_prompt(head("draft", "words=\"80\"") + kSection + kPassages +
                                     "<said>\n1.1: A job is a row.\n</said><faults><fault>too "
                                     "short</fault></faults><answer form=\"json\">x</answer>");
    ASSERT_TRUE(prompt);
    EXPECT_EQ(prompt->task, "draft");
    EXPECT_EQ(prompt->words, 80u);
    EXPECT_EQ(prompt->section_title, "Leases");
    ASSERT_EQ(prompt->passages.size(), 4u);
    EXPECT_EQ(prompt->passages[0].place, "Design > The engine");
    EXPECT_EQ(prompt->said, std::vector<std::string>{"1.1: A job is a row."});
    EXPECT_EQ(prompt->faults, std::vector<std::string>{"too short"});
    EXPECT_EQ(prompt->form, "json");
}

TEST(Prompt, SurvivesBrokenMarks) {
    EXPECT_FALSE(parse_prompt("plain text < with > marks"));
    EXPECT_FALSE(parse_prompt("<task name=\"draft"));
    EXPECT_FALSE(parse_prompt("<task name=\"draft\">never closed"));
    EXPECT_TRUE(parse_prompt("<a <b <task name=\"draft\">x</task><passages><passage id=\"1\">"));
}

TEST(Sentences, EndWhereSentencesEnd) {
    EXPECT_EQ(sentences_of("See e.g. design.md for 3.5 s. Then `a. B` follows! \"Done.\" Next"),
              (std::vector<std::string>{"See e.g. design.md for 3.5 s.", "Then `a. B` follows!", "\"Done.\"", "Next"}));
    EXPECT_EQ(sentences_of("Аренда растёт. Она не падает.").size(), 2u);
    EXPECT_EQ(sentences_of("租约只会增长。它不会减少！").size(), 2u);
    EXPECT_EQ(sentences_of("Η μίσθωση αυξάνεται. Ποτέ δεν μειώνεται.").size(), 2u);
}

TEST(Sentences, AreCleanedOrRefused) {
    EXPECT_EQ(clean_sentence("- **Fence.** [The store](x.md) compares the *lease* with `a_b`."),
              "Fence. The store compares the lease with `a_b`.");
    EXPECT_EQ(clean_sentence("The price of each of the model calls of this whole job is $5 for all those who read "
                             "[@p9] in the bibliography of the work."),
              "The price of each of the model calls of this whole job is \\$5 for all those who read \\[@p9\\] in the "
              "bibliography of the work.");
    for (const char* fragment : {"a row without a capital stands here.", "The engine of the job", "Too short.",
                                 "int main() { return x->y; } // z.", "See the manual for all of this.",
                                 "THIS IS NOT A SENTENCE BUT A SHOUT.", "An open (bracket is left in this one."})
        EXPECT_FALSE(clean_sentence(fragment)) << fragment;
    EXPECT_TRUE(clean_sentence("Работник отправляет номер аренды при каждой записи."));
    EXPECT_TRUE(clean_sentence("工作进程每次写入都会带上租约编号。"));
}

TEST(Sentences, LoseTheMarksOfTheirSourcesReferences) {
    EXPECT_EQ(without_reference_marks(
                  "Sleep helps [12]. It mends[3, 4\u20136] the brain[a] well.[7] Next [citation needed]."),
              "Sleep helps. It mends the brain well. Next.");
    for (const char* kept : {"See [the manual](x.md).", "Set `a[1]` first.", "A [word] here.", "[", "a []"})
        EXPECT_EQ(without_reference_marks(kept), kept);
}

TEST(Draft, ReadsAPaperWhoseSentencesEndInReferences) {
    const std::string text =
        answer(head("draft", "words=\"60\"") + kSection +
               "<passages><passage id=\"p1\" source=\"a.txt\" place=\"\">Every write of a worker carries the lease of "
               "its job [12]. "
               "The store compares the lease with the newest one and drops an old write [3, 4].</passage></passages>");
    EXPECT_NE(text.find("Every write of a worker carries the lease of its job"), std::string::npos) << text;
    EXPECT_EQ(text.find("12"), std::string::npos) << text;
}

TEST(Milestones, AreMadeOfTheRequestTheSourcesAndTheTextsBefore) {
    const std::string description = answer(head("description", "words=\"120\"") + kPassages);
    EXPECT_NE(
        description.find("“The Longhand server: A Handbook” is the handbook that the request asks for, for engineers."),
        std::string::npos)
        << description;
    EXPECT_NE(description.find("The sources say at their centre: "), std::string::npos) << description;
    const std::string approved = "<description>A ledger for gardeners. It has two parts.</description>\n";
    const std::string details = answer(head("details", "words=\"300\"") + approved + kPassages);
    EXPECT_TRUE(details.starts_with("The work keeps to its description: A ledger for gardeners.\n")) << details;
    EXPECT_NE(details.find("\n- "), std::string::npos) << details;
    const std::string vision = answer(head("vision", "words=\"160\"") + approved + kPassages);
    EXPECT_NE(vision.find("It begins from its description: A ledger for gardeners."), std::string::npos) << vision;
    EXPECT_NE(answer(head("vision", "words=\"160\"") + kPassages), vision);
    // Without sources, and with a description that says nothing.
    EXPECT_FALSE(answer(head("details", "words=\"300\"") + "<description></description>").empty());
}

TEST(Draft, IsMadeOfFittingSentencesOfSeveralSourcesWithCitations) {
    const std::string text = answer(head("draft", "words=\"90\"") + kSection + kPassages);
    EXPECT_NE(text.find("A lease is a number that tells which worker may write to a job"), std::string::npos) << text;
    EXPECT_NE(text.find("Every write of a worker carries the lease"), std::string::npos) << text;
    EXPECT_EQ(text.find("fragment"), std::string::npos) << text;
    EXPECT_EQ(text.find("See also"), std::string::npos) << text;
    EXPECT_GE(ids_in(text).size(), 2u) << text;
    for (const std::string& id : ids_in(text)) EXPECT_TRUE(id == "p1" || id == "p2" || id == "p3" || id == "p4") << id;
    EXPECT_TRUE(text.ends_with("].")) << text;
    EXPECT_LE(words_of_draft(text), 130u);
}

TEST(Draft, LeavesOutWhatWasSaidAlready) {
    const std::string said = "<said>\n1.1: A lease is a number that tells which worker may write to a job.\n</said>\n";
    const std::string text = answer(head("draft", "words=\"90\"") + kSection + said + kPassages);
    EXPECT_EQ(text.find("A lease is a number that tells"), std::string::npos) << text;
}

TEST(Draft, KeepsASentenceWithTheOneItLeansOn) {
    const std::string text = answer(head("draft", "words=\"400\"") + kSection + kPassages);
    const auto leaning = text.find("It changes nothing");
    if (leaning != std::string::npos) {
        EXPECT_NE(text.rfind("is dropped.", leaning), std::string::npos) << text;
    }
    EXPECT_NE(text.find("| font | script |\n| --- | --- |\n| Noto Serif | Latin |"), std::string::npos) << text;
}

TEST(Draft, IsTheSameForTheSamePromptWhateverTheKey) {
    const std::string prompt = head("draft", "words=\"90\"") + kSection + kPassages;
    EXPECT_EQ(answer(prompt), answer(prompt));
}

TEST(Draft, ReadsOtherLanguages) {
    const std::string text = answer(
        "<task name=\"draft\" words=\"60\" language=\"ru\">x</task><section number=\"1\" title=\"Аренда\">Зачем нужна "
        "аренда.</section><passages>"
        "<passage id=\"p1\" source=\"a\" place=\"Аренда\">Аренда показывает, какой работник может писать. Номер аренды "
        "только растёт.</passage>"
        "<passage id=\"p2\" source=\"b\" "
        "place=\"租约\">工作进程每次写入都会带上租约编号。旧的租约编号不会匹配任何行。</passage></passages>");
    EXPECT_NE(text.find("какой работник может писать"), std::string::npos) << text;
    EXPECT_NE(text.find("[@p2]。"), std::string::npos) << text;
    EXPECT_EQ(text.find("section"), std::string::npos) << text;
}

TEST(Revision, HasAboutTheWordsAskedFor) {
    const std::string prompt = head("revise", "words=\"150\"") + kSection + kPassages +
                               "<draft>Short.</draft><faults><fault>too short</fault></faults>";
    EXPECT_GE(words_of_draft(answer(prompt)), 110u) << answer(prompt);
}

TEST(Revision, LeavesOutWhatAFaultQuotes) {
    const std::string prompt = head("revise", "words=\"90\"") + kSection + kPassages +
                               "<draft>x</draft><faults><fault>repeats section 1.1: \"A lease is a number that tells "
                               "which worker may write to a "
                               "job.\"</fault></faults>";
    EXPECT_EQ(answer(prompt).find("A lease is a number that tells"), std::string::npos);
}

TEST(Continuation, GoesOnFromTheNextCharacter) {
    const std::string whole = answer(head("draft", "words=\"90\"") + kSection + kPassages);
    const std::string cut = whole.substr(0, whole.size() / 2 + 1);
    const std::string prompt = head("continue", "words=\"90\"") + kSection + kPassages + "<draft>" + cut + "</draft>";
    EXPECT_EQ(cut + answer(prompt), whole);
}

TEST(Plan, NamesTheWorkItsThemesAndTerms) {
    const auto plan =
        json::parse(answer(head("plan", "") + kPassages + "<answer form=\"json\" schema=\"plan\">{}</answer>"))
            .as_object();
    EXPECT_EQ(plan.at("title"), "The Longhand server: A Handbook");
    EXPECT_EQ(plan.at("audience"), "Engineers");
    EXPECT_EQ(plan.at("language"), "en");
    EXPECT_GE(plan.at("themes").as_array().size(), 3u);
    EXPECT_GE(plan.at("terms").as_array().size(), 2u);
    EXPECT_FALSE(plan.at("thesis").as_string().empty());
}

TEST(Outline, HasTheChaptersAskedForWithDistinctTitles) {
    for (const int count : {1, 3, 4, 9}) {
        const std::string prompt = head("outline", "chapters=\"" + std::to_string(count) + "\"") + kPassages +
                                   "<answer form=\"json\">x</answer>";
        const auto chapters = json::parse(answer(prompt)).at("chapters").as_array();
        ASSERT_EQ(chapters.size(), static_cast<std::size_t>(count));
        std::set<std::string> titles;
        for (const auto& chapter : chapters) {
            titles.insert(lower(std::string(chapter.at("title").as_string())));
            EXPECT_FALSE(chapter.at("purpose").as_string().empty());
            EXPECT_FALSE(chapter.at("keywords").as_array().empty());
        }
        EXPECT_EQ(titles.size(), static_cast<std::size_t>(count));
    }
}

TEST(Outline, OfAChapterAvoidsTheTitlesThatAreTaken) {
    const std::string prompt =
        head("outline_chapter", "sections=\"3\"") +
        "<outline>\n1. The ledger\n> 2. Leases\n</outline><section number=\"2\" title=\"Leases\">x</section>" +
        kPassages + "<answer form=\"lines\">x</answer>";
    const std::string text = answer(prompt);
    EXPECT_TRUE(text.starts_with("1. ")) << text;
    EXPECT_NE(text.find("\n3. "), std::string::npos) << text;
    EXPECT_EQ(text.find(". The ledger:"), std::string::npos) << text;
    EXPECT_EQ(text.find(". Leases:"), std::string::npos) << text;
}

TEST(Filler, IsMarkedAndHasTheWordsAskedFor) {
    const std::string prompt = head("draft", "words=\"250\"") + kSection;
    const std::string text = answer(prompt);
    EXPECT_TRUE(text.starts_with(kFillerMark));
    EXPECT_NEAR(static_cast<double>(words_of_draft(text)), 250, 40);
    EXPECT_TRUE(ids_in(text).empty());
    EXPECT_GE(words_of_draft(answer(head("draft", "words=\"9000\"") + kSection + "<said>x</said>")), 9000u);
}

TEST(PlainChat, SaysWhatItIs) {
    const std::string text = answer("Tell me about bees and honey.");
    EXPECT_NE(text.find("no large language model"), std::string::npos);
    EXPECT_NE(text.find("bees"), std::string::npos);
}

TEST(Manner, ChangesLengthSubjectFormAndCitations) {
    const std::string prompt = head("draft", "words=\"80\"") + kSection + kPassages;
    const std::size_t plain = words_of_draft(answer(prompt));
    EXPECT_LT(words_of_draft(answer(prompt, Manner::terse)), plain * 3 / 4);
    EXPECT_GT(words_of_draft(answer(prompt, Manner::verbose)), plain * 5 / 4);
    EXPECT_GE(words_of_draft(answer(prompt, Manner::loop)), 4 * plain);
    EXPECT_NE(answer(prompt, Manner::drift).find("Bees in winter"), std::string::npos);
    EXPECT_TRUE(ids_in(answer(prompt, Manner::invent)).contains("p9001"));
    const std::string outline = head("outline", "chapters=\"3\"") + kPassages;
    EXPECT_FALSE(answer(outline, Manner::bad_json).starts_with("{"));
    EXPECT_TRUE(answer(outline + "<error>not JSON</error>", Manner::bad_json).starts_with("{"));
    EXPECT_FALSE(parse_manner("odd"));
}

TEST(Titles, ComeFromHeadingsThatSaySomething) {
    EXPECT_EQ(title_from_heading("3.2 Model `calls` and the ledger."), "Model calls and the ledger");
    for (const char* heading : {"Introduction", "src/base/time.h", "POST /jobs", "1.", "a::b", ""})
        EXPECT_EQ(title_from_heading(heading), "") << heading;
    EXPECT_TRUE(same_title("The ledger", "Ledger"));
    EXPECT_FALSE(same_title("Model calls and the ledger", "Leases and beats"));
}

TEST(OfflineWriter, ARequestIsSaidAgainWithWhatItsSourcesTreat) {
    const std::string prompt =
        "<task name=\"format_prompt\">Improve.</task><request>Write a handbook of hives for beginners: how a hive is "
        "built, what bees need in winter, and when honey is taken.</request>"
        "<passages><passage id=\"p1\" source=\"bees.md\" place=\"Hives\">A hive has one queen. The queen lays eggs in "
        "the hive. Beekeepers open the hive in spring.</passage></passages>";
    const std::string answer = write_answer({{"user", prompt}}, Manner::plain, 1, 0);
    const auto object = boost::json::parse(answer).as_object();
    const std::string better(object.at("prompt").as_string());
    EXPECT_TRUE(better.starts_with("Write a handbook of hives for beginners")) << better;
    EXPECT_NE(better.find("bees.md"), std::string::npos) << better;
    EXPECT_NE(better.find("It is for beginners"), std::string::npos) << better;
    const auto& questions = object.at("questions").as_array();
    EXPECT_GE(questions.size(), 4U);
    EXPECT_LE(questions.size(), 9U);
    EXPECT_EQ(write_answer({{"user", prompt}}, Manner::plain, 1, 0), answer) << "not the same twice";
    EXPECT_NE(write_answer({{"user", prompt}}, Manner::bad_json, 1, 0).front(), '{');
}

}  // namespace
}  // namespace longhand::llm::offline
