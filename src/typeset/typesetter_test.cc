#include "typeset/typesetter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/task_scope.h"
#include "typeset/child_gate.h"
#include "typeset/files.h"
#include "typeset/languages.h"
#include "typeset/scripts.h"
#include "typeset/tex_log.h"
#include "typeset/text.h"

namespace longhand::typeset {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

TEST(Text, LosesWhatNoReaderSeesAndKeepsTheRest) {
    const std::string zero(1, '\0');
    EXPECT_EQ(cleaned("a" + zero + "b\x1b[31m\tc\r\nd\re"), "ab[31m\tc\nd\ne");
    EXPECT_EQ(cleaned("\xEF\xBB\xBF"
                      "mark \xE2\x80\xAE"
                      "over"),
              "mark over");
    EXPECT_EQ(cleaned("Ünïcödé 中文 😀"), "Ünïcödé 中文 😀");
    EXPECT_EQ(cleaned("bad \xFF\xC0\x80 and cut \xE4\xB8"), "bad \uFFFD\uFFFD\uFFFD and cut \uFFFD\uFFFD");
    EXPECT_EQ(cleaned_line("  two\n\n words\t "), "two words");
}

TEST(Languages, UnknownTagsAreEnglish) {
    EXPECT_EQ(valid_language("pt-BR"), "pt-BR");
    for (const auto* bad : {"", "x", "english", "en\nbabel evil", "EN", "en-"})
        EXPECT_EQ(valid_language(bad), "en") << bad;
    EXPECT_EQ(language_settings("de-AT").babel, "german");
    EXPECT_EQ(language_settings("tlh").babel, "");
}

TEST(Scripts, AsciiNeedsNoFallback) {
    EXPECT_EQ(plan_scripts("\\textbf{plain} text", "en").preamble, "");
}

TEST(Scripts, NameTheFontOfEachScript) {
    const auto plan = plan_scripts("中文 עברית", "zh-TW");
    EXPECT_THAT(plan.preamble, HasSubstr("Noto Serif CJK TC"));
    EXPECT_THAT(plan.preamble, HasSubstr("Noto Serif Hebrew"));
    EXPECT_THAT(plan.preamble, HasSubstr("\\lhassign{NotoSerifCJK}{4E2D}{6587}"));
    EXPECT_TRUE(plan.missing.empty());
    EXPECT_THAT(plan_scripts("漢字", "ja").preamble, HasSubstr("Noto Serif CJK JP"));
}

TEST(Scripts, LettersThatJoinHaveTheirScriptsShaper) {
    EXPECT_THAT(plan_scripts("مرحبا", "en").preamble, HasSubstr(",Script=Arabic}"));
    EXPECT_THAT(plan_scripts("हिन्दी", "en").preamble, HasSubstr(",Script=Devanagari}"));
    EXPECT_THAT(plan_scripts("中文", "zh").preamble, Not(HasSubstr("Script=")));
}

TEST(Scripts, ACharacterThatNoFontHasIsShownByItsNumber) {
    const auto plan = plan_scripts(
        "a\U0001FAE8"
        "b",
        "en");
    EXPECT_EQ(plan.text, "a\\lhmissing{1FAE8}b");
    EXPECT_EQ(plan.missing, std::set<char32_t>{0x1FAE8});
}

TEST(Scripts, ARunOfOneFontNeverGoesOverACharacterOfAnother) {
    // U+3001 and U+FF0C are of the CJK font, U+A640 between them is Cyrillic.
    const auto plan = plan_scripts("、Ꙁ，", "en");
    EXPECT_THAT(plan.preamble, HasSubstr("{3001}{3001}"));
    EXPECT_THAT(plan.preamble, HasSubstr("{FF0C}{FF0C}"));
}

TEST(TexLog, GivesErrorsByLineMissingGlyphsAndPages) {
    const auto log = parse_tex_log(
        "(./document.aux)\n./document.tex:57: Undefined control sequence.\nl.57 \\foo\n"
        "Missing character: There is no ☃ (U+2603) in font X!\nOutput written on document.xdv (12 pages, 3456 "
        "bytes).\n");
    EXPECT_EQ(log.error_lines, std::vector<std::size_t>{57});
    EXPECT_EQ(log.first_error, "Undefined control sequence.");
    EXPECT_EQ(log.missing, std::set<std::string>{"☃"});
    EXPECT_EQ(log.pages, 12u);
}

TEST(BlockMap, FindsTheBlockOfALineAndCutsAfterOne) {
    const std::string tex = "head\n%lh:1\none\n%lh:2\ntwo\n\\end{document}\n";
    const BlockMap map(tex);
    EXPECT_EQ(map.count(), 2u);
    EXPECT_EQ(map.block_at_line(1), 0u);
    EXPECT_EQ(map.block_at_line(3), 1u);
    EXPECT_EQ(map.block_at_line(5), 2u);
    EXPECT_EQ(map.first_blocks(tex, 1), "head\n%lh:1\none\n\n\\end{document}\n");
}

TEST(Formats, AreFoundByTheirExtension) {
    for (const auto format : kFormats) EXPECT_EQ(format_of(extension(format)), format);
    EXPECT_EQ(format_of("exe"), std::nullopt);
}

// Everything below runs real programs.
class Typesetting : public testing::Test {
protected:
    Typesetting() {
        char name[] = "/var/tmp/longhand-typeset-XXXXXX";
        folder_ = mkdtemp(name);
    }
    ~Typesetting() override { fs::remove_all(folder_); }

