#include "sources/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/digest.h"

namespace longhand::sources {
namespace {

namespace fs = std::filesystem;

Passage passage(const std::string& file, std::uint32_t position, const std::string& text,
                const std::string& section = "") {
    Passage made;
    made.file_sha256 = sha256_hex(file);
    made.position = position;
    made.key = "p" + made.file_sha256.substr(0, 12) + "-" + std::to_string(position);
    made.place.section = section;
    made.text = text;
    return made;
}

class Index : public ::testing::Test {
protected:
    Index() {
        std::string name = (fs::temp_directory_path() / "longhand-index-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Index() override { fs::remove_all(folder_); }

    std::unique_ptr<PassageIndex> open(const std::vector<Passage>& passages, const std::string& name = "index.db") {
        auto index = PassageIndex::open(folder_ + "/" + name, passages);
        EXPECT_TRUE(index) << (index ? "" : index.error().message);
        return index ? std::move(*index) : nullptr;
    }

    std::string folder_;
    const std::vector<Passage> library_ = {
        passage("a", 0, "A lease grows with every claim. The worker keeps the lease alive with beats."),
        passage("a", 1, "The café serves naïve customers in Zürich."),
        passage("b", 0, "图书馆里有很多中文书籍。读者可以借阅。"),
        passage("b", 1, "Корабли плыли по морю всю ночь."),
        passage("c", 0, "Η βιβλιοθήκη είναι μεγάλη.", "Greek"),
        passage("c", 1, "int lease = claim(worker, lease); return lease;", "engine > code"),
    };
};

TEST_F(Index, FindsTheBestPassageFirst) {
    const auto index = open(library_);
    ASSERT_TRUE(index);
    EXPECT_EQ(index->size(), library_.size());
    const auto hits = index->search("who holds the lease of a worker?", 10);
    ASSERT_GE(hits.size(), 2u);
    EXPECT_EQ(hits[0].passage.key, library_[0].key);
    EXPECT_GT(hits[0].score, hits[1].score);
}

TEST_F(Index, GivesPassagesBackWhole) {
    auto library = library_;
    library[4].place.page = 7;
    library[4].place.line = 9;
    const auto hits = open(library)->search("βιβλιοθηκη", 1);
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_EQ(hits[0].passage.key, library[4].key);
    EXPECT_EQ(hits[0].passage.file_sha256, library[4].file_sha256);
    EXPECT_EQ(hits[0].passage.position, 0u);
    EXPECT_EQ(hits[0].passage.place.section, "Greek");
    EXPECT_EQ(hits[0].passage.place.page, 7u);
    EXPECT_EQ(hits[0].passage.place.line, 9u);
    EXPECT_EQ(hits[0].passage.text, library[4].text);
}

TEST_F(Index, FindsChineseByItsWordsInsideARun) {
    const auto index = open(library_);
    for (const char* query : {"中文", "中文书籍有哪些", "书籍", "借"}) {
        const auto hits = index->search(query, 3);
        ASSERT_EQ(hits.size(), 1u) << query;
        EXPECT_EQ(hits[0].passage.key, library_[2].key);
    }
    EXPECT_TRUE(index->search("日本", 3).empty());
}

TEST_F(Index, FindsWordsInOtherFormsCasesAndAccents) {
    const auto index = open(library_);
    EXPECT_EQ(index->search("CAFE", 3).size(), 1u);
    EXPECT_EQ(index->search("zurich", 3).size(), 1u);
    EXPECT_EQ(index->search("leases claimed", 1).size(), 1u);
    EXPECT_EQ(index->search("КОРАБЛИ", 3).size(), 1u);
}

TEST_F(Index, TakesAnyTextAsAQuery) {
    const auto index = open(library_);
    for (const std::string query : {"", " ", "\"", "lease AND", "NOT (", "a* NEAR(b,c) text:lease ^x {y} - + \\ ; DROP",
                                    "\xFF\xFE\x80 lease", "'\"'\"' OR 1=1 --", "....!!!", "€ ± ∞ 😀"}) {
        index->search(query, 5);
    }
    EXPECT_FALSE(index->search("\xFF\xFE\x80 lease \" OR", 5).empty());
    EXPECT_FALSE(index->search(std::string("lease\0beats", 11), 5).empty());
    std::string many = "lease";
    for (int i = 0; i < 5'000; ++i) many += " word" + std::to_string(i);
    EXPECT_FALSE(index->search(many, 5).empty());
}

TEST_F(Index, LimitsHitsAndHitsOfOneFile) {
    std::vector<Passage> many;
    for (std::uint32_t i = 0; i < 20; ++i)
        many.push_back(passage(i < 15 ? "big" : "small", i, "tide tables of the harbour"));
    const auto index = open(many);
    EXPECT_EQ(index->search("tide", 5).size(), 5u);
    EXPECT_EQ(index->search("tide", 20).size(), 20u);
    const auto spread = index->search("tide", 20, 2);
    EXPECT_EQ(spread.size(), 4u);
    EXPECT_TRUE(index->search("tide", 0).empty());
}

TEST_F(Index, EqualPassagesComeInTheOrderOfTheirKeys) {
    std::vector<Passage> many;
    for (std::uint32_t i = 0; i < 30; ++i) many.push_back(passage("f", i, "the same tide"));
    const auto hits = open(many)->search("tide", 30);
    EXPECT_TRUE(std::is_sorted(hits.begin(), hits.end(),
                               [](const auto& a, const auto& b) { return a.passage.key < b.passage.key; }));
}

TEST_F(Index, AnswersDependOnThePassagesAloneNotOnTheirOrder) {
    std::mt19937 random(3);
    std::vector<Passage> many;
    const std::vector<std::string> words = {"tide", "harbour", "moon", "ship", "rope", "anchor", "wind", "sail"};
    for (std::uint32_t i = 0; i < 200; ++i) {
        std::string text;
        for (int w = 0; w < 12; ++w) text += words[random() % words.size()] + " ";
        many.push_back(passage("f" + std::to_string(i % 7), i, text));
    }
    auto shuffled = many;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const auto one = open(many, "one.db"), two = open(shuffled, "two.db");
    for (const char* query : {"tide moon", "anchor", "ship rope sail wind"}) {
        const auto a = one->search(query, 50), b = two->search(query, 50);
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            EXPECT_EQ(a[i].passage.key, b[i].passage.key);
            EXPECT_EQ(a[i].score, b[i].score);
        }
    }
}

TEST_F(Index, ProgramTextRanksBelowProse) {
    const auto hits =
        open({passage("a", 0, "claim lease worker", "x > code"), passage("b", 0, "claim lease worker", "x")})
            ->search("claim lease", 2);
    ASSERT_EQ(hits.size(), 2u);
    EXPECT_EQ(hits[0].passage.place.section, "x");
}

TEST_F(Index, VeryCommonWordsCountOnlyWhenNothingElseIsAsked) {
    std::vector<Passage> many;
    for (std::uint32_t i = 0; i < 100; ++i) many.push_back(passage("f", i, "the ship number" + std::to_string(i)));
    const auto index = open(many);
    EXPECT_EQ(index->search("the number42", 100).size(), 1u);
    EXPECT_EQ(index->search("the", 100).size(), 100u);
}

TEST_F(Index, IsKeptForTheSamePassagesAndRemadeForOthers) {
    open(library_);
    const auto path = folder_ + "/index.db";
    const auto made = fs::last_write_time(path) - std::chrono::hours(1);
    fs::last_write_time(path, made);
    open(library_);
    EXPECT_EQ(fs::last_write_time(path), made);
    auto changed = library_;
    changed[0].text += " It is new.";
    EXPECT_EQ(open(changed)->search("new", 1).size(), 1u);
    EXPECT_NE(fs::last_write_time(path), made);
}

TEST_F(Index, ABrokenFileIsRemade) {
    std::vector<Passage> many;
    for (std::uint32_t i = 0; i < 300; ++i) many.push_back(passage("f", i, "tide number" + std::to_string(i)));
    const auto path = folder_ + "/index.db";
    open(many);
    const auto size = fs::file_size(path);
    fs::resize_file(path, size / 2);
    EXPECT_EQ(open(many)->search("number299", 2).size(), 1u);
    std::ofstream(path, std::ios::trunc) << "no database at all";
    EXPECT_EQ(open(many)->search("number299", 2).size(), 1u);
    std::ofstream(path, std::ios::trunc).flush();
    EXPECT_EQ(open(many)->search("number299", 2).size(), 1u);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(Index, WithoutPassagesFindsNothing) {
    const auto index = open({});
    EXPECT_EQ(index->size(), 0u);
    EXPECT_TRUE(index->search("anything", 3).empty());
}

TEST_F(Index, AFolderThatIsNotThereIsAnErrorThatNamesNoPath) {
    const auto index = PassageIndex::open(folder_ + "/none/index.db", library_);
    ASSERT_FALSE(index);
    EXPECT_EQ(index.error().code, SourceErrc::unavailable);
    EXPECT_EQ(index.error().message.find('/'), std::string::npos) << index.error().message;
}

}  // namespace
}  // namespace longhand::sources
