// The outputs of a job for those who ask: what was made is given, what is made on first request is made then and kept.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/runtime.h"
#include "store/file_store.h"
#include "store/job_store.h"
#include "typeset/typesetter.h"

namespace longhand::engine {

enum class DocumentErrc {
    not_found,    ///< no such job of that owner
    nothing_yet,  ///< nothing is finished that could be shown; the message says what state the job is in
    failed,       ///< it can't be made; the message says why
    unavailable,  ///< not now
    stopped,
};
template <class T>
using DocumentResult = Result<T, DocumentErrc>;

struct Document {
    std::string path;  ///< absolute
    std::string media_type;
    std::string file_name;  ///< for people: made from the title
    std::string sha256;
    std::uint64_t size = 0;
    bool partial = false;
};

/// Thread-safe, but for `stop`; the rendering runs on the runtime's executor. Two requests for the same are one
/// rendering. Destroying it with renderings under way is a bug and ends the program: stop it first.
class Documents {
public:
    Documents(Runtime& runtime, store::JobStore& store, store::FileStore& files, typeset::Typesetter& typesetter);
    ~Documents();
    /// `format`: `pdf`, `tex`, `md`, `html`, `docx`, `epub` or `quality.json`. Of a completed job the whole work; of
    /// another its finished sections, marked partial.
    awaitable<DocumentResult<Document>> get(Uuid owner, Uuid job, std::string format, StopToken stop);
    /// Stops what is being rendered; resumes when nothing of it is left. Requests after it get `stopped`. Used from the
    /// runtime's executor.
    awaitable<void> stop();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  ///< shared with requests on their way to the executor
};

}  // namespace longhand::engine
