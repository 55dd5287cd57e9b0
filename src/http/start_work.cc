// generateWizardWork and generateWork: from a request to a queued job; estimateJob: what it would take.
#include <fmt/format.h>

#include <algorithm>

#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"
#include "http/questions.h"
#include "http/text.h"
#include "net/web_address.h"
#include "writing/estimate.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxUrls = 50;

/// The next address of a list with commas between them, which is taken off it. Addresses have commas too
/// (`…/Washington,_D.C.`): one ends an address where another's beginning, white space or nothing is behind it.
std::string_view next_url(std::string_view& list) {
    for (std::size_t comma = list.find(','); comma != list.npos; comma = list.find(',', comma + 1)) {
        const std::string_view rest = list.substr(comma + 1);
        const bool ends = rest.empty() || rest.front() == ',' || trimmed(rest.substr(0, 1)).empty() ||
                          equal_ignoring_case(rest.substr(0, 7), "http://") ||
                          equal_ignoring_case(rest.substr(0, 8), "https://");
        if (!ends) continue;
        const std::string_view url = list.substr(0, comma);
        list = rest;
        return url;
    }
    return std::exchange(list, {});
}

/// A string with commas, or an array of strings.
std::vector<std::string> read_urls(BodyReader& body) {
    constexpr std::string_view kName = "urls_for_research";
    const json::value* value = body.find(kName);
    std::vector<std::string> urls;
    bool fits = true;
    const auto take = [&](std::string_view url) {
        url = trimmed(url);
        if (url.empty()) return;
        const auto address = net::parse_web_address(url);
        if (!address)
            return body.refuse(kName, fmt::format("has '{}' in it, which {}", clipped(url), address.error().message));
        fits = fits && urls.size() < kMaxUrls;
        if (fits && std::find(urls.begin(), urls.end(), address->url) == urls.end()) urls.push_back(address->url);
    };
    if (value == nullptr) return urls;
    if (value->is_string()) {
        for (std::string_view list = view(*value); !list.empty();) take(next_url(list));
    } else if (value->is_array()) {
        for (const json::value& one : value->get_array()) {
            if (one.is_string())
                take(view(one));
            else
                fits = false;
        }
    } else {
        fits = false;
    }
    if (!fits)
        body.refuse(kName,
                    fmt::format("should be at most {} http or https addresses, in an array or with commas between them",
                                kMaxUrls));
    return urls;
}

void read_mode(BodyReader& body, job::Settings& settings) {
    const auto mode = body.line("mode", {0, 100});
    if (!mode || mode->empty() || *mode == settings.mode) return;
    body.refuse(ApiErrc::mode_not_allowed, "mode",
                fmt::format("The mode '{}' is for administrators only; send 'deepwriter', or leave 'mode' out.",
                            clipped(*mode)));
}

void read_research(BodyReader& body, job::Settings& settings) {
    settings.web_research = body.choice("use_web_research");
    if (settings.web_research != job::Choice::on) return;
    body.refuse(ApiErrc::web_research_unavailable, "use_web_research",
                "'use_web_research' is 'on', but no search provider is set up on this server. Send 'auto' or 'off', "
                "and upload the sources as files or name them in 'urls_for_research'.");
}

std::string model_or(BodyReader& body, std::string_view name, const std::string& otherwise) {
    const auto model = body.line(name, {0, 200});
    return model && !model->empty() ? *model : otherwise;
}

struct Start {
    Uuid project;
    job::Settings settings;
    job::PerMilestone<std::optional<std::string>> milestones;  ///< what is not there comes from the project
    bool names_questions = false;                              ///< else they come from the project
    bool names_writing_model = false;
    job::Budget budget;
    std::vector<std::string> warnings;  ///< see warnings_for
};

