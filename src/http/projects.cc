// Projects: made, listed, read, changed, deleted.
#include <fmt/format.h>

#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"
#include "http/questions.h"

namespace longhand::http {
namespace {

constexpr TextBounds kTitle{1, 200};

std::string id_json(Uuid id) {
    JsonObject out;
    out.add("id", id);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> create_project(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    std::string title = reader.required_line("newProjectName", kTitle);
    std::string email = reader.email("email").value_or("");
    if (reader.problem()) co_return *reader.problem();
    auto once = call.once<store::Project>([](const auto& made) { return std::optional(id_json(made->id)); });
    auto project = co_await services.deps.projects.create_project(call.owner(), std::move(title), std::move(email),
                                                                  std::move(once));
    if (!project) co_return from_store(project.error(), "project");
    co_return json_reply(id_json(project->id));
}

awaitable<ApiResult<Reply>> list_projects(const Services& services, Call& call) {
    auto projects = co_await services.deps.projects.projects_of_owner(call.owner());
    if (!projects) co_return from_store(projects.error(), "project");
    JsonArray list;
    for (const store::Project& project : *projects) {
        JsonObject entry;
        entry.add("id", project.id).add("title", project.title).add("created_at", project.created_at);
        list.raw(std::move(entry).str());
    }
    JsonObject out;
    out.raw("projects", std::move(list).str());
    co_return json_reply(std::move(out).str());
}

std::optional<std::string> set_or_null(const std::string& field) {
    return field.empty() ? std::nullopt : std::optional(field);
}

std::string project_json(const store::Project& project) {
    JsonObject out;
    out.add("id", project.id).add("title", project.title);
    out.add("created_at", project.created_at).add("updated_at", project.updated_at);
    out.add("author", set_or_null(project.author)).add("email", set_or_null(project.email));
    out.add("model", set_or_null(project.model)).add("prompt", set_or_null(project.prompt));
    out.add("outline_text", set_or_null(project.outline_text)).add("style_text", set_or_null(project.style_text));
    out.add("supplemental_info", set_or_null(project.supplemental_info));
    out.add("work_description", set_or_null(project.work_description));
    out.add("work_details", set_or_null(project.work_details)).add("work_vision", set_or_null(project.work_vision));
    out.raw("questions_answers",
            project.questions_answers.empty() ? "[]" : std::string_view(project.questions_answers));
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> get_project_details(const Services& services, Call& call) {
    const auto id = id_parameter(call, "projectId");
    if (!id) co_return id.error();
    auto project = co_await services.deps.projects.project_for_owner(call.owner(), *id);
    if (!project) co_return from_store(project.error(), "project");
    JsonObject out;
    out.raw("project", project_json(*project));
    co_return json_reply(std::move(out).str());
}

/// null clears a field, as "" does.
std::optional<std::string> clearable(BodyReader& body, std::string_view name, std::size_t max) {
    return body.is_null(name) ? std::string() : body.text(name, {0, max});
}

std::optional<std::string> read_questions_change(BodyReader& body) {
    bool named = false;
    for (const std::string_view name : {"questions_answers", "questions_and_answers"})
        named = named || body.has(name) || body.is_null(name);
    return named ? std::optional(questions_json(read_questions(body))) : std::nullopt;
}

ApiResult<store::ProjectChange> read_change(const boost::json::object& object) {
    BodyReader body(object);
    store::ProjectChange change;
    change.title = body.line(body.has("title") ? "title" : "newProjectName", kTitle);
    change.author = body.is_null("author") ? std::string() : body.line("author", {0, 100});
    change.email = body.is_null("email") ? std::string() : body.email("email");
    change.model = clearable(body, "model", 200);
    change.prompt = clearable(body, "prompt", 10'000);
    change.outline_text = clearable(body, "outline_text", 5'000);
    change.style_text = clearable(body, "style_text", 10'000);
    change.supplemental_info = clearable(body, "supplemental_info", 50'000);
    auto milestones = read_milestones(body);
    change.work_description = std::move(milestones[job::Milestone::description]);
    change.work_details = std::move(milestones[job::Milestone::details]);
    change.work_vision = std::move(milestones[job::Milestone::vision]);
    change.questions_answers = read_questions_change(body);
    if (body.problem()) return *body.problem();
    return change;
}

awaitable<ApiResult<Reply>> update_project(const Services& services, Call& call) {
    const auto id = id_parameter(call, "projectId");
    if (!id) co_return id.error();
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    if (body->empty()) {
        co_return ApiError{ApiErrc::nothing_to_change,
                           "The body has no field to change; send at least one, such as 'title'."};
    }
    auto change = read_change(*body);
    if (!change) co_return change.error();
    auto project = co_await services.deps.projects.update_project(call.owner(), *id, std::move(*change));
    if (!project) co_return from_store(project.error(), "project");
    co_return json_reply(id_json(project->id));
}

awaitable<ApiResult<Reply>> delete_project(const Services& services, Call& call) {
    const auto id = id_parameter(call, "projectId");
    if (!id) co_return id.error();
    auto paths = co_await services.deps.projects.delete_project(call.owner(), *id);
    if (!paths) co_return from_store(paths.error(), "project");
    remove_files(services, std::move(*paths));
    JsonObject out;
    out.add("message", fmt::format("Project {} deleted successfully", id->to_string()));
    co_return json_reply(std::move(out).str());
}

}  // namespace

std::vector<Route> project_routes(const Services& services) {
    return {
        {"POST", "/api/createProject", Access::user, bound(services, create_project)},
        {"GET", "/api/listProjects", Access::user, bound(services, list_projects)},
        {"GET", "/api/getProjectDetails", Access::user, bound(services, get_project_details)},
        {"PATCH", "/api/updateProject", Access::user, bound(services, update_project)},
        {"DELETE", "/api/deleteProject", Access::user, bound(services, delete_project)},
    };
}

}  // namespace longhand::http
