// Which passages a call is given: a spread for the plan, the best for a section, less of what was used before.
#pragma once

#include <string>
#include <vector>

#include "writing/work.h"

namespace longhand::writing {

/// Keys of passages from the start and the middle of each readable source, in turn.
std::vector<std::string> spread(const std::vector<SourceInfo>& sources, std::size_t most);

/// Of hits, best first: those to give, ranked down by use and by their file's share, program text last; at most
/// `per_file` of one file unless 0.
std::vector<std::string> pick(const std::vector<sources::Hit>& hits, const Usage& usage, std::size_t limit,
                              std::size_t per_file);

/// Retrieves for a section and counts the use.
std::vector<std::string> passages_for(StepContext& context, Work& work, LeafRef leaf);

/// Keys of the best passages for a query, for calls that want to know what the sources are about: no program text, and
/// prose before notes on program text.
std::vector<std::string> telling(StepContext& context, const std::string& query, std::size_t most);

/// How many sources have passages.
std::size_t readable(const std::vector<SourceInfo>& sources);
/// 3 when there are several files, else no bound.
std::size_t passages_per_file(const std::vector<SourceInfo>& sources);

/// The `<passages>` element, and the names p1 … pN that it gives to the passages.
std::string passages_markup(StepContext& context, const std::vector<std::string>& keys);
Aliases aliases_of(const std::vector<std::string>& keys);

/// Keys as text for the journal, and back.
std::string keys_to_text(const std::vector<std::vector<std::string>>& keys);
std::vector<std::vector<std::string>> keys_from_text(std::string_view text);

}  // namespace longhand::writing
