#include "cli/local_write.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/task_scope.h"
#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/interrupt.h"
#include "cli/logging.h"
#include "cli/progress_view.h"
#include "cli/reach.h"
#include "cli/workshop.h"
#include "http/file_type.h"

namespace longhand::cli {
namespace {

constexpr unsigned kBlockingThreads = 4;
constexpr Milliseconds kLook{200};

/// All that one `write` holds. Members are in the order in which they depend on those before them.
struct Desk {
    explicit Desk(const WriteCall& given) : call(given) {}

    const WriteCall& call;
    std::shared_ptr<spdlog::logger> log;
    asio::io_context loop;
    AsioRuntime runtime{loop, kBlockingThreads};
    std::unique_ptr<Installation> installation;
    std::unique_ptr<Provider> provider;
    std::unique_ptr<Reach> reach;
    std::unique_ptr<Workshop> workshop;
    std::unique_ptr<ProgressView> view;
    std::unique_ptr<TaskScope> background;
    Children children;
    Uuid owner;
    Uuid job;
    SteadyTime started{};
    StopSource stop;

    store::Store& store() { return installation->store(); }
    bool as_json() const { return call.options.flag("json"); }
};

int fail(const Desk& desk, const std::string& code, const std::string& message) {
    return print_failure(desk.call.options, code, message, kFailed);
}

int fail_for(const Desk& desk, const store::StoreFailure& failure) {
    if (failure.code != store::StoreErrc::not_found) return fail(desk, "failed", failure.message);
    return fail(desk, "not_found",
                "There is no such job in this data folder; 'longhand write' without --resume starts one.");
}

std::string resume_hint(const Desk& desk) {
    return resume_command(desk.call, desk.job.to_string());
}

// Copies a file into the installation, as a server does with an upload.
store::StoreResult<store::ProjectFile> take_in(store::FileStore& files, const std::string& path) {
    auto upload = files.begin_upload();
    if (!upload) return upload.error();
    std::ifstream file(path, std::ios::binary);
    std::string piece(64 * 1024, '\0');
    std::string start;
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
        const std::string_view bytes(piece.data(), static_cast<std::size_t>(file.gcount()));
        if (start.size() < http::kSniffBytes) start.append(bytes.substr(0, http::kSniffBytes - start.size()));
        if (auto written = (*upload)->write(bytes); !written) return written.error();
    }
    auto stored = (*upload)->commit();
    if (!stored) return stored.error();
    store::ProjectFile result;
    result.name = http::safe_file_name(path);
    result.type = http::media_type_of(start, result.name).value_or("application/octet-stream");
    result.size = stored->size;
    result.sha256 = stored->sha256;
    result.path = stored->path;
    return result;
}

awaitable<store::StoreResult<void>> add_sources(Desk* desk, Uuid project) {
    for (const std::string& path : desk->call.order->sources) {
        auto file = take_in(desk->installation->files(), path);
        if (!file) co_return file.error();
        file->owner = desk->owner;
        file->project = project;
        const std::string stored_at = file->path;
        auto adding = desk->store().add_file(std::move(*file));
        auto added = co_await std::move(adding);
        if (added) continue;
        desk->installation->files().remove(stored_at);
        if (added.error().code != store::StoreErrc::duplicate) co_return added.error();
        desk->view->note(fmt::format("given twice: {}", path));
    }
    co_return store::StoreResult<void>();
}

awaitable<store::StoreResult<Uuid>> start_job(Desk* desk) {
    const WorkOrder& order = *desk->call.order;
    auto creating = desk->store().create_project(desk->owner, project_title(order), kOwnerEmail);
    auto project = co_await std::move(creating);
    if (!project) co_return project.error();
    auto sources = co_await add_sources(desk, project->id);
    if (!sources) co_return sources.error();
    const http::ServerDefaults& defaults = desk->provider->defaults();
    store::NewJob request;
    request.owner = desk->owner;
    request.project = project->id;
    request.settings = order.settings;
    request.settings.reasoning_model = defaults.reasoning_model;
    request.settings.writing_model = defaults.writing_model;
    request.settings.function_model = defaults.function_model;
    request.settings.context_tokens = defaults.context_tokens;
    request.settings.pipeline_version = defaults.pipeline_version;
    if (!order.settings.title.empty()) request.title = order.settings.title;
    request.provider = defaults.provider;
    request.budget = order.budget;
    auto enqueuing = desk->store().enqueue(std::move(request));
    auto enqueued = co_await std::move(enqueuing);
    if (!enqueued) co_return enqueued.error();
    co_return enqueued->job.id;
}

// A job that was started before: back into the queue where it is not there, or done already.
awaitable<store::StoreResult<Uuid>> take_up_job(Desk* desk) {
    const Uuid id = *desk->call.resume;
    auto job = co_await desk->store().job_for_owner(desk->owner, id);
    if (!job) co_return job.error();
    if (job->state != job::State::completed && job->provider != desk->provider->model().provider()) {
        co_return store::StoreFailure{
            store::StoreErrc::wrong_state,
            fmt::format("The job was begun with the provider {}, and goes on with no other: give the same --provider.",
                        job->provider)};
    }
    switch (job->state) {
        case job::State::draft: {
            auto resuming = desk->store().resume(desk->owner, id, desk->call.raised);
            auto resumed = co_await std::move(resuming);
            if (!resumed) co_return resumed.error();
            break;
        }
        case job::State::failed:
        case job::State::cancelled:
        case job::State::moderated: {
            if (desk->call.raised != job::Budget{})
                co_return store::StoreFailure{store::StoreErrc::wrong_state, fixed_budget(to_string(job->state))};
            auto retrying = desk->store().retry(desk->owner, id);
            auto retried = co_await std::move(retrying);
            if (!retried) co_return retried.error();
            if (retried->busy) {
                co_return store::StoreFailure{
                    store::StoreErrc::wrong_state,
                    fmt::format("Job {} keeps this project busy; go on with that one, or cancel it first.",
                                retried->busy->job.to_string())};
            }
            break;
        }
        case job::State::submitted:
        case job::State::queued:
        case job::State::in_progress:
        case job::State::completed:
            break;
    }
    co_return id;
}

awaitable<store::StoreResult<Uuid>> begin(Desk* desk) {
    auto owner = co_await owner_account(desk->store());
    if (!owner) co_return owner.error();
    desk->owner = owner->id;
    auto rescued = co_await desk->store().rescue_all("process_died");
    if (!rescued) co_return rescued.error();
    if (desk->call.resume) co_return co_await take_up_job(desk);
    co_return co_await start_job(desk);
}

Snapshot snapshot_of(const job::Job& job) {
    Snapshot snapshot;
    snapshot.job = job.id.to_string();
    snapshot.status = job::to_string(job.state);
    snapshot.stage = job::to_string(job.stage);
    snapshot.progress = job.progress;
    snapshot.title = job.title.value_or("");
    snapshot.words_done = job.counts.words_done;
    snapshot.words_planned = job.counts.words_planned;
    snapshot.tokens = job.counts.prompt_tokens + job.counts.completion_tokens;
    return snapshot;
}

void take_report(Snapshot& snapshot, const job::Report& report) {
    snapshot.stage = job::to_string(report.stage);
    snapshot.progress = std::max(snapshot.progress, report.progress);
    snapshot.words_done = report.counts.words_done;
    snapshot.words_planned = report.counts.words_planned;
    snapshot.tokens = report.counts.prompt_tokens + report.counts.completion_tokens;
}

bool is_running(const job::Job& job) {
    return !job::is_terminal(job.state) && job.state != job::State::draft;
}

// Shows the job until its run has ended or it waits for its owner.
awaitable<store::StoreResult<job::Job>> follow(Desk* desk) {
    auto watcher = desk->workshop->engine().live().watch(desk->job);
    // What was reported since the last beat is ahead of the row, and is not shown again as less.
    std::optional<job::Report> reported;
    double highest = 0;
    for (;;) {
        auto job = co_await desk->store().job_for_owner(desk->owner, desk->job);
        if (!job) co_return job;
        Snapshot snapshot = snapshot_of(*job);
        if (const auto news = watcher->take(); news.report) reported = news.report;
        if (job->state != job::State::in_progress) reported.reset();
        if (reported) take_report(snapshot, *reported);
        highest = snapshot.progress = std::max(highest, snapshot.progress);
        const auto money = co_await desk->store().budget_for_owner(desk->owner, desk->job);
        if (money) snapshot.cost = money->spending.known_cost();
        desk->view->show(snapshot);
        if (!is_running(*job) || desk->stop.stopped()) co_return job;
        co_await watcher->wait(desk->runtime, desk->runtime.steady_now() + kLook, desk->stop.token());
        // Not more often than a person can see.
        co_await desk->runtime.sleep_for(kLook / 4, desk->stop.token());
    }
}

std::optional<boost::json::object> read_quality(const std::string& path) {
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text, error);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

awaitable<int> deliver(Desk* desk) {
    std::vector<Delivered> files;
    for (const std::string& format : desk->call.formats) {
        auto document = co_await desk->workshop->documents().get(desk->owner, desk->job, format, desk->stop.token());
        if (!document && document.error().code == engine::DocumentErrc::stopped) {
            co_return fail(
                *desk, "stopped",
                fmt::format("Stopped. The work is finished; fetch its documents with: {}", resume_hint(*desk)));
        }
        if (!document) co_return fail(*desk, "output_failed", document.error().message);
        const std::string path = free_path(desk->call.out, document->file_name);
        std::error_code error;
        std::filesystem::copy_file(document->path, path, error);
        if (error)
            co_return fail(*desk, "disk",
                           fmt::format("{} can't be written: {}. The document stays in the data folder: {}", path,
                                       error.message(), resume_hint(*desk)));
        files.push_back({format, path});
    }
    Figures figures;
    auto sheet = co_await desk->workshop->documents().get(desk->owner, desk->job, "quality.json", desk->stop.token());
    if (sheet) {
        if (const auto quality = read_quality(sheet->path)) figures = figures_of(*quality);
    }
    const auto money = co_await desk->store().budget_for_owner(desk->owner, desk->job);
    if (money) figures.cost = money->spending.known_cost();
    const auto taken = std::chrono::duration_cast<Seconds>(desk->runtime.steady_now() - desk->started);
    print_delivery(desk->job.to_string(), files, figures, taken, desk->as_json());
    co_return kDone;
}

awaitable<int> tell_of_budget(Desk* desk) {
    const auto money = co_await desk->store().budget_for_owner(desk->owner, desk->job);
    if (!money) co_return fail(*desk, "failed", money.error().message);
    const std::string_view option = money->budget.max_cost ? "--max-cost-usd" : "--max-tokens";
    co_return fail(*desk, "budget",
                   fmt::format("The budget is reached ({} and {} tokens are spent). What is written is kept; go on "
                               "under a higher one with: {} {} N",
                               format_usd(money->spending.spent_cost), with_commas(money->spending.spent_tokens),
                               resume_hint(*desk), option));
}

int fail_with_problem(const Desk& desk, const job::Job& job) {
    const job::Problem problem = job.problem.value_or(job::Problem{"internal_error", ""});
    return fail(desk, problem.code,
                fmt::format("The work stopped: {} {}", problem.message,
                            advice_after(desk.call, desk.job.to_string(), problem.code, problem.message)));
}

awaitable<int> conclude(Desk* desk, job::Job job) {
    switch (job.state) {
        case job::State::completed:
            co_return co_await deliver(desk);
        case job::State::failed:
        case job::State::moderated:
            co_return fail_with_problem(*desk, job);
        case job::State::cancelled:
            co_return fail(*desk, "cancelled",
                           fmt::format("Cancelled. What is written is kept; go on with: {}", resume_hint(*desk)));
        case job::State::draft:
            if (job.stage == job::Stage::waiting_for_budget) co_return co_await tell_of_budget(desk);
            co_return fail(*desk, "paused",
                           fmt::format("The work waits for you ({}); go on with: {}", job::to_string(job.stage),
                                       resume_hint(*desk)));
        case job::State::submitted:
        case job::State::queued:
        case job::State::in_progress:
            break;
    }
    co_return fail(*desk, "stopped",
                   fmt::format("Stopped. What is written is kept; go on with: {}", resume_hint(*desk)));
}

void on_interrupt(Desk* desk, int signal);

awaitable<int> run_job(Desk* desk) {
    auto job = co_await follow(desk);
    co_await desk->workshop->engine().stop();
    desk->view->close();
    int status = kFailed;
    if (job) {
        // Handing over changed the row of a job that was stopped.
        auto now = co_await desk->store().job_for_owner(desk->owner, desk->job);
        status = co_await conclude(desk, now ? std::move(*now) : std::move(*job));
    } else {
        status = fail_for(*desk, job.error());
    }
    co_await desk->workshop->documents().stop();
    co_await desk->background->join();
    co_return status;
}

awaitable<void> cancel_job(Desk* desk) {
    auto cancelling = desk->store().cancel(desk->owner, desk->job);
    auto cancelled = co_await std::move(cancelling);
    // Completed in the same moment, say, or no database: whatever is under way ends here.
    if (!cancelled) desk->stop.stop(StopReason::cancelled);
}

// Ctrl-C is a cancel; SIGTERM hands the job back, as a server does.
void on_interrupt(Desk* desk, int signal) {
    if (signal == SIGINT) {
        desk->background->spawn(cancel_job(desk));
    } else {
        desk->stop.stop(StopReason::shutdown);
    }
}

OpenResult<void> make_provider(Desk& desk) {
    auto provider = Provider::make(desk.call.options, desk.loop, desk.runtime,
                                   desk.call.resume ? ModelChoice::settled : ModelChoice::open);
    if (!provider) return provider.error();
    desk.provider = std::move(*provider);
    if (!desk.provider->notice().empty()) desk.view->note(desk.provider->notice());
    return {};
}

void make_workshop(Desk& desk) {
    engine::EngineOptions options;
    options.log = desk.log;
    options.workers = 1;
    options.only_job = desk.job;
    desk.reach = std::make_unique<Reach>(desk.loop, net::Networks{});
    options.fetch = fetcher_of(*desk.reach);
    desk.workshop =
        std::make_unique<Workshop>(desk.runtime, *desk.installation, *desk.provider,
                                   key_ring_of(*desk.installation, desk.runtime, nullptr), options, desk.children);
}

int fail_opening(const WriteCall& call, const Failure<OpenErrc>& failure) {
    const int status = status_of(failure.code);
    return print_failure(call.options, status == kUsage ? "usage" : "failed", failure.message, status);
}

int run_desk(Desk& desk) {
    const auto job = run_on(desk.loop, begin(&desk));
    if (!job) return fail_for(desk, job.error());
    desk.job = *job;
    make_workshop(desk);
    desk.background = std::make_unique<TaskScope>(desk.runtime);
    desk.view->note(fmt::format("job {}", desk.job.to_string()));
    const Interrupt interrupt(desk.loop, [&desk](int signal) { on_interrupt(&desk, signal); });
    desk.started = desk.runtime.steady_now();
    desk.workshop->engine().start();
    const int status = run_on(desk.loop, run_job(&desk));
    desk.store().observe({});
    return status;
}

}  // namespace

