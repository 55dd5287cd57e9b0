// The files of one upload request, on their way from the connection to the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/errors.h"
#include "http/multipart.h"
#include "http/router.h"
#include "http/services.h"

namespace longhand::http {

/// What became of one part.
struct ReceivedFile {
    std::string name;
    std::string type;
    store::FileStore::Upload::Stored stored;
    std::optional<ApiError> problem;
    std::optional<store::ProjectFile> kept;  ///< set once it belongs to the project
};

/// The answer to an upload of which a part at least was stored, made of all its files; nothing: there is none such.
using UploadAnswer = std::function<std::optional<store::KeptAnswer>(const std::vector<ReceivedFile>&)>;

/// Takes parts in any order and keeps their bytes on disk, belonging to nobody until `keep`. What was not kept is
/// removed with the object. Used by one coroutine.
class UploadReceiver {
public:
    explicit UploadReceiver(const Services& services) : services_(services) {}
    ~UploadReceiver();
    UploadReceiver(const UploadReceiver&) = delete;
    UploadReceiver& operator=(const UploadReceiver&) = delete;

    /// Errors: of the request as a whole. A file that can't be taken is noted with it, and the rest goes on.
    awaitable<ApiResult<void>> take(PartEvent event);
    /// The text field `projectId`, if it came.
    const std::optional<std::string>& project_id() const { return project_id_; }
    /// What the files are known by when they are sent again: their names and bytes, whatever is between them.
    std::string fingerprint(std::string_view target) const;
    /// Adds what was received to the project, each file by itself.
    /// `answer` is kept with them, where the request may be repeated.
    awaitable<ApiResult<void>> keep(const Call& call, Uuid project, UploadAnswer answer);

    const std::vector<ReceivedFile>& files() const { return files_; }

private:
    enum class Part { none, ignored, project_id, file };

    awaitable<ApiResult<void>> begin(PartBegin part);
    awaitable<ApiResult<void>> data(std::string bytes);
    awaitable<ApiResult<void>> end();

    const Services& services_;
    Part part_ = Part::none;
    std::optional<std::string> project_id_;
    std::vector<ReceivedFile> files_;
    std::shared_ptr<store::FileStore::Upload> upload_;
    std::string first_bytes_;
    bool is_unnamed_ = false;  ///< the file that is being received came without a name
};

}  // namespace longhand::http
