#include "sources/reader.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>

#include "base/digest.h"
#include "sandbox/pandoc.h"
#include "sources/archive.h"
#include "sources/kind.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

/// A PDF of some pages, one string a line; `trailer` is put into its trailer.
std::string pdf(const std::vector<std::vector<std::string>>& pages, const std::string& trailer = "") {
    std::string kids, body;
    int id = 4;
    for (const auto& lines : pages) {
        std::string text = "BT /F1 12 Tf 14 TL 72 720 Td ";
        for (const auto& line : lines) text += "(" + line + ") Tj T* ";
        text += "ET";
        kids += std::to_string(id) + " 0 R ";
        body += std::to_string(id) + " 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents " +
                std::to_string(id + 1) + " 0 R/Resources<</Font<</F1 3 0 R>>>>>> endobj\n" + std::to_string(id + 1) +
                " 0 obj <</Length " + std::to_string(text.size()) + ">> stream\n" + text + "\nendstream endobj\n";
        id += 2;
    }
    return "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[" + kids + "]/Count " +
           std::to_string(pages.size()) +
           ">> endobj\n3 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n" + body +
           "trailer <</Root 1 0 R" + trailer + ">>\n%%EOF\n";
}

class Reader : public ::testing::Test {
protected:
    Reader() : runtime_(loop_, 2) {
        std::string name = (fs::temp_directory_path() / "longhand-reader-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        fs::create_directory(folder_ + "/scratch");
    }
    ~Reader() override { fs::remove_all(folder_); }

    SourceResult<ReadSource> read_file(const SourceFile& file, StopToken stop = {}) {
        std::optional<SourceResult<ReadSource>> result;
        loop_.restart();
        asio::co_spawn(loop_,
                       read_source(runtime_, file, folder_ + "/scratch", stop, {sandbox::Confine::limits_only, {}}),
                       [&](std::exception_ptr error, SourceResult<ReadSource> read) {
                           if (error) std::rethrow_exception(error);
                           result.emplace(std::move(read));
                       });
        loop_.run();
        return std::move(*result);
    }
    SourceResult<ReadSource> read(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_ + "/file", std::ios::binary | std::ios::trunc) << bytes;
        return read_file({sha256_hex(bytes), name, folder_ + "/file", bytes.size()});
    }
    ReadSource good(const std::string& name, const std::string& bytes) {
        auto result = read(name, bytes);
        EXPECT_TRUE(result) << (result ? "" : result.error().message);
        return result ? std::move(*result) : ReadSource{};
    }
    /// Fails with this code and a sentence that names the file.
    void expect_failure(const std::string& name, const std::string& bytes, SourceErrc code,
                        const std::string& words = "") {
        const auto result = read(name, bytes);
        ASSERT_FALSE(result) << name;
        EXPECT_EQ(result.error().code, code) << result.error().message;
        EXPECT_TRUE(result.error().message.starts_with(name)) << result.error().message;
        EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
        EXPECT_TRUE(result.error().message.ends_with(".")) << result.error().message;
    }

    asio::io_context loop_;
    AsioRuntime runtime_;
    std::string folder_;
};

/// "kind section: text" of each passage.
std::vector<std::string> shown(const ReadSource& source) {
    std::vector<std::string> all;
    for (const auto& passage : source.passages) all.push_back(passage.place.section + ": " + passage.text);
    return all;
}
using Shown = std::vector<std::string>;

std::string words(int count) {
    std::string text;
    for (int i = 1; i <= count; ++i)
        text += (i % 10 == 1 ? "Word"s : "word"s) + std::to_string(i) + (i % 10 == 0 ? ". " : " ");
    return text;
}

