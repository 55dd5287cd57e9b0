#include "fuzz/one_user_api.h"

#include <unistd.h>

#include <filesystem>

#include "http/errors.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::fuzz {
namespace {

namespace fs = std::filesystem;

// In memory, where there is such a place: what is uploaded is synced.
std::string new_folder() {
    const fs::path shared = "/dev/shm";
    std::string name = (fs::is_directory(shared) ? shared : fs::temp_directory_path()) / "longhand-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr, "a folder can be made");
    return name;
}

awaitable<engine::DocumentResult<engine::Document>> document_of(Uuid job, std::string format, std::string path) {
    if (job != kCompletedJob)
        co_return Failure<engine::DocumentErrc>{engine::DocumentErrc::nothing_yet, "It has not begun."};
    engine::Document document;
    document.path = std::move(path);
    document.media_type = format == "pdf" ? "application/pdf" : "text/markdown; charset=utf-8";
    document.file_name = "A \"work\"." + format;
    document.sha256 = "0123456789abcdef";
    co_return document;
}

void check_log(const http::AccessLine& line) {
    for (const std::string* word : {&line.method, &line.target}) {
        require(!word->empty() && word->size() <= 500, "a word of the access log is there, and bounded");
        for (const char c : *word)
            require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a word of the access log can be printed");
    }
}

bool has_header(const net::HttpResponse& response, std::string_view name) {
    return std::ranges::any_of(response.headers,
                               [&](const auto& field) { return http::equal_ignoring_case(field.first, name); });
}

void check_error(const boost::json::object& body, unsigned status) {
    require(body.contains("code") && body.contains("error") && body.contains("message"),
            "an error has a code and a sentence");
    const std::string code(body.at("code").as_string());
    for (const http::ErrorLine& line : http::error_table()) {
        if (line.word == code && static_cast<unsigned>(line.status) == status) return;
    }
    require(false, "an error's code is one of the table's, under its status");
}

void check(const net::HttpResponse& response, bool is_whole) {
    const auto status = static_cast<unsigned>(response.status);
    require(status != 500, "no request makes the server fail");
    require(has_header(response, "X-Content-Type-Options") || !is_whole, "a browser guesses no type");
    require(status != 401 || has_header(response, "WWW-Authenticate"), "who is refused is told how to come in");
    if (!is_whole || response.body.empty() || has_header(response, "Content-Encoding")) return;
    if (!response.content_type.starts_with("application/json")) return;
    const auto value = http::parse_json_value(response.body, "The answer");
    require(value.has_value(), "an answer in JSON is valid");
    if (status >= 400) check_error(value->as_object(), status);
}

}  // namespace

OneUserApi::OneUserApi() : folder_(new_folder()) {
    app_.emplace(deps(), options());
}

OneUserApi::~OneUserApi() {
    app_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

const std::string& OneUserApi::token() {
    static const std::string made = [] {
        const http::Tokens tokens(std::make_shared<http::KeyRing>(secrets()));
        return tokens.make(OneUserStore::kUser, kStillNow, std::chrono::hours(1));
    }();
    return made;
}

http::Deps OneUserApi::deps() {
    return {runtime_,
            jobs_,
            projects_,
            accounts_,
            requests_,
            files_,
            live_,
            [this](Uuid owner, Uuid job, std::string format, StopToken) {
                asked_.by(owner);
                return document_of(job, std::move(format), document_.path());
            },
            {},
            {},
            check_log,
            [](const std::string&) { require(false, "no request is a problem for the log"); }};
}

http::AppOptions OneUserApi::options() {
    http::AppOptions options;
    options.keys = std::make_shared<http::KeyRing>(secrets());
    options.public_url = "https://books.example";
    options.defaults.provider = "https://models.example/v1";
    options.defaults.reasoning_model = options.defaults.writing_model = options.defaults.function_model = "a/model";
    options.version = "1";
    options.disk_reserve = 0;
    options.max_file_bytes = 2048;
    options.max_upload_bytes = 16 * 1024;
    require(options.trusted_proxies.add("127.0.0.1"), "a proxy can be trusted");
    options.links_follow_proxy = true;
    return options;
}

Reply OneUserApi::answer(const net::HttpRequest& request, const std::string& body, std::size_t piece) {
    runtime_.rewind();
    asked_ = {};
    MemoryExchange exchange(request, body, piece);
    bool has_ended = false;
    asio::co_spawn(runtime_.loop(), app_->handler()(exchange), [&has_ended](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
        has_ended = true;
    });
    runtime_.loop().restart();
    runtime_.loop().run();
    require(has_ended && exchange.response(), "a request is answered");
    check(*exchange.response(), !exchange.is_file() && !exchange.is_stream());
    return {*exchange.response(), exchange.is_file(), exchange.is_stream(), std::move(asked_)};
}

std::optional<net::HttpRequest> take_request(std::string_view& bytes) {
    constexpr std::size_t kHeaderLimit = 16 * 1024, kTargetLimit = 8 * 1024;
    net::HeadScanner scanner;
    if (scanner.scan(bytes) != net::HeadScanner::State::whole || scanner.size() > kHeaderLimit) return std::nullopt;
    net::RequestParser parser;
    net::HttpRequest request;
    if (net::parse_head(bytes.substr(0, scanner.size()), kTargetLimit, parser, request)) return std::nullopt;
    bytes.remove_prefix(scanner.size());
    request.remote_address = "127.0.0.1";
    request.request_id = "id";
    return request;
}

}  // namespace longhand::fuzz
