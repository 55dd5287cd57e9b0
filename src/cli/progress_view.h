// What `write` and `watch` show while a job runs: a bar on a terminal, plain lines in a pipe, JSON lines for programs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/money.h"
#include "base/time.h"

namespace longhand::cli {

struct Snapshot {
    std::string job;
    std::string status;
    std::string stage;
    double progress = 0;
    std::string title;
    std::int64_t words_done = 0;
    std::int64_t words_planned = 0;
    std::int64_t tokens = 0;
    std::optional<UsdMicros> cost;  ///< nothing where it is not known
    std::string problem;            ///< the code of what ended the run; not shown
};

/// `1,234,567`.
std::string with_commas(std::int64_t number);
/// `0:07`, `12:34`, `1:02:03`.
std::string clock_text(Seconds time);
/// Stages as people say them: `generating_work` is `writing`.
std::string stage_words(const std::string& stage);

/// Guesses the time left from how progress moved so far.
class TimeLeft {
public:
    /// Nothing until there is enough to guess from.
    std::optional<Seconds> update(double progress, SteadyTime now);

private:
    struct Point {
        double progress;
        SteadyTime at;
    };
    std::optional<Point> first_, window_, next_window_;
};

/// One line of the bar, at most `width` columns of ASCII and block characters.
std::string bar_line(const Snapshot& snapshot, Seconds elapsed, std::optional<Seconds> left, std::size_t width);

enum class ViewKind { bar, lines, json };
ViewKind view_kind_for(std::FILE* stream, bool json);

class ProgressView {
public:
    virtual ~ProgressView() = default;
    virtual void show(const Snapshot& snapshot) = 0;
    /// A line for people, above the bar; in JSON an object of the kind `note`.
    virtual void note(const std::string& text) = 0;
    /// Takes the bar away.
    virtual void close() = 0;
};
/// Bars and lines go to `people`, JSON lines to `programs`.
std::unique_ptr<ProgressView> make_progress_view(ViewKind kind, std::FILE* people, std::FILE* programs);

}  // namespace longhand::cli
