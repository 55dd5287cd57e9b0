// submit, list, status, watch, draft, cancel, retry, resume, get, receipt: a client of a running server.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/interrupt.h"
#include "cli/receipt.h"
#include "cli/remote.h"
#include "cli/submission.h"
#include "cli/work_order.h"
#include "typeset/typesetter.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

/// One command's call of a server. Lives until its coroutine has ended.
struct Asked {
    const Options& options;
    Remote& remote;
    StopSource stop;

    ApiClient& api() const { return remote.api(); }
    std::string id() const { return options.positional("ID"); }
    bool as_json() const { return options.flag("json"); }
};
constexpr std::size_t kMostListed = 1000;  // as the API has it

using AskedTask = awaitable<int> (*)(Asked* asked);

void print_json(const json::value& value) {
    std::printf("%s\n", json::serialize(value).c_str());
}

int ask_server(const Options& options, AskedTask task) {
    const std::string id = options.positional("ID");
    if (!id.empty() && !Uuid::parse(id)) {
        return complain(
            fmt::format("'{}' is no job's id; 'longhand list{}' shows them.", id, to_the_same_server(options)), kUsage);
    }
    auto remote = Remote::connect(options, OwnerAccount::wanted);
    if (!remote) return complain(remote.error().message, status_of(remote.error().code));
    Asked asked{options, **remote, {}};
    const Interrupt interrupt((*remote)->loop(), [&asked](int signal) { asked.stop.stop(stop_reason_of(signal)); });
    return run_on((*remote)->loop(), task(&asked));
}

awaitable<int> submit(Asked* asked) {
    auto order = work_order(asked->options);
    if (!order) co_return complain(order.error().message, kUsage);
    order->settings.guided = asked->options.flag("guided");
    const auto report = [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); };
    auto job = co_await submit_order(asked->api(), *order, report, asked->stop.token());
    if (!job) co_return complain_of(job.error());
    if (asked->as_json()) {
        print_json({{"jobId", *job}});
    } else {
        std::printf("%s\n", job->c_str());
    }
    co_return kDone;
}

void print_row(const json::object& job) {
    std::printf("%s  %-11s %5.1f %%  %s  %s\n", text_of(job, "id").c_str(), text_of(job, "status").c_str(),
                number_of(job, "percent_complete") * 100, text_of(job, "created_at").c_str(),
                text_of(job, "title").c_str());
}

std::string list_path(std::size_t limit, const std::string& cursor) {
    std::string path = fmt::format("/api/jobs?limit={}", limit);
    if (!cursor.empty()) path += "&cursor=" + cursor;
    return path;
}

// Appends a page of jobs to those before it, `whole`; false when it is no such page.
bool add_page(json::object& whole, json::value page) {
    json::value* jobs = page.is_object() ? page.get_object().if_contains("jobs") : nullptr;
    if (jobs == nullptr || !jobs->is_array()) return false;
    json::value* before = whole.if_contains("jobs");
    if (before == nullptr) {
        whole = std::move(page.get_object());
        return true;
    }
    for (json::value& job : jobs->get_array()) before->get_array().push_back(std::move(job));
    whole["next_cursor"] = page.get_object()["next_cursor"];
    return true;
}

void print_list(const json::object& list) {
    const json::array& jobs = list.at("jobs").get_array();
    for (const json::value& job : jobs) {
        if (job.is_object()) print_row(job.get_object());
    }
    const auto total = static_cast<std::size_t>(number_of(list, "total"));
    if (jobs.empty()) {
        std::fprintf(stderr, "There are no jobs yet; 'longhand submit' starts one.\n");
    } else if (jobs.size() < total) {
        std::fprintf(stderr, "The newest %zu of %zu jobs; --limit N or --all shows more.\n", jobs.size(), total);
    }
}

awaitable<int> list(Asked* asked) {
    const auto limit = number_option(asked->options, "limit", 1, kMostListed);
    if (!limit) co_return complain(limit.error().message, kUsage);
    const bool all = asked->options.flag("all");
    json::object whole;
    std::string cursor;
    do {
        std::string path = list_path(all ? kMostListed : *limit, cursor);
        auto answer = co_await asked->api().get(std::move(path), asked->stop.token());
        if (!answer) co_return complain_of(answer.error());
        if (!add_page(whole, std::move(*answer))) co_return complain("The server's answer is not a list of jobs.");
        cursor = text_of(whole, "next_cursor");
    } while (all && !cursor.empty());
    if (asked->as_json()) {
        print_json(whole);
    } else {
        print_list(whole);
    }
    co_return kDone;
}

