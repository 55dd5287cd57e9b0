#include "cli/progress_view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>

namespace longhand::cli {
namespace {

using std::chrono::duration_cast;
constexpr auto kWindow = std::chrono::seconds(20);

SteadyTime now() {
    return std::chrono::steady_clock::now();
}

std::size_t width_of(std::FILE* stream) {
    winsize size{};
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
    return size.ws_col;
}

std::string counts(const Snapshot& snapshot) {
    std::string text;
    if (snapshot.words_planned > 0) {
        text += fmt::format("{}/{} words", with_commas(snapshot.words_done), with_commas(snapshot.words_planned));
    }
    if (snapshot.tokens > 0) text += fmt::format("{}{} tokens", text.empty() ? "" : "  ", with_commas(snapshot.tokens));
    if (snapshot.tokens > 0 && snapshot.cost) text += "  " + format_usd(*snapshot.cost);
    return text;
}

class BarView final : public ProgressView {
public:
    explicit BarView(std::FILE* stream) : stream_(stream), started_(now()) {}

    void show(const Snapshot& snapshot) override {
        const auto left = time_left_.update(snapshot.progress, now());
        const auto elapsed = duration_cast<Seconds>(now() - started_);
        line_ = bar_line(snapshot, elapsed, left, width_of(stream_) - 1);
        draw();
    }
    void note(const std::string& text) override {
        std::fprintf(stream_, "\r\033[K%s\n", text.c_str());
        draw();
    }
    void close() override {
        std::fputs("\r\033[K", stream_);
        std::fflush(stream_);
        line_.clear();
    }

private:
    void draw() {
        std::fprintf(stream_, "\r\033[K%s", line_.c_str());
        std::fflush(stream_);
    }

    std::FILE* stream_;
    SteadyTime started_;
    TimeLeft time_left_;
    std::string line_;
};

// A line when the stage changes, when five more parts of a hundred are done, and every ten seconds.
class LineView final : public ProgressView {
public:
    explicit LineView(std::FILE* stream) : stream_(stream), started_(now()) {}

    void show(const Snapshot& snapshot) override {
        const auto left = time_left_.update(snapshot.progress, now());
        const bool stage_changed = snapshot.stage != stage_;
        if (!stage_changed && snapshot.progress < progress_ + 5 && now() - shown_ < std::chrono::seconds(10)) return;
        stage_ = snapshot.stage;
        progress_ = snapshot.progress;
        shown_ = now();
        const auto elapsed = duration_cast<Seconds>(shown_ - started_);
        std::string line =
            fmt::format("{:>7} {:5.1f} %  {}", clock_text(elapsed), snapshot.progress, stage_words(snapshot.stage));
        if (const std::string numbers = counts(snapshot); !numbers.empty()) line += "  " + numbers;
        if (left) line += fmt::format("  {} left", clock_text(*left));
        note(line);
    }
    void note(const std::string& text) override {
        std::fprintf(stream_, "%s\n", text.c_str());
        std::fflush(stream_);
    }
    void close() override {}

private:
    std::FILE* stream_;
    SteadyTime started_;
    SteadyTime shown_;
    TimeLeft time_left_;
    std::string stage_;
    double progress_ = 0;
};

class JsonView final : public ProgressView {
public:
    explicit JsonView(std::FILE* stream) : stream_(stream) {}

    void show(const Snapshot& snapshot) override {
        boost::json::object line{{"kind", "progress"},
                                 {"job", snapshot.job},
                                 {"status", snapshot.status},
                                 {"stage", snapshot.stage},
                                 {"progress", snapshot.progress},
                                 {"title", snapshot.title},
                                 {"words_done", snapshot.words_done},
                                 {"words_planned", snapshot.words_planned},
                                 {"tokens", snapshot.tokens}};
        if (snapshot.cost) line["cost_usd"] = snapshot.cost->usd();
        put(line);
    }
    void note(const std::string& text) override { put({{"kind", "note"}, {"text", text}}); }
    void close() override {}

private:
    void put(const boost::json::value& value) {
        std::string line = boost::json::serialize(value);
        if (line == last_) return;
        std::fprintf(stream_, "%s\n", line.c_str());
        std::fflush(stream_);
        last_ = std::move(line);
    }

    std::FILE* stream_;
    std::string last_;
};

}  // namespace

std::string with_commas(std::int64_t number) {
    std::string text = std::to_string(number < 0 ? -number : number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return number < 0 ? "-" + text : text;
}

std::string clock_text(Seconds time) {
    const auto seconds = std::max<std::int64_t>(0, time.count());
    if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
    return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string stage_words(const std::string& stage) {
    if (stage == "reading_sources") return "reading sources";
    if (stage == "generating_work") return "writing";
    std::string words = stage;
    std::ranges::replace(words, '_', ' ');
    return words;
}

std::optional<Seconds> TimeLeft::update(double progress, SteadyTime at) {
    if (!first_ || progress < first_->progress) first_ = window_ = next_window_ = Point{progress, at};
    // The speed over the last one to two windows, so that a quick start does not promise too much for ever.
    if (at - next_window_->at >= kWindow) {
        window_ = next_window_;
        next_window_ = Point{progress, at};
    }
    const double done = progress - window_->progress;
    const std::chrono::duration<double> took = at - window_->at;
    if (done < 1 || took.count() < 1 || progress >= 100) return std::nullopt;
    return Seconds{std::llround((100 - progress) * took.count() / done)};
}

std::string bar_line(const Snapshot& snapshot, Seconds elapsed, std::optional<Seconds> left, std::size_t width) {
    const std::string head = fmt::format("{:5.1f} % ", snapshot.progress);
    std::vector<std::string> parts{stage_words(snapshot.stage)};
    if (const std::string numbers = counts(snapshot); !numbers.empty()) parts.push_back(numbers);
    parts.push_back(left ? fmt::format("{} left", clock_text(*left)) : clock_text(elapsed));
    // What does not fit is left out from the middle: the numbers first.
    constexpr std::size_t kShortestBar = 10, kLongestBar = 40;
    const auto tail_of = [](const std::vector<std::string>& texts) {
        std::string tail;
        for (const std::string& text : texts) tail += "  " + text;
        return tail;
    };
    while (parts.size() > 1 && head.size() + kShortestBar + 2 + tail_of(parts).size() > width)
        parts.erase(parts.begin() + 1);
    const std::string tail = tail_of(parts);
    const std::size_t used = head.size() + 2 + tail.size();
    const std::size_t bar = std::min(kLongestBar, width > used ? width - used : 0);
    const auto filled =
        static_cast<std::size_t>(std::clamp(snapshot.progress, 0.0, 100.0) / 100 * static_cast<double>(bar));
    std::string line = head + "[";
    for (std::size_t i = 0; i < bar; ++i) line += i < filled ? "#" : "-";
    return (line + "]" + tail).substr(0, width);
}

ViewKind view_kind_for(std::FILE* stream, bool json) {
    if (json) return ViewKind::json;
    return isatty(fileno(stream)) != 0 ? ViewKind::bar : ViewKind::lines;
}

std::unique_ptr<ProgressView> make_progress_view(ViewKind kind, std::FILE* people, std::FILE* programs) {
    switch (kind) {
        case ViewKind::bar:
            return std::make_unique<BarView>(people);
        case ViewKind::lines:
            return std::make_unique<LineView>(people);
        case ViewKind::json:
            return std::make_unique<JsonView>(programs);
    }
    return nullptr;
}

}  // namespace longhand::cli
