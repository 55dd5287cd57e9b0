#include "net/curl_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "base/text.h"
#include "net/peer_address.h"

namespace longhand::net {

namespace {

// Of an answer that is taken piece by piece: many of them may be under way for a long time.
constexpr long kStreamBuffer = 8 * 1024;

struct UrlDeleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

// For messages: without a user, a password, a query, a fragment, any of which may be secret. Empty for no absolute URL.
std::string shown_url(const std::string& text) {
    const Url url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
    for (const auto part :
         {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
        curl_url_set(url.get(), part, nullptr, 0);
    }
    char* shown = nullptr;
    if (curl_url_get(url.get(), CURLUPART_URL, &shown, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owner(shown, &curl_free);
    return shown;
}

bool is_http(const std::string& url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool has_header(const std::vector<std::string>& headers, std::string_view lower_name) {
    return std::any_of(headers.begin(), headers.end(), [lower_name](const std::string& header) {
        return lower_case(trimmed(std::string_view(header).substr(0, header.find(':')))) == lower_name;
    });
}

NetErrc code_of(CURLcode result) {
    switch (result) {
        case CURLE_OPERATION_TIMEDOUT:
            return NetErrc::timeout;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
        case CURLE_INTERFACE_FAILED:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return NetErrc::unreachable;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
        case CURLE_BAD_CONTENT_ENCODING:
            return NetErrc::malformed;
        // Curl has a hundred codes; what is left concerns a connection that was there and broke.
        default:
            return NetErrc::closed;
    }
}

}  // namespace

CurlTransfer::CurlTransfer(asio::io_context& loop, CurlMulti& multi, const HttpClient::Options& options, HttpCall call,
                           StopToken stop)
    : multi_(multi),
      options_(options),
      call_(std::move(call)),
      stop_(std::move(stop)),
      easy_(curl_easy_init()),
      deadline_(loop.get_executor(), [this] { time_out(); }) {
    if (easy_ == nullptr) throw std::bad_alloc();
}

CurlTransfer::~CurlTransfer() {
    if (is_added_) multi_.remove(easy_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
    curl_slist_free_all(known_addresses_);
}

CurlTransfer& CurlTransfer::of(CURL* easy) {
    void* self = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
    return *static_cast<CurlTransfer*>(self);
}

// ---- The call's options

std::optional<NetFailure> CurlTransfer::set_url() {
    shown_url_ = shown_url(call_.url);
    if (shown_url_.empty() || !is_http(shown_url_)) {
        return NetFailure{NetErrc::malformed,
                          "not an http:// or https:// URL" + (shown_url_.empty() ? std::string() : ": " + shown_url_)};
    }
    curl_easy_setopt(easy_, CURLOPT_URL, call_.url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    if (!options_.use_environment_proxy || !call_.only_to.addresses.empty()) {
        curl_easy_setopt(easy_, CURLOPT_PROXY, "");
        curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
    }
    if (!options_.public_key_pin.empty()) {
        // The key itself says more than any authority's word for it.
        const std::string pin = "sha256//" + options_.public_key_pin;
        curl_easy_setopt(easy_, CURLOPT_PINNEDPUBLICKEY, pin.c_str());
        curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return std::nullopt;
}

std::optional<NetFailure> CurlTransfer::set_headers() {
    auto lines = call_.headers;
    // Curl adds these by itself: a wait for "100 Continue", and a form's type.
    if (!has_header(lines, "expect")) lines.emplace_back("Expect:");
    if (!has_header(lines, "content-type")) lines.emplace_back("Content-Type:");
    for (const auto& line : lines) {
        if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            return NetFailure{NetErrc::malformed,
                              "a request header for " + shown_url_ + " holds a line break or a NUL"};
        }
        curl_slist* longer = curl_slist_append(headers_, line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        headers_ = longer;
    }
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    return std::nullopt;
}

std::optional<NetFailure> CurlTransfer::set_body() {
    if (!call_.body_file.empty()) {
        auto file = OpenFile::open(call_.body_file);
        if (!file) return file.error();
        body_file_.emplace(std::move(*file));
        curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_file_->size()));
    } else if (!call_.body.empty() || call_.method == "POST" || call_.method == "PUT" || call_.method == "PATCH") {
        curl_easy_setopt(easy_, CURLOPT_POST, 1L);
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call_.body.c_str());
    } else if (call_.method == "HEAD") {
        curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
    return std::nullopt;
}

void CurlTransfer::set_options() {
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call_.connect_timeout.count()));
    if (call_.total_timeout.count() > 0) {
        curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(call_.total_timeout.count()));
    }
    // A call that is stopped while its name is looked up does not wait for the thread that does it.
    curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
    if (call_.on_data) curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kStreamBuffer);
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
}

// The name is known beforehand, so that nobody is asked for it; and whatever curl would connect to, is looked at again
// in on_open_socket.
void CurlTransfer::set_reach() {
    const auto& reach = call_.only_to;
    if (reach.addresses.empty()) return;
    // With a plus it is forgotten again after a while.
    std::string known = "+" + reach.host + ":" + std::to_string(reach.port) + ":";
    for (const auto& address : reach.addresses) {
        if (!known.ends_with(':')) known += ',';
        known += address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    }
    if (reach.host.find(':') == std::string::npos) {
        known_addresses_ = curl_slist_append(nullptr, known.c_str());
        if (known_addresses_ == nullptr) throw std::bad_alloc();
        curl_easy_setopt(easy_, CURLOPT_RESOLVE, known_addresses_);
    }
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
}

void CurlTransfer::set_callbacks() {
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_write);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &CurlTransfer::on_read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &CurlTransfer::on_seek);
    curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
    curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_request);
    curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
    multi_.prepare(easy_);
}

