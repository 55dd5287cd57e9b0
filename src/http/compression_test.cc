// What is compressed, for whom, and that it is the same text.
#include "http/compression.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <atomic>

#include "http/testing.h"

namespace {
std::atomic<int> compressions = 0;
}

/// Before zlib's own, so that a test sees how often something is compressed.
extern "C" int deflateInit2_(z_streamp stream, int level, int method, int window_bits, int memory_level, int strategy,
                             const char* version, int stream_size) {
    ++compressions;
    static const auto real = reinterpret_cast<decltype(&deflateInit2_)>(::dlsym(RTLD_NEXT, "deflateInit2_"));
    return real(stream, level, method, window_bits, memory_level, strategy, version, stream_size);
}

namespace longhand::http {
namespace {

std::string unzipped(std::string_view bytes) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

std::string header_of(const net::HttpResponse& response, std::string_view name) {
    for (const auto& [own, value] : response.headers)
        if (equal_ignoring_case(own, name)) return value;
    return "";
}

/// What became of a body: `gzip, Vary`, `plain`, ...
std::string outcome(const std::string& type, const std::string& body, const char* accepted = "gzip") {
    net::HttpResponse response;
    response.content_type = type;
    response.body = body;
    net::HttpRequest request;
    if (accepted != nullptr) request.headers.insert("Accept-Encoding", accepted);
    compress(response, request);
    const bool is_gzip = header_of(response, "content-encoding") == "gzip";
    EXPECT_EQ(is_gzip ? unzipped(response.body) : response.body, body);
    EXPECT_LE(response.body.size(), body.size());
    return std::string(is_gzip ? "gzip" : "plain") + (header_of(response, "vary").empty() ? "" : ", Vary");
}

TEST(Gzip, IsChosenAsItsStandardSays) {
    for (const char* yes : {"gzip", "GZIP", "deflate, gzip, br", "x-gzip", "*", "gzip;q=0.001", "gzip; q=1.0",
                            "identity;q=0.5, gzip;q=0.5", "br;q=1, *;q=0.1", "identity;q=0, *", "gzip;level=9;q=1"})
        EXPECT_TRUE(prefers_gzip(yes)) << yes;
    for (const char* no : {"", "identity", "br", "deflate", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *",
                           "gzip;q=0.5, identity", "gzip;q=0.5, identity;q=0.6", "gzip;q=x", "gzipped", "gzip;q="})
        EXPECT_FALSE(prefers_gzip(no)) << no;
}

TEST(Gzip, IsForTextsThatShrinkAndForClientsThatTakeIt) {
    const std::string words(2000, 'a');
    EXPECT_EQ(outcome("application/json; charset=utf-8", words), "gzip, Vary");
    EXPECT_EQ(outcome("Text/HTML", words), "gzip, Vary");
    EXPECT_EQ(outcome("application/problem+json", words), "gzip, Vary");
    EXPECT_EQ(outcome("application/json", std::string(1024, 'a')), "gzip, Vary");
    EXPECT_EQ(outcome("application/json", std::string(1023, 'a')), "plain");
    EXPECT_EQ(outcome("application/json", words, nullptr), "plain, Vary");
    EXPECT_EQ(outcome("application/json", words, "br"), "plain, Vary");
    EXPECT_EQ(outcome("application/json", random_bytes(2000)), "plain, Vary");
    for (const char* type : {"application/pdf", "application/epub+zip", "image/png", "text/event-stream", ""})
        EXPECT_EQ(outcome(type, words), "plain") << type;
}

TEST(Gzip, MakesAStrongTagWeak) {
    net::HttpRequest request;
    request.headers.insert("Accept-Encoding", "br");
    request.headers.insert("Accept-Encoding", "gzip");
    for (const char* tag : {"\"x\"", "W/\"x\""}) {
        net::HttpResponse response;
        response.headers = {{"ETag", tag}};
        response.body = std::string(2000, 'a');
        compress(response, request);
        EXPECT_EQ(header_of(response, "etag"), "W/\"x\"");
    }
}

class CompressedFile : public testing::Test {
protected:
    void SetUp() override {
        path = server.folder() + "/text";
        std::ofstream(path) << std::string(100'000, 'x');
    }
    std::optional<net::HttpResponse> compressed(const std::string& type, const char* range = nullptr) {
        FileReply reply;
        reply.path = path;
        reply.head.content_type = type;
        net::HttpRequest request;
        request.headers.insert("Accept-Encoding", "gzip");
        if (range != nullptr) request.headers.insert("Range", range);
        return server.wait(compressed_file(server.runtime(), std::move(reply), request));
    }

    TestServer server;
    std::string path;
};

TEST_F(CompressedFile, ThatAreTextsAreCompressedWhole) {
    const auto response = compressed("text/markdown; charset=utf-8");
    ASSERT_TRUE(response);
    EXPECT_EQ(unzipped(response->body), std::string(100'000, 'x'));
    EXPECT_EQ(header_of(*response, "vary"), "Accept-Encoding");
    EXPECT_TRUE(compressed("application/x-tex"));
    EXPECT_FALSE(compressed("application/pdf"));
    EXPECT_FALSE(compressed("text/markdown", "bytes=0-9"));
    std::filesystem::resize_file(path, 1000);
    EXPECT_FALSE(compressed("text/markdown"));
    std::filesystem::resize_file(path, kMostCompressed + 1);
    EXPECT_FALSE(compressed("text/markdown"));
    std::filesystem::remove(path);
    EXPECT_FALSE(compressed("text/markdown"));
}

TEST_F(CompressedFile, AsAreTheServersOtherAnswers) {
    const RawAnswer plain = server.send("GET", "/api/openapi.json", "", "");
    const RawAnswer packed = server.send("GET", "/api/openapi.json", "Accept-Encoding: gzip, deflate, br\r\n", "");
    EXPECT_EQ(packed.header("content-encoding"), "gzip");
    EXPECT_EQ(packed.header("vary"), "Accept-Encoding");
    EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
    EXPECT_EQ(packed.header("content-length"), std::to_string(packed.body.size()));
    EXPECT_LT(packed.body.size() * 4, plain.body.size());
    EXPECT_EQ(unzipped(packed.body), plain.body);
    const RawAnswer head = server.send("HEAD", "/api/openapi.json", "Accept-Encoding: gzip\r\n", "");
    EXPECT_EQ(head.header("content-length"), packed.header("content-length"));
    EXPECT_EQ(head.header("content-encoding"), "gzip");
    EXPECT_EQ(head.body, "");
    const RawAnswer small = server.send("GET", "/healthz", "Accept-Encoding: gzip\r\n", "");
    EXPECT_EQ(small.header("content-encoding") + small.header("vary"), "");
}

TEST_F(CompressedFile, TextsThatStayAreCompressedAtTheirFirstUseAlone) {
    const int before = compressions;
    const std::array paths = {"/", "/docs/operations.md", "/api/openapi.json"};
    for (int round = 0; round < 3; ++round) {
        for (const std::string path : paths) {
            const RawAnswer plain = server.send("GET", path, "", "");
            const RawAnswer packed = server.send("GET", path, "Accept-Encoding: gzip\r\n", "");
            EXPECT_EQ(plain.status, 200) << path;
            EXPECT_EQ(plain.header("content-encoding"), "") << path;
            EXPECT_EQ(packed.header("content-encoding"), "gzip") << path;
            EXPECT_EQ(unzipped(packed.body), plain.body) << path;
            EXPECT_EQ(packed.header("content-type"), plain.header("content-type")) << path;
            for (const RawAnswer& answer : {plain, packed}) EXPECT_EQ(answer.header("vary"), "Accept-Encoding") << path;
        }
    }
    EXPECT_EQ(compressions - before, static_cast<int>(paths.size()));
    EXPECT_EQ(server.send("GET", "/docs/none.md", "Accept-Encoding: gzip\r\n", "").status, 404);
}

TEST(ConstantTexts, AreMadeOnceHoweverManyAskAtTheSameTime) {
    ConstantTexts texts;
    std::atomic<int> made = 0;
    const std::string words(20'000, 'a');
    const auto ask = [&](const char* accepted) {
        net::HttpRequest request;
        request.headers.insert("Accept-Encoding", accepted);
        net::HttpResponse head;
        head.content_type = "text/plain";
        head.headers = {{"ETag", "\"x\""}};
        return texts.answer(request, std::move(head), "words", [&] { return ++made, words; });
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            EXPECT_EQ(unzipped(ask("gzip").body), words);
            EXPECT_EQ(ask("br").body, words);
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(header_of(ask("gzip"), "etag"), "W/\"x\"");
    EXPECT_EQ(header_of(ask("br"), "etag"), "\"x\"");
}

TEST(ConstantTexts, ThatAreSmallStayAsTheyAre) {
    ConstantTexts texts;
    net::HttpRequest request;
    request.headers.insert("Accept-Encoding", "gzip");
    net::HttpResponse head;
    head.content_type = "text/plain";
    const net::HttpResponse answer = texts.answer(request, std::move(head), "few", [] { return std::string("few"); });
    EXPECT_EQ(answer.body, "few");
    EXPECT_EQ(header_of(answer, "content-encoding"), "");
}

}  // namespace
}  // namespace longhand::http
