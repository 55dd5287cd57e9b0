#include "http/compression.h"

#include <zlib.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <stdexcept>

#include "http/text.h"

namespace longhand::http {
namespace {

// Level 9 makes a text smaller by a hundredth, in three times the time.
constexpr int kLevel = 5;
// A window of 32 KiB, and gzip's frame around the stream.
constexpr int kWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;

std::string gzipped(std::string_view text) {
    z_stream stream{};
    if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::logic_error("zlib's bound is too small");
    return out;
}

/// `;q=0.5` and its kin; 1 when there is none, 0 when it can't be read.
double quality_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto end = parameters.find(';');
        const std::string_view parameter = trimmed(parameters.substr(0, end));
        parameters = end == parameters.npos ? std::string_view() : parameters.substr(end + 1);
        if (parameter.size() < 2 || !equal_ignoring_case(parameter.substr(0, 2), "q=")) continue;
        double quality = 0;
        const auto last = parameter.data() + parameter.size();
        const auto read = std::from_chars(parameter.data() + 2, last, quality, std::chars_format::fixed);
        return read.ec == std::errc() && read.ptr == last ? quality : 0;
    }
    return 1;
}

std::string accepted_encodings(const net::HttpRequest& request) {
    std::string all;
    const auto [first, last] = request.headers.equal_range("Accept-Encoding");
    for (auto header = first; header != last; ++header) {
        all += header->value();
        all += ',';
    }
    return all;
}

std::string* find_header(net::HttpResponse& response, std::string_view name) {
    for (auto& [own, value] : response.headers)
        if (equal_ignoring_case(own, name)) return &value;
    return nullptr;
}

std::optional<std::string> whole_file(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error || size < kLeastCompressed || size > kMostCompressed) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::string text(size, '\0');
    file.read(text.data(), static_cast<std::streamsize>(size));
    return file ? std::optional(std::move(text)) : std::nullopt;
}

void set_compressed_body(net::HttpResponse& response, std::string compressed) {
    response.body = std::move(compressed);
    response.headers.emplace_back("Content-Encoding", "gzip");
    std::string* tag = find_header(response, "etag");
    if (tag != nullptr && !tag->starts_with("W/")) tag->insert(0, "W/");
}

/// False: the body is no smaller for it.
bool replace_body(net::HttpResponse& response, std::string compressed) {
    if (compressed.size() >= response.body.size()) return false;
    set_compressed_body(response, std::move(compressed));
    return true;
}

}  // namespace

bool prefers_gzip(std::string_view accept_encoding) {
    std::optional<double> gzip, identity, any;
    while (!accept_encoding.empty()) {
        const auto comma = accept_encoding.find(',');
        const std::string_view item = accept_encoding.substr(0, comma);
        accept_encoding = comma == accept_encoding.npos ? std::string_view() : accept_encoding.substr(comma + 1);
        const auto semicolon = item.find(';');
        const std::string_view coding = trimmed(item.substr(0, semicolon));
        const double quality = semicolon == item.npos ? 1 : quality_of(item.substr(semicolon + 1));
        if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) gzip = quality;
        if (equal_ignoring_case(coding, "identity")) identity = quality;
        if (coding == "*") any = quality;
    }
    const double wanted = gzip.value_or(any.value_or(0));
    // The plain body is taken unless that is said otherwise; one that is not named is wanted no more than what is.
    return wanted > 0 && wanted >= identity.value_or(0);
}

bool is_compressible(std::string_view content_type) {
    const std::string type = lower_case(trimmed(content_type.substr(0, content_type.find(';'))));
    if (type == "text/event-stream") return false;
    return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
           type == "application/x-tex";
}

void compress(net::HttpResponse& response, const net::HttpRequest& request) {
    if (response.body.size() < kLeastCompressed || !is_compressible(response.content_type)) return;
    // A file's answer, which was compressed elsewhere.
    if (find_header(response, "content-encoding") != nullptr) return;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (prefers_gzip(accepted_encodings(request))) replace_body(response, gzipped(response.body));
}

net::HttpResponse ConstantTexts::answer(const net::HttpRequest& request, net::HttpResponse head, std::string_view name,
                                        const std::function<std::string()>& make) {
    const Text& kept = text(name, make);
    const bool is_worth_it = kept.plain.size() >= kLeastCompressed && kept.compressed.size() < kept.plain.size() &&
                             is_compressible(head.content_type);
    if (is_worth_it && prefers_gzip(accepted_encodings(request))) {
        set_compressed_body(head, kept.compressed);
        head.headers.emplace_back("Vary", "Accept-Encoding");
    } else {
        head.body = kept.plain;
    }
    return head;
}

const ConstantTexts::Text& ConstantTexts::text(std::string_view name, const std::function<std::string()>& make) {
    const std::lock_guard lock(mutex_);
    const auto found = texts_.find(name);
    if (found != texts_.end()) return found->second;
    Text made;
    made.plain = make();
    made.compressed = gzipped(made.plain);
    return texts_.emplace(name, std::move(made)).first->second;
}

awaitable<std::optional<net::HttpResponse>> compressed_file(Runtime& runtime, FileReply reply,
                                                            const net::HttpRequest& request) {
    const bool is_whole = reply.head.status == Status::ok && request.headers.count("Range") == 0;
    if (!is_whole || !is_compressible(reply.head.content_type) || !prefers_gzip(accepted_encodings(request)))
        co_return std::nullopt;
    std::function<std::optional<net::HttpResponse>()> work =
        [reply = std::move(reply)]() mutable -> std::optional<net::HttpResponse> {
        auto text = whole_file(reply.path);
        if (!text) return std::nullopt;
        reply.head.body = std::move(*text);
        if (!replace_body(reply.head, gzipped(reply.head.body))) return std::nullopt;
        reply.head.headers.emplace_back("Vary", "Accept-Encoding");
        return std::move(reply.head);
    };
    auto working = run_blocking<std::optional<net::HttpResponse>>(runtime, std::move(work));
    co_return co_await std::move(working);
}

}  // namespace longhand::http