std::string resume_command(const WriteCall& call, const std::string& job) {
    return fmt::format("longhand write --resume {}{}", job,
                       typed_again(call.options, {"data", "secret-file", "config", "provider", "provider-key-file",
                                                  "sandbox", "out", "format"}));
}

std::string fixed_budget(std::string_view state) {
    return fmt::format(
        "The job is {}, not paused, and goes on under the budget that it has: leave --max-cost-usd and "
        "--max-tokens out.",
        state);
}

std::string advice_after(const WriteCall& call, const std::string& job, const std::string& code,
                         const std::string& message) {
    // The prompt, the sources, the models and the provider of a job are fixed: these end in the same each time.
    constexpr std::string_view kLasting[] = {"unknown_model", "sources_unreadable", "journal_unreadable",
                                             "job_unreadable"};
    if (std::ranges::find(kLasting, code) != std::end(kLasting) ||
        message.find("--provider is the API's base URL") != std::string::npos)
        return "Resuming it would not help: start a new one.";
    return "Go on where it stopped with: " + resume_command(call, job);
}

std::optional<int> write_alone(const WriteCall& call) {
    Desk desk(call);
    auto log = make_logger(call.options);
    if (!log) return print_failure(call.options, "usage", log.error().message, kUsage);
    desk.log = std::move(*log);
    const auto children = children_of(call.options);
    if (!children) return print_failure(call.options, "usage", children.error().message, kUsage);
    desk.children = *children;
    desk.view = make_progress_view(view_kind_for(stderr, desk.as_json()), stderr, stdout);
    auto installation = Installation::open(call.options, Hold::exclusive, desk.runtime);
    if (!installation) {
        if (installation.error().code != OpenErrc::held) return fail_opening(call, installation.error());
        const auto holder = holder_of(data_path(call.options).value());
        if (holder && !holder->address.empty()) return std::nullopt;
        return fail(desk, "in_use", installation.error().message + " Wait for it, or name another folder with --data.");
    }
    desk.installation = std::move(*installation);
    if (call.order) {
        for (const std::string& problem : call.order->unreadable) desk.view->note("not used: " + problem);
        if (call.order->sources.empty() && !call.order->unreadable.empty())
            return fail(desk, "sources_unreadable", "None of the sources can be read, so nothing was started.");
    }
    if (auto made = make_provider(desk); !made) return fail_opening(call, made.error());
    return run_desk(desk);
}

}  // namespace longhand::cli
