// submit, list, status, watch, cancel, retry, resume, get, receipt: a client of a running server.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>

#include "cli/command.h"
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
using AskedTask = awaitable<int> (*)(Asked* asked);

void print_json(const json::value& value) {
    std::printf("%s\n", json::serialize(value).c_str());
}

int ask_server(const Options& options, AskedTask task) {
    if (options.positional("ID").find_first_not_of("0123456789abcdefABCDEF-") != std::string::npos) {
        return complain(fmt::format("'{}' is no job's id; 'longhand list' shows them.", options.positional("ID")),
                        kUsage);
    }
    auto remote = Remote::connect(options);
    if (!remote) return complain(remote.error().message, status_of(remote.error().code));
    Asked asked{options, **remote, {}};
    const Interrupt interrupt((*remote)->loop(), [&asked](int) { asked.stop.stop(StopReason::cancelled); });
    return run_on((*remote)->loop(), task(&asked));
}

awaitable<int> submit(Asked* asked) {
    const auto order = work_order(asked->options);
    if (!order) co_return complain(order.error().message, kUsage);
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

awaitable<int> list(Asked* asked) {
    auto answer = co_await asked->api().get("/api/jobs", asked->stop.token());
    if (!answer) co_return complain_of(answer.error());
    if (asked->as_json()) {
        print_json(*answer);
        co_return kDone;
    }
    const auto* jobs = answer->is_object() ? answer->get_object().if_contains("jobs") : nullptr;
    if (jobs == nullptr || !jobs->is_array()) co_return complain("The server's answer is not a list of jobs.");
    for (const json::value& job : jobs->get_array()) {
        if (job.is_object()) print_row(job.get_object());
    }
    if (jobs->get_array().empty()) std::fprintf(stderr, "There are no jobs yet; 'longhand submit' starts one.\n");
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
        if (!asked->as_json()) std::printf("completed: longhand get %s\n", asked->id().c_str());
        co_return kDone;
    }
    const std::string why = text_of(*job, "error_message");
    co_return complain(fmt::format("The job is {}.{}{}", state, why.empty() ? "" : " ", why));
}

awaitable<int> tell(Asked* asked, std::string path, job::Budget caps = {}) {
    json::object fields{{"jobId", asked->id()}};
    add_caps(fields, caps);
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
    return tell(asked, "/api/resumeJob", budget_of(asked->options).value());
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

awaitable<int> get(Asked* asked) {
    const std::string format = asked->options.get("format");
    const std::string out = asked->options.find("out").value_or(asked->id() + "." + format);
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
    const auto format = word_option(options, "format", {"pdf", "tex", "md", "html", "docx", "epub", "quality.json"});
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
        {.name = "out", .value = "FILE", .help = "where to write it (default ID.FORMAT)", .flag_only = true}};
    const std::string example = "0190a2f4-5b1c-7d3e-8f00-0123456789ab";
    return {
        {{"submit",
          "starts a job on a running server and prints its id",
          "longhand submit \"A handbook of our test process\" --source process.md --pages 10-12",
          {{"PROMPT", "what to write, 10 to 10,000 characters"}},
          work_options() + budget_options() + client_options()},
         [](const Options& options) { return ask_server(options, submit); }},
        {{"list", "lists your jobs, the newest first", "longhand list --json", {}, client_options()},
         [](const Options& options) { return ask_server(options, list); }},
        {{"status", "shows a job", "longhand status " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, status); }},
        {{"watch", "shows a job's progress until it ends", "longhand watch " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, watch); }},
        {{"cancel", "stops a job", "longhand cancel " + example, {id}, client_options()},
         [](const Options& options) { return ask_server(options, cancel); }},
        {{"retry",
          "goes on with a failed or cancelled job where it stopped",
          "longhand retry " + example,
          {id},
          client_options()},
         [](const Options& options) { return ask_server(options, retry); }},
        {{"resume",
          "goes on with a job that reached its budget, under a higher one",
          "longhand resume " + example + " --max-cost-usd 5",
          {id},
          budget_options() + client_options()},
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
