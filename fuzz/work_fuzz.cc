// What a job is started with: an input is the JSON body of POST /api/generateWizardWork.
#include <boost/json/parse.hpp>
#include <string>

#include "fuzz/one_user_api.h"
#include "fuzz/target.h"
#include "http/text.h"
#include "job/settings.h"

namespace longhand::fuzz {
namespace {

constexpr std::uint32_t kMostPages = 350;

net::HttpRequest request_to_start() {
    const std::string head = "POST /api/generateWizardWork HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                             OneUserApi::token() + "\r\n\r\n";
    std::string_view bytes = head;
    const auto request = take_request(bytes);
    require(request.has_value(), "a plain request is one");
    return *request;
}

void is_text(const std::string& text, std::size_t most) {
    require(!http::invalid_utf8_at(text), "what is kept is UTF-8");
    require(http::code_points(text) <= most, "what is kept keeps its bounds");
    require(text.find('\0') == text.npos, "what is kept has no NUL");
}

void check(const job::Settings& settings) {
    is_text(settings.prompt, 10'000);
    require(http::code_points(settings.prompt) >= 10, "a prompt says something");
    is_text(settings.author, 100);
    require(!settings.author.empty(), "a work has an author");
    is_text(settings.email, 254);
    require(settings.email.find('@') != std::string::npos, "an author has an address");
    is_text(settings.title, 200);
    is_text(settings.outline_text, 5'000);
    is_text(settings.style_text, 10'000);
    is_text(settings.supplemental_info, 50'000);
    for (const std::string& milestone : settings.milestones.each) is_text(milestone, 50'000);
    for (const std::string* model : {&settings.reasoning_model, &settings.writing_model, &settings.function_model}) {
        is_text(*model, 200);
        require(!model->empty(), "each role has a model");
    }
    require(settings.mode == "deepwriter", "there is one mode");
    require(settings.max_pages >= 1 && settings.max_pages <= kMostPages, "the most pages keep their bounds");
    const job::Length& length = settings.length;
    require(length.min_pages >= 1 && length.min_pages <= length.max_pages && length.max_pages <= settings.max_pages,
            "a length is a range within the most pages");
    require(settings.urls_for_research.size() <= 50, "addresses are bounded");
    for (const std::string& url : settings.urls_for_research) {
        is_text(url, 2048);
        require(url.starts_with("http://") || url.starts_with("https://"), "an address is of the web");
    }
    require(settings.questions_and_answers.size() <= 100, "questions are bounded");
    for (const auto& [question, answer] : settings.questions_and_answers) {
        is_text(question, 10'000);
        is_text(answer, 10'000);
        require(!question.empty(), "a question asks something");
    }
}

void check(const store::NewJob& started) {
    require(started.project == kProject, "a job is of the project that was named");
    check(started.settings);
    require(job::settings_from_json(job::to_json(started.settings)) == started.settings,
            "settings that are stored are read as they were");
    // No price is known here.
    require(!started.budget.max_cost, "a cap on money that can't be kept is not taken");
    require(!started.budget.max_tokens ||
                (*started.budget.max_tokens >= 1 && *started.budget.max_tokens <= job::kMostTokens),
            "a cap on tokens keeps its bounds");
    require(started.title.value_or("") == started.settings.title, "the job's title is the work's");
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    static OneUserApi api;
    static const longhand::net::HttpRequest request = request_to_start();
    const std::string body(as_text(data, size));
    const Reply reply = api.answer(request, body, body.size() + 1);
    const bool is_started = reply.response.status == longhand::net::http::status::ok;
    require(is_started == !reply.asked.started.empty(), "a job is started, or the request is refused");
    require(reply.asked.started.size() <= 1, "one request starts one job");
    for (const auto& started : reply.asked.started) check(started);
    return 0;
}
