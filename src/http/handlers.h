// The groups of routes, one file each, and what their handlers share.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "http/errors.h"
#include "http/json_body.h"
#include "http/router.h"
#include "http/services.h"
#include "job/milestone.h"

namespace longhand::http {

using RoutedHandler = awaitable<ApiResult<Reply>> (*)(const Services&, Call&);
/// `services` outlives the handler.
inline Handler bound(const Services& services, RoutedHandler handler) {
    return [&services, handler](Call& call) { return handler(services, call); };
}

std::vector<Route> status_routes(const Services& services);
std::vector<Route> job_routes(const Services& services);
std::vector<Route> own_job_routes(const Services& services);
std::vector<Route> work_routes(const Services& services);
std::vector<Route> project_routes(const Services& services);
std::vector<Route> file_routes(const Services& services);
std::vector<Route> prompt_routes(const Services& services);
std::vector<Route> key_routes(const Services& services);
std::vector<Route> event_routes(const Services& services);
std::vector<Route> output_routes(const Services& services);
std::vector<Route> ledger_routes(const Services& services);
std::vector<Route> usage_routes(const Services& services);
std::vector<Route> owner_event_routes(const Services& services);
std::vector<Route> outline_routes(const Services& services);
std::vector<Route> webhook_routes(const Services& services);
std::vector<Route> draft_routes(const Services& services);
std::vector<Route> meta_routes(const Services& services);

/// The value of a query parameter that may be there once; nothing when it is not. Errors: invalid_parameter.
ApiResult<std::optional<std::string>> one_parameter(const Call& call, std::string_view name);
/// A required UUID of the query. Errors: invalid_parameter, which says what it should be.
ApiResult<Uuid> id_parameter(const Call& call, std::string_view name);
/// The UUID in the path. Errors: invalid_parameter.
ApiResult<Uuid> path_id(const Call& call);
/// The body, of at most kMaxJsonBytes. Errors: body_too_large, unauthorized (see still_there), what the net says.
awaitable<ApiResult<std::string>> read_body(Call& call);
/// What took long to come, from `since` on, may have outlived its credential: that is looked at again before anything
/// is done. Errors: unauthorized, unavailable.
awaitable<ApiResult<void>> still_there(Call& call, std::chrono::steady_clock::time_point since);
/// Errors: unsupported_media_type, where the body is packed.
ApiResult<void> unpacked(const Call& call);
/// The body as a JSON object. Errors: invalid_json and its kin, body_too_large, unsupported_media_type.
awaitable<ApiResult<boost::json::object>> read_json(Call& call);
std::string header(const Call& call, std::string_view name);
/// The same where it lies, for as long as the call.
std::string_view header(const Call& call, boost::beast::http::field name);

net::HttpResponse json_reply(std::string body);
/// What a job that failed or was moderated shows as its error; nothing in any other state.
std::optional<std::string> problem_of(const job::Job& job);
/// Removes files that nothing names any longer, later.
void remove_files(const Services& services, std::vector<std::string> paths);
/// 400, where a cap on money can't be held to: a model of the job has no price here.
std::optional<ApiError> unknown_price(const job::Settings& settings, const ServerDefaults& defaults);
/// Whether what begins now is written with the owner's own provider key. Errors: provider_key_unusable, unavailable.
enum class WrittenWith { servers_key, own_key };
awaitable<ApiResult<WrittenWith>> written_with(const Services& services, Uuid owner, std::string provider);
/// What retryJob and resumeJob answer.
std::string queued_again_json(Uuid job);
/// Of a milestone's text, in code points.
inline constexpr std::size_t kMostOfMilestone = 50'000;
/// `work_description`, `work_details`, `work_vision`: null is as good as "", and neither is the same as absent.
job::PerMilestone<std::optional<std::string>> read_milestones(BodyReader& body);
/// 409: which job keeps the project busy, and how to cancel it.
ApiError busy_project(const store::BusyProject& busy);

}  // namespace longhand::http
