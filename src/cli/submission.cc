#include "cli/submission.h"

#include <fmt/format.h>

#include "cli/delivery.h"
#include "cli/remote.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

// What the summary of an upload says of the file that failed; empty when it was stored.
std::string upload_problem(const json::value& answer) {
    const json::object& object = answer.get_object();
    const auto* summary = object.if_contains("summary");
    const auto* errors =
        summary != nullptr && summary->is_object() ? summary->get_object().if_contains("errors") : nullptr;
    if (errors == nullptr || !errors->is_array() || errors->get_array().empty()) return {};
    const json::value& first = errors->get_array().front();
    return first.is_object() ? text_of(first.get_object(), "error") : "it was refused";
}

awaitable<ClientResult<std::size_t>> upload_sources(ApiClient& api, const WorkOrder& order, std::string project,
                                                    std::function<void(const std::string&)> report, StopToken stop) {
    std::size_t stored = 0;
    for (const std::string& source : order.sources) {
        auto answer = co_await api.upload(project, source, stop);
        if (!answer) co_return answer.error();
        const std::string problem = upload_problem(*answer);
        if (problem.empty()) {
            ++stored;
        } else {
            report("not used: " + with_file(source, problem));
        }
    }
    co_return stored;
}

}  // namespace

awaitable<ClientResult<std::string>> submit_order(ApiClient& api, const WorkOrder& order,
                                                  std::function<void(const std::string&)> report, StopToken stop) {
    for (const std::string& problem : order.unreadable) report("not used: " + problem);
    json::value naming{{"newProjectName", project_title(order)}};
    auto project = co_await api.post("/api/createProject", std::move(naming), stop);
    if (!project) co_return project.error();
    const std::string id = project->is_object() ? text_of(project->get_object(), "id") : std::string();
    auto stored = co_await upload_sources(api, order, id, report, stop);
    if (!stored) co_return stored.error();
    if (*stored == 0 && order.sources.size() + order.unreadable.size() > 0) {
        co_return Failure<ClientErrc>{ClientErrc::broken, "None of the sources can be used, so nothing was started."};
    }
    json::value body = request_body(order, id);
    if (stop.stopped()) co_return Failure<ClientErrc>{ClientErrc::stopped, "Cancelled before anything was started."};
    // Not cut by Ctrl-C: the server may have begun the job, and nobody would know its id.
    auto job = co_await api.post("/api/generateWizardWork", std::move(body), StopToken{});
    if (!job) co_return job.error();
    const std::string started = job->is_object() ? text_of(job->get_object(), "jobId") : std::string();
    if (!stop.stopped() || stop.reason() != StopReason::cancelled) co_return started;
    json::value which{{"jobId", started}};
    auto cancelled = co_await api.post("/api/cancelJob", std::move(which), StopToken{});
    if (!cancelled) co_return cancelled.error();
    co_return Failure<ClientErrc>{ClientErrc::stopped, fmt::format("Cancelled, as job {}.", started)};
}

}  // namespace longhand::cli