TEST_F(Reader, MarkdownKeepsItsSectionsListsAndTables) {
    const auto source =
        good("guide.md",
             "---\ntitle: \"A guide\"\n---\n# Top\n\nFirst *line*\nwith `code` and [a link](x).\n\n## Part\n\n"
             "- one\n- two\n\n| name | is |\n| --- | --- |\n| a | b |\n\n# Next\n\n```sh\n./run it\n```\n");
    EXPECT_EQ(source.title, "A guide");
    EXPECT_EQ(source.kind, "markdown");
    EXPECT_EQ(shown(source),
              (Shown{"Top: First line with code and a link.", "Top > Part: one\ntwo\na: b.", "Next > code: ./run it"}));
    EXPECT_EQ(source.passages[0].place.line, 6u);
    EXPECT_TRUE(is_code(source.passages[2].place));
}

TEST_F(Reader, HtmlGivesItsMainTextWithoutWhatIsAroundIt) {
    const auto source =
        good("page",
             "<!DOCTYPE html><html><head><title>The  page</title><style>p{}</style></head><body><nav>Home</nav>"
             "<h1>Head</h1><p>Some &amp; more<br>text.<script>x()</script></p><aside>note</aside>"
             "<h2>Sub<a class=\"headerlink\">¶</a></h2><dl><dt>--flag</dt><dd><p>What it does.</p></dd></dl>"
             "<table><tr><th>a</th><th>b</th></tr><tr><td><p>one</p></td><td>two</td></tr></table>"
             "<pre>int x;\nint y;</pre><footer>made by</footer></body></html>");
    EXPECT_EQ(source.title, "The page");
    EXPECT_EQ(source.kind, "html");
    EXPECT_EQ(shown(source), (Shown{"Head: Some & more text.", "Head > Sub: --flag: What it does.\none: two.",
                                    "Head > Sub > code: int x;\nint y;"}));
}

TEST_F(Reader, CodeGivesItsCommentsFirstAsProse) {
    const auto source = good(
        "store.h",
        "// Copyright someone\n\n// What it is for.\n#pragma once\n#include <x>\nnamespace a {\n"
        "/// Keeps jobs.\n/// Safe in \"threads\".\nclass Store {\npublic:\n    /** Takes one.\n     *  Or none. */\n"
        "    Result<int> claim(int limit);\n    int size = 0;  ///< how many\n};\n}\n");
    EXPECT_EQ(source.kind, "code");
    EXPECT_EQ(source.title, "") << "the name is not the document's";
    ASSERT_GE(source.passages.size(), 2u);
    EXPECT_EQ(shown(source)[0],
              ": What it is for.\nStore: Keeps jobs. Safe in \"threads\".\nclaim: Takes one. Or none.\nsize: how many");
    EXPECT_TRUE(is_code(source.passages.back().place));
}

TEST_F(Reader, PlainTextKeepsHeadingsItemsAndListings) {
    const auto source =
        good("manual.txt",
             "NAME\n    tool - does a thing\n\nUSING IT\n\nRun the tool on a\nfile and wait.\n\n  * quick\n  * safe\n"
             "\n    $ tool --x\n\nMore\n----\n\nThe end is here.\n");
    EXPECT_EQ(source.kind, "text");
    EXPECT_EQ(shown(source),
              (Shown{"NAME: tool - does a thing", "USING IT: Run the tool on a file and wait.\nquick\nsafe",
                     "USING IT > code:     $ tool --x", "USING IT > More: The end is here."}));
}

