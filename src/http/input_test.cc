// What comes in, piece by piece: JSON, forms, names, addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/file_type.h"
#include "http/host.h"
#include "http/json_body.h"
#include "http/json_out.h"
#include "http/multipart.h"
#include "http/router.h"
#include "http/stream_id.h"
#include "http/strict_json.h"
#include "http/text.h"

namespace longhand::http {
namespace {

std::string refusal(std::string_view text) {
    const auto parsed = parse_json_object(text);
    return parsed ? "" : parsed.error().message;
}

TEST(Json, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_EQ(refusal(R"({"a":1,"b":{"a":[1,2.5,true,null,"x"]}})"), "");
    EXPECT_NE(refusal("").find("is empty"), std::string::npos);
    EXPECT_NE(refusal("nonsense").find("not valid JSON"), std::string::npos);
    EXPECT_NE(refusal("[1]").find("is an array"), std::string::npos);
    EXPECT_NE(refusal("{\"a\":1").find("ends too early"), std::string::npos);
    EXPECT_NE(refusal("{} {}").find("after its end"), std::string::npos);
    EXPECT_NE(refusal("{\"a\":\"\xFF\"}").find("not UTF-8: the byte at 6"), std::string::npos);
    EXPECT_NE(refusal("{\"a\":\"\xED\xA0\x80\"}").find("not UTF-8"), std::string::npos);
    EXPECT_NE(refusal(R"({"prompt":"a","x":{"prompt":1},"prompt":"b"})").find("'prompt' twice"), std::string::npos);
    EXPECT_NE(refusal(R"({"x":{"y":1,"y":2}})").find("'y' twice"), std::string::npos);
    EXPECT_NE(refusal(R"({"a":1,"\u0061":2})").find("'a' twice"), std::string::npos);
    EXPECT_NE(refusal(R"({"max_pages":1e400})").find("'max_pages' is a number that is too large"), std::string::npos);
    EXPECT_NE(refusal(R"({"max_pages":1e99999999999})").find("'max_pages' is a number that is too large"),
              std::string::npos);
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += "{\"a\":";
    EXPECT_NE(refusal(deep).find("more than 32 levels"), std::string::npos);
}

TEST(Json, NumbersAreRoundedDownAndPlain) {
    EXPECT_EQ(json_number(0, 2), "0");
    EXPECT_EQ(json_number(75.5, 2), "75.5");
    EXPECT_EQ(json_number(99.999, 2), "99.99");
    EXPECT_EQ(json_number(100, 2), "100");
    EXPECT_EQ(json_number(0.29, 2), "0.29");
    EXPECT_EQ(json_number(0.123456, 4), "0.1234");
}

TEST(Body, LengthsAreInCharactersNotBytes) {
    const auto problem = [](const std::string& prompt) {
        const boost::json::object object{{"prompt", prompt}};
        BodyReader body(object);
        body.required_text("prompt", {10, 12});
        return body.problem() ? body.problem()->message : "";
    };
    EXPECT_EQ(problem("ΑΒΓΔΕΖΗΘΙΚ"), "");
    EXPECT_EQ(problem("ΑΒΓΔΕΖΗΘΙ"), "'prompt' has 9 characters; it should be a string of 10 to 12 characters.");
    EXPECT_EQ(problem(" ΑΒΓΔΕΖΗΘ "), "");
    EXPECT_NE(problem("           ").find("white space alone"), std::string::npos);
    EXPECT_EQ(problem("1234567890123"), "'prompt' has 13 characters; it should be a string of 10 to 12 characters.");
    EXPECT_NE(problem(std::string("1234567890\0x", 12)).find("NUL"), std::string::npos);
}

TEST(Body, WholeNumbersAreTakenInEachSpellingAndNoOthersAre) {
    const auto read = [](boost::json::value value) {
        const boost::json::object object{{"n", std::move(value)}};
        BodyReader body(object);
        const auto number = body.whole("n", 1, 350);
        return body.problem() ? -1 : number.value_or(0);
    };
    EXPECT_EQ(read(350), 350);
    EXPECT_EQ(read(1e1), 10);
    EXPECT_EQ(read("10"), 10);
    EXPECT_EQ(read(" 350\n"), 350);
    EXPECT_EQ(read(nullptr), 0);
    EXPECT_EQ(read(" "), 0) << "as good as absent";
    for (const boost::json::value& wrong : std::initializer_list<boost::json::value>{
             0, 351, 1.5, 1e300, true, -1, "0", "351", "1.5", "1e1", "ten", "10 pages", "+10", "99999999999999999999"})
        EXPECT_EQ(read(wrong), -1) << wrong;
}

TEST(Body, ABlankStringIsAsGoodAsAbsentWhereItCanMeanNothingElse) {
    for (const char* blank : {"", " \t\n"}) {
        const boost::json::object object{{"x", blank}};
        BodyReader body(object);
        EXPECT_FALSE(body.length("x"));
        EXPECT_FALSE(body.whole("x", 1, 350));
        EXPECT_FALSE(body.flag("x"));
        EXPECT_EQ(body.choice("x"), job::Choice::automatic);
        EXPECT_FALSE(body.problem());
        body.id("x");
        EXPECT_TRUE(body.problem()) << "an id is never guessed";
    }
    const boost::json::object object{{"x", "-"}};
    for (const auto read :
         {+[](BodyReader& body) { body.length("x"); }, +[](BodyReader& body) { body.whole("x", 1, 350); },
          +[](BodyReader& body) { body.flag("x"); }, +[](BodyReader& body) { body.choice("x"); }}) {
        BodyReader body(object);
        read(body);
        EXPECT_TRUE(body.problem());
    }
}

/// What a parser makes of a body, however it is cut: `name/file:bytes|`.
std::string parsed(const std::string& body, std::size_t piece) {
    MultipartParser parser("XX");
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        auto events = parser.feed(std::string_view(body).substr(at, piece));
        if (!events) return "error: " + events.error().message;
        for (const PartEvent& event : *events) {
            if (const auto* begin = std::get_if<PartBegin>(&event))
                out += begin->name + "/" + begin->file_name.value_or("-") + ":";
            if (const auto* data = std::get_if<PartData>(&event)) out += data->bytes;
            if (std::holds_alternative<PartEnd>(event)) out += "|";
        }
    }
    return out + (parser.finished() ? "." : "");
}

TEST(Multipart, IsTheSameHoweverItIsCut) {
    const std::string body =
        "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n42\r\n"
        "--XX \r\ncontent-disposition: FORM-DATA; filename=\"a\\\"b;.txt\"; name=files\r\nContent-Type: "
        "text/plain\r\n\r\n\r\n--X\r\n--XY\r\n\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"e\"; filename=\"\"\r\n\r\n\r\n--XX--\r\nepilogue";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        ASSERT_EQ(parsed(body, piece), "projectId/-:42|files/a\"b;.txt:\r\n--X\r\n--XY\r\n|e/:|.") << piece;
    }
}

