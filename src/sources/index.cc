#include "sources/index.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "base/digest.h"
#include "sources/search_terms.h"
#include "sources/sql.h"

namespace longhand::sources {
namespace {

/// Part of the fingerprint: raise it when what the index holds, or how terms are made, changes.
constexpr std::string_view kFormat = "longhand passage index 1";
constexpr std::size_t kMostTerms = 64;
/// A term in more passages than one of so many says nothing, where there are enough passages to tell.
constexpr std::size_t kCommonShare = 5, kEnoughToTell = 50;
constexpr double kCodeWeight = 0.5;

// Columns: the text, and the titles above it. Contentless: the passages' own text lies in `passages`, unchanged.
constexpr auto kSchema = R"(
    CREATE TABLE meta (fingerprint TEXT NOT NULL);
    CREATE TABLE common (term TEXT NOT NULL);
    CREATE TABLE passages (id INTEGER PRIMARY KEY, key TEXT NOT NULL, file TEXT NOT NULL, position INTEGER NOT NULL,
                           section TEXT NOT NULL, page INTEGER NOT NULL, line INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5 (text, section, content='', tokenize='porter unicode61 remove_diacritics 2');
)";

using Sorted = std::vector<const Passage*>;

Sorted sorted_by_key(const std::vector<Passage>& passages) {
    Sorted sorted;
    sorted.reserve(passages.size());
    for (const auto& passage : passages) sorted.push_back(&passage);
    std::sort(sorted.begin(), sorted.end(), [](const Passage* a, const Passage* b) { return a->key < b->key; });
    const auto same = [](const Passage* a, const Passage* b) { return a->key == b->key; };
    sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
    return sorted;
}

std::string fingerprint_of(const Sorted& passages) {
    Sha256Stream hash;
    const auto add = [&hash](std::string_view text) {
        hash.update(std::to_string(text.size()) + ":");
        hash.update(text);
    };
    add(kFormat);
    for (const auto* passage : passages) {
        add(passage->key);
        add(passage->file_sha256);
        add(passage->place.section);
        add(std::to_string(passage->position) + "," + std::to_string(passage->place.page) + "," +
            std::to_string(passage->place.line));
        add(passage->text);
    }
    return hash.finish_hex();
}

/// Terms that are in too many passages to tell them apart, sorted.
std::vector<std::string> common_terms(const Sorted& passages) {
    std::unordered_map<std::string, std::size_t> counts;
    if (passages.size() < kEnoughToTell) return {};
    for (const auto* passage : passages) {
        for (auto& term : search_terms(passage->text)) ++counts[std::move(term)];
    }
    std::vector<std::string> common;
    for (const auto& [term, count] : counts) {
        if (count * kCommonShare > passages.size()) common.push_back(term);
    }
    std::sort(common.begin(), common.end());
    return common;
}

bool insert_passages(sqlite3* database, const Sorted& passages) {
    Statement row(database, "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    Statement words(database, "INSERT INTO words (rowid, text, section) VALUES (?, ?, ?)");
    std::int64_t id = 0;
    for (const auto* passage : passages) {
        ++id;
        const std::string text = text_for_index(passage->text), section = text_for_index(passage->place.section);
        row.bind(1, id), row.bind(2, passage->key), row.bind(3, passage->file_sha256), row.bind(4, passage->position);
        row.bind(5, passage->place.section), row.bind(6, passage->place.page), row.bind(7, passage->place.line);
        row.bind(8, passage->text);
        words.bind(1, id), words.bind(2, text), words.bind(3, section);
        row.step(), words.step();
        if (!row.done() || !words.done()) return false;
        row.reset(), words.reset();
    }
    return true;
}

bool insert_texts(sqlite3* database, std::string_view sql, const std::vector<std::string>& texts) {
    Statement insert(database, sql);
    for (const auto& text : texts) {
        insert.bind(1, text);
        insert.step();
        if (!insert.done()) return false;
        insert.reset();
    }
    return true;
}

/// Everything in one transaction, without a journal: until the rename nobody sees the file.
bool fill(const std::string& path, const Sorted& passages, const std::string& fingerprint) {
    const auto database = open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (!database) return false;
    auto* const handle = database.get();
    return execute(handle, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN") && execute(handle, kSchema) &&
           insert_passages(handle, passages) &&
           insert_texts(handle, "INSERT INTO common VALUES (?)", common_terms(passages)) &&
           execute(handle, "INSERT INTO words (words) VALUES ('optimize')") &&
           insert_texts(handle, "INSERT INTO meta VALUES (?)", {fingerprint}) && execute(handle, "COMMIT");
}

/// Nothing unless the file is whole and of these passages.
Database open_current(const std::string& path, const std::string& fingerprint) {
    auto database = open_database(path, SQLITE_OPEN_READONLY);
    if (!database) return {};
    Statement check(database.get(), "PRAGMA quick_check(1)");
    if (!check.step() || check.text(0) != "ok") return {};
    Statement meta(database.get(), "SELECT fingerprint FROM meta");
    if (!meta.step() || meta.text(0) != fingerprint) return {};
    return database;
}

class FtsIndex final : public PassageIndex {
public:
    explicit FtsIndex(Database database)
        : database_(std::move(database)),
          match_(database_.get(), "SELECT rowid, bm25(words, 1.0, 0.6) FROM words WHERE words MATCH ?"),
          fetch_(database_.get(), "SELECT key, file, position, section, page, line, text FROM passages WHERE id = ?") {
        load();
    }

    std::vector<Hit> search(std::string_view query, std::size_t limit, std::size_t per_file) override {
        std::vector<Hit> hits;
        std::unordered_map<std::size_t, std::size_t> of_file;
        for (const auto& [id, score] : ranked(match_expression(query))) {
            if (hits.size() >= limit) break;
            if (per_file != 0 && ++of_file[rows_[id].file] > per_file) continue;
            hits.push_back({fetch(id), score});
        }
        return hits;
    }

    std::size_t size() const override { return rows_.empty() ? 0 : rows_.size() - 1; }

private:
    struct Row {
        std::size_t file = 0;
        bool code = false;
    };
    struct Ranked {
        std::size_t id;
        double score;
    };

    /// What ranking needs of each passage, by its row; row 0 is none.
    void load() {
        std::unordered_map<std::string, std::size_t> files;
        rows_.emplace_back();
        Statement passages(database_.get(), "SELECT file, section FROM passages ORDER BY id");
        while (passages.step()) {
            const auto file = files.emplace(passages.text(0), files.size()).first->second;
            Place place;
            place.section = passages.text(1);
            rows_.push_back({file, is_code(place)});
        }
        Statement common(database_.get(), "SELECT term FROM common");
        while (common.step()) common_.insert(common.text(0));
    }

    std::string match_expression(std::string_view query) const {
        const auto terms = search_terms(query);
        const bool rare =
            std::any_of(terms.begin(), terms.end(), [this](const auto& t) { return !common_.contains(t); });
        std::string expression;
        std::size_t used = 0;
        for (const auto& term : terms) {
            if (used == kMostTerms) break;
            if (rare && common_.contains(term)) continue;
            if (used++ > 0) expression += " OR ";
            expression += quoted_term(term);
        }
        return expression;
    }

    /// All passages that match, best first, equal ones by key: rows are in the order of keys.
    std::vector<Ranked> ranked(const std::string& expression) {
        std::vector<Ranked> found;
        if (expression.empty()) return found;
        match_.bind(1, expression);
        while (match_.step()) {
            const auto id = static_cast<std::size_t>(match_.integer(0));
            if (id >= rows_.size()) continue;
            found.push_back({id, -match_.real(1) * (rows_[id].code ? kCodeWeight : 1.0)});
        }
        match_.reset();
        std::sort(found.begin(), found.end(), [](const Ranked& a, const Ranked& b) {
            return a.score != b.score ? a.score > b.score : a.id < b.id;
        });
        return found;
    }

    Passage fetch(std::size_t id) {
        Passage passage;
        fetch_.bind(1, static_cast<std::int64_t>(id));
        if (fetch_.step()) {
            passage.key = fetch_.text(0);
            passage.file_sha256 = fetch_.text(1);
            passage.position = static_cast<std::uint32_t>(fetch_.integer(2));
            passage.place = {fetch_.text(3), static_cast<std::uint32_t>(fetch_.integer(4)),
                             static_cast<std::uint32_t>(fetch_.integer(5))};
            passage.text = fetch_.text(6);
        }
        fetch_.reset();
        return passage;
    }

    Database database_;
    Statement match_, fetch_;
    std::vector<Row> rows_;
    std::unordered_set<std::string> common_;
};

}  // namespace

SourceResult<std::unique_ptr<PassageIndex>> PassageIndex::open(std::string path, const std::vector<Passage>& passages) {
    const auto sorted = sorted_by_key(passages);
    const std::string fingerprint = fingerprint_of(sorted);
    auto database = open_current(path, fingerprint);
    if (!database) {
        const std::string passing = path + ".part-" + to_hex(random_bytes(8));
        const bool made = fill(passing, sorted, fingerprint) && ::rename(passing.c_str(), path.c_str()) == 0;
        if (!made) ::unlink(passing.c_str());
        if (made) database = open_current(path, fingerprint);
    }
    if (!database) {
        return Failure<SourceErrc>{SourceErrc::unavailable,
                                   "The sources' search index can't be written on this server now; tell its operator, "
                                   "then retry."};
    }
    return std::unique_ptr<PassageIndex>(std::make_unique<FtsIndex>(std::move(database)));
}

}  // namespace longhand::sources