TEST_F(Reader, AShortLineAloneAboveAParagraphIsItsTitle) {
    EXPECT_EQ(shown(good("bees.txt",
                         "Keeping bees in the city\n\nBees in the city find more flowers than those in the fields.\n\n"
                         "The year of the beekeeper\n\nIn spring the colony grows,\nand in summer it gives honey.\n")),
              (Shown{"Keeping bees in the city: Bees in the city find more flowers than those in the fields.",
                     "Keeping bees in the city > The year of the beekeeper: In spring the colony grows, and in summer "
                     "it gives honey."}));
    EXPECT_EQ(shown(good("bees.txt",
                         "Пчёлы в городе\n\nПервый год\n\nВесной семья растёт, а летом она приносит первый мёд.\n")),
              (Shown{"Пчёлы в городе > Первый год: Весной семья растёт, а летом она приносит первый мёд."}));
    EXPECT_EQ(shown(good("bees.txt",
                         "Μέλισσες στην πόλη\n\nΤην άνοιξη το σμήνος μεγαλώνει και το καλοκαίρι δίνει "
                         "μέλι.\n")),
              (Shown{"Μέλισσες στην πόλη: Την άνοιξη το σμήνος μεγαλώνει και το καλοκαίρι δίνει μέλι."}));
}

TEST_F(Reader, OtherShortLinesStayText) {
    const std::string paragraph = "This is a paragraph that has enough words to be one, and an end.";
    const auto kept = [&](const std::string& before, const std::string& text) {
        EXPECT_EQ(shown(good("note.txt", before + "\n\n" + paragraph + "\n")), (Shown{": " + text + "\n" + paragraph}));
    };
    kept("We met at noon.", "We met at noon.");
    kept("Dear Sir,", "Dear Sir,");
    kept("221 Baker Street", "221 Baker Street");
    kept("Anna Smith\nBaker Street\nLondon", "Anna Smith Baker Street London");
    kept("- Buy milk", "Buy milk");
    kept("and so it went", "and so it went");
    kept("Buy milk\n\nCall mother\n\nWater the plants", "Buy milk\nCall mother\nWater the plants");
    EXPECT_EQ(shown(good("note.txt", paragraph + "\n\nAnna Smith\n")), (Shown{": " + paragraph + "\nAnna Smith"}));
    EXPECT_EQ(shown(good("note.txt", "Only a line\n\nAnd another\n")), (Shown{": Only a line\nAnd another"}));
}

TEST_F(Reader, ALabelInHtmlIsPutBeforeWhatItStandsAbove) {
    EXPECT_EQ(
        shown(good("page.html",
                   "<html><body><div class=\"admonition note\"><p class=\"first admonition-title\">Note</p>"
                   "<p>Borg is quiet.</p></div><p>Warning</p><p>Options change.</p><p>See also:</p><p>The rest."
                   "</p><p>One</p><p>Two</p><ul><li><p>Item</p></li><li>Other</li></ul><p>End</p></body></html>")),
        (Shown{": Note: Borg is quiet.\nWarning: Options change.\nSee also:\nThe rest.\nOne\nTwo:\nItem\nOther\nEnd"}));
}

TEST_F(Reader, PdfGivesPagesWithoutRunningHeadsAndWithWholeWords) {
    std::vector<std::vector<std::string>> pages;
    for (const std::string& word : std::vector<std::string>{"north", "south", "east", "west"}) {
        const std::string number = std::to_string(pages.size() + 1);
        pages.push_back({"A Running Head", "The " + word + " speaks of the conse-", "quence that the " + word + " has.",
                         "It is in the " + word + ".", number});
    }
    const auto source = good("book.pdf", pdf(pages));
    EXPECT_EQ(source.kind, "pdf");
    ASSERT_EQ(source.passages.size(), 4u);
    EXPECT_EQ(source.passages[2].text, "The east speaks of the consequence that the east has. It is in the east.");
    EXPECT_EQ(source.passages[2].place.page, 3u);
    EXPECT_TRUE(fs::is_empty(folder_ + "/scratch"));
}