TEST(Multipart, BrokenBodiesAreRefusedAndUnfinishedOnesAreKnown) {
    EXPECT_EQ(parsed("--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf", 7).back(), ':');
    EXPECT_NE(parsed("--XX\r\nX: y\r\n\r\nz\r\n--XX--", 5).find("Content-Disposition"), std::string::npos);
    EXPECT_NE(parsed("--XX\r\n\r\nz\r\n--XX--", 5).find("Content-Disposition"), std::string::npos);
    EXPECT_NE(parsed(std::string("--XX\r\nContent-Disposition: form-data; name=\"a\0\"\r\n\r\nz\r\n--XX--", 59), 5)
                  .find("a NUL stands"),
              std::string::npos);
    EXPECT_NE(parsed("--XXjunk", 3).find("behind a boundary"), std::string::npos);
    EXPECT_NE(parsed("--XX\r\nA: " + std::string(10'000, 'b'), 1000).find("longer than 8192"), std::string::npos);
    std::string many;
    for (int i = 0; i < 1001; ++i) many += "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
    EXPECT_NE(parsed(many, many.size()).find("more than 1000 parts"), std::string::npos);
}

TEST(Multipart, AFileMayBeNamedInTheExtendedForm) {
    const auto name = [](const std::string& parameters) {
        return parsed("--XX\r\nContent-Disposition: form-data; name=files; " + parameters + "\r\n\r\nz\r\n--XX--", 9);
    };
    EXPECT_EQ(name("filename*=UTF-8''na%C3%afve%20a.txt"), "files/naïve a.txt:z|.");
    EXPECT_EQ(name("filename*=utf-8'en'a"), "files/a:z|.");
    EXPECT_EQ(name("filename*=utf-8''a; filename=\"b\""), "files/b:z|.");
    for (const char* broken : {"filename*=utf-8''a%", "filename*=utf-8''a%4", "filename*=utf-8''a%zz",
                               "filename*=latin1''a", "filename*=utf-8'a", "filename*=a", "filename*="})
        EXPECT_EQ(name(broken), "files/-:z|.") << broken;
}

TEST(Multipart, WhatBrowsersEscapeInAQuotedNameIsMeantAsItWas) {
    const auto name = [](const std::string& parameter) {
        return parsed("--XX\r\nContent-Disposition: form-data; name=files; " + parameter + "\r\n\r\nz\r\n--XX--", 9);
    };
    EXPECT_EQ(name("filename=\"a%22b%22.txt\""), "files/a\"b\".txt:z|.");
    EXPECT_EQ(name("filename=\"a%0D%0Ab.txt\""), "files/a\r\nb.txt:z|.");
    EXPECT_EQ(name("filename=\"50%25 %2522 %0d %41 %2\""), "files/50%25 %2522 %0d %41 %2:z|.");
    EXPECT_EQ(name("filename=a%22b.txt"), "files/a%22b.txt:z|.");
}

TEST(Multipart, OfANameThatIsNotReadTheReasonIsKept) {
    const auto problem = [](const std::string& parameter) {
        MultipartParser parser("XX");
        const auto events =
            parser.feed("--XX\r\nContent-Disposition: form-data; name=files; " + parameter + "\r\n\r\nz\r\n--XX--");
        return std::get<PartBegin>(events.value().at(0)).name_problem.value_or("");
    };
    EXPECT_NE(problem("filename*=ISO-8859-1''na%EFve.txt").find("charset 'ISO-8859-1'; send it in UTF-8"),
              std::string::npos);
    EXPECT_NE(problem("filename*=utf-8''a%zz").find("RFC 8187"), std::string::npos);
    EXPECT_NE(problem("filename*=a.txt").find("RFC 8187"), std::string::npos);
    EXPECT_EQ(problem("filename*=utf-8''a.txt"), "");
    EXPECT_EQ(problem("filename*=latin1''a; filename=\"a\""), "");
}

TEST(Multipart, ItsBoundsDoNotDependOnThePieces) {
    const auto with_head = [](std::size_t size) {
        const std::string name = "\r\nContent-Disposition: form-data; name=\"a\"\r\nX: ";
        return "--XX" + name + std::string(size - name.size(), 'x') + "\r\n\r\nz\r\n--XX--";
    };
    const auto with_padding = [](std::size_t size) {
        return "--XX" + std::string(size, ' ') + "\r\nContent-Disposition: form-data; name=a\r\n\r\nz\r\n--XX--";
    };
    for (const std::size_t piece : {std::size_t{1}, std::size_t{4096}, std::size_t{20'000}}) {
        EXPECT_EQ(parsed(with_head(8192), piece), "a/-:z|.") << piece;
        EXPECT_NE(parsed(with_head(8193), piece).find("longer than 8192"), std::string::npos) << piece;
        EXPECT_EQ(parsed(with_padding(8192), piece), "a/-:z|.") << piece;
        EXPECT_NE(parsed(with_padding(8193), piece).find("line is too long"), std::string::npos) << piece;
    }
}

TEST(Multipart, TheBoundaryIsReadFromTheHeader) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
    EXPECT_FALSE(multipart_boundary("multipart/form-data"));
    EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary="));
    EXPECT_FALSE(multipart_boundary("application/json; boundary=abc"));
    EXPECT_TRUE(is_multipart("MULTIPART/form-data"));
    EXPECT_FALSE(is_multipart("multipart/mixed; boundary=abc"));
    EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}

TEST(FileName, IsTheLastPartWithoutAnythingThatHurts) {
    EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
    EXPECT_EQ(safe_file_name("C:\\books\\a.txt"), "a.txt");
    EXPECT_EQ(safe_file_name("Übersicht ü.md"), "Übersicht ü.md");
    EXPECT_EQ(safe_file_name("a\nb\x7f.md"), "a_b_.md");
    EXPECT_EQ(safe_file_name("a\xFF\x80z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
    EXPECT_EQ(safe_file_name(".."), "file");
    EXPECT_EQ(safe_file_name("x/"), "file");
    EXPECT_EQ(code_points(safe_file_name(std::string(5000, 'x'))), 255U);
}

TEST(FileName, ThatMisleadsIsRefused) {
    for (const std::string& good :
         {std::string("a.txt"), std::string("docs/a.txt"), std::string("C:\\books\\a..txt"), std::string("..."),
          std::string(255, 'x'), std::string("שלום.txt"), std::string("")})
        EXPECT_EQ(file_name_problem(good), std::nullopt) << good;
    for (const std::string bad : {"../a.txt", "..", "a/../../b", "a\\..\\b", "a/.."})
        EXPECT_NE(file_name_problem(bad).value_or("").find("'..'"), std::string::npos) << bad;
    EXPECT_NE(file_name_problem(std::string("a\0b", 3)).value_or("").find("NUL"), std::string::npos);
    EXPECT_EQ(file_name_problem("a/" + std::string(4000, 'x')), "has 4000 characters; it should have at most 255");
    for (const std::string mark : {"\u061C", "\u200E", "\u200F", "\u202A", "\u202E", "\u2066", "\u2069"})
        EXPECT_NE(file_name_problem("a" + mark + "fdp.exe").value_or("").find("direction"), std::string::npos) << mark;
}

TEST(FileType, TakesWhatTheReaderTakes) {
    const std::string pdf = "%PDF-1.4\n%\xE2\xE3\xCF\xD3\n1 0 obj <<>> endobj\n";
    for (const std::string& bytes :
         {std::string("ID3 tags"), std::string("RIFF files"), std::string("BZh is a mark"),
          std::string("GIF89a, a mark"), std::string("ID3\x04\0\0", 6), std::string("GIF89a\1\0\1\0", 10),
          std::string("RIFF\4\0\0\0WAVE", 12), std::string("%!PS-Adobe-3.0\n"), std::string("\x89PNG\r\n\x1a\n\0", 9),
          std::string("A text."), std::string("# On PDF\n\nIt begins with `%PDF-1.7`.\n"),
          std::string("Le caf\xE9 de %PDF-1.7"), pdf, "\r\n" + pdf, "@PJL\r\n" + pdf, std::string("{\\rtf1 a}")}) {
        const auto kind = sources::kind_of(bytes, "notes.md").kind;
        const auto type = media_type_of(bytes, "notes.md");
        EXPECT_EQ(type.has_value(), kind != sources::Kind::unsupported) << bytes;
        EXPECT_EQ(type == "application/pdf", kind == sources::Kind::pdf) << bytes;
    }
    EXPECT_EQ(media_type_of("# On PDF\n\nIt begins with `%PDF-1.7`.\n", "a.md"), "text/markdown");
    EXPECT_EQ(media_type_of("ID3 is a tag of sound files.", "a.txt"), "text/plain");
    EXPECT_EQ(media_type_of("@PJL\r\n" + pdf, "a.txt"), "application/pdf");
    EXPECT_FALSE(media_type_of("%!PS-Adobe-3.0\n", "a.txt"));
}

TEST(FileType, IsToldByContent) {
    EXPECT_EQ(media_type_of("%PDF-1.7\n", "x.txt"), "application/pdf");
    EXPECT_EQ(media_type_of("# Title", "x.md"), "text/markdown");
    EXPECT_EQ(media_type_of("caf\xE9", "x"), "text/plain");
    EXPECT_EQ(media_type_of("int main() {}", "x.cc"), "text/plain");
    EXPECT_EQ(media_type_of("\n <!DOCTYPE HTML><p>", "x.txt"), "text/html");
    EXPECT_EQ(media_type_of("<html>", "x"), "text/html");
    EXPECT_EQ(media_type_of("<html>", "x.xhtml"), "application/xhtml+xml");
    EXPECT_FALSE(media_type_of("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "x.doc"));
    EXPECT_NE(unreadable_because("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").find("password"), std::string::npos);
    EXPECT_FALSE(media_type_of(std::string_view("\x7f"
                                                "ELF\0\0",
                                                6),
                               "x.txt"));
}

TEST(FileType, OfAnArchiveIsToldByTheNamesInIt) {
    const std::string word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    const auto zip = [](std::initializer_list<std::string> names) {
        std::string bytes;
        for (const std::string& name : names) {
            bytes += "PK\x03\x04" + std::string(22, '.') + static_cast<char>(name.size()) + std::string(3, '\0') + name;
            bytes += "word/xl/";  // of its bytes, and no name
        }
        return bytes;
    };
    EXPECT_EQ(media_type_of(zip({"[Content_Types].xml", "_rels/.rels", "word/document.xml"}), "upload"), word);
    EXPECT_EQ(media_type_of(zip({"[Content_Types].xml", "_rels/.rels"}), "a.docx"), word);
    EXPECT_FALSE(media_type_of(zip({"[Content_Types].xml", "xl/workbook.xml"}), "a.docx"));
    EXPECT_FALSE(media_type_of(zip({"[Content_Types].xml", "ppt/presentation.xml"}), "a.docx"));
    EXPECT_FALSE(media_type_of(zip({"[Content_Types].xml"}), "a"));
    EXPECT_FALSE(media_type_of(zip({"notes.txt"}), "a.docx"));
    EXPECT_FALSE(media_type_of("PK\x03\x04....", "x.zip"));
    EXPECT_NE(unreadable_because("PK\x03\x04").find("archive"), std::string::npos);
}

TEST(StreamId, SaysWhereAWatcherIs) {
    EXPECT_EQ(StreamId::parse("12")->seq, 12);
    const auto id = StreamId::parse("12:1:340:section/3.2/draft#2");
    ASSERT_TRUE(id);
    ASSERT_EQ(id->places.size(), 1U);
    EXPECT_EQ(id->places.front().offset, 340U);
    EXPECT_EQ(id->to_string(), "12:1:340:section/3.2/draft#2");
    const auto two = StreamId::parse("12:1001:340:a/1,1002:0:b/2");
    ASSERT_TRUE(two);
    ASSERT_EQ(two->places.size(), 2U);
    EXPECT_EQ(two->places.back().key, "b/2");
    EXPECT_EQ(two->to_string(), "12:1001:340:a/1,1002:0:b/2");
    for (const char* wrong : {"", "-1", "x", "1:", "1:2", "1:2:3", "1:2:3:", "1:2:3:A b", "99999999999999999999", "1 ",
                              "1:2:3:a,", "1:2:3:a,4", "1:2:3:a,4:5:6:b", "1,1:2:a"})
        EXPECT_FALSE(StreamId::parse(wrong)) << wrong;
}

TEST(Host, OnLoopbackOnlyNamesThatAreOurs) {
    const Hosts hosts(HostCheck::loopback, "https://Books.example:8443");
    for (const char* ours : {"127.0.0.1", "127.0.0.1:80", "localhost", "LOCALHOST:8080", "[::1]", "[::1]:8080",
                             "books.example", "books.example:1"})
        EXPECT_TRUE(hosts.allows(ours)) << ours;
    for (const char* foreign :
         {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "books.example.evil", "[::2]"})
        EXPECT_FALSE(hosts.allows(foreign)) << foreign;
    EXPECT_TRUE(Hosts(HostCheck::any, "").allows("evil.example"));
}

TEST(AccessLog, KeepsSecretsOfTheTargetToItself) {
    EXPECT_EQ(loggable_target("/api/jobs/1/output.pdf?user=u&exp=9&sig=abc"),
              "/api/jobs/1/output.pdf?user=...&exp=...&sig=...");
    EXPECT_EQ(loggable_target("/getJobStatus?jobId=7"), "/getJobStatus?jobId=7");
    EXPECT_EQ(loggable_target("/a\x1b[2J"), "/a?[2J");
    EXPECT_LE(loggable_target(std::string(9000, 'a')).size(), 500U);
}

TEST(Router, TakesTheEarlierPathAndKnowsItsMethods) {
    const Router router({{"GET", "/jobs/{id}/output.quality.json", Access::open, {}},
                         {"GET", "/jobs/{id}/output.{format}", Access::open, {}},
                         {"POST", "/jobs/{id}/output.{format}", Access::open, {}},
                         {"GET", "/", Access::open, {}},
                         {"GET", "/jobs/{id}", Access::open, {}},
                         {"GET", "/jobs/recent", Access::open, {}}});
    EXPECT_EQ(router.find("GET", "/jobs/7/output.pdf").values.at("format"), "pdf");
    EXPECT_EQ(router.find("GET", "/jobs/7/output.quality.json").route, &router.routes()[0]);
    EXPECT_EQ(router.find("HEAD", "/").route, &router.routes()[3]);
    EXPECT_EQ(router.find("GET", "/jobs/recent").route, &router.routes()[4]) << "the earlier one takes it";
    const auto wrong = router.find("PUT", "/jobs/7/output.pdf");
    EXPECT_EQ(wrong.route, nullptr);
    EXPECT_THAT(wrong.allowed, testing::ElementsAre("GET", "HEAD", "POST"));
    for (const char* nowhere : {"/jobs/7/output.", "/jobs/7/", "/jobs//output.pdf", "//", "/jobs/7/output.pdf/", ""})
        EXPECT_TRUE(router.find("GET", nowhere).allowed.empty()) << nowhere;
}

}  // namespace
}  // namespace longhand::http