    template <class T>
    T wait(awaitable<T> work) {
        std::optional<T> result;
        asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr error, auto made) {
            EXPECT_FALSE(error);
            result.emplace(std::move(made));
        });
        loop_.restart();
        loop_.run();
        return std::move(*result);
    }
    TypesetResult<Rendered> render(const Manuscript& manuscript, Format format, StopToken stop = {}) {
        return wait(typesetter_->render(manuscript, format, folder_, stop));
    }
    std::uint32_t counted(const Manuscript& manuscript) {
        const auto pages = wait(typesetter_->count_pages(manuscript, folder_, StopToken{}));
        EXPECT_TRUE(pages) << pages.error().message;
        return pages ? *pages : 0;
    }
    std::string made(const Manuscript& manuscript, Format format) {
        const auto rendered = render(manuscript, format);
        EXPECT_TRUE(rendered) << rendered.error().message;
        if (!rendered) return "";
        notes_ = testing::PrintToString(rendered->notes);
        pages_ = rendered->pages;
        EXPECT_EQ(rendered->path, folder_ + "/document." + std::string(extension(format)));
        EXPECT_EQ(rendered->size, fs::file_size(rendered->path));
        return read_file(rendered->path).value_or("");
    }
    // In one line, as the words stand.
    std::string text_of_pdf(const std::string& to_page = "1000") {
        sandbox::Command command;
        command.argv = {"pdftotext", "-l", to_page, "document.pdf", "-"};
        command.folder = folder_;
        auto output = sandbox::run_here(command, StopToken{});
        EXPECT_TRUE(output) << output.error().message;
        return output ? cleaned_line(output->text) : "";
    }
    // Without printing a book when it fails.
    static void expect_in(const std::string& text, std::initializer_list<const char*> words) {
        for (const auto* word : words)
            EXPECT_NE(text.find(word), text.npos) << word << "\nin the text that begins: " << text.substr(0, 400);
    }
    static Manuscript manuscript(std::string markdown) {
        Manuscript made;
        made.markdown = std::move(markdown);
        made.title = "A handbook";
        made.author = "A. Writer";
        return made;
    }

    std::string folder_, notes_;
    std::uint32_t pages_ = 0;
    asio::io_context loop_;
    AsioRuntime runtime_{loop_, 2};
    std::unique_ptr<Typesetter> typesetter_ = make_typesetter(runtime_, 1);
};

constexpr const char* kBook = R"md(
# 1 First chapter

Words with *emphasis*, `code`, a formula $e^{i\pi}$ and a note[^n].