std::optional<NetFailure> CurlTransfer::set_up() {
    if (auto failure = set_url()) return failure;
    if (auto failure = set_headers()) return failure;
    if (auto failure = set_body()) return failure;
    set_options();
    set_reach();
    set_callbacks();
    return std::nullopt;
}

// ---- Its life

void CurlTransfer::start(std::function<void()> finished) {
    finished_ = std::move(finished);
    if (stop_.stopped()) return end({NetErrc::stopped, "stopped"});
    if (auto failure = set_up()) return end(std::move(*failure));
    is_added_ = multi_.add(easy_);
    if (!is_added_) end({NetErrc::unreachable, "cannot start a call to " + shown_url_});
}

void CurlTransfer::finish(CURLcode result) {
    is_added_ = false;
    if (result != CURLE_OK && !failure_ && !exception_) failure_ = failure_of(result);
    conclude();
}

void CurlTransfer::end(NetFailure failure) {
    failure_ = std::move(failure);
    conclude();
}

// From outside curl's callbacks, while the transfer is under way.
void CurlTransfer::abort(NetFailure failure) {
    if (!std::exchange(is_added_, false)) return;
    multi_.remove(easy_);
    end(std::move(failure));
}

void CurlTransfer::conclude() {
    deadline_.clear();
    if (auto finished = std::exchange(finished_, nullptr)) finished();
}

void CurlTransfer::stop() {
    abort({NetErrc::stopped, "stopped"});
}

void CurlTransfer::time_out() {
    if (body_bytes_ > 0) {
        return abort({NetErrc::timeout, "the answer of " + shown_url_ + " broke off: nothing came for " +
                                            std::to_string(call_.idle_timeout.count()) + " ms"});
    }
    abort({NetErrc::timeout,
           shown_url_ + " did not answer within " + std::to_string(call_.first_byte_timeout.count()) + " ms"});
}

NetResult<HttpReply> CurlTransfer::take_result() {
    if (exception_) std::rethrow_exception(exception_);
    if (failure_) return std::move(*failure_);
    return std::move(reply_);
}

std::string CurlTransfer::reason_of(CURLcode result) const {
    long system_error = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
    if (result == CURLE_COULDNT_CONNECT && system_error != 0) {
        return std::generic_category().message(static_cast<int>(system_error));
    }
    if (result == CURLE_COULDNT_RESOLVE_HOST) return "no address is known for that name";
    if (result == CURLE_COULDNT_RESOLVE_PROXY) return "no address is known for the proxy's name";
    if (result == CURLE_GOT_NOTHING) return "the connection was closed before an answer";
    if (result == CURLE_PARTIAL_FILE) return "the connection was closed before the answer was whole";
    return error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(result);
}

bool CurlTransfer::is_over_total() const {
    double seconds = 0;
    curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME, &seconds);
    return call_.total_timeout.count() > 0 && seconds * 1000 >= static_cast<double>(call_.total_timeout.count());
}

