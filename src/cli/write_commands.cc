// write: from a prompt to documents, here or on the server that holds the data folder.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/interrupt.h"
#include "cli/local_write.h"
#include "cli/remote.h"
#include "cli/submission.h"
#include "engine/file_name.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

/// `write` as the client of a server.
struct RemoteWrite {
    const WriteCall& call;
    Remote& remote;
    std::unique_ptr<ProgressView> view;
    std::string job;
    SteadyTime started{};
    StopSource stop;

    ApiClient& api() const { return remote.api(); }
    bool as_json() const { return call.options.flag("json"); }
};

awaitable<ClientResult<std::string>> begin(RemoteWrite* write) {
    if (!write->call.resume) {
        const auto note = [write](const std::string& text) { write->view->note(text); };
        co_return co_await submit_order(write->api(), *write->call.order, note, write->stop.token());
    }
    const std::string id = write->call.resume->to_string();
    auto job = co_await job_status(write->api(), id, write->stop.token());
    if (!job) co_return job.error();
    const std::string state = text_of(*job, "status");
    if (state == "failed" || state == "cancelled" || state == "moderated") {
        if (write->call.raised != job::Budget{})
            co_return Failure<ClientErrc>{ClientErrc::refused, fixed_budget(state)};
        json::value body{{"jobId", id}};
        auto retried = co_await write->api().post("/api/retryJob", std::move(body), write->stop.token());
        if (!retried) co_return retried.error();
    }
    if (state == "draft") {
        json::object fields{{"jobId", id}};
        add_caps(fields, write->call.raised);
        json::value body = std::move(fields);
        auto resumed = co_await write->api().post("/api/resumeJob", std::move(body), write->stop.token());
        if (!resumed) co_return resumed.error();
    }
    co_return id;
}

int fail_remote(const RemoteWrite& write, const Failure<ClientErrc>& failure) {
    const bool quiet = failure.message.empty();
    return print_failure(write.call.options, quiet ? "stopped" : "failed", quiet ? "Stopped." : failure.message,
                         kFailed);
}

int fail_delivery(const RemoteWrite& write, const Failure<ClientErrc>& failure) {
    return print_failure(
        write.call.options, failure.code == ClientErrc::stopped ? "stopped" : "failed",
        fmt::format("{} The work is finished; fetch its documents with: {}",
                    failure.message.empty() ? "Stopped." : failure.message, resume_command(write.call, write.job)),
        kFailed);
}

// Ctrl-C is a cancel; SIGTERM is of this process, and the server's job goes on.
awaitable<int> leave(RemoteWrite* write) {
    const Options& options = write->call.options;
    if (write->stop.token().reason() != StopReason::cancelled) {
        const std::string there = to_the_same_server(options);
        co_return print_failure(
            options, "stopped",
            fmt::format("Stopped watching; the job goes on, on the server at {}. See it with: longhand watch {}{}",
                        write->api().url(), write->job, there),
            kFailed);
    }
    json::value body{{"jobId", write->job}};
    auto cancelled = co_await write->api().post("/api/cancelJob", std::move(body), StopToken{});
    if (!cancelled) co_return fail_remote(*write, cancelled.error());
    co_return print_failure(
        options, "cancelled",
        fmt::format("Cancelled. What is written is kept; go on with: {}", resume_command(write->call, write->job)),
        kFailed);
}

int fail_job(const RemoteWrite& write, const json::object& status) {
    const std::string state = text_of(status, "status");
    const std::string problem = text_of(status, "problem_code");
    const std::string message = text_of(status, "error_message");
    const std::string code = problem.empty() ? (state == "draft" ? std::string("paused") : state) : problem;
    return print_failure(write.call.options, code,
                         fmt::format("The job is {}.{}{} {}", state, message.empty() ? "" : " ", message,
                                     advice_after(write.call, write.job, problem, message)),
                         kFailed);
}

awaitable<int> deliver(RemoteWrite* write, std::string title) {
    std::vector<Delivered> files;
    const std::string base = fmt::format("/api/jobs/{}/output.", write->job);
    for (const std::string& format : write->call.formats) {
        const std::string path = free_path(write->call.out, engine::file_name(title, format, false));
        auto size = co_await write->api().download(base + format, path, write->stop.token());
        if (!size) co_return fail_delivery(*write, size.error());
        files.push_back({format, path});
    }
    auto quality = co_await write->api().get(base + "quality.json", write->stop.token());
    Figures figures = quality && quality->is_object() ? figures_of(quality->get_object()) : Figures{};
    auto ledger = co_await write->api().get(fmt::format("/api/jobs/{}/ledger", write->job), write->stop.token());
    if (ledger && ledger->is_object()) figures.cost = known_cost(ledger->get_object());
    const auto taken = std::chrono::duration_cast<Seconds>(write->remote.runtime().steady_now() - write->started);
    print_delivery(write->job, files, figures, taken, write->as_json());
    co_return kDone;
}

