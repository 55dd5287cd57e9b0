// Retrieval: an SQLite FTS5 file over the passages of one set of sources, derived and disposable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sources/passage.h"
#include "sources/reader.h"

namespace longhand::sources {

struct Hit {
    Passage passage;
    double score = 0;  ///< greater is better; BM25, scaled to no unit
};

/// One thread at a time. What it answers depends on the passages alone, in whatever order they came and on whichever
/// machine: ties are broken by the passage's key.
class PassageIndex {
public:
    /// Opens the index of these passages at `path`, making it when it is missing, broken, or of other passages or
    /// another format.
    static SourceResult<std::unique_ptr<PassageIndex>> open(std::string path, const std::vector<Passage>& passages);
    virtual ~PassageIndex() = default;

    /// The best `limit` passages for any words of `query` (any text at all; no query language), best first. At most
    /// `per_file` of one file when that is not 0.
    virtual std::vector<Hit> search(std::string_view query, std::size_t limit, std::size_t per_file = 0) = 0;
    virtual std::size_t size() const = 0;
};

}  // namespace longhand::sources