TEST_F(Reader, DocumentsOfWordProcessorsAreReadWithTheirHeadings) {
    std::ofstream(folder_ + "/a.md") << "# The engine\n\nIt runs *jobs* for Ярославна.\n\n## Leases\n\nA lease ends.\n";
    for (const std::string format : {"docx", "odt", "epub"}) {
        const std::string out = folder_ + "/made." + format;
        sandbox::Command make;
        make.argv = {"pandoc", "--standalone", "--metadata", "title=T", "a.md", "-o", out};
        make.folder = folder_;
        make.memory_limit = sandbox::kPandocAddressSpace;
        make.policy.confine = sandbox::Confine::limits_only;
        ASSERT_TRUE(sandbox::run_here(make, {})) << format;
        std::ifstream made(out, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(made), {}};
        // By content: the name says nothing.
        const auto source = good("upload", bytes);
        EXPECT_EQ(source.kind, "document");
        const auto passages = shown(source);
        EXPECT_NE(std::ranges::find(passages, "The engine: It runs jobs for Ярославна."), passages.end())
            << format << ::testing::PrintToString(passages);
        EXPECT_NE(std::ranges::find(passages, "The engine > Leases: A lease ends."), passages.end())
            << format << ::testing::PrintToString(passages);
        EXPECT_TRUE(fs::is_empty(folder_ + "/scratch"));
    }
}

