// uploadProjectFiles, getProjectFiles, deleteProjectFile.
#include <fmt/format.h>

#include <algorithm>

#include "http/handlers.h"
#include "http/json_out.h"
#include "http/multipart.h"
#include "http/text.h"
#include "http/upload.h"

namespace longhand::http {
namespace {

awaitable<ApiResult<void>> receive(const Services& services, Call& call, std::string boundary,
                                   UploadReceiver& receiver) {
    MultipartParser parser(std::move(boundary));
    std::uint64_t total = 0;
    while (true) {
        auto piece = co_await call.exchange.read_some();
        if (!piece) co_return from_net(piece.error(), services.options.max_upload_bytes);
        if (piece->empty()) break;
        total += piece->size();
        if (total > services.options.max_upload_bytes) {
            co_return ApiError{ApiErrc::body_too_large,
                               fmt::format("The request is larger than {} MB; send the files in several.",
                                           services.options.max_upload_bytes >> 20)};
        }
        auto events = parser.feed(*piece);
        if (!events) co_return events.error();
        for (PartEvent& event : *events) {
            auto taken = co_await receiver.take(std::move(event));
            if (!taken) co_return taken.error();
        }
    }
    if (parser.finished()) co_return ApiResult<void>();
    co_return ApiError{ApiErrc::invalid_body, "The multipart body is broken: it ends before its last boundary."};
}

std::string file_json(const store::ProjectFile& file) {
    JsonObject out;
    out.add("id", file.id).add("file_name", file.name).add("file_type", file.type);
    out.add("file_size", static_cast<std::int64_t>(file.size))
        .add("storage_path", file.path)
        .add("uploaded_at", file.created_at);
    return std::move(out).str();
}

struct Tally {
    JsonArray files;
    JsonArray errors;
    std::int64_t stored = 0;
    std::int64_t failed = 0;

