#include "http/upload.h"

#include <fmt/format.h>

#include "http/file_type.h"
#include "http/text.h"

namespace longhand::http {
namespace {

using Upload = store::FileStore::Upload;
using store::StoreResult;

constexpr std::size_t kMaxFieldBytes = 200;

ApiError disk_problem() {
    return {ApiErrc::storage_full, "The server's disk can't take the file now. Nothing was changed; try again later."};
}

awaitable<StoreResult<void>> write_piece(Runtime& runtime, std::shared_ptr<Upload> upload, std::string bytes) {
    std::function<StoreResult<void>()> work = [upload, bytes = std::move(bytes)] { return upload->write(bytes); };
    co_return co_await run_blocking<StoreResult<void>>(runtime, std::move(work));
}

awaitable<StoreResult<Upload::Stored>> commit(Runtime& runtime, std::shared_ptr<Upload> upload) {
    std::function<StoreResult<Upload::Stored>()> work = [upload] { return upload->commit(); };
    co_return co_await run_blocking<StoreResult<Upload::Stored>>(runtime, std::move(work));
}

store::ProjectFile row_of(const ReceivedFile& file, Uuid id) {
    store::ProjectFile row;
    row.id = id;
    row.name = file.name;
    row.type = file.type;
    row.size = file.stored.size;
    row.sha256 = file.stored.sha256;
    row.path = file.stored.path;
    return row;
}

/// `added` has a place for each file without a problem.
void note_added(std::vector<ReceivedFile>& files, const store::AddedFiles& added) {
    auto next = added.begin();
    for (ReceivedFile& file : files) {
        if (file.problem) continue;
        file.kept = *next++;
        if (file.kept) continue;
        file.problem =
            ApiError{ApiErrc::duplicate,
                     fmt::format("'{}' is in the project already: a file with the same bytes is there.", file.name)};
    }
}

}  // namespace

UploadReceiver::~UploadReceiver() {
    for (const ReceivedFile& file : files_) {
        if (!file.kept && !file.stored.path.empty()) services_.deps.files.remove(file.stored.path);
    }
}

awaitable<ApiResult<void>> UploadReceiver::take(PartEvent event) {
    if (auto* part = std::get_if<PartBegin>(&event)) co_return co_await begin(std::move(*part));
    if (auto* piece = std::get_if<PartData>(&event)) co_return co_await data(std::move(piece->bytes));
    co_return co_await end();
}

awaitable<ApiResult<void>> UploadReceiver::begin(PartBegin part) {
    part_ = Part::ignored;
    if (part.name == "files" || part.name == "file" || part.name == "files[]") {
        if (part.name_problem) {
            co_return ApiError{ApiErrc::invalid_field, fmt::format("A file's name {}.", *part.name_problem)}.with(
                "field", part.name);
        }
        if (!part.file_name) {
            co_return ApiError{
                ApiErrc::invalid_field,
                fmt::format("The part '{}' is text; it should be a file, with a filename in its Content-Disposition.",
                            part.name)}
                .with("field", part.name);
        }
        if (const auto problem = file_name_problem(*part.file_name)) {
            co_return ApiError{ApiErrc::invalid_field, fmt::format("A file's name {}.", *problem)}.with("field",
                                                                                                        part.name);
        }
        if (services_.deps.files.free_bytes() < services_.options.disk_reserve) co_return disk_problem();
        auto upload = services_.deps.files.begin_upload();
        if (!upload) co_return disk_problem();
        upload_ = std::move(*upload);
        first_bytes_.clear();
        ReceivedFile file;
        file.name = safe_file_name(*part.file_name);
        is_unnamed_ = part.file_name->empty();
        files_.push_back(std::move(file));
        part_ = Part::file;
    } else if (part.name == "projectId") {
        if (project_id_) {
            co_return ApiError{ApiErrc::duplicate_field, "The part 'projectId' is there twice; send it once."}.with(
                "field", "projectId");
        }
        project_id_.emplace();
        part_ = Part::project_id;
    }
    co_return ApiResult<void>();
}

awaitable<ApiResult<void>> UploadReceiver::data(std::string bytes) {
    if (part_ == Part::project_id) *project_id_ += bytes.substr(0, kMaxFieldBytes - project_id_->size());
    if (part_ != Part::file || files_.back().problem) co_return ApiResult<void>();
    ReceivedFile& file = files_.back();
    if (first_bytes_.size() < kSniffBytes) first_bytes_ += bytes.substr(0, kSniffBytes - first_bytes_.size());
    const std::uint64_t limit = services_.options.max_file_bytes;
    if (upload_->size() + bytes.size() > limit) {
        file.problem =
            ApiError{ApiErrc::file_too_large, fmt::format("'{}' is larger than {} MB.", file.name, limit >> 20)};
        upload_.reset();
        co_return ApiResult<void>();
    }
    const auto written = co_await write_piece(services_.deps.runtime, upload_, std::move(bytes));
    if (!written) co_return disk_problem();
    co_return ApiResult<void>();
}

awaitable<ApiResult<void>> UploadReceiver::end() {
    const Part ended = std::exchange(part_, Part::none);
    if (ended != Part::file || files_.back().problem) co_return ApiResult<void>();
    ReceivedFile& file = files_.back();
    const auto upload = std::exchange(upload_, nullptr);
    if (upload->size() == 0 && is_unnamed_) {
        // What a browser's form sends where no file was chosen.
        files_.pop_back();
        co_return ApiResult<void>();
    }
    if (upload->size() == 0) {
        file.problem = ApiError{ApiErrc::upload_failed, fmt::format("'{}' is empty.", file.name)};
        co_return ApiResult<void>();
    }
    const auto type = media_type_of(first_bytes_, file.name);
    if (!type) {
        file.problem = ApiError{ApiErrc::unsupported_file_type,
                                fmt::format("'{}' {}.", file.name, unreadable_because(first_bytes_))};
        co_return ApiResult<void>();
    }
    file.type = *type;
    auto stored = co_await commit(services_.deps.runtime, upload);
    if (!stored) co_return disk_problem();
    file.stored = std::move(*stored);
    co_return ApiResult<void>();
}

std::string UploadReceiver::fingerprint(std::string_view target) const {
    std::string parts = project_id_.value_or("");
    for (const ReceivedFile& file : files_) {
        const std::string_view end = file.problem ? line_of(file.problem->code).word : file.stored.sha256;
        parts += fmt::format("\n{} {} {}", end, file.name.size(), file.name);
    }
    return request_fingerprint(target, parts);
}

awaitable<ApiResult<void>> UploadReceiver::keep(const Call& call, Uuid project, UploadAnswer answer) {
    std::vector<store::ProjectFile> rows;
    for (const ReceivedFile& file : files_) {
        if (!file.problem) rows.push_back(row_of(file, services_.deps.runtime.new_id()));
    }
    if (rows.empty()) co_return ApiResult<void>();
    store::Once<store::AddedFiles> once;
    if (call.keyed != nullptr) {
        once = call.keyed->once<store::AddedFiles>([files = files_, answer = std::move(answer)](const auto& added) {
            std::vector<ReceivedFile> all = files;
            note_added(all, *added);
            return answer(all);
        });
    }
    auto added = co_await services_.deps.projects.add_files(call.owner(), project, std::move(rows), std::move(once));
    if (!added) co_return from_store(added.error(), "project");
    note_added(files_, *added);
    co_return ApiResult<void>();
}

}  // namespace longhand::http
