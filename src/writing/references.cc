#include "writing/references.h"

#include <algorithm>

#include "writing/text.h"

namespace longhand::writing {

namespace {

/// One past the code span at the start of `text`; 0 when there is none.
std::size_t code_span(std::string_view text) {
    const std::size_t ticks = std::min(text.find_first_not_of('`'), text.size());
    if (ticks == 0) return 0;
    const std::size_t end = text.find(std::string(ticks, '`'), ticks);
    return end == std::string_view::npos ? 0 : end + ticks;
}

/// Citation groups that stand side by side, from `at` on, as one; moves `at` past them.
std::vector<std::string> adjacent_keys(std::string_view text, std::size_t& at) {
    std::vector<std::string> keys;
    for (;;) {
        std::size_t next = at;
        while (next < text.size() && text[next] == ' ') ++next;
        const std::size_t close = text.find(']', next);
        if (!text.substr(next).starts_with("[@") || close == std::string_view::npos) return keys;
        for (std::string& key : cited_keys(text.substr(next, close - next + 1)))
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
        at = close + 1;
    }
}

/// The sentence without the citations at its end.
std::string without_end_citation(std::string_view sentence) {
    const std::size_t open = sentence.rfind("[@");
    const std::size_t close = sentence.find(']', open);
    if (open == std::string_view::npos || close == std::string_view::npos) return std::string(sentence);
    const std::string_view after = sentence.substr(close + 1);
    // One in the midst of the sentence belongs to its place there.
    if (after.find_first_not_of(".!?\"*_") != std::string_view::npos) return std::string(sentence);
    return std::string(trimmed(sentence.substr(0, open))) + std::string(after);
}

/// Sentences in a row that cite the same passages cite them once, at the last.
std::string merged(std::string_view paragraph) {
    const auto parts = sentences(paragraph);
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto keys = cited_keys(parts[i]);
        const bool again = !keys.empty() && i + 1 < parts.size() && cited_keys(parts[i + 1]) == keys;
        const std::string shorter = without_end_citation(parts[i]);
        out += (out.empty() ? "" : " ") + (again && cited_keys(shorter).empty() ? shorter : std::string(parts[i]));
    }
    return out;
}

}  // namespace

std::string literal_markdown(std::string_view text) {
    return escaped_for_markdown(sanitized(text));
}

SourceUse& References::use_of(const sources::Passage& passage) {
    for (SourceUse& use : uses_)
        if (use.sha256 == passage.file_sha256) return use;
    SourceUse use;
    use.sha256 = passage.file_sha256;
    use.number = static_cast<std::uint32_t>(uses_.size() + 1);
    return uses_.emplace_back(std::move(use));
}

std::string References::links(const std::vector<std::string>& keys, std::string_view section) {
    std::set<std::uint32_t> numbers;
    for (const std::string& key : keys) {
        const auto passage = lookup_(key);
        if (!passage) {
            ++dropped_;
            continue;
        }
        SourceUse& use = use_of(*passage);
        auto& sections = use.places[passage->position];
        if (sections.empty() || sections.back() != section) sections.emplace_back(section);
        use.where[passage->position] = passage->place;
        use.ids[passage->position] = passage->key;
        ++use.citations;
        ++citations_;
        numbers.insert(use.number);
    }
    std::string out;
    for (const std::uint32_t number : numbers) {
        const std::string n = std::to_string(number);
        out += "[\\[" + n + "\\]](#source-" + n + ")";
    }
    return out;
}

std::string References::cross_reference(std::string_view number) {
    const auto target = targets_.find(std::string(number));
    if (target != targets_.end()) return "[" + target->second.number + "](#" + target->second.anchor + ")";
    ++dangling_;
    return "";
}

std::string References::resolve_line(std::string_view text, std::string_view section) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        const std::size_t span = code_span(rest);
        const std::size_t close = rest.starts_with("[#") ? rest.find(']') : std::string_view::npos;
        if (rest.starts_with("[@")) {
            const std::string made = links(adjacent_keys(text, at), section);
            if (made.empty() && out.ends_with(' ')) out.pop_back();
            out += made;
        } else if (close != std::string_view::npos) {
            out += cross_reference(rest.substr(2, close - 2));
            at += close + 1;
        } else {
            const std::size_t length =
                rest.starts_with('\\') ? std::min<std::size_t>(2, rest.size()) : std::max<std::size_t>(span, 1);
            out += rest.substr(0, length);
            at += length;
        }
    }
    return out;
}

void References::share_words(const Block& block) {
    const bool lines = block.kind == BlockKind::list || block.kind == BlockKind::table;
    for (const std::string_view part : lines ? lines_of(block.text) : sentences(block.text)) {
        std::set<std::string> files;
        for (const std::string& key : cited_keys(part))
            if (const auto passage = lookup_(key)) files.insert(passage->file_sha256);
        for (SourceUse& use : uses_)
            if (files.contains(use.sha256))
                use.words += static_cast<double>(count_words(part)) / static_cast<double>(files.size());
    }
}

std::string References::resolve(const Block& block, std::string_view section) {
    if (block.kind == BlockKind::code) return block.text;
    std::string out;
    if (block.kind == BlockKind::list || block.kind == BlockKind::table) {
        for (const std::string_view line : lines_of(block.text))
            out += (out.empty() ? "" : "\n") + resolve_line(line, section);
    } else {
        out = resolve_line(merged(block.text), section);
    }
    share_words(block);
    return out;
}

