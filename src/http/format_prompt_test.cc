// formatPrompt, over a helper of the test's.
#include <gtest/gtest.h>

#include "http/testing.h"

namespace longhand::http {
namespace {

class FormatPrompt : public testing::Test {
protected:
    FormatPrompt() {
        ServerDefaults defaults;
        defaults.provider = "offline";
        defaults.function_model = "offline/small";
        server.app().set_defaults(std::move(defaults));
    }
    static std::string bearer(const std::string& credential) { return "Authorization: Bearer " + credential + "\r\n"; }
    RawAnswer post(const std::string& target, const std::string& body) {
        return server.send("POST", target, session, body);
    }
    RawAnswer ask(const std::string& more = "") {
        return post("/api/formatPrompt", R"({"prompt":"Write a book of bees.")" + more + "}");
    }

    TestServer server;
    Uuid ada = server.add_user("ada@example.org");
    std::string session = bearer(server.token(ada));
};

TEST_F(FormatPrompt, OneTextUnderThreeNamesAndNineQuestions) {
    const RawAnswer answer = ask();
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = answer.json();
    EXPECT_EQ(body.at("enhanced_prompt"), "Better: Write a book of bees.");
    EXPECT_EQ(body.at("formatted_prompt"), body.at("enhanced_prompt"));
    EXPECT_EQ(body.at("formattedPrompt"), body.at("enhanced_prompt"));
    EXPECT_EQ(body.at("questions").as_array().size(), 9U);
    const auto asked = server.last_question();
    EXPECT_EQ(asked.owner, ada);
    EXPECT_EQ(asked.model, "offline/small");
    EXPECT_FALSE(asked.is_byok);
}

TEST_F(FormatPrompt, TheProjectsFilesAndFieldsAreTakenIntoAccount) {
    const std::string project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
    server.send("PATCH", "/api/updateProject?projectId=" + project, session, R"({"style_text":"Plain."})");
    const std::string upload =
        "--XX\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n" + project +
        "\r\n--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"bees.txt\"\r\n\r\n"
        "Bees.\r\n--XX--\r\n";
    server.send("POST", "/api/uploadProjectFiles", session + "Content-Type: multipart/form-data; boundary=XX\r\n",
                upload);
    EXPECT_EQ(ask(R"(,"projectId":")" + project +
                  R"(","page_length":15,"questions_and_answers":"[{\"question\":\"Who?\",\"answer\":\"All.\"}]")")
                  .status,
              200);
    const auto asked = server.last_question();
    EXPECT_EQ(asked.project->to_string(), project);
    ASSERT_EQ(asked.files.size(), 1U);
    EXPECT_EQ(asked.wish.files, std::vector<std::string>{"bees.txt"});
    EXPECT_EQ(asked.wish.style, "Plain.");
    EXPECT_EQ(asked.wish.length, "15 pages");
    ASSERT_EQ(asked.wish.answers.size(), 1U);
    EXPECT_EQ(asked.wish.answers[0].answer, "All.");
}

TEST_F(FormatPrompt, TheProjectsQuestionsAreTakenWhereTheRequestNamesNone) {
    const std::string project = post("/api/createProject", R"({"newProjectName":"A book"})").text("id");
    server.send("PATCH", "/api/updateProject?projectId=" + project, session,
                R"({"questions_answers":[{"question":"Who?","answer":"All."}]})");
    ASSERT_EQ(ask(R"(,"page_length":" ","projectId":")" + project + "\"").status, 200);
    ASSERT_EQ(server.last_question().wish.answers.size(), 1U);
    EXPECT_EQ(server.last_question().wish.answers[0].answer, "All.");
    EXPECT_EQ(server.last_question().wish.length, "") << "an empty field of a form is one that is left out";
    ASSERT_EQ(ask(R"(,"questions_and_answers":[],"projectId":")" + project + "\"").status, 200);
    EXPECT_TRUE(server.last_question().wish.answers.empty());
}

TEST_F(FormatPrompt, AProjectThatIsNotThereOrNotOnesOwnChangesNothing) {
    const std::string of_bob = bearer(server.token(server.add_user("bob@example.org")));
    const RawAnswer made = server.send("POST", "/api/createProject", of_bob, R"({"newProjectName":"A secret"})");
    const std::string plain = ask().body;
    for (const std::string& id : {made.text("id"), ada.to_string(), std::string("nonsense"), std::string()}) {
        EXPECT_EQ(ask(R"(,"projectId":")" + id + "\"").body, plain) << id;
        EXPECT_FALSE(server.last_question().project);
        EXPECT_TRUE(server.last_question().files.empty());
    }
    EXPECT_EQ(ask(R"(,"projectId":7)").body, plain);
}

TEST_F(FormatPrompt, ThePromptHasItsBounds) {
    for (const std::string& body :
         {std::string("{}"), std::string(R"({"prompt":"too short"})"), std::string(R"({"prompt":"            "})"),
          R"({"prompt":")" + std::string(10'001, 'x') + "\"}", std::string(R"({"prompt":7})"),
          std::string(R"({"prompt":"Write a book of bees.","page_length":"very long"})")}) {
        EXPECT_EQ(post("/api/formatPrompt", body).status, 400) << body.substr(0, 60);
    }
    EXPECT_EQ(post("/api/formatPrompt", R"({"prompt":")" + std::string(10'000, 'x') + "\"}").status, 200);
}

TEST_F(FormatPrompt, OnesOwnKeyIsUsedAndOneThatIsDamagedIsNotReplaced) {
    EXPECT_EQ(post("/api/submitApiKey", R"({"apiKey":"sk-good"})").status, 200);
    ask();
    EXPECT_TRUE(server.last_question().is_byok);
    EXPECT_EQ(server.last_question().model, "offline/small");
    auto damaged = server.wait(server.database().provider_key(ada)).value().value();
    damaged.sealed.back() = static_cast<char>(damaged.sealed.back() ^ 1);
    ASSERT_TRUE(server.wait(server.database().set_provider_key(damaged)));
    EXPECT_EQ(ask().status, 200);
    EXPECT_FALSE(server.last_question().is_byok);
    EXPECT_EQ(server.last_question().model, "");
}

}  // namespace
}  // namespace longhand::http
