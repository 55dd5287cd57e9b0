#include "llm/openai_client.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <exception>
#include <memory>

#include "base/task_scope.h"
#include "llm/completion_parser.h"

namespace longhand::llm {
namespace {

namespace json = boost::json;

constexpr std::size_t kBytesAnEvent = 2048;  // of a stream that brings one token
constexpr std::size_t kBytesAToken = 64;
constexpr std::size_t kBytesBeside = 4 * 1024 * 1024;
constexpr std::size_t kLargestModelList = 32 * 1024 * 1024;

/// How far a stream has come, shared with the watch over its silence.
struct Pace {
    SteadyTime deadline;
    bool stalled = false;
    bool any_token = false;
};

awaitable<void> watch_silence(Runtime& runtime, std::shared_ptr<Pace> pace, StopSource cut, StopToken over) {
    while (true) {
        const WaitResult result = co_await runtime.sleep_until(pace->deadline, over);
        if (result == WaitResult::stopped) co_return;
        if (pace->deadline > runtime.steady_now()) continue;
        pace->stalled = true;
        cut.stop(StopReason::deadline);
        co_return;
    }
}

Fault stalled_fault(const Asked& asked, bool any_token, const OpenAiOptions& options) {
    const auto silence = any_token ? options.between_tokens : options.first_token;
    Fault fault{
        {LlmErrc::unavailable, fmt::format("{} sent no {}token of \"{}\" for {:.3g} seconds.", asked.provider,
                                           any_token ? "further " : "", asked.model, silence.count() / 1000.0)}};
    fault.transient = true;
    return fault;
}

Fault cut_fault(const Asked& asked) {
    Fault fault{{LlmErrc::unavailable, fmt::format("{} ended its answer before it was whole.", asked.provider)}};
    fault.transient = true;
    return fault;
}

Fault stopped_fault() {
    return {{LlmErrc::stopped, "stopped"}};
}

/// The provider's figures are the bill, whatever was streamed; a count that it left out, or gave as 0, is made here.
Usage usage_of(const Completion& completion, const ChatRequest& request) {
    Usage usage = completion.usage.value_or(Usage{});
    if (usage.completion_tokens == 0) {
        usage.reasoning_tokens = estimate_tokens(completion.reasoning);
        usage.completion_tokens = estimate_tokens(completion.text) + usage.reasoning_tokens;
        usage.estimated = true;
    }
    if (usage.prompt_tokens == 0) {
        usage.prompt_tokens = estimate_prompt_tokens(request);
        usage.estimated = true;
    }
    return usage;
}

// A provider bills nothing for what it refused with an error status, nor for what did not reach it.
bool was_taken_on(const net::NetResult<net::HttpReply>& answer) {
    if (answer) return answer->status / 100 == 2;
    return answer.error().code != net::NetErrc::unreachable;
}

void tell_end(AttemptEnd& end, const net::NetResult<net::HttpReply>& answer, const Completion& completion,
              const ChatRequest& request) {
    end.sent = was_taken_on(answer);
    if (end.sent) end.usage = usage_of(completion, request);
    if (end.generation_id.empty()) end.generation_id = completion.id;
    end.served_by = completion.served_by;
    end.finish = completion.finish.value_or(FinishReason::stop);
}

ChatReply reply_of(const Completion& completion, const ChatRequest& request, std::string generation_id) {
    ChatReply reply;
    reply.text = completion.text;
    reply.finish = completion.finish.value_or(FinishReason::stop);
    if (generation_id.empty()) generation_id = completion.id;
    reply.generation_id = std::move(generation_id);
    reply.model = completion.model.empty() ? request.model : completion.model;
    reply.usage = usage_of(completion, request);
    return reply;
}

std::uint32_t first_number(const json::object& entry, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        const auto* value = entry.if_contains(name);
        if (!value || !value->is_number()) continue;
        boost::system::error_code failed;
        const auto number = value->to_number<std::int64_t>(failed);
        if (!failed && number > 0) return static_cast<std::uint32_t>(std::min<std::int64_t>(number, UINT32_MAX));
    }
    return 0;
}

/// OpenRouter's `context_length`, which the provider that it prefers may have less of; vLLM's `max_model_len`;
/// llama.cpp's `meta`, with the size that is loaded before the size that was trained.
std::uint32_t context_tokens_of(const json::object& entry) {
    std::uint32_t tokens =
        first_number(entry, {"context_length", "context_window", "max_model_len", "max_context_length"});
    if (const auto* top = entry.if_contains("top_provider"); top && top->is_object()) {
        const std::uint32_t offered = first_number(top->as_object(), {"context_length"});
        if (offered > 0 && (tokens == 0 || offered < tokens)) tokens = offered;
    }
    const auto* meta = entry.if_contains("meta");
    if (tokens > 0 || !meta || !meta->is_object()) return tokens;
    return first_number(meta->as_object(), {"n_ctx", "n_ctx_train"});
}

}  // namespace