[^n]: The note's words.

## 1.1 A section

| State | Meaning |
|---|---|
| queued | may be claimed by a worker which has a free slot and then runs it until it ends or is ended from outside |

# 2 Second chapter

Русский текст, ελληνικά, 中文测试文本, 日本語, 한국어, עברית, العربية, हिन्दी, ภาษาไทย, → ≤ ✓ 😀 🧿.

# Sources

[1] A source.
)md";

TEST_F(Typesetting, PagesAreCountedAsTheyWillBeSet_slow) {
    std::string text;
    for (int chapter = 1; chapter <= 4; ++chapter) {
        text += "# " + std::to_string(chapter) + " A chapter\n\n";
        for (int i = 0; i < 40 * chapter; ++i) text += "A sentence that takes its room on the page of a book.\n\n";
    }
    const auto first = counted(manuscript(text));
    EXPECT_FALSE(fs::exists(folder_ + "/document.pdf"));
    // With what the first count has left, and without it.
    const auto longer = text + "# 5 One more\n\nIts only line.\n";
    EXPECT_EQ(counted(manuscript(longer)), first + 1);
    made(manuscript(longer), Format::pdf);
    EXPECT_EQ(pages_, first + 1);
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    made(manuscript(text), Format::pdf);
    EXPECT_EQ(pages_, first);
}

TEST_F(Typesetting, AnArticleHasItsTitleAndContentsAboveItsText_slow) {
    auto article = manuscript(kBook);
    article.layout = Layout::article;
    article.partial = true;
    made(article, Format::pdf);
    expect_in(text_of_pdf("1"), {"A handbook", "A. Writer", "Partial document", "Contents", "A section"});
    const auto pages = pages_;
    article.layout = Layout::book;
    made(article, Format::pdf);
    EXPECT_GE(pages_, pages + 3);
}

TEST_F(Typesetting, ABookHasTitleContentsHeadsAndEveryScript_slow) {
    auto book = manuscript(kBook);
    book.title = R"(5% & x_{y} \input{/etc} #1 ~ ^ 中文)";
    book.partial = true;
    made(book, Format::pdf);
    EXPECT_EQ(pages_, 5u);
    const auto text = text_of_pdf();
    expect_in(text, {R"(5% & x_{y} \input{/etc} #1 ~ ^ 中文 A. Writer Partial document)", "Contents 1 First chapter",
                     "1.1 A section", "Русский текст, ελληνικά, 中文测试文本, 日本語, 한국어", "→ ≤ ✓", "1F9FF",
                     "The note’s words."});
    EXPECT_THAT(notes_, HasSubstr("U+1F9FF"));
    EXPECT_THAT(notes_, Not(HasSubstr("no glyph")));
    EXPECT_FALSE(fs::exists(folder_ + "/typesetting-pdf"));
}

TEST_F(Typesetting, EqualManuscriptsGiveEqualFiles) {
    for (const auto format : {Format::tex, Format::md, Format::html}) {
        const auto first = made(manuscript(kBook), format);
        EXPECT_FALSE(first.empty());
        EXPECT_TRUE(first == made(manuscript(kBook), format)) << extension(format);
    }
}

// What a hostile or careless text holds; one document, as each run of TeX costs seconds.
std::string hostile_markdown() {
    std::string text =
        "# 1 Words\n\n\\input{/etc/passwd} \\write18{touch pwned} \\end{document} and <script>alert(1)</script> go "
        "on.\n\n";
    text += "Unbalanced $ and {{{ braces }, 100% of #1 ~ ^ & _ end.\n\n";
    text += "A bad formula $\\frac{1}{$ and $\\undefinedcommand{x}$ and $x^1^2$ stand here.\n\n";
    text += "Reads $\\input{/etc/passwd}$ and $\\loop\\iftrue\\repeat$ as words.\n\n";
    text += "# 2 Long\n\n" + std::string(100'000, 'w') + "\n\n`" + std::string(5'000, 'c') + "`\n\n";
    text += "| ";
    for (int i = 0; i < 30; ++i) text += "column " + std::to_string(i) + " | ";
    text += "\n|";
    for (int i = 0; i < 30; ++i) text += "---|";
    text += "\n|";
    for (int i = 0; i < 30; ++i) text += " cell " + std::string(i == 7 ? 500 : 3, 'x') + " |";
    text += "\n\n# 3 Deep\n\n";
    for (int i = 0; i < 12; ++i)
        text += std::string(static_cast<std::size_t>(4 * i), ' ') + "- level " + std::to_string(i) + "\n\n";
    text += std::string(20, '>') + " quoted\n\n![a picture](https://example.org/x.png) [run](javascript:alert(1))\n\n";
    text +=
        std::string("control \x01\x02 and nothing ") + std::string(1, '\0') + "behind \xFF.\n\n**The last words.**\n";
    return text;
}