NetFailure CurlTransfer::failure_of(CURLcode result) const {
    const auto code = code_of(result);
    switch (code) {
        case NetErrc::timeout:
            if (is_over_total()) {
                return {code,
                        shown_url_ + " was not done within " + std::to_string(call_.total_timeout.count()) + " ms"};
            }
            return {code, "no connection to " + shown_url_ + " within " +
                              std::to_string(call_.connect_timeout.count()) + " ms"};
        case NetErrc::unreachable:
            return {code, "cannot reach " + shown_url_ + ": " + reason_of(result)};
        case NetErrc::malformed:
            return {code, "what " + shown_url_ + " answers is not HTTP: " + reason_of(result)};
        case NetErrc::closed:
        case NetErrc::too_large:
        case NetErrc::stopped:
            break;
    }
    return {code, "the call to " + shown_url_ + " broke off: " + reason_of(result)};
}

// ---- What curl calls while it runs: no exception may pass through it, and the handle may not be removed

template <class Action>
bool CurlTransfer::guarded(Action action) {
    try {
        const bool goes_on = action();
        // Seen here, so that nothing more is handed to a caller who has stopped; the stop itself comes by the loop.
        if (stop_.stopped() && !failure_) failure_ = NetFailure{NetErrc::stopped, "stopped"};
        return goes_on && !failure_;
    } catch (...) {
        exception_ = std::current_exception();
        return false;
    }
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::string_view line(data, size * count);
    return transfer.guarded([&] { return transfer.take_header_line(line); }) ? line.size() : 0;
}

std::size_t CurlTransfer::on_write(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::string_view piece(data, size * count);
    // 0 would stand for success where the piece is empty.
    return transfer.guarded([&] { return transfer.take_body(piece); }) ? piece.size() : piece.size() + 1;
}

std::size_t CurlTransfer::on_read(char* out, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlTransfer*>(self)->give_body(out, size * count);
}

int CurlTransfer::on_seek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<CurlTransfer*>(self)->body_offset_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    const auto& allowed = static_cast<CurlTransfer*>(self)->call_.only_to.addresses;
    const auto address = address_of(to->addr);
    const bool is_allowed = address && std::find(allowed.begin(), allowed.end(), *address) != allowed.end();
    if (!is_allowed) return CURL_SOCKET_BAD;
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

int CurlTransfer::on_request(void* self, char*, char*, int, int) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    transfer.deadline_.set(transfer.call_.first_byte_timeout);
    return CURL_PREREQFUNC_OK;
}

bool CurlTransfer::take_header_line(std::string_view line) {
    // Trailers tell nothing that anybody here reads.
    if (is_head_whole_) return true;
    head_bytes_ += line.size();
    if (head_bytes_ > call_.max_head_bytes) {
        failure_ = NetFailure{NetErrc::malformed, "the headers of " + shown_url_ + " are too long"};
        return false;
    }
    if (line.starts_with("HTTP/")) {
        reply_.headers.clear();
        return true;
    }
    if (trimmed(line).empty()) return take_head_end();
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
        reply_.headers.emplace_back(lower_case(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    return true;
}

bool CurlTransfer::take_head_end() {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    // "100 Continue" and its like come before the answer.
    if (status < 200) return true;
    reply_.status = static_cast<int>(status);
    is_head_whole_ = true;
    if (call_.on_head) call_.on_head(reply_);
    return true;
}

bool CurlTransfer::take_body(std::string_view piece) {
    body_bytes_ += piece.size();
    multi_.note_bytes(piece.size());
    deadline_.set(call_.idle_timeout);
    if (body_bytes_ > call_.max_bytes) {
        failure_ = NetFailure{NetErrc::too_large, "the answer of " + shown_url_ + " is longer than " +
                                                      std::to_string(call_.max_bytes) + " bytes"};
        return false;
    }
    const bool is_success = reply_.status >= 200 && reply_.status < 300;
    if (!call_.on_data || !is_success) {
        reply_.body += piece;
        return true;
    }
    if (call_.on_data(piece)) return true;
    failure_ = NetFailure{NetErrc::stopped, "stopped"};
    return false;
}

std::size_t CurlTransfer::give_body(char* out, std::size_t size) {
    // While the body goes out, the time to the answer has not begun.
    deadline_.set(call_.first_byte_timeout);
    if (!body_file_) return 0;
    const auto count = body_file_->read_at(body_offset_, out, size);
    if (count == 0 && body_offset_ < body_file_->size()) {
        failure_ = NetFailure{NetErrc::closed, "cannot read the file " + call_.body_file + " to its end"};
        return CURL_READFUNC_ABORT;
    }
    body_offset_ += count;
    return count;
}

}  // namespace longhand::net
