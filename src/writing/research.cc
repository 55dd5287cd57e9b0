#include "writing/research.h"

#include <algorithm>

#include "writing/markup.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

std::string key_of(const SourceInfo& source, std::size_t position) {
    return "p" + source.sha256.substr(0, 12) + "-" + std::to_string(position);
}

std::string place_text(const sources::Place& place) {
    if (!place.section.empty()) return shortened(place.section, 120);
    if (place.page > 0) return "page " + std::to_string(place.page);
    return place.line > 0 ? "line " + std::to_string(place.line) : "";
}

bool is_program(const std::vector<SourceInfo>& sources, std::string_view sha256) {
    return std::any_of(sources.begin(), sources.end(),
                       [&](auto& source) { return source.sha256 == sha256 && source.kind == "code"; });
}

std::string name_of(const std::vector<SourceInfo>& sources, std::string_view sha256) {
    for (const SourceInfo& source : sources)
        if (source.sha256 == sha256) return source.name;
    return "";
}

/// Notes in program text say less, and less well, than prose of the same rank.
std::vector<sources::Hit> prose_before_notes(const std::vector<SourceInfo>& sources, std::vector<sources::Hit> hits) {
    constexpr std::size_t kBehind = 25;
    std::vector<std::pair<std::size_t, std::size_t>> order;
    for (std::size_t i = 0; i < hits.size(); ++i)
        order.emplace_back(i + (is_program(sources, hits[i].passage.file_sha256) ? kBehind : 0), i);
    std::sort(order.begin(), order.end());
    std::vector<sources::Hit> sorted;
    for (const auto& [rank, i] : order) sorted.push_back(std::move(hits[i]));
    return sorted;
}

std::vector<SourceInfo> prose_first(std::vector<SourceInfo> sources) {
    std::stable_partition(sources.begin(), sources.end(), [](auto& source) { return source.kind != "code"; });
    return sources;
}

}  // namespace

std::size_t readable(const std::vector<SourceInfo>& sources) {
    return static_cast<std::size_t>(
        std::count_if(sources.begin(), sources.end(), [](auto& s) { return s.passages > 0; }));
}

std::size_t passages_per_file(const std::vector<SourceInfo>& sources) {
    return readable(sources) > 1 ? 3 : 0;
}

std::vector<std::string> spread(const std::vector<SourceInfo>& sources, std::size_t most) {
    std::vector<std::string> keys;
    const std::size_t files = std::max<std::size_t>(readable(sources), 1);
    const std::size_t rounds = std::clamp<std::size_t>(most / files, 1, 6);
    for (std::size_t round = 0; round < rounds; ++round)
        for (const SourceInfo& source : prose_first(sources)) {
            if (source.passages <= round || keys.size() == most) continue;
            const std::string key = key_of(source, source.passages * round / rounds);
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
        }
    return keys;
}

std::vector<std::string> pick(const std::vector<sources::Hit>& hits, const Usage& usage, std::size_t limit,
                              std::size_t per_file) {
    struct Ranked {
        double rank;
        const std::string* key;
    };
    std::vector<Ranked> ranked;
    const std::size_t files = usage.files.size();
    for (std::size_t i = 0; i < hits.size(); ++i) {
        const std::string& key = hits[i].passage.key;
        const auto used = usage.passages.find(key);
        const auto file = usage.files.find(file_of_key(key));
        double rank = static_cast<double>(i);
        // The best of what was given once is gone; others come first, and far behind those the ones that were cited.
        if (used != usage.passages.end()) rank += 30.0 * used->second;
        if (sources::is_code(hits[i].passage.place)) rank += 200;
        // With several files, one that has given over 30 % of all passages so far waits behind the others.
        const double share = file == usage.files.end() ? 0 : static_cast<double>(file->second) / usage.total;
        if (files > 1 && per_file > 0 && usage.total > 10 && share > 0.3) rank += 40.0 * (share - 0.3) + 4;
        ranked.push_back({rank, &key});
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](auto& a, auto& b) { return a.rank < b.rank; });
    std::vector<std::string> keys;
    std::map<std::string, std::size_t> of_file;
    for (const Ranked& candidate : ranked) {
        if (keys.size() == limit) break;
        std::size_t& count = of_file[file_of_key(*candidate.key)];
        if ((per_file > 0 && count == per_file) || std::find(keys.begin(), keys.end(), *candidate.key) != keys.end())
            continue;
        ++count;
        keys.push_back(*candidate.key);
    }
    return keys;
}

std::vector<std::string> passages_for(StepContext& context, Work& work, LeafRef leaf) {
    const std::size_t per_file = passages_per_file(context.sources());
    if (readable(context.sources()) == 0) return {};
    const Section& section = work.section(leaf);
    const Chapter& chapter = work.chapter(leaf);
    std::string query = section.title + " " + section.purpose + " " + chapter.title;
    for (const std::string& word : section.keywords) query += " " + word;
    const auto hits = prose_before_notes(context.sources(), context.retrieve(query, 160, per_file == 0 ? 0 : 12));
    const auto limit = static_cast<std::size_t>(std::clamp<std::int64_t>(work.at(leaf).budget / 12 + 1, 12, 36));
    auto keys = pick(hits, work.usage, limit, per_file);
    for (const std::string& key : keys) work.usage.add(key);
    return keys;
}

std::vector<std::string> telling(StepContext& context, const std::string& query, std::size_t most) {
    if (readable(context.sources()) == 0) return {};
    const auto hits = context.retrieve(query, most * 6, readable(context.sources()) > 1 ? 6 : 0);
    std::vector<std::string> prose, notes;
    for (const sources::Hit& hit : hits) {
        if (sources::is_code(hit.passage.place)) continue;
        (is_program(context.sources(), hit.passage.file_sha256) ? notes : prose).push_back(hit.passage.key);
    }
    // Some notes always: they may be all there is on a point.
    const std::size_t of_prose = std::min(prose.size(), most - std::min(notes.size(), most / 4));
    prose.resize(of_prose);
    notes.resize(std::min(notes.size(), most - of_prose));
    prose.insert(prose.end(), notes.begin(), notes.end());
    return prose;
}

std::string passages_markup(StepContext& context, const std::vector<std::string>& keys) {
    std::string markup;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto passage = context.passage(keys[i]);
        if (!passage) continue;
        const std::string id = "p" + std::to_string(i + 1);
        markup += element("passage", passage->text,
                          {{"id", id},
                           {"source", name_of(context.sources(), passage->file_sha256)},
                           {"place", place_text(passage->place)}});
    }
    return markup.empty() ? "" : element_of_markup("passages", "\n" + markup);
}

Aliases aliases_of(const std::vector<std::string>& keys) {
    Aliases aliases;
    for (std::size_t i = 0; i < keys.size(); ++i) aliases["p" + std::to_string(i + 1)] = keys[i];
    return aliases;
}

std::string keys_to_text(const std::vector<std::vector<std::string>>& keys) {
    std::string text;
    for (const auto& line : keys) {
        for (std::size_t i = 0; i < line.size(); ++i) text += (i == 0 ? "" : " ") + line[i];
        text += "\n";
    }
    return text;
}

std::vector<std::vector<std::string>> keys_from_text(std::string_view text) {
    std::vector<std::vector<std::string>> keys;
    for (const std::string_view line : lines_of(text)) {
        keys.emplace_back();
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t end = std::min(line.find(' ', at), line.size());
            if (end > at) keys.back().emplace_back(line.substr(at, end - at));
            at = end + 1;
        }
    }
    return keys;
}

}  // namespace longhand::writing