std::optional<Usage> parse_charge(std::string_view body) {
    const auto object = parse_lenient(body);
    const auto* value = object ? object->if_contains("data") : nullptr;
    const auto* data = value ? value->if_object() : nullptr;
    if (!data) return std::nullopt;
    Usage usage;
    usage.prompt_tokens = first_number(*data, {"native_tokens_prompt", "tokens_prompt"});
    usage.completion_tokens = first_number(*data, {"native_tokens_completion", "tokens_completion"});
    usage.cached_tokens = first_number(*data, {"native_tokens_cached"});
    usage.reasoning_tokens = first_number(*data, {"native_tokens_reasoning"});
    usage.cost_usd = charge_in(*data, "total_cost", data);
    if (usage.prompt_tokens == 0 && usage.completion_tokens == 0 && !usage.cost_usd) return std::nullopt;
    return usage;
}

std::optional<std::vector<ModelInfo>> parse_models(std::string_view body) {
    const auto object = parse_lenient(body);
    const auto* data = object ? object->if_contains("data") : nullptr;
    std::vector<ModelInfo> models;
    if (data && data->is_null()) return models;  // Ollama's, when it has none
    if (!data || !data->is_array()) return std::nullopt;
    for (const json::value& value : data->as_array()) {
        const auto* entry = value.if_object();
        const auto* id = entry ? entry->if_contains("id") : nullptr;
        if (!id || !id->is_string()) continue;
        ModelInfo info;
        info.id = id->as_string().c_str();
        info.context_tokens = context_tokens_of(*entry);
        if (const auto* notice = entry->if_contains("notice"); notice && notice->is_string())
            info.notice = quoted(notice->as_string(), "");
        models.push_back(std::move(info));
    }
    return models;
}

OpenAiClient::OpenAiClient(Runtime& runtime, net::HttpClient& http, OpenAiOptions options)
    : runtime_(runtime), http_(http), options_(std::move(options)), gate_(runtime) {
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
    provider_ = options_.name.empty() ? without_credentials(options_.base_url) : options_.name;
}

Asked OpenAiClient::asked(std::string model) const {
    const std::string shown =
        options_.name.empty() ? shown_provider(options_.base_url) : fmt::format("The {} model", options_.name);
    return {shown, std::move(model), options_.api_key, options_.renew_key};
}

std::vector<std::string> OpenAiClient::headers() const {
    std::vector<std::string> lines;
    if (!options_.api_key.empty()) lines.push_back("Authorization: Bearer " + options_.api_key);
    return lines;
}

std::string OpenAiClient::request_body(const ChatRequest& request) const {
    json::array messages;
    for (const Message& message : request.messages)
        messages.push_back(json::object{{"role", message.role}, {"content", message.content}});
    json::object body{{"model", request.model}, {"messages", std::move(messages)}, {"stream", true}};
    body["stream_options"] = json::object{{"include_usage", true}};
    body[dialect_.max_completion_tokens ? "max_completion_tokens" : "max_tokens"] = request.max_tokens;
    if (dialect_.temperature) body["temperature"] = request.temperature;
    if (request.seed) body["seed"] = *request.seed;
    if (request.json_schema && dialect_.json_schema) {
        json::object schema{{"name", request.schema_name}, {"strict", true}, {"schema", *request.json_schema}};
        body["response_format"] = json::object{{"type", "json_schema"}, {"json_schema", std::move(schema)}};
    }
    return json::serialize(body);
}