    std::string summary() && {
        JsonObject out;
        out.add("total_files", stored + failed).add("successful_uploads", stored).add("failed_uploads", failed);
        out.raw("errors", std::move(errors).str());
        return std::move(out).str();
    }
};

Tally tally_of(const std::vector<ReceivedFile>& files) {
    Tally tally;
    for (const ReceivedFile& file : files) {
        if (file.kept) {
            tally.files.raw(file_json(*file.kept));
            ++tally.stored;
            continue;
        }
        JsonObject entry;
        entry.add("file_name", file.name)
            .add("error", file.problem ? file.problem->message : std::string("It was not stored."));
        tally.errors.raw(std::move(entry).str());
        ++tally.failed;
    }
    return tally;
}

/// Of an upload of which nothing was stored.
std::vector<std::pair<std::string, std::string>> fields_of_failure(const std::vector<ReceivedFile>& files) {
    return {{"success", "false"}, {"files", "[]"}, {"summary", tally_of(files).summary()}};
}

/// None was stored: the code that all share, or the general one.
ApiError nothing_stored(const std::vector<ReceivedFile>& files) {
    const ApiErrc first = files.front().problem->code;
    const bool same =
        std::all_of(files.begin(), files.end(), [&](const ReceivedFile& file) { return file.problem->code == first; });
    const std::string message = files.size() == 1 ? files.front().problem->message
                                                  : fmt::format("None of the {} files was stored. The first: {}",
                                                                files.size(), files.front().problem->message);
    return {same ? first : ApiErrc::upload_failed, message};
}

net::HttpResponse stored_reply(Tally tally) {
    const bool all = tally.failed == 0;
    JsonObject out;
    out.add("success", true);
    out.add("message", all ? fmt::format("{} files uploaded successfully", tally.stored)
                           : fmt::format("{} of {} files uploaded", tally.stored, tally.stored + tally.failed));
    out.raw("files", std::move(tally.files).str());
    out.raw("summary", std::move(tally).summary());
    net::HttpResponse response = json_reply(std::move(out).str());
    if (!all) response.status = Status::multi_status;
    return response;
}

std::optional<store::KeptAnswer> stored_answer(const std::vector<ReceivedFile>& files) {
    Tally tally = tally_of(files);
    if (tally.stored == 0) return std::nullopt;
    net::HttpResponse reply = stored_reply(std::move(tally));
    return store::KeptAnswer{static_cast<int>(reply.status), std::move(reply.body)};
}

ApiResult<Uuid> project_of(const UploadReceiver& receiver) {
    constexpr std::string_view kShape = "a UUID, such as 0190a2f4-5b1c-7d3e-8f00-0123456789ab";
    if (!receiver.project_id()) {
        return ApiError{ApiErrc::missing_field,
                        fmt::format("The part 'projectId' is missing; it should be {}.", kShape)}
            .with("field", "projectId");
    }
    const auto id = Uuid::parse(trimmed(*receiver.project_id()));
    if (!id)
        return ApiError{ApiErrc::invalid_field, fmt::format("The part 'projectId' should be {}.", kShape)}.with(
            "field", "projectId");
    return *id;
}

awaitable<ApiResult<Reply>> take_upload(const Services& services, Call& call, UploadReceiver& receiver) {
    const std::string type = header(call, "content-type");
    auto boundary = multipart_boundary(type);
    if (!boundary && is_multipart(type)) {
        co_return ApiError{ApiErrc::invalid_body,
                           "The Content-Type has no boundary of 1 to 70 characters, so the body's parts can't be told "
                           "apart. Let your HTTP client set this header itself."};
    }
    if (!boundary) {
        co_return ApiError{ApiErrc::unsupported_media_type,
                           "The body should be multipart/form-data with a boundary: a part 'projectId', and the files "
                           "in parts 'files'."};
    }
    if (const auto plain = unpacked(call); !plain) co_return plain.error();
    const auto began = std::chrono::steady_clock::now();
    auto received = co_await receive(services, call, std::move(*boundary), receiver);
    if (!received) co_return received.error();
    auto asking = still_there(call, began);
    const auto there = co_await std::move(asking);
    if (!there) co_return there.error();
    if (call.keyed != nullptr) {
        std::string fingerprint = receiver.fingerprint(call.request().target);
        const auto begun = co_await call.keyed->begin(std::move(fingerprint));
        if (!begun) co_return begun.error();
    }
    const auto id = project_of(receiver);
    if (!id) co_return id.error();
    const auto project = co_await services.deps.projects.project_for_owner(call.owner(), *id);
    if (!project) co_return from_store(project.error(), "project");
    if (receiver.files().empty()) {
        co_return ApiError{ApiErrc::no_files, "There is no file in the request; send each in a part named 'files'."};
    }
    auto kept = co_await receiver.keep(call, *id, stored_answer);
    if (!kept) co_return kept.error();
    Tally tally = tally_of(receiver.files());
    if (tally.stored == 0) co_return nothing_stored(receiver.files());
    co_return stored_reply(std::move(tally));
}

/// Clients look at both arrays whatever the status is.
awaitable<ApiResult<Reply>> upload_project_files(const Services& services, Call& call) {
    UploadReceiver receiver(services);
    auto taking = take_upload(services, call, receiver);
    ApiResult<Reply> reply = co_await std::move(taking);
    if (reply) co_return reply;
    ApiError error = reply.error();
    for (auto& field : fields_of_failure(receiver.files())) error.fields.push_back(std::move(field));
    co_return error;
}

/// A file as a list of its project shows it: its fields are named otherwise than in the answer to an upload.
std::string listed_file_json(const store::ProjectFile& file) {
    JsonObject out;
    out.add("id", file.id).add("project_id", file.project).add("file_name", file.name);
    out.add("file_size", static_cast<std::int64_t>(file.size)).add("file_type", file.type);
    out.add("storage_path", file.path);
    // A file never changes.
    out.add("created_at", file.created_at).add("updated_at", file.created_at);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> get_project_files(const Services& services, Call& call) {
    const auto id = id_parameter(call, "projectId");
    if (!id) co_return id.error();
    auto files = co_await services.deps.projects.files_of_project(call.owner(), *id);
    if (!files) co_return from_store(files.error(), "project");
    JsonArray list;
    for (const store::ProjectFile& file : *files) list.raw(listed_file_json(file));
    co_return json_reply(std::move(list).str());
}

awaitable<ApiResult<Reply>> delete_project_file(const Services& services, Call& call) {
    const auto id = id_parameter(call, "fileId");
    if (!id) co_return id.error();
    auto paths = co_await services.deps.projects.delete_file(call.owner(), *id);
    if (!paths) co_return from_store(paths.error(), "file");
    remove_files(services, std::move(*paths));
    co_return json_reply(R"({"message":"File deleted successfully"})");
}

}  // namespace

void remove_files(const Services& services, std::vector<std::string> paths) {
    // A copy: the removal may outlast the server.
    services.deps.runtime.post_blocking([files = services.deps.files, paths = std::move(paths)]() mutable {
        for (const std::string& path : paths) files.remove(path);
    });
}

std::vector<Route> file_routes(const Services& services) {
    return {
        {"POST", "/api/uploadProjectFiles", Access::user, bound(services, upload_project_files), nullptr,
         fields_of_failure({})},
        {"GET", "/api/getProjectFiles", Access::user, bound(services, get_project_files)},
        {"DELETE", "/api/deleteProjectFile", Access::user, bound(services, delete_project_file)},
    };
}

}  // namespace longhand::http