namespace {

/// The few words that a chapter of sources needs, in the work's language.
struct Wording {
    std::string_view language, sources, page, line, in, accessed;
};
constexpr Wording kWordings[] = {
    {"en", "Sources", "page", "line", "in", "accessed"},
    {"de", "Quellen", "Seite", "Zeile", "in", "abgerufen am"},
    {"fr", "Sources", "page", "ligne", "dans", "consulté le"},
    {"es", "Fuentes", "página", "línea", "en", "consultado el"},
    {"it", "Fonti", "pagina", "riga", "in", "consultato il"},
    {"pt", "Fontes", "página", "linha", "em", "acessado em"},
    {"nl", "Bronnen", "pagina", "regel", "in", "geraadpleegd op"},
    {"pl", "Źródła", "strona", "wiersz", "w", "dostęp"},
    {"ru", "Источники", "страница", "строка", "в", "дата обращения"},
    {"uk", "Джерела", "сторінка", "рядок", "у", "дата звернення"},
    {"el", "Πηγές", "σελίδα", "γραμμή", "σε", "πρόσβαση"},
    {"zh", "来源", "页", "行", "见", "访问于"},
    {"ja", "出典", "ページ", "行", "参照", "閲覧"},
};

const Wording& wording_of(std::string_view language) {
    for (const Wording& wording : kWordings)
        if (lower_ascii(language.substr(0, language.find('-'))) == wording.language) return wording;
    return kWordings[0];
}

/// Passages below one heading, or on one page, are one place to look up.
struct PlaceEntry {
    std::string label;
    std::vector<std::uint32_t> lines;
    std::vector<std::string> sections;
};

std::string label_of(const sources::Place& place, const Wording& wording) {
    std::string label = place.section.empty() ? "" : "“" + literal_markdown(shortened(place.section, 120)) + "”";
    if (place.page > 0)
        label += (label.empty() ? "" : ", ") + std::string(wording.page) + " " + std::to_string(place.page);
    return label;
}

std::vector<PlaceEntry> entries_of(const SourceUse& use, const Wording& wording) {
    std::vector<PlaceEntry> entries;
    for (const auto& [position, sections] : use.places) {
        const sources::Place& place = use.where.at(position);
        const std::string label = label_of(place, wording);
        auto entry = std::find_if(entries.begin(), entries.end(), [&](auto& e) { return e.label == label; });
        if (entry == entries.end()) entry = entries.insert(entries.end(), PlaceEntry{label, {}, {}});
        if (place.line > 0) entry->lines.push_back(place.line);
        for (const std::string& section : sections)
            if (std::find(entry->sections.begin(), entry->sections.end(), section) == entry->sections.end())
                entry->sections.push_back(section);
    }
    return entries;
}

std::string place_text(const PlaceEntry& entry, const Wording& wording) {
    std::string text = entry.label;
    for (std::size_t i = 0; i < entry.lines.size() && i < 8; ++i) {
        const std::string lead = i > 0 ? ", " : (text.empty() ? "" : ", ") + std::string(wording.line) + " ";
        text += lead + std::to_string(entry.lines[i]);
    }
    std::string cited;
    for (const std::string& section : entry.sections) cited += (cited.empty() ? "" : ", ") + section;
    return text + (text.empty() ? "" : " ") + "(" + std::string(wording.in) + " " + cited + ")";
}

constexpr std::size_t kPlacesShown = 40;

/// A link whose text is the address; what could end it is escaped as addresses have it.
std::string address_link(std::string_view address) {
    std::string link = "<";
    for (const char c : address) {
        const bool is_plain =
            static_cast<unsigned char>(c) > 0x20 && std::string_view("<>\"\\^`{|}").find(c) == std::string_view::npos;
        if (is_plain) {
            link += c;
            continue;
        }
        constexpr std::string_view kHex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        link += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
    return link + ">";
}

/// `2026-11-29 18:50 UTC` of `2026-11-29T18:50:12.000Z`.
std::string minute_of(std::string_view time) {
    return time.size() < 16 ? std::string(time)
                            : std::string(time.substr(0, 10)) + " " + std::string(time.substr(11, 5)) + " UTC";
}

std::string entry_text(const SourceUse& use, const SourceInfo& source, const Wording& wording) {
    const std::string n = std::to_string(use.number);
    const std::string title = source.title.empty() ? source.name : source.title;
    std::string text = "[\\[" + n + "\\]]{#source-" + n + "} " + literal_markdown(title);
    if (!source.address.empty())
        text += ", " + address_link(source.address) + ", " + std::string(wording.accessed) + " " +
                minute_of(source.accessed_at);
    else if (title != source.name)
        text += ", *" + literal_markdown(source.name) + "*";
    const auto entries = entries_of(use, wording);
    for (std::size_t i = 0; i < entries.size() && i < kPlacesShown; ++i)
        text += (i == 0 ? ": " : "; ") + place_text(entries[i], wording);
    if (entries.size() > kPlacesShown) text += "; …";
    return text + "\n\n";
}

}  // namespace

std::string bibliography(const std::vector<SourceUse>& uses, const std::vector<SourceInfo>& sources,
                         std::string_view language) {
    if (uses.empty()) return "";
    const Wording& wording = wording_of(language);
    std::string text = "# " + std::string(wording.sources) + " {#sources .unnumbered}\n\n";
    for (const SourceUse& use : uses) {
        const auto source =
            std::find_if(sources.begin(), sources.end(), [&](auto& s) { return s.sha256 == use.sha256; });
        text += entry_text(
            use, source == sources.end() ? SourceInfo{use.sha256, use.sha256.substr(0, 12), "", "", 0, ""} : *source,
            wording);
    }
    return text;
}

}  // namespace longhand::writing