TEST_F(Typesetting, AHostileTextIsSetAsWords_slow) {
    made(manuscript(hostile_markdown()), Format::pdf);
    const auto text = text_of_pdf();
    expect_in(text, {R"(\input{/etc/passwd} \write18{touch pwned} \end{document} and <script>alert(1)</script> go on.)",
                     "Unbalanced $ and {{{ braces }, 100% of #1 ~ ^ & _ end.", R"(\undefinedcommand)",
                     "The last words.", "level 11", "column 29"});
    EXPECT_EQ(text.find("root:x:"), text.npos);
    EXPECT_THAT(notes_, HasSubstr("set verbatim: A bad formula"));
    EXPECT_THAT(notes_, HasSubstr("formula is set as text"));
    EXPECT_GT(pages_, 10u);
}

TEST_F(Typesetting, AHostileTextMakesASafePage) {
    auto hostile = manuscript(hostile_markdown());
    hostile.title = "<script>alert(2)</script>";
    const auto page = made(hostile, Format::html);
    for (const auto* danger : {"<script", "javascript:", "https://example.org/x.png"})
        EXPECT_EQ(page.find(danger), page.npos) << danger;
    expect_in(page, {"The last words.", "&lt;script&gt;alert(2)"});
    EXPECT_FALSE(made(hostile, Format::docx).empty());
    EXPECT_FALSE(made(hostile, Format::epub).empty());
}

// Every place in Markdown that may carry attributes.
constexpr const char* kAttributes = R"md(
# 1 Head {#section-1 onclick="a()" style="color:red"}

