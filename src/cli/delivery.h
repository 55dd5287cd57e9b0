// The finished documents of a job in the user's folder, and what is said of them.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "cli/values.h"

namespace longhand::cli {

/// --format as a list: each once, in the order given. Errors: wrong.
Value<std::vector<std::string>> formats_option(const Options& options);

struct Delivered {
    std::string format;
    std::string path;
};

/// What the quality sheet and the ledger say that a user wants to see at the end.
struct Figures {
    std::int64_t pages = 0;
    std::int64_t words = 0;
    std::int64_t citations = 0;
    std::optional<UsdMicros> cost;     ///< of all model calls; nothing where it is not known
    std::vector<std::string> remarks;  ///< sources that could not be read, warnings
};
/// `pdf`, `tex`, ...: the documents' formats.
std::vector<std::string> format_words();
/// `REASON`, with `FILE: ` before it where it does not name the file itself.
std::string with_file(const std::string& file, const std::string& reason);
Figures figures_of(const boost::json::object& quality);

/// For people: the files, pages, words, citations, seconds and the cost. With `as_json` one object on standard output.
void print_delivery(const std::string& job, const std::vector<Delivered>& files, const Figures& figures, Seconds taken,
                    bool as_json);

/// The line of a failure for programs: `{"kind":"error","text","code"}` on standard output.
void print_failure_line(const std::string& code, const std::string& message);
/// What kept `write` from its documents: on standard error, and with --json as the last line of standard output too.
/// `code` is a stable word (docs/errors.md). Gives `status`.
int print_failure(const Options& options, const std::string& code, const std::string& message, int status);

/// A path in `folder` for a file that people call `name`; a number is added where one is there already.
std::string free_path(const std::string& folder, const std::string& name);

}  // namespace longhand::cli