/// Below the cap; says so where that is less than what was asked for.
void read_length(BodyReader& body, Start& start) {
    job::Settings& settings = start.settings;
    const auto asked = body.length("page_length");
    if (asked) settings.length = asked->length;
    settings.max_pages = static_cast<std::uint32_t>(body.whole("max_pages", 1, 350).value_or(350));
    settings.length.max_pages = std::min(settings.length.max_pages, settings.max_pages);
    settings.length.min_pages = std::min(settings.length.min_pages, settings.length.max_pages);
    if (!asked) return;
    const std::int64_t planned = writing::target_of(settings).words;
    if (asked->length.words && *asked->length.words > planned) {
        start.warnings.push_back(fmt::format(
            "page_length asks for {} words, but the work may have {} pages (max_pages): it is planned with {} words.",
            *asked->length.words, settings.max_pages, planned));
    } else if (asked->length.words && *asked->length.words < planned) {
        start.warnings.push_back(
            fmt::format("page_length asks for {} words; a work has at least {}, with which it is planned.",
                        *asked->length.words, planned));
    } else if (!asked->length.words && asked->length.max_pages > settings.max_pages) {
        start.warnings.push_back(fmt::format(
            "page_length asks for up to {} pages, but max_pages is {}: the work is planned with no more than that.",
            asked->length.max_pages, settings.max_pages));
    }
}

void read_diagrams(BodyReader& body, Start& start) {
    start.settings.technical_diagrams = body.choice("has_technical_diagrams");
    if (start.settings.technical_diagrams != job::Choice::on) return;
    start.warnings.emplace_back(
        "has_technical_diagrams is 'on', but this version draws no diagrams: the work is written without them.");
}

void read_models(BodyReader& body, Start& start, const ServerDefaults& defaults) {
    start.settings.reasoning_model = model_or(body, "reasoning_model", defaults.reasoning_model);
    start.settings.writing_model = model_or(body, "writing_model", defaults.writing_model);
    start.settings.function_model = model_or(body, "function_model", defaults.function_model);
    start.names_writing_model = !model_or(body, "writing_model", "").empty();
    if (model_or(body, "function_model", "").empty()) return;
    start.warnings.emplace_back(
        "function_model is shown with the job, but no step of a job uses it: reasoning_model plans and writing_model "
        "writes.");
}