net::HttpCall OpenAiClient::chat_call(const ChatRequest& request) const {
    net::HttpCall call;
    call.method = "POST";
    call.url = options_.base_url + "/chat/completions";
    call.headers = headers();
    call.headers.push_back("Content-Type: application/json");
    call.headers.push_back("Accept: text/event-stream");
    call.body = request_body(request);
    // The watch over silence is stricter than these: it counts tokens, not bytes.
    call.connect_timeout = std::min(call.connect_timeout, options_.first_token);
    call.first_byte_timeout = options_.first_token + Seconds(5);
    call.idle_timeout = std::max(options_.between_tokens, options_.first_token) + Seconds(5);
    call.max_bytes = kBytesBeside + kBytesAnEvent * request.max_tokens;
    return call;
}

bool OpenAiClient::learn(const net::HttpReply& refusal) {
    if (refusal.status != 400 && refusal.status != 422) return false;
    const auto names = [&](std::string_view field) { return refusal.body.find(field) != std::string::npos; };
    if (dialect_.json_schema && (names("response_format") || names("json_schema")))
        return !(dialect_.json_schema = false);
    if (!dialect_.max_completion_tokens && names("max_completion_tokens")) return dialect_.max_completion_tokens = true;
    if (dialect_.temperature && names("temperature")) return !(dialect_.temperature = false);
    return false;
}

awaitable<LlmResult<ChatReply>> OpenAiClient::chat(ChatRequest request, ChatWatcher watcher, StopToken stop) {
    Call call{std::move(request), std::move(watcher), stop, {}};
    call.asked = asked(call.request.model);
    std::function<awaitable<Attempt<ChatReply>>()> once = [this, &call] { return attempt(&call); };
    auto result = co_await with_retries<ChatReply>(runtime_, gate_, options_.retry, std::move(once),
                                                   call.watcher.on_restart, stop);
    co_return std::move(result);
}

awaitable<Attempt<ChatReply>> OpenAiClient::attempt(Call* call) {
    if (call->watcher.before_attempt) {
        auto asking = call->watcher.before_attempt();
        LlmResult<void> allowed = co_await std::move(asking);
        if (!allowed.has_value()) co_return Fault{{allowed.error().code, allowed.error().message}};
    }
    AttemptEnd end;
    end.sent = false;
    Attempt<ChatReply> result = stopped_fault();
    std::exception_ptr thrown;
    try {
        auto sending = send(call, &end);
        if (!call->stop.stopped()) result = co_await std::move(sending);
    } catch (...) {
        thrown = std::current_exception();
    }
    if (!result) end.failure = result.error().code;
    if (call->watcher.after_attempt) {
        auto telling = call->watcher.after_attempt(std::move(end));
        co_await std::move(telling);
    }
    if (thrown) std::rethrow_exception(thrown);
    co_return std::move(result);
}

