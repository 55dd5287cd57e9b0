// The text of running jobs, word by word, for those who watch. A watcher pulls at its own pace, so a slow one holds
// nobody back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/runtime.h"
#include "base/uuid.h"
#include "job/job.h"
#include "job/transition.h"

namespace longhand::engine {

/// A piece of a step's text. `offset` is in bytes of the attempt's text, and lies on a character's boundary.
struct LiveText {
    std::string key;
    std::uint32_t attempt = 1;
    std::uint64_t offset = 0;
    std::string text;
    bool restarted = false;  ///< the attempt before is void: what was shown of this key is no longer part of the work
};

/// Where a watcher is in a step's text.
struct TextPlace {
    std::string key;
    std::uint32_t attempt = 1;
    std::uint64_t offset = 0;
};

/// Text that was written while the watcher took nothing for long, or was away, and that is here no more: from byte
/// `from` on, of a step that is finished. The journal, and the documents, have it.
struct MissedText {
    std::string key;
    std::uint32_t attempt = 1;
    std::uint64_t from = 0;
    std::optional<std::uint64_t> to;  ///< nothing: not known, and perhaps there is no more
};

/// Thread-safe.
class LiveFeed {
public:
    /// One watcher's place in a job. Used by one coroutine.
    class Watcher {
    public:
        virtual ~Watcher() = default;
        /// Resumes when there is something new since the last `take`, at the deadline, or when stopped.
        virtual awaitable<WaitResult> wait(Runtime& runtime, SteadyTime deadline, StopToken stop) = 0;
        struct News {
            /// The watcher's place, before this, in the texts that are being written, in those that are taken here, and
            /// in those that a run left unfinished.
            std::vector<TextPlace> places;
            std::vector<MissedText> missed;
            std::vector<LiveText> texts;
            std::optional<job::Report> report;  ///< newer than the last taken
            bool events = false;                ///< durable events were committed: read them
        };
        virtual News take() = 0;
        /// Skips what the watcher has seen of a text, in an earlier life of it: of a text that is finished it takes the
        /// rest, of one that has begun afresh it is told so. Before the first `take`.
        virtual void seen(const TextPlace& place) = 0;
        /// The watcher was told that the step is in the journal: its place there matters no more. Where the text that
        /// it had `seen` a part of is not here, the rest is missed.
        virtual void step_recorded(std::string_view key) = 0;
    };
    /// Who waits for a job's row to change, and wants none of its text. Used by one coroutine.
    class RowWatcher {
    public:
        virtual ~RowWatcher() = default;
        /// Resumes when a commit has changed the row since this was made or last resumed so, at the deadline, or when
        /// stopped.
        virtual awaitable<WaitResult> wait(Runtime& runtime, SteadyTime deadline, StopToken stop) = 0;
    };
    LiveFeed();
    ~LiveFeed();
    /// Shows what is written from now on, after the whole of what is being written; nothing of steps that are finished.
    std::unique_ptr<Watcher> watch(Uuid job);
    std::unique_ptr<RowWatcher> watch_row(Uuid job);
    /// The same of all jobs of an owner.
    std::unique_ptr<RowWatcher> watch_owner(Uuid owner);

    // The engine's side.
    void text(Uuid job, std::string_view key, std::uint32_t attempt, std::string_view delta);
    void restart(Uuid job, std::string_view key, std::uint32_t attempt);
    void finished(Uuid job, std::string_view key);  ///< its text is in the journal now
    void report(Uuid job, const job::Report& report);
    enum class Commit {
        row,    ///< the row alone: a beat
        event,  ///< the row, and an event with it
    };
    void committed(Uuid job, Commit what);
    void owner_changed(Uuid owner);  ///< a commit changed a row of one of its jobs
    void forget(Uuid job);           ///< the job left this process

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace longhand::engine
