#include "llm/key_check.h"

#include <boost/url/parse.hpp>

#include "base/task_scope.h"

namespace longhand::llm {
namespace {

using KeyFailure = Failure<LlmErrc>;
constexpr std::size_t kLargestKeyAnswer = 32 * 1024 * 1024;  // a list of models

awaitable<void> end_at(Runtime& runtime, SteadyTime deadline, StopSource cut, StopToken over) {
    const WaitResult result = co_await runtime.sleep_until(deadline, over);
    if (result == WaitResult::elapsed) cut.stop(StopReason::deadline);
}

/// The questions of one check, one after the other.
class KeyCheck {
public:
    KeyCheck(Runtime& runtime, net::HttpClient& http, OpenAiOptions options, std::string model, StopToken stop)
        : runtime_(runtime), http_(http), options_(std::move(options)), model_(std::move(model)), stop_(stop) {
        while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
        options_.retry.attempts = 1;
        options_.first_token = std::min(options_.first_token, kKeyCheckTime);
        who_ = {shown_provider(options_.base_url), "", options_.api_key, options_.renew_key};
    }

    awaitable<LlmResult<void>> ask() {
        const bool tells = tells_of_keys(options_.base_url);
        auto asking = get(tells ? "/key" : "/models", options_.api_key);
        const net::NetResult<net::HttpReply> with_key = co_await std::move(asking);
        if (!with_key) co_return unreached(with_key.error());
        // There is nothing in these requests but the key that could be wrong.
        if (with_key->status == 400 || (tells && with_key->status == 404)) {
            co_return KeyFailure{LlmErrc::refused_key, fault_of_reply(who_, *with_key, runtime_.wall_now()).message};
        }
        const bool may_be_good = with_key->status == 403 || with_key->status == 404 || with_key->status == 405;
        if (with_key->status / 100 != 2 && (tells || !may_be_good)) co_return refusal(*with_key);
        if (tells) co_return LlmResult<void>();
        if (with_key->status / 100 == 2) {
            auto asking_without = get("/models", "");
            const net::NetResult<net::HttpReply> without_key = co_await std::move(asking_without);
            if (!without_key) co_return unreached(without_key.error());
            if (without_key->status == 401 || without_key->status == 403) co_return LlmResult<void>();
        }
        auto asking_a_token = one_token();
        co_return co_await std::move(asking_a_token);
    }

private:
    awaitable<net::NetResult<net::HttpReply>> get(std::string path, std::string key) {
        net::HttpCall call;
        call.url = options_.base_url + path;
        if (!key.empty()) call.headers.push_back("Authorization: Bearer " + key);
        call.first_byte_timeout = kKeyCheckTime;
        call.max_bytes = kLargestKeyAnswer;
        return http_.perform(std::move(call), stop_);
    }

    LlmResult<void> unreached(const net::NetFailure& failure) const {
        if (failure.code == net::NetErrc::stopped) return KeyFailure{LlmErrc::stopped, "stopped"};
        const Fault fault = fault_of_connection(who_, failure);
        return KeyFailure{fault.code, fault.message};
    }
    LlmResult<void> refusal(const net::HttpReply& reply) const {
        const Fault fault = fault_of_reply(who_, reply, runtime_.wall_now());
        return judged(KeyFailure{fault.code, fault.message});
    }
    /// Of a provider's answer: whatever it finds wrong but the key, it has taken the key.
    static LlmResult<void> judged(const KeyFailure& failure) {
        switch (failure.code) {
            case LlmErrc::refused_key:
            case LlmErrc::unavailable:
            case LlmErrc::malformed:
            case LlmErrc::withheld:
            case LlmErrc::stopped:
                return failure;
            case LlmErrc::no_credit:
            case LlmErrc::unknown_model:
            case LlmErrc::bad_request:
            case LlmErrc::content_filtered:
            case LlmErrc::loop:
                break;
        }
        return LlmResult<void>();
    }

    awaitable<LlmResult<void>> one_token() {
        OpenAiClient client(runtime_, http_, options_);
        ChatRequest request;
        request.model = model_;
        request.messages = {{"user", "Hello"}};
        request.max_tokens = 1;
        auto chatting = client.chat(std::move(request), {}, stop_);
        const LlmResult<ChatReply> reply = co_await std::move(chatting);
        if (reply) co_return LlmResult<void>();
        co_return judged(KeyFailure{reply.error().code, reply.error().message});
    }

    Runtime& runtime_;
    net::HttpClient& http_;
    OpenAiOptions options_;
    const std::string model_;
    const StopToken stop_;
    Asked who_;
};

}  // namespace

bool tells_of_keys(const std::string& base_url) {
    const auto parsed = boost::urls::parse_uri(base_url);
    if (!parsed) return false;
    const std::string host = parsed->host();
    return host == "openrouter.ai" || host.ends_with(".openrouter.ai");
}

awaitable<LlmResult<void>> check_key(Runtime& runtime, net::HttpClient& http, OpenAiOptions options, std::string model,
                                     StopToken stop, Milliseconds time) {
    const Asked who{shown_provider(options.base_url), "", options.api_key, options.renew_key};
    StopSource cut;
    StopCallback forward(stop, [cut]() mutable { cut.stop(StopReason::cancelled); });
    TaskScope watch(runtime);
    watch.spawn(end_at(runtime, runtime.steady_now() + time, cut, watch.token()));
    KeyCheck check(runtime, http, std::move(options), std::move(model), cut.token());
    LlmResult<void> checked = KeyFailure{LlmErrc::stopped, "stopped"};
    std::exception_ptr thrown;
    try {
        auto asking = check.ask();
        checked = co_await std::move(asking);
    } catch (...) {
        thrown = std::current_exception();
    }
    watch.stop(StopReason::shutdown);
    co_await watch.join();
    if (thrown) std::rethrow_exception(thrown);
    const bool late = !checked && checked.error().code == LlmErrc::stopped && !stop.stopped();
    if (late) {
        co_return KeyFailure{LlmErrc::unavailable, who.provider + " did not say within " +
                                                       std::to_string(time.count() / 1000) +
                                                       " seconds whether it takes the key."};
    }
    co_return checked;
}

}  // namespace longhand::llm