`code`{onclick="a()" src="/etc/passwd"} and [span]{onclick="a()" style="x" src="/etc/passwd"} [place]{#evil .c}.

```{.python onclick="a()" style="x"}
x = 1
```

[link](https://example.org){onclick="a()" style="x"}, [file](file:///etc/passwd), [script](javascript:alert) and <javascript:alert>.

![picture](x.png){onclick="a()" style="x"}

::: {onclick="a()" style="x"}
division
:::

```python
y = 2
```

[\[1\]]{#source-1} Title, see [\[1\]](#source-1) and [mail](mailto:a@example.org).
)md";

// Inside of a tag, that is: in the text the words may stand.
bool has_in_a_tag(const std::string& page, std::string_view words) {
    for (auto at = page.find('<'); at != page.npos; at = page.find('<', at + 1)) {
        const auto tag = std::string_view(page).substr(at, page.find('>', at) - at);
        if (tag.find(words) != tag.npos) return true;
    }
    return false;
}

TEST_F(Typesetting, ATextHasNoAttributesButThePlacesOfLinks) {
    const auto page = made(manuscript(kAttributes), Format::html);
    const auto body = page.substr(page.find("<body"));
    for (const auto* danger : {"onclick", "style=", "src=", "evil", "javascript:", "file:", "root:"})
        EXPECT_FALSE(has_in_a_tag(body, danger)) << danger;
    expect_in(page, {"id=\"section-1\"", "<span id=\"source-1\">[1]</span>", "href=\"#source-1\"",
                     "href=\"https://example.org\"", "href=\"mailto:a@example.org\"", "sourceCode python"});
    EXPECT_EQ(page.find("]{#"), page.npos);
}

TEST_F(Typesetting, AnEpubHasNoAttributesEither) {
    made(manuscript(kAttributes), Format::epub);
    sandbox::Command command;
    command.argv = {"unzip", "-p", "document.epub", "EPUB/text/ch001.xhtml"};
    command.folder = folder_;
    const auto chapter = sandbox::run_here(command, StopToken{});
    ASSERT_TRUE(chapter) << chapter.error().message;
    for (const auto* danger : {"onclick", "style=", "src=", "evil", "javascript:", "file:"})
        EXPECT_FALSE(has_in_a_tag(chapter->text, danger)) << danger;
    expect_in(chapter->text, {"id=\"source-1\"", "#source-1\""});
}

TEST_F(Typesetting, ACitationInAPdfShowsNoMarks_slow) {
    made(manuscript("# Sources\n\n[\\[1\\]]{#source-1} Title, see [\\[1\\]](#source-1).\n"), Format::pdf);
    const auto text = text_of_pdf();
    expect_in(text, {"[1] Title, see [1]."});
    EXPECT_EQ(text.find("{#"), text.npos);
}

TEST_F(Typesetting, EveryEntryOfTheSourcesHangs) {
    const auto tex =
        made(manuscript("# Sources\n\n[\\[1\\]]{#source-1} One.\n\n[\\[2\\]]{#source-2} Two.\n"), Format::tex);
    expect_in(tex,
              {"\n\\lhsource{}\\protect\\hypertarget{source-1}", "\n\\lhsource{}\\protect\\hypertarget{source-2}"});
}

TEST_F(Typesetting, NoWordOfATitleIsCut_slow) {
    const std::string title =
        "Configuration of distributed repositories and how to resume interrupted archives after cooling";
    auto book = manuscript("# 1 " + title + "\n\ntext\n");
    book.title = "Understanding configuration, administration and responsibilities of maintainers";
    made(book, Format::pdf);
    expect_in(text_of_pdf("1"), {book.title.c_str()});
    // In the table of contents, and above its text.
    const auto text = text_of_pdf();
    const auto first = text.find(title);
    ASSERT_NE(first, text.npos);
    EXPECT_NE(text.find(title, first + 1), text.npos);
}

TEST_F(Typesetting, AFormulaMayUseNothingButTheCommandsOfFormulas) {
    for (const std::string formula :
         {R"(\text{\PushButton[onclick={app.alert(1)}]{x}})", R"(\special{pdf:x})", R"(\href{javascript:a}{x})",
          R"(\XeTeXpicfile "x")", R"(\begin{filecontents}x\end{filecontents})", R"(\csname input\endcsname x)", R"(\é)",
          R"(\lhstruck{x})"}) {
        const auto tex = made(manuscript("See $" + formula + "$ here."), Format::tex);
        const auto text = tex.substr(tex.find("%lh:1"));
        EXPECT_THAT(notes_, HasSubstr("a formula is set as text")) << formula;
        EXPECT_EQ(text.find("\\("), text.npos) << formula;
        EXPECT_EQ(text.find(formula), text.npos) << formula;
    }
}

TEST_F(Typesetting, OrdinaryFormulasStayFormulas) {
    const auto tex = made(
        manuscript(
            R"(See $\frac{\partial f}{\partial x}\leq\sum_{i=1}^{n}\hat{\alpha}_i\,\mathbb{R}\quad\text{if }x\in A$,
$\left(\begin{pmatrix}1&2\\3&4\end{pmatrix}\right)$, $\begin{cases}a&b\\c&d\end{cases}$, $\bigl\{\sqrt[3]{x}\bigr\}\to\infty$,
$\operatorname{rank}(A)\%$.)"),
        Format::tex);
    EXPECT_EQ(notes_, "{}");
    expect_in(tex, {"\\frac{\\partial f}", "\\begin{pmatrix}", "\\begin{cases}", "\\bigl\\{", "\\operatorname{rank}"});
}

TEST_F(Typesetting, MarkdownHasAHeadAndThenTheText) {
    auto book = manuscript("# 1 One\n\ntext");
    book.partial = true;
    EXPECT_EQ(made(book, Format::md), "# A handbook\n\nA. Writer\n\n*Partial document*\n\n# 1 One\n\ntext\n");
}

TEST_F(Typesetting, ATitleInMarkdownIsShownAsItStands) {
    auto book = manuscript("text");
    book.title = R"(On *C* #1 {x} \LaTeX)";
    book.author = "a_b_";
    EXPECT_EQ(made(book, Format::md), R"(# On \*C\* \#1 \{x\} \\LaTeX)"
                                      "\n\na\\_b\\_\n\ntext\n");
}

TEST_F(Typesetting, PdfsOfEqualManuscriptsHaveTheSameWordsOnTheSamePages_slow) {
    auto plain = manuscript("No heading at all, $x^2$.");
    plain.title = "";
    plain.author = "";
    plain.table_of_contents = false;
    made(plain, Format::pdf);
    EXPECT_EQ(pages_, 2u);
    const auto text = text_of_pdf();
    expect_in(text, {"Untitled", "No heading at all, x2"});
    made(plain, Format::pdf);
    EXPECT_EQ(pages_, 2u);
    EXPECT_EQ(text_of_pdf(), text);
}

TEST_F(Typesetting, AStopEndsItAndLeavesNothing) {
    StopSource stop;
    std::optional<TypesetResult<Rendered>> result;
    asio::co_spawn(loop_, typesetter_->render(manuscript(kBook), Format::pdf, folder_, stop.token()),
                   [&](std::exception_ptr, auto rendered) { result.emplace(std::move(rendered)); });
    // The work has begun when its folder is there.
    while (!fs::exists(folder_ + "/typesetting-pdf/about.txt")) loop_.poll();
    stop.stop(StopReason::cancelled);
    loop_.run();
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code, TypesetErrc::stopped);
    EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Typesetting, AFailureOfTheMachineSaysNothingOfItsFolders) {
    const auto kept = std::exchange(folder_, folder_ + "/none/there");
    const auto result = render(manuscript("text"), Format::html);
    folder_ = kept;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, TypesetErrc::disk);
    EXPECT_EQ(result.error().message,
              "The document can't be written on this server now; tell its operator, then retry.");
}

