#include "cli/work_order.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "cli/installation.h"
#include "cli/readable_file.h"
#include "http/text.h"
#include "sources/reader.h"

namespace longhand::cli {
namespace {

constexpr std::size_t kShortestPrompt = 10, kLongestPrompt = 10'000, kLongestAuthor = 100, kLongestTitle = 200;

// Why `path` can't be a source; empty when it can.
std::string reason_against(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return "it is a folder; name the files in it";
    if (std::string reason = reason_not_to_read(path); !reason.empty()) return reason;
    const auto size = std::filesystem::file_size(path, error);
    if (size == 0) return "it is empty";
    if (size > sources::kMostBytes) return fmt::format("it is larger than {} MB", sources::kMostBytes >> 20);
    return {};
}

bool fits(const std::string& text, std::size_t least, std::size_t most) {
    const std::size_t length = http::code_points(text);
    return !http::invalid_utf8_at(text) && length >= least && length <= most;
}

std::string user_name() {
    const passwd* entry = getpwuid(getuid());
    std::string name = entry == nullptr || entry->pw_gecos == nullptr ? "" : entry->pw_gecos;
    name = name.substr(0, name.find(','));
    if (name.empty() && entry != nullptr) name = entry->pw_name;
    return name.empty() ? "Anonymous" : name;
}

}  // namespace

std::vector<OptionSpec> work_options() {
    return {
        {.name = "source",
         .value = "FILE",
         .help = "a file to write from: text, Markdown, HTML, PDF, DOCX, ODT, EPUB, RTF; repeatable",
         .repeatable = true},
        {.name = "pages",
         .value = "N or N-M",
         .help = "how long the work is to be, 1 to 350 pages",
         .fallback = "8-12"},
        {.name = "title", .value = "TEXT", .help = "its title (default: found by the plan)"},
        {.name = "author", .value = "TEXT", .help = "its author (default: your name on this machine)"},
    };
}

Value<WorkOrder> work_order(const Options& options) {
    WorkOrder order;
    job::Settings& settings = order.settings;
    settings.prompt = options.positional("PROMPT");
    if (http::invalid_utf8_at(settings.prompt)) return wrong_usage("The prompt is not valid UTF-8.");
    const std::size_t length = http::code_points(settings.prompt);
    if (length < kShortestPrompt || length > kLongestPrompt) {
        return wrong_usage(
            fmt::format("The prompt should have {} to {} characters, not {}: say what to write, for whom, and how.",
                        kShortestPrompt, kLongestPrompt, length));
    }
    order.pages = options.get("pages");
    const auto pages = job::Length::parse(order.pages);
    if (!pages)
        return wrong_usage(
            fmt::format("{} should be a length such as 12, 10-15 or '5000 words', of 1 to 350 pages, not '{}'.",
                        options.origin("pages"), order.pages));
    settings.length = *pages;
    settings.title = options.get("title");
    settings.author = options.find("author").value_or(user_name());
    if (!fits(settings.title, 0, kLongestTitle))
        return wrong_usage(
            fmt::format("{} should be UTF-8 of at most {} characters.", options.origin("title"), kLongestTitle));
    if (!fits(settings.author, 1, kLongestAuthor))
        return wrong_usage(
            fmt::format("{} should be UTF-8 of 1 to {} characters.", options.origin("author"), kLongestAuthor));
    settings.email = kOwnerEmail;
    const auto budget = budget_of(options);
    if (!budget) return budget.error();
    order.budget = *budget;
    for (const std::string& path : options.all("source")) {
        const std::string reason = reason_against(path);
        if (reason.empty()) {
            order.sources.push_back(path);
        } else {
            order.unreadable.push_back(fmt::format("{}: {}", path, reason));
        }
    }
    return order;
}

boost::json::object request_body(const WorkOrder& order, const std::string& project) {
    const job::Settings& settings = order.settings;
    boost::json::object body{{"projectId", project},
                             {"prompt", settings.prompt},
                             {"author", settings.author},
                             {"email", settings.email},
                             {"page_length", order.pages}};
    if (!settings.title.empty()) body["title"] = settings.title;
    if (settings.guided) body["guided"] = true;
    add_caps(body, order.budget);
    return body;
}

void add_caps(boost::json::object& body, const job::Budget& budget) {
    if (budget.max_cost) body["max_cost_usd"] = budget.max_cost->usd();
    if (budget.max_tokens) body["max_tokens"] = *budget.max_tokens;
}

std::string project_title(const WorkOrder& order) {
    if (!order.settings.title.empty()) return order.settings.title;
    constexpr std::size_t kShown = 60;
    const std::string& prompt = order.settings.prompt;
    if (prompt.size() <= kShown) return prompt;
    std::size_t cut = prompt.rfind(' ', kShown);
    if (cut == std::string::npos || cut == 0) cut = kShown;
    while (cut > 0 && (static_cast<unsigned char>(prompt[cut]) & 0xC0) == 0x80) --cut;
    return prompt.substr(0, cut) + "…";
}

}  // namespace longhand::cli
