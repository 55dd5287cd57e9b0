#include "job/notice.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "job/transition.h"

namespace longhand::job {
namespace {

constexpr std::string_view kPrefix = "job.";

boost::json::value text_or_null(const std::optional<std::string>& text) {
    return text ? boost::json::value(*text) : boost::json::value(nullptr);
}

}  // namespace

const std::vector<std::string_view>& event_kinds() {
    static const std::vector<std::string_view> kinds = [] {
        std::vector<std::string_view> all{"submitted"};
        for (const Transition transition : kTransitions) {
            const auto word = to_string(transition);
            if (std::find(all.begin(), all.end(), word) == all.end()) all.push_back(word);
        }
        return all;
    }();
    return kinds;
}

std::string notice_type(std::string_view kind) {
    return std::string(kPrefix) + std::string(kind);
}

std::optional<std::string> kind_of_notice(std::string_view type) {
    if (type.starts_with(kPrefix)) type.remove_prefix(kPrefix.size());
    const auto& kinds = event_kinds();
    if (std::find(kinds.begin(), kinds.end(), type) == kinds.end()) return std::nullopt;
    return std::string(type);
}

std::vector<std::string> usual_notices() {
    std::vector<std::string> kinds;
    for (const Transition transition :
         {Transition::complete, Transition::fail, Transition::give_up, Transition::moderate, Transition::cancel,
          Transition::pause, Transition::await_user}) {
        kinds.emplace_back(to_string(transition));
    }
    return kinds;
}

std::string notice(const Job& job, const Event& event) {
    boost::system::error_code error;
    boost::json::value data = boost::json::parse(event.data, error);
    if (error) data = boost::json::object();
    boost::json::object of_job{{"jobId", job.id.to_string()},
                               {"projectId", job.project.to_string()},
                               {"status", to_string(job.state)},
                               {"progress", job.progress},
                               {"progress_stage", to_string(job.stage)},
                               {"title", text_or_null(job.title)},
                               {"error_message", nullptr},
                               {"run", job.run},
                               {"seq", event.seq},
                               {"event", std::move(data)}};
    if (job.problem) of_job["error_message"] = job.problem->message;
    const boost::json::object body{
        {"type", notice_type(event.kind)}, {"timestamp", format_wall_time(event.at)}, {"data", std::move(of_job)}};
    return boost::json::serialize(body);
}

}  // namespace longhand::job