TEST(Installation, HasAllThatIsNeededHere) {
    const auto checks = check_installation();
    EXPECT_GE(checks.size(), 10u);
    for (const auto& check : checks) EXPECT_TRUE(check.ok) << check.name << ": " << check.message;
}

// The gate, on a loop of its own.
class Gate : public testing::Test {
protected:
    static awaitable<void> hold(ChildGate& gate, StopToken stop, std::optional<bool>& admitted, Notifier& release,
                                Runtime& runtime) {
        const auto pass = co_await gate.enter(stop);
        admitted = static_cast<bool>(pass);
        if (pass) co_await release.wait_until(runtime, runtime.steady_now() + std::chrono::hours(1), StopToken{});
    }
    asio::io_context loop_;
    AsioRuntime runtime_{loop_, 1};
    ChildGate gate_{runtime_, 1};
};

TEST_F(Gate, LetsTheNextInWhenOneLeavesAndForgetsThoseWhoStopped) {
    TaskScope scope(runtime_);
    Notifier release[3];
    std::optional<bool> in[3];
    StopSource stop[3];
    for (int i = 0; i < 3; ++i) scope.spawn(hold(gate_, stop[i].token(), in[i], release[i], runtime_));
    loop_.poll();
    EXPECT_TRUE(in[0] && *in[0] && !in[1] && !in[2]);
    stop[1].stop(StopReason::cancelled);
    loop_.poll();
    EXPECT_TRUE(in[1] && !*in[1] && !in[2]);
    release[0].notify();
    while (!in[2]) loop_.poll();
    EXPECT_TRUE(*in[2]);
    release[2].notify();
    loop_.run();
}

}  // namespace
}  // namespace longhand::typeset