TEST_F(Reader, PassagesAreWholeSentencesOfFortyToHundredAndEightyWords) {
    const auto source = good("long.txt", words(2'000));
    ASSERT_GT(source.passages.size(), 10u);
    std::string all;
    for (const auto& passage : source.passages) {
        EXPECT_GE(count_words(passage.text), 40u);
        EXPECT_LE(count_words(passage.text), 180u);
        EXPECT_TRUE(passage.text.ends_with(".")) << passage.text;
        EXPECT_EQ(passage.key, "p" + passage.file_sha256.substr(0, 12) + "-" + std::to_string(passage.position));
        all += passage.text + " ";
    }
    EXPECT_EQ(all, words(2'000));
}

TEST_F(Reader, AShortRestJoinsItsNeighbour) {
    for (int count = 41; count < 400; count += 7) {
        for (const auto& passage : good("t.txt", words(count)).passages)
            EXPECT_GE(count_words(passage.text), 40u) << count;
    }
}

TEST_F(Reader, ASentenceWithoutEndIsCutBetweenWords) {
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += "word ";
    for (const auto& passage : good("t.txt", text).passages) EXPECT_LE(count_words(passage.text), 180u);
    for (const auto& passage : good("t.txt", std::string(100'000, 'x')).passages)
        EXPECT_LE(passage.text.size(), 6'100u);
}

TEST_F(Reader, SameBytesGiveTheSamePassages) {
    const std::string text = "# A\n\n" + words(500);
    EXPECT_EQ(shown(good("a.md", text)), shown(good("a.md", text)));
}

TEST_F(Reader, OtherEncodingsBecomeUtf8) {
    EXPECT_EQ(good("a.txt", "\xFF\xFEG\0r\0\xFC\0n\0.\0"s).passages[0].text, "Grün.");
    EXPECT_EQ(good("a.txt", "\xFE\xFF\0G\0r\0\xFC\0n\0."s).passages[0].text, "Grün.");
    EXPECT_EQ(good("a.txt", "Gr\xFCn \x93so\x94.").passages[0].text, "Grün “so”.");
    EXPECT_EQ(good("a.html", "<html><meta charset=windows-1251><p>\xCF\xF0\xE8\xE2\xE5\xF2.</html>").passages[0].text,
              "Привет.");
    EXPECT_EQ(good("a.txt", "\xEF\xBB\xBFGrün.").passages[0].text, "Grün.");
}

TEST_F(Reader, BadFilesAreNamedWithTheReason) {
    expect_failure("none.txt", "", SourceErrc::empty, "is empty");
    expect_failure("blank.txt", " \n\t\n ", SourceErrc::empty);
    expect_failure("shell.html", "<html><body><script>x</script></body></html>", SourceErrc::empty);
    expect_failure("photo.pdf", "\x89PNG\r\n\x1a\n\0\0\0"s, SourceErrc::unsupported, "a PNG image");
    expect_failure("report.docx", "PK\x03\x04....word/document.xml", SourceErrc::broken, "is damaged");
    expect_failure("sheet.xlsx", "PK\x03\x04....xl/workbook.xml", SourceErrc::unsupported, "Excel sheet");
    expect_failure("data", "abc\0def"s, SourceErrc::unsupported, "binary");
    expect_failure("cut.pdf", "%PDF-1.7\nnothing more", SourceErrc::broken, "damaged");
    expect_failure("scan.pdf", pdf({{}}), SourceErrc::empty, "scanned");
    const std::string key(64, 'a');
    expect_failure(
        "locked.pdf",
        pdf({{"secret"}}, "/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + key + ">/U<" + key + ">>>"),
        SourceErrc::encrypted, "password");
}

TEST_F(Reader, ATextMayBeginWithTheMarkOfAnotherKindOfFile) {
    for (const std::string mark :
         {"ID3", "RIFF", "BZh", "GIF8", "Rar!", "OggS", "wOFF", "AT&TFORM", "SQLite format 3"}) {
        const std::string text = mark + " is how such a file begins, and this is a text about it.";
        EXPECT_EQ(good("about.txt", text).passages.at(0).text, text);
        expect_failure("a.bin", mark + "\x04\0\0\x01"s, SourceErrc::unsupported, "looks like a");
    }
    expect_failure("drawing.txt", "%!PS-Adobe-3.0\nshowpage\n", SourceErrc::unsupported, "PostScript");
    EXPECT_EQ(good("about.md", "# Magic\n\nA PDF begins with %PDF-1.7, caf\xC3\xA9.").kind, "markdown");
    EXPECT_EQ(good("about.txt", "A PDF begins with %PDF-1.7, says the caf\xE9.").kind, "text");
}

TEST_F(Reader, APdfMayHaveSomethingInFront) {
    const std::string plain = pdf({{"A line of text."}});
    const std::string binary = "%PDF-1.4\n%\xE2\xE3\xCF\xD3\n" + plain.substr(9);
    for (const std::string& bytes : {plain, "\r\n " + plain, "\xEF\xBB\xBF" + plain, "@PJL JOB\r\n" + binary,
                                     "\x1b%-12345X\0"s + plain, std::string(1000, 'x') + binary})
        EXPECT_EQ(kind_of(bytes, "a.txt").kind, Kind::pdf) << bytes.substr(0, 30);
    EXPECT_EQ(good("a.txt", "@PJL JOB\r\n" + binary).passages.at(0).text, "A line of text.");
}

TEST_F(Reader, NamesOfOneReadingGiveTheSameKind) {
    const std::vector<std::string> names = {"a",    "a.txt",  "b.log",    "a.md", "b.qmd", "a.html", "b.svg",
                                            "a.cc", "b.json", "Makefile", "a.py", "a.sql", "b.hs",   "a.csv"};
    for (const std::string& bytes : {"Some text."s, "<p>Some text."s, "#!/bin/sh\ntrue"s, "<html><p>Text."s}) {
        std::map<std::string_view, FileKind> kinds;
        for (const auto& name : names) {
            const FileKind kind = kind_of(bytes, name);
            const FileKind& first = kinds.try_emplace(reading_of(name), kind).first->second;
            EXPECT_EQ(first.kind, kind.kind) << name;
            EXPECT_EQ(first.comments, kind.comments) << name;
        }
        EXPECT_EQ(kinds.size(), 7U);
    }
}

/// An archive with one entry, of which its directory says that it has so many bytes.
std::string archive(std::string name, std::uint32_t size) {
    const auto number = [](std::uint64_t value, int bytes) {
        std::string out;
        for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value & 0xFF);
        return out;
    };
    const std::string entry = "PK\x03\x04" + std::string(22, '\0') + number(name.size(), 2) + number(0, 2) + name;
    const std::string directory =
        "PK\x01\x02" + std::string(20, '\0') + number(size, 4) + number(name.size(), 2) + std::string(16, '\0') + name;
    return entry + directory + "PK\x05\x06" + std::string(8, '\0') + number(directory.size(), 4) +
           number(entry.size(), 4) + number(0, 2);
}

TEST_F(Reader, ABombIsKnownByWhatItsDirectorySays) {
    EXPECT_EQ(unpacked_size(archive("word/document.xml", 7)), 7U);
    EXPECT_EQ(unpacked_size(archive("word/document.xml", 7) + "a comment"), 7U);
    EXPECT_EQ(unpacked_size("PK\x05\x06"), 0U);
    EXPECT_EQ(unpacked_size("no archive"), 0U);
    const std::string whole = archive("word/document.xml", 7);
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(unpacked_size(whole.substr(0, size)), 0U) << size;
    expect_failure("bomb.docx", archive("word/document.xml", 300 << 20), SourceErrc::too_large, "unpacks to more than");
    expect_failure("bomb.docx", archive("word/document.xml", 0xFFFFFFFF), SourceErrc::too_large, "give it in parts");
    expect_failure("small.docx", archive("word/document.xml", 100 << 20), SourceErrc::broken, "is damaged");
}

TEST_F(Reader, MissingFilesFoldersAndPipesAreNotWaitedFor) {
    for (const std::string path : {"/none", "/scratch"}) {
        const auto result = read_file({sha256_hex(""), "thing.txt", folder_ + path, 0});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, SourceErrc::missing);
        EXPECT_NE(result.error().message.find("thing.txt"), std::string::npos);
    }
    const auto device = read_file({sha256_hex(""), "zero", "/dev/zero", 0});
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code, SourceErrc::missing);
}

TEST_F(Reader, AShortageOfThisMachineIsNoVerdictOnASource) {
    std::ofstream(folder_ + "/file") << "Text.";
    ASSERT_TRUE(read_file({sha256_hex("Text."), "a.txt", folder_ + "/file", 5}));
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    const auto result = read_file({sha256_hex("Text."), "a.txt", folder_ + "/file", 5});
    setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, SourceErrc::unavailable);
    EXPECT_EQ(result.error().message,
              "a.txt can't be read on this server now (Too many open files); tell its operator, then retry.");
}

TEST_F(Reader, APdfThatNoProgramCanReadHereIsNoVerdictOnIt) {
    std::ofstream(folder_ + "/file") << pdf({{"one"}});
    // Its scratch folder can't be had, so that no child starts.
    fs::remove(folder_ + "/scratch");
    const auto result = read_file({sha256_hex("x"), "a.pdf", folder_ + "/file", 5});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, SourceErrc::unavailable);
    EXPECT_EQ(result.error().message.find('/'), std::string::npos) << result.error().message;
}

TEST_F(Reader, TooLargeIsRefused) {
    expect_failure("big.txt", std::string(21 << 20, 'a'), SourceErrc::too_large, "20 MB");
}

TEST_F(Reader, ARaisedStopIsQuiet) {
    StopSource stop;
    stop.stop(StopReason::cancelled);
    std::ofstream(folder_ + "/file") << "Text.";
    const auto result = read_file({sha256_hex(""), "a.txt", folder_ + "/file", 5}, stop.token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, SourceErrc::stopped);
}

TEST_F(Reader, HostileNestingNeitherCrashesNorTakesLong) {
    std::string deep, deeper, formatting, quotes, lists, table = "|", row;
    for (int i = 0; i < 1'000; ++i) deep += "<div>";
    for (int i = 0; i < 1'000'000; ++i) deeper += "<b>";
    for (int i = 0; i < 3'000; ++i) formatting += "<p><font size=" + std::to_string(i) + ">";
    for (int i = 0; i < 100'000; ++i) lists += "- 1. ";
    for (int i = 0; i < 190; ++i) table += "a|", row += "-|";
    EXPECT_EQ(good("deep.html", "<html>" + deep + "Text inside.").passages[0].text, "Text inside.");
    expect_failure("deeper.html", "<html>" + deeper + "Text.", SourceErrc::broken, "nested too deep");
    (void)read("formatting.html", "<html>" + formatting + formatting + "Text.").has_value();
    (void)read("quotes.md", std::string(1'000'000, '>') + " text").has_value();
    (void)read("lists.md", lists + "text").has_value();
    std::string rows = table + "\n|" + row + "\n";
    for (int i = 0; i < 200'000; ++i) rows += "a\n";
    (void)read("table.md", rows).has_value();
    (void)read("brackets.md", std::string(90'000, '[')).has_value();
    (void)read("stars.md", std::string(90'000, '*') + "a" + std::string(90'000, '_')).has_value();
    (void)read("quotes.cc", std::string(500'000, '"') + std::string(500'000, '`') + std::string(500'000, '{'))
        .has_value();
}

TEST_F(Reader, NestingIsFoundBehindEndTagsThatCloseNothing) {
    const auto repeated = [](const std::string& unit) {
        std::string text = "<html>";
        for (int i = 0; i < 100'000; ++i) text += unit;
        return text + "Text.";
    };
    for (const std::string unit :
         {"<div></b>", "<div><!--</div>-->", "<div a=\"</div>\">", "<div a='</div>'>", "<div a = \"</div>\">",
          "<div><script></div></script>", "<div><style></div></style>", "<b><div></b>", "<form><div></form>",
          "<div a=b=\">", "<div =\">", "<div><!--></div-->", "<svg><style><g a=\"</style>\">", "<div></ </div>"}) {
        expect_failure("deep.html", repeated(unit), SourceErrc::broken, "nested too deep");
    }
}

TEST_F(Reader, UntidyPagesAreRead) {
    std::string text = "<html><body>";
    for (int i = 0; i < 5'000; ++i) {
        text +=
            "<div class='a>b'><a name=x><b>Words</div><p>It's <i>one</i> <!-- <div> --> <script>\"<div>\"</script>"
            "</b></p><ul><li>Item<li>Item</ul>";
    }
    EXPECT_FALSE(good("untidy.html", text).passages.empty());
}

TEST_F(Reader, AnyBytesUnderAnyNameNeverCrash) {
    std::mt19937 random(11);
    const std::vector<std::string> names = {"a.md", "a.html", "a.txt", "a.h", "a.py", "a.sql", "a", "a.csv", "a.xml"};
    const std::string alphabet = "<>/=\"'`#*_-|[](){}!:;.,\n\n  aZ0\\\xC3\xA9\xE4\xB8\xAD\f\t&";
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        const auto size = random() % 3'000;
        for (std::size_t i = 0; i < size; ++i) {
            bytes += round % 3 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
        }
        if (round % 5 == 1) bytes = "<!doctype html>" + bytes;
        (void)read(names[static_cast<std::size_t>(round) % names.size()], bytes).has_value();
    }
}

TEST_F(Reader, TruncatedFilesNeverCrash) {
    const std::string html =
        "<!doctype html><html><head><title>T</title></head><body><h1>A</h1><table><tr><td>x</td></tr>"
        "</table><dl><dt>a<dd>b</dl><pre>c</pre><!-- d --></body></html>";
    const std::string code = "/** a */ template <class T> class X { /* b */ R\"x(y)x\" '\\'' \"s\\\"\"; } // é\n";
    for (std::size_t size = 1; size < html.size(); ++size) (void)read("a.html", html.substr(0, size)).has_value();
    for (std::size_t size = 1; size < code.size(); ++size) (void)read("a.cc", code.substr(0, size)).has_value();
    const std::string book = pdf({{"one"}, {"two"}});
    for (std::size_t size = 10; size < book.size(); size += 150) (void)read("a.pdf", book.substr(0, size)).has_value();
}

}  // namespace
}  // namespace longhand::sources
