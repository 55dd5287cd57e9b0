// The web pages that a job's owner named, fetched as sources when the job starts, each a journaled step.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/environment.h"
#include "engine/journal.h"
#include "engine/running_job.h"
#include "writing/step_context.h"

namespace longhand::engine {

/// Limits of one job's links; what is over them is named, and the rest goes on.
inline constexpr std::size_t kMostLinkBytes = 20ULL << 20;      ///< of one
inline constexpr std::size_t kMostBytesOfLinks = 100ULL << 20;  ///< of all in one run
inline constexpr Milliseconds kLinkLimit{30'000};               ///< of one, redirects with it
inline constexpr std::size_t kLinksAtOnce = 4;

struct ReadLink {
    writing::SourceInfo info;
    store::StoredSource stored;  ///< empty where `info` has a problem
    bool is_recorded = false;
};

/// Fetches what the journal does not say was fetched, and keeps the text in the store. What was read is recorded: no
/// later run asks for it again, and its text stays the one of that hash. One that is dead is not recorded yet: were it
/// the last hope, a retry would try it again.
awaitable<writing::StepResult<std::vector<ReadLink>>> read_links(Environment& environment,
                                                                 std::shared_ptr<RunningJob> job, Journal& journal);
/// Makes it durable which links were dead; each is named in its event.
awaitable<writing::StepResult<void>> record_dead_links(std::vector<ReadLink> links, Journal& journal);

/// A link as its `fetch/...` step recorded it; nothing for any other entry.
std::optional<writing::SourceInfo> link_info(std::string_view url, std::string_view journal_value);
std::string fetch_key(std::string_view url);

}  // namespace longhand::engine