awaitable<int> status(Asked* asked) {
    auto job = co_await job_status(asked->api(), asked->id(), asked->stop.token());
    if (!job) co_return complain_of(job.error());
    if (asked->as_json()) {
        print_json(*job);
        co_return kDone;
    }
    for (const auto& [name, value] : *job) {
        const std::string key(name);
        const std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
        std::printf("%-17s %s\n", key.c_str(), text.c_str());
    }
    co_return kDone;
}

awaitable<int> watch(Asked* asked) {
    const auto view = make_progress_view(view_kind_for(stdout, asked->as_json()), stdout, stdout);
    auto job = co_await follow(asked->api(), asked->id(), *view, asked->stop.token());
    view->close();
    if (!job) co_return complain_of(job.error());
    const std::string state = text_of(*job, "status");
    if (state == "completed") {
        if (!asked->as_json())
            std::printf("completed: longhand get %s%s\n", asked->id().c_str(),
                        to_the_same_server(asked->options).c_str());
        co_return kDone;
    }
    if (text_of(*job, "progress_stage") == "waiting_for_user") {
        co_return complain(
            fmt::format("The job waits for you: longhand draft {0}{1} shows what to read, and longhand "
                        "resume {0}{1} goes on.",
                        asked->id(), to_the_same_server(asked->options)));
    }
    const std::string why = text_of(*job, "error_message");
    co_return complain(fmt::format("The job is {}.{}{}", state, why.empty() ? "" : " ", why));
}

awaitable<int> draft(Asked* asked) {
    auto answer = co_await asked->api().get("/api/getDraft?jobId=" + asked->id(), asked->stop.token());
    if (!answer) co_return complain_of(answer.error());
    if (asked->as_json() || !answer->is_object()) {
        print_json(*answer);
        co_return kDone;
    }
    const json::object& shown = answer->get_object();
    for (const job::Milestone milestone : job::kMilestones) {
        const std::string text = text_of(shown, job::field_of(milestone));
        if (text.empty()) continue;
        std::printf("== %s ==\n%s\n\n", std::string(job::to_string(milestone)).c_str(), text.c_str());
    }
    const std::string at = text_of(shown, "milestone");
    if (at.empty()) {
        std::fprintf(stderr, "The job is %s and does not wait for you.\n", text_of(shown, "status").c_str());
    } else {
        std::fprintf(stderr, "The job waits for you to read its %s.\n", at.c_str());
    }
    co_return kDone;
}

enum class Ahead { to_the_next_milestone, to_the_end };

awaitable<int> tell(Asked* asked, std::string path, job::Budget caps = {}, Ahead ahead = Ahead::to_the_next_milestone) {
    json::object fields{{"jobId", asked->id()}};
    add_caps(fields, caps);
    if (ahead == Ahead::to_the_end) fields["skip"] = true;
    json::value body = std::move(fields);
    auto answer = co_await asked->api().post(std::move(path), std::move(body), asked->stop.token());
    if (!answer) co_return complain_of(answer.error());
    if (asked->as_json()) {
        print_json(*answer);
    } else if (answer->is_object()) {
        std::printf("%s\n", text_of(answer->get_object(), "message").c_str());
    }
    co_return kDone;
}

awaitable<int> cancel(Asked* asked) {
    return tell(asked, "/api/cancelJob");
}
awaitable<int> retry(Asked* asked) {
    return tell(asked, "/api/retryJob");
}

awaitable<int> resume(Asked* asked) {
    const Ahead ahead = asked->options.flag("skip") ? Ahead::to_the_end : Ahead::to_the_next_milestone;
    return tell(asked, "/api/resumeJob", budget_of(asked->options).value(), ahead);
}

int run_resume(const Options& options) {
    const auto caps = budget_of(options);
    if (!caps) return complain(caps.error().message, kUsage);
    return ask_server(options, resume);
}

awaitable<int> receipt(Asked* asked) {
    auto ledger = co_await asked->api().get(fmt::format("/api/jobs/{}/ledger", asked->id()), asked->stop.token());
    if (!ledger) co_return complain_of(ledger.error());
    if (asked->as_json()) {
        print_json(*ledger);
    } else if (ledger->is_object()) {
        std::fputs(receipt_text(ledger->get_object()).c_str(), stdout);
    }
    co_return kDone;
}