awaitable<int> run_remote(RemoteWrite* write) {
    write->started = write->remote.runtime().steady_now();
    auto job = co_await begin(write);
    if (!job) co_return fail_remote(*write, job.error());
    write->job = *job;
    write->view->note(fmt::format("job {} on the server at {}", *job, write->api().url()));
    auto status = co_await follow(write->api(), *job, *write->view, write->stop.token());
    write->view->close();
    if (!status && status.error().code == ClientErrc::stopped) co_return co_await leave(write);
    if (!status) co_return fail_remote(*write, status.error());
    if (text_of(*status, "status") == "completed") co_return co_await deliver(write, text_of(*status, "title"));
    if (text_of(*status, "progress_stage") == "waiting_for_budget") {
        co_return print_failure(
            write->call.options, "budget",
            fmt::format(
                "The budget is reached. What is written is kept; 'longhand receipt {}' says what it cost. Go on "
                "under a higher one with: {} --max-cost-usd N or --max-tokens N",
                write->job, resume_command(write->call, write->job)),
            kFailed);
    }
    if (text_of(*status, "progress_stage") == "waiting_for_user") {
        co_return print_failure(
            write->call.options, "paused",
            fmt::format("The work waits for you to read its next milestone: longhand draft {}{} "
                        "shows it. Go on with: {}",
                        write->job, to_the_same_server(write->call.options), resume_command(write->call, write->job)),
            kFailed);
    }
    co_return fail_job(*write, *status);
}

// What the server decides, and a client would only seem to.
int refuse_server_options(const WriteCall& call) {
    for (const OptionSpec& option : provider_options()) {
        if (!call.options.has(option.name)) continue;
        return print_failure(
            call.options, "usage",
            fmt::format("A server holds this data folder, and its own provider and models write. Leave {} "
                        "out, or name another folder with --data.",
                        call.options.origin(option.name)),
            kUsage);
    }
    for (const OptionSpec& option : child_options()) {
        if (!call.options.is_typed(option.name)) continue;
        return print_failure(call.options, "usage",
                             fmt::format("A server holds this data folder, and sets the documents as it was started. "
                                         "Leave --{} out, or name another folder with --data.",
                                         option.name),
                             kUsage);
    }
    return kDone;
}

int write_on_server(const WriteCall& call) {
    if (const int status = refuse_server_options(call); status != kDone) return status;
    auto remote = Remote::connect(call.options, OwnerAccount::made);
    if (!remote) return print_failure(call.options, "failed", remote.error().message, status_of(remote.error().code));
    const bool as_json = call.options.flag("json");
    RemoteWrite write{call, **remote, make_progress_view(view_kind_for(stderr, as_json), stderr, stdout), {}, {}, {}};
    const Interrupt interrupt((*remote)->loop(), [&write](int signal) { write.stop.stop(stop_reason_of(signal)); });
    return run_on((*remote)->loop(), run_remote(&write));
}

// What a job is begun with and keeps.
constexpr const char* kOfTheJob[] = {"source",          "pages",         "title",          "author",        "model",
                                     "reasoning-model", "writing-model", "function-model", "context-tokens"};

Value<WriteCall> write_call(const Options& options) {
    WriteCall call{options, {}, {}, {}, {}, {}};
    auto formats = formats_option(options);
    if (!formats) return formats.error();
    call.formats = std::move(*formats);
    call.out = options.get("out");
    if (const auto id = options.find("resume")) {
        call.resume = Uuid::parse(*id);
        if (!call.resume) return wrong_usage(fmt::format("--resume should be a job's id, not '{}'.", *id));
        if (!options.positional("PROMPT").empty())
            return wrong_usage("A job that is resumed has its prompt already; leave PROMPT out.");
        const auto raised = budget_of(options);
        if (!raised) return raised.error();
        call.raised = *raised;
        for (const char* name : kOfTheJob) {
            if (options.is_typed(name))
                return wrong_usage(fmt::format(
                    "A job that is resumed goes on as it was begun, and --{0} was settled then; leave --{0} "
                    "out, or start a new one.",
                    name));
        }
        return call;
    }
    if (options.positional("PROMPT").empty())
        return wrong_usage(
            "write wants PROMPT: what to write. Example: longhand write \"A handbook of our test "
            "process\" --source process.md");
    auto order = work_order(options);
    if (!order) return order.error();
    call.order = std::move(*order);
    return call;
}

// Makes the folder for the documents when it is missing; says why it can't take them, before hours of work.
std::string prepare_out(const std::string& out) {
    std::error_code error;
    std::filesystem::create_directories(out, error);
    if (error) return fmt::format("{} can't be made: {}. Name another folder with --out.", out, error.message());
    if (access(out.c_str(), W_OK | X_OK) == 0) return {};
    return fmt::format("{} can't be written: {}. Name another folder with --out.", out, std::strerror(errno));
}

int write(const Options& options) {
    const auto call = write_call(options);
    if (!call) return print_failure(options, "usage", call.error().message, kUsage);
    if (const std::string problem = prepare_out(call->out); !problem.empty())
        return print_failure(options, "disk", problem, kFailed);
    if (const auto status = write_alone(*call)) return *status;
    return write_on_server(*call);
}

}  // namespace

std::vector<Command> write_commands() {
    const std::vector<OptionSpec> own = {
        {.name = "out", .value = "DIR", .help = "where the documents go", .fallback = "."},
        {.name = "format",
         .value = "LIST",
         .help = "of pdf, tex, md, html, docx, epub, with commas between them",
         .fallback = "pdf"},
        {.name = "resume",
         .value = "JOB",
         .help = "goes on with a job that was stopped; of a completed one the documents are given",
         .flag_only = true},
        {.name = "json", .help = "progress and result as JSON lines on standard output"},
    };
    std::vector<OptionSpec> store = store_options();
    for (OptionSpec& option : store) {
        // The bar is the log, unless more is asked for.
        if (option.name == "log-level") option.fallback = "warning";
    }
    return {{{"write",
              "writes a document: a prompt and sources in, a typeset book out",
              "longhand write \"A handbook of our test process\" --source process.md --source faq.html --pages 10-15",
              {{"PROMPT", "what to write, 10 to 10,000 characters", false}},
              work_options() + own + budget_options() + provider_options() + child_options() + store},
             write}};
}

}  // namespace longhand::cli