ApiResult<Start> read_start(const json::object& object, const ServerDefaults& defaults) {
    BodyReader body(object);
    Start start;
    job::Settings& settings = start.settings;
    start.project = body.id("projectId");
    settings.prompt = body.required_text("prompt", {10, 10'000});
    settings.author = body.required_line("author", {1, 100});
    settings.email = body.required_email("email");
    settings.title = body.line("title", {0, 200}).value_or("");
    settings.outline_text = body.text("outline_text", {0, 5'000}).value_or("");
    settings.style_text = body.text("style_text", {0, 10'000}).value_or("");
    settings.supplemental_info = body.text("supplemental_info", {0, 50'000}).value_or("");
    read_length(body, start);
    read_diagrams(body, start);
    settings.table_of_contents = body.choice("has_tableofcontents");
    read_research(body, settings);
    settings.guided = body.flag("guided").value_or(false);
    for (const job::Milestone milestone : job::kMilestones)
        start.milestones[milestone] = body.text(job::field_of(milestone), {0, kMostOfMilestone});
    settings.questions_and_answers = read_questions(body);
    start.names_questions = names_questions(body);
    settings.urls_for_research = read_urls(body);
    read_mode(body, settings);
    read_models(body, start, defaults);
    settings.context_tokens = defaults.context_tokens;
    settings.pipeline_version = defaults.pipeline_version;
    start.budget = body.budget();
    if (!start.budget.max_cost) start.budget.max_cost = defaults.budget.max_cost;
    if (!start.budget.max_tokens) start.budget.max_tokens = defaults.budget.max_tokens;
    if (body.problem()) return *body.problem();
    if (start.budget.max_cost) {
        if (auto problem = unknown_price(settings, defaults)) return std::move(*problem);
    }
    return start;
}

/// What was asked for and is accepted, but makes no difference, or less than it says.
std::vector<std::string> warnings_for(const Start& start, const store::Project& project) {
    std::vector<std::string> warnings = start.warnings;
    if (!start.names_writing_model && !project.model.empty() && project.model != start.settings.writing_model) {
        warnings.push_back(
            fmt::format("The project's model '{}' is kept, not used: the work is written with '{}'. Name it as "
                        "writing_model to have it used.",
                        clipped(project.model), start.settings.writing_model));
    }
    return warnings;
}

job::MilestoneTexts milestones_of(const Start& start, const store::Project& project) {
    job::MilestoneTexts texts;
    texts[job::Milestone::description] = project.work_description;
    texts[job::Milestone::details] = project.work_details;
    texts[job::Milestone::vision] = project.work_vision;
    for (const job::Milestone milestone : job::kMilestones) {
        if (start.milestones[milestone]) texts[milestone] = *start.milestones[milestone];
    }
    return texts;
}

job::Settings settings_of(const Start& start, const store::Project& project) {
    job::Settings settings = start.settings;
    const auto fill = [](std::string& field, const std::string& from) {
        if (field.empty()) field = from;
    };
    fill(settings.outline_text, project.outline_text);
    fill(settings.style_text, project.style_text);
    fill(settings.supplemental_info, project.supplemental_info);
    if (!start.names_questions) settings.questions_and_answers = questions_of(project);
    settings.milestones = milestones_of(start, project);
    settings.warnings = warnings_for(start, project);
    return settings;
}

void add_warnings(JsonObject& out, const std::vector<std::string>& warnings) {
    if (warnings.empty()) return;
    JsonArray list;
    for (const std::string& warning : warnings) list.raw(json_string(warning));
    out.raw("warnings", std::move(list).str());
}

std::string started_json(Uuid job, const std::vector<std::string>& warnings) {
    JsonObject out;
    out.add("message", "Job started successfully").add("jobId", job);
    add_warnings(out, warnings);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> start_job(const Services& services, const Call& call, const Start& start,
                                      const store::Project& project) {
    if (services.deps.files.free_bytes() < services.options.disk_reserve) {
        co_return ApiError{ApiErrc::storage_full,
                           "The server's disk is full. Nothing was started; try again when there is room."};
    }
    store::NewJob request;
    request.owner = call.owner();
    request.project = start.project;
    request.settings = settings_of(start, project);
    const std::vector<std::string> warnings = request.settings.warnings;
    if (!start.settings.title.empty()) request.title = start.settings.title;
    request.provider = services.defaults.get()->provider;
    const auto key = co_await written_with(services, call.owner(), request.provider);
    if (!key) co_return key.error();
    request.is_byok = *key == WrittenWith::own_key;
    request.budget = start.budget;
    auto once = call.once<store::Enqueued>([warnings](const auto& done) {
        return done->busy ? std::nullopt : std::optional(started_json(done->job.id, warnings));
    });
    auto enqueued = co_await services.deps.jobs.enqueue(std::move(request), std::move(once));
    if (!enqueued) co_return from_store(enqueued.error(), "project");
    if (enqueued->busy) co_return busy_project(*enqueued->busy);
    co_return json_reply(started_json(enqueued->job.id, warnings));
}

awaitable<ApiResult<Reply>> generate_wizard_work(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    const auto start = read_start(*body, *services.defaults.get());
    if (!start) co_return start.error();
    const auto project = co_await services.deps.projects.project_for_owner(call.owner(), start->project);
    if (!project) co_return from_store(project.error(), "project");
    co_return co_await start_job(services, call, *start, *project);
}

/// What generateWork's body leaves out or leaves empty, as the project has it.
void fill_from_project(json::object& body, const store::Project& project) {
    const std::initializer_list<std::pair<std::string_view, const std::string&>> fields = {
        {"prompt", project.prompt}, {"author", project.author}, {"email", project.email}};
    for (const auto& [name, value] : fields) {
        if (BodyReader(body).find_filled(name) == nullptr && !trimmed(value).empty()) body[name] = value;
    }
}

awaitable<ApiResult<Reply>> generate_work(const Services& services, Call& call) {
    auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("projectId");
    if (reader.problem()) co_return *reader.problem();
    const auto project = co_await services.deps.projects.project_for_owner(call.owner(), id);
    if (!project) co_return from_store(project.error(), "project");
    fill_from_project(*body, *project);
    const auto start = read_start(*body, *services.defaults.get());
    if (!start) co_return start.error();
    co_return co_await start_job(services, call, *start, *project);
}

std::string range_json(std::int64_t low, std::int64_t high) {
    JsonObject out;
    out.add("low", low).add("high", high);
    return std::move(out).str();
}

writing::Range operator+(const writing::Range& a, const writing::Range& b) {
    return {a.low + b.low, a.high + b.high};
}

/// Of both roles; nothing where a price is not known.
std::optional<std::pair<UsdMicros, UsdMicros>> cost_of(const writing::Estimate& estimate, const Start& start,
                                                       const ServerDefaults& defaults) {
    UsdMicros low, high;
    for (const auto& [calls, model] : {std::pair(&estimate.planning, &start.settings.reasoning_model),
                                       std::pair(&estimate.writing, &start.settings.writing_model)}) {
        const auto price = defaults.prices.price_of(defaults.provider, *model);
        if (!price) return std::nullopt;
        const job::Price per_million{price->prompt, price->completion, price->cached};
        low = low + job::cost_of(per_million,
                                 {.prompt = calls->prompt_tokens.low, .completion = calls->completion_tokens.low});
        high = high + job::cost_of(per_million,
                                   {.prompt = calls->prompt_tokens.high, .completion = calls->completion_tokens.high});
    }
    return std::pair(low, high);
}

std::string rests_on_json(const writing::Estimate& estimate, const std::vector<store::ProjectFile>& files,
                          std::uint64_t bytes, bool has_price) {
    JsonArray list;
    list.raw(json_string(fmt::format("the length: {} words in {} chapters with {} sections", estimate.target.words,
                                     estimate.chapters, estimate.sections)));
    list.raw(json_string(
        files.empty() ? "no sources: the project has no files"
                      : fmt::format("the project's {} files of {} bytes, as they are now", files.size(), bytes)));
    list.raw(
        json_string("low: every draft does as it comes; high: each is revised twice, some are continued or fitted"));
    list.raw(json_string(has_price ? "the server's price table, and no model was asked"
                                   : "no price: the server knows none for a model of the job; no model was asked"));
    return std::move(list).str();
}

JsonObject estimate_object(const Start& start, const writing::Estimate& estimate, const ServerDefaults& defaults,
                           const std::vector<store::ProjectFile>& files, std::uint64_t bytes) {
    const auto calls = estimate.planning.calls + estimate.writing.calls;
    const auto prompt = estimate.planning.prompt_tokens + estimate.writing.prompt_tokens;
    const auto completion = estimate.planning.completion_tokens + estimate.writing.completion_tokens;
    const auto cost = cost_of(estimate, start, defaults);
    JsonObject out, models;
    out.raw("pages", range_json(estimate.target.min_pages, estimate.target.max_pages))
        .add("words", estimate.target.words);
    out.raw("calls", range_json(calls.low, calls.high)).raw("prompt_tokens", range_json(prompt.low, prompt.high));
    out.raw("completion_tokens", range_json(completion.low, completion.high));
    if (cost) {
        JsonObject range;
        range.add("low", cost->first).add("high", cost->second);
        out.raw("cost_usd", std::move(range).str());
    } else {
        out.raw("cost_usd", "null");
    }
    models.add("reasoning_model", start.settings.reasoning_model).add("writing_model", start.settings.writing_model);
    out.raw("models", std::move(models).str());
    out.raw("rests_on", rests_on_json(estimate, files, bytes, cost.has_value()));
    return out;
}

/// The body of either call that starts a job. Nothing is started, kept or bought.
awaitable<ApiResult<Reply>> estimate_job(const Services& services, Call& call) {
    auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("projectId");
    if (reader.problem()) co_return *reader.problem();
    const auto project = co_await services.deps.projects.project_for_owner(call.owner(), id);
    if (!project) co_return from_store(project.error(), "project");
    fill_from_project(*body, *project);
    const auto defaults = services.defaults.get();
    auto start = read_start(*body, *defaults);
    if (!start) co_return start.error();
    start->settings = settings_of(*start, *project);
    const auto files = co_await services.deps.projects.files_of_project(call.owner(), id);
    if (!files) co_return from_store(files.error(), "project");
    std::uint64_t bytes = 0;
    for (const store::ProjectFile& file : *files) bytes += file.size;
    const writing::Estimate estimate = writing::estimate(start->settings, bytes);
    JsonObject out = estimate_object(*start, estimate, *defaults, *files, bytes);
    add_warnings(out, start->settings.warnings);
    co_return json_reply(std::move(out).str());
}

}  // namespace

std::vector<Route> work_routes(const Services& services) {
    return {
        {"POST", "/api/generateWizardWork", Access::user, bound(services, generate_wizard_work)},
        {"POST", "/api/generateWork", Access::user, bound(services, generate_work)},
        {"POST", "/api/estimateJob", Access::user, bound(services, estimate_job)},
    };
}

}  // namespace longhand::http