// A list in the environment or a file is meant for `write`: the first of it is taken.
Value<std::string> document_format(const Options& options) {
    std::vector<std::string> known = format_words();
    known.emplace_back("quality.json");
    std::stringstream words(options.get("format"));
    std::string word;
    std::getline(words, word, ',');
    std::erase(word, ' ');
    if (!options.is_typed("format") && std::ranges::find(known, word) != known.end()) return word;
    return word_option(options, "format", known);
}

// What the environment or a file says is a folder, as `write` has it; a flag may name the file itself.
std::string document_path(const Options& options, const std::string& name) {
    const auto out = options.find("out");
    if (!out) return name;
    std::error_code error;
    if (!options.is_typed("out")) std::filesystem::create_directories(*out, error);
    if (!options.is_typed("out") || std::filesystem::is_directory(*out, error))
        return (std::filesystem::path(*out) / name).string();
    return *out;
}

awaitable<int> get(Asked* asked) {
    // run_get has looked: it is one.
    const std::string format = *document_format(asked->options);
    const std::string out = document_path(asked->options, asked->id() + "." + format);
    auto size = co_await asked->api().download(fmt::format("/api/jobs/{}/output.{}", asked->id(), format), out,
                                               asked->stop.token());
    if (!size) co_return complain_of(size.error());
    if (asked->as_json()) {
        print_json({{"file", out}, {"bytes", *size}});
    } else {
        std::printf("%s\n", out.c_str());
    }
    co_return kDone;
}

int run_get(const Options& options) {
    const auto format = document_format(options);
    if (!format) return complain(format.error().message, kUsage);
    return ask_server(options, get);
}

}  // namespace

std::vector<Command> job_commands() {
    const PositionalSpec id{"ID", "the job's id"};
    const std::vector<OptionSpec> output = {
        {.name = "format",
         .value = "FORMAT",
         .help = "pdf, tex, md, html, docx, epub or quality.json",
         .fallback = "pdf"},
        {.name = "out", .value = "FILE", .help = "where to write it; a folder takes ID.FORMAT (default ID.FORMAT)"}};
    const std::vector<OptionSpec> listing = {
        {.name = "limit", .value = "N", .help = "how many, 1 to 1000", .fallback = "100"},
        {.name = "all", .help = "every job, however many"}};
    const std::vector<OptionSpec> guided = {
        {.name = "guided", .help = "stop after the description, the details and the vision, for you to read and edit"}};
    const std::vector<OptionSpec> ahead = {{.name = "skip", .help = "stop at no milestone again"}};
    const std::string example = "0190a2f4-5b1c-7d3e-8f00-0123456789ab";
    return {
        {{"submit",
          "starts a job on a running server and prints its id",
          "longhand submit \"A handbook of our test process\" --source process.md --pages 10-12",
          {{"PROMPT", "what to write, 10 to 10,000 characters"}},
          work_options() + guided + budget_options() + client_options()},
         [](const Options& options) { return ask_server(options, submit); }},
        {{"list", "lists your jobs, the newest first", "longhand list --json", {}, listing + client_options()},
         [](const Options& options) { return ask_server(options, list); }},
        {{"status", "shows a job", "longhand status " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, status); }},
        {{"watch", "shows a job's progress until it ends", "longhand watch " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, watch); }},
        {{"draft", "shows the milestones of a guided job", "longhand draft " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, draft); }},
        {{"cancel", "stops a job", "longhand cancel " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, cancel); }},
        {{"retry",
          "goes on with a failed or cancelled job where it stopped",
          "longhand retry " + example,
          {id},
          client_options()},
         [](const Options& options) { return ask_server(options, retry); }},
        {{"resume",
          "goes on with a job that reached its budget, under a higher one, or that waits for you",
          "longhand resume " + example + " --max-cost-usd 5",
          {id},
          ahead + budget_options() + client_options()},
         run_resume},
        {{"receipt", "shows what a job has cost, call by call", "longhand receipt " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, receipt); }},
        {{"get",
          "fetches a job's document",
          "longhand get " + example + " --format epub --out book.epub",
          {id},
          output + client_options()},
         run_get},
    };
}

}  // namespace longhand::cli
