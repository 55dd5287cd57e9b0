// The milestones of a guided job: what its user reads, and what is said when it goes on.
#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

std::optional<std::string> unless_blank(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

std::string versions_json(const std::vector<store::MilestoneVersion>& versions) {
    JsonArray list;
    for (const store::MilestoneVersion& version : versions) {
        JsonObject out;
        out.add("milestone", job::to_string(version.milestone));
        out.add("version", static_cast<std::int64_t>(version.version)).add("by", version.by_user ? "user" : "model");
        out.add("key", unless_blank(version.key)).add("text", unless_blank(version.text)).add("at", version.at);
        list.raw(std::move(out).str());
    }
    return std::move(list).str();
}

std::string draft_json(const store::Draft& draft) {
    const auto waits_at = draft.waits_at ? std::optional(job::to_string(*draft.waits_at)) : std::nullopt;
    JsonObject out;
    out.add("jobId", draft.job.id).add("projectId", draft.job.project);
    out.add("status", job::to_string(draft.job.state)).add("progress_stage", job::to_string(draft.job.stage));
    out.add("guided", draft.guided).add("skips", draft.guidance.skips).add("milestone", waits_at);
    for (const job::Milestone milestone : job::kMilestones)
        out.add(job::field_of(milestone), unless_blank(draft.texts[milestone]));
    out.raw("versions", versions_json(draft.versions));
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> get_draft(const Services& services, Call& call) {
    const auto id = id_parameter(call, "jobId");
    if (!id) co_return id.error();
    auto draft = co_await services.deps.jobs.draft_for_owner(call.owner(), *id);
    if (!draft) co_return from_store(draft.error(), "job");
    co_return json_reply(draft_json(*draft));
}

}  // namespace

job::PerMilestone<std::optional<std::string>> read_milestones(BodyReader& body) {
    job::PerMilestone<std::optional<std::string>> texts;
    for (const job::Milestone milestone : job::kMilestones) {
        const std::string_view name = job::field_of(milestone);
        texts[milestone] = body.is_null(name) ? std::string() : body.text(name, {0, kMostOfMilestone});
    }
    return texts;
}

std::vector<Route> draft_routes(const Services& services) {
    return {
        {"GET", "/api/getDraft", Access::user, bound(services, get_draft)},
    };
}

}  // namespace longhand::http