awaitable<Attempt<ChatReply>> OpenAiClient::send(Call* call, AttemptEnd* end) {
    auto pace = std::make_shared<Pace>();
    pace->deadline = runtime_.steady_now() + options_.first_token;
    std::string& generation_id = end->generation_id;
    bool heard = false;
    const auto hear = [&](std::string_view id) {
        if (!std::exchange(heard, true) && call->watcher.on_first_byte) call->watcher.on_first_byte(id);
    };
    const auto name = [&](std::string_view id) {
        if (!id.empty()) hear(id);
    };
    CompletionParser::Sink sink{name, call->watcher.on_text, [&, pace] {
                                    hear("");
                                    pace->any_token = true;
                                    pace->deadline = runtime_.steady_now() + options_.between_tokens;
                                }};
    CompletionParser parser(call->asked, kBytesBeside / 16 + kBytesAToken * call->request.max_tokens, std::move(sink));

    net::HttpCall http = chat_call(call->request);
    net::HttpReply refusal;  // its head says enough, where its body does not end
    http.on_head = [&](const net::HttpReply& head) {
        if (head.status / 100 != 2) refusal = head;
        if (const auto id = head.header("x-generation-id")) generation_id = *id;
        if (head.status / 100 == 2) name(generation_id);
    };
    http.on_data = [&](std::string_view piece) { return parser.feed(piece); };

    StopSource cut;
    StopCallback forward(call->stop, [cut]() mutable { cut.stop(StopReason::cancelled); });
    TaskScope watch(runtime_);
    watch.spawn(watch_silence(runtime_, pace, cut, watch.token()));
    net::NetResult<net::HttpReply> answer = net::NetFailure{net::NetErrc::stopped, ""};
    // What a watcher's callback throws: the watch over silence has to end before it goes on up.
    std::exception_ptr thrown;
    try {
        answer = co_await http_.perform(std::move(http), cut.token());
    } catch (...) {
        thrown = std::current_exception();
    }
    watch.stop(StopReason::shutdown);
    co_await watch.join();
    if (answer || parser.whole()) parser.end_of_body();
    if (!answer && refusal.status != 0) answer = std::move(refusal);
    tell_end(*end, answer, parser.completion(), call->request);
    // Of a stream that broke off, a count that came on its way is not the last.
    if (!parser.whole()) end->usage.estimated = true;
    if (thrown) std::rethrow_exception(thrown);

    // A whole answer is paid for: only a cancelled job has no use for it.
    if (call->stop.stopped() && (call->stop.reason() == StopReason::cancelled || !parser.whole())) {
        co_return stopped_fault();
    }
    if (answer && answer->status / 100 != 2) {
        Fault fault = fault_of_reply(call->asked, *answer, runtime_.wall_now());
        if (learn(*answer)) fault.transient = true;
        co_return fault;
    }
    if (parser.fault()) co_return *parser.fault();
    if (parser.whole()) co_return reply_of(parser.completion(), call->request, generation_id);
    if (pace->stalled) co_return stalled_fault(call->asked, pace->any_token, options_);
    if (answer) co_return cut_fault(call->asked);
    co_return fault_of_connection(call->asked, answer.error());
}

awaitable<LlmResult<std::vector<ModelInfo>>> OpenAiClient::models(StopToken stop) {
    std::function<awaitable<Attempt<std::vector<ModelInfo>>>()> once = [this, stop] { return attempt_models(stop); };
    auto result =
        co_await with_retries<std::vector<ModelInfo>>(runtime_, gate_, options_.retry, std::move(once), {}, stop);
    co_return std::move(result);
}

net::HttpCall OpenAiClient::short_call(std::string path) const {
    net::HttpCall call;
    call.url = options_.base_url + path;
    call.headers = headers();
    call.first_byte_timeout = std::min(options_.first_token, Milliseconds(30'000));
    call.max_bytes = kLargestModelList;
    return call;
}

awaitable<Attempt<std::vector<ModelInfo>>> OpenAiClient::attempt_models(StopToken stop) {
    const Asked who = asked("");
    const auto answer = co_await http_.perform(short_call("/models"), stop);
    if (stop.stopped()) co_return stopped_fault();
    if (!answer) co_return fault_of_connection(who, answer.error());
    if (answer->status / 100 != 2) co_return fault_of_reply(who, *answer, runtime_.wall_now());
    auto models = parse_models(answer->body);
    if (!models) co_return malformed(who, "no list of models");
    co_return std::move(*models);
}

awaitable<LlmResult<std::optional<Usage>>> OpenAiClient::charged(std::string generation_id, StopToken stop) {
    std::function<awaitable<Attempt<std::optional<Usage>>>()> once = [this, id = std::move(generation_id), stop] {
        return attempt_charged(id, stop);
    };
    RetryPolicy policy = options_.retry;
    policy.attempts = 1;  // whoever asks comes again
    auto result = co_await with_retries<std::optional<Usage>>(runtime_, gate_, policy, std::move(once), {}, stop);
    co_return std::move(result);
}

awaitable<Attempt<std::optional<Usage>>> OpenAiClient::attempt_charged(std::string generation_id, StopToken stop) {
    const Asked who = asked("");
    const auto answer = co_await http_.perform(
        short_call("/generation?id=" + boost::urls::encode(generation_id, boost::urls::unreserved_chars)), stop);
    if (stop.stopped()) co_return stopped_fault();
    if (!answer) co_return fault_of_connection(who, answer.error());
    if (answer->status == 404 || answer->status == 405) co_return std::optional<Usage>();
    if (answer->status / 100 != 2) co_return fault_of_reply(who, *answer, runtime_.wall_now());
    co_return parse_charge(answer->body);
}

}  // namespace longhand::llm
