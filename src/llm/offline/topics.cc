#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

#include "llm/offline/bag.h"
#include "llm/offline/outline.h"
#include "llm/offline/phrases.h"
#include "llm/offline/request.h"
#include "llm/offline/statements.h"
#include "llm/offline/words.h"

namespace longhand::llm::offline {
namespace {

/// Passages under one heading, or several of those that are near to each other.
struct Cluster {
    std::vector<std::size_t> passages;
    std::vector<std::string> headings;  // candidates for its title, as in the places
    Bag bag;
    std::size_t first = 0;
};

/// Lines and pages are places, and names of program text are places; none is a heading.
bool has_headings(const PromptPassage& passage) {
    return !passage.place.empty() && !passage.place.starts_with("line ") && !passage.place.starts_with("page ") &&
           !is_program(passage.source);
}

std::vector<std::string> parts_of(const std::string& place) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= place.size();) {
        const auto end = std::min(place.find(" > ", at), place.size());
        if (end > at) parts.push_back(place.substr(at, end - at));
        at = end + 3;
    }
    return parts;
}

std::string text_of(const PromptPassage& passage) {
    return passage.place + ". " + passage.text;
}

/// One cluster for each heading of each source; a passage without a heading is one of its own.
std::vector<Cluster> clusters_by_heading(const Prompt& prompt, Vocabulary& vocabulary) {
    std::map<std::string, std::size_t> known;
    std::vector<Cluster> clusters;
    std::vector<Bag> bags;
    for (const PromptPassage& passage : prompt.passages) bags.push_back(vocabulary.add(text_of(passage)));
    for (std::size_t i = 0; i < prompt.passages.size(); ++i) {
        const PromptPassage& passage = prompt.passages[i];
        const std::string key = passage.source + "\n" + (passage.place.empty() ? std::to_string(i) : passage.place);
        const auto [found, fresh] = known.try_emplace(key, clusters.size());
        if (fresh) {
            const auto headings = has_headings(passage) ? parts_of(passage.place) : std::vector<std::string>();
            clusters.push_back({{}, headings, {}, i});
        }
        clusters[found->second].passages.push_back(i);
        add_to(clusters[found->second].bag, vocabulary.weighted(bags[i]));
    }
    return clusters;
}

void merge(Cluster& into, Cluster& from) {
    into.passages.insert(into.passages.end(), from.passages.begin(), from.passages.end());
    into.headings.insert(into.headings.end(), from.headings.begin(), from.headings.end());
    into.first = std::min(into.first, from.first);
    add_to(into.bag, from.bag);
}

/// Joins the two nearest until `count` are left; large ones are joined last, so that no chapter swallows the rest.
void merge_down_to(std::vector<Cluster>& clusters, std::size_t count) {
    while (clusters.size() > count) {
        float best = -1;
        std::size_t a = 0, b = 1;
        for (std::size_t i = 0; i < clusters.size(); ++i) {
            for (std::size_t j = i + 1; j < clusters.size(); ++j) {
                const auto size = static_cast<float>(clusters[i].passages.size() + clusters[j].passages.size());
                const float near = (cosine(clusters[i].bag, clusters[j].bag) + 0.02f) / size;
                if (near > best) {
                    best = near;
                    a = i;
                    b = j;
                }
            }
        }
        merge(clusters[a], clusters[b]);
        clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(b));
    }
}

bool is_taken(const std::string& title, const std::vector<std::string>& taken) {
    return std::any_of(taken.begin(), taken.end(), [&](const std::string& other) { return same_title(title, other); });
}

/// Whether it is the title of a whole document: several headings of the passages stand below it.
bool is_document_title(const std::string& heading, const Prompt& prompt) {
    std::set<std::string_view> below;
    for (const PromptPassage& passage : prompt.passages) {
        if (passage.place.starts_with(heading + " > ")) below.insert(passage.place);
    }
    return below.size() >= 2;
}

double heading_value(const std::string& title, const Cluster& cluster, const Vocabulary& vocabulary) {
    double value = cosine(vocabulary.weighted(vocabulary.known(title)), cluster.bag);
    const std::size_t words = count_words(title);
    if (words == 1) value *= 0.5;
    if (words > 6) value *= 0.7;
    if (title.find(':') != std::string::npos) value *= 0.8;
    return value;
}

std::string title_by_heading(const Prompt& prompt, const Cluster& cluster, const Vocabulary& vocabulary,
                             const std::vector<std::string>& taken) {
    std::string best;
    double best_value = 0;
    for (const std::string& heading : cluster.headings) {
        const std::string title = title_from_heading(heading);
        if (title.empty() || is_taken(title, taken)) continue;
        double value = heading_value(title, cluster, vocabulary);
        if (is_document_title(heading, prompt)) value *= 0.4;
        if (value > best_value) {
            best_value = value;
            best = title;
        }
    }
    return best;
}

/// A phrase of several words among the best, else two words that stand side by side; a single word when there is no
/// other.
std::string title_by_phrases(const std::vector<Phrase>& phrases, const std::vector<std::string>& taken,
                             const std::string& language) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < phrases.size(); ++i) {
        if (is_taken(phrases[i].text, taken)) continue;
        if (count_words(phrases[i].text) > 1 && i < 10) return capitalised(phrases[i].text);
        words.push_back(phrases[i].text);
    }
    if (words.size() > 1 && language == "en") return capitalised(words[0]) + " and " + words[1];
    return words.empty() ? "" : capitalised(words[0]);
}

std::vector<std::string> keywords_of(const std::string& title, const std::vector<Phrase>& phrases) {
    std::vector<std::string> keywords;
    for (const Phrase& phrase : phrases) {
        if (keywords.size() < 6) keywords.push_back(phrase.text);
    }
    if (keywords.size() < 3) {
        for (const std::string& word : words_of(title)) {
            if (!is_common(lower(word)) && keywords.size() < 3) keywords.push_back(lower(word));
        }
    }
    if (keywords.empty()) keywords.push_back(title);
    return keywords;
}

std::string purpose_of(const std::string& title, const std::vector<Phrase>& phrases, const std::string& language) {
    std::vector<std::string> topics;
    for (const Phrase& phrase : phrases) {
        if (topics.size() < 3 && !same_title(phrase.text, title)) topics.push_back(with_article(phrase));
    }
    if (language != "en" || topics.empty()) return title + (topics.empty() ? "." : ": " + listed(topics) + ".");
    static constexpr std::array<std::string_view, 5> kForms = {
        "Explains {0}.",
        "Shows what the sources say about {0}.",
        "Sets out {0}, and what follows from that.",
        "Leads the reader through {0}.",
        "Answers what one needs to know about {0}.",
    };
    return fmt::format(fmt::runtime(kForms[stable_hash(title) % kForms.size()]), listed(topics));
}

/// Parts that a work has whatever it is about, for when the passages give out.
std::vector<std::string> parts_of_any_work(const Prompt& prompt) {
    const std::string subject = title_from_request(prompt.request.empty() ? prompt.title : prompt.request);
    std::string short_subject = subject.substr(0, subject.find(':'));
    if (short_subject.starts_with("The ")) short_subject[0] = 't';
    std::vector<std::string> parts;
    for (const std::string_view form :
         {"What {} is about",    "The questions behind it",  "Ways of finding out",   "Building blocks",
          "Order and structure", "Putting it into practice", "Checking the result",   "Limits and open points",
          "Planning the work",   "Common mistakes",          "From parts to a whole", "Judging evidence",
          "Tools and habits",    "Working with others",      "Where to go from here", "Terms and distinctions",
          "Choosing a method",   "Measuring progress",       "Keeping a record",      "Second thoughts"})
        parts.push_back(fmt::format(fmt::runtime(form), short_subject));
    return parts;
}

constexpr std::array<std::string_view, 6> kPurposes = {
    "Gives the reader firm ground before the details begin.",
    "Collects what has to be settled first.",
    "Goes from the plain cases to the harder ones.",
    "Puts the parts side by side and says how they hang together.",
    "Shows what to look at, and what can be left out.",
    "Tells good practice from habit.",
};

class TopicFinder {
public:
    TopicFinder(const Prompt& prompt, std::size_t count, std::vector<std::string> taken)
        : prompt_(prompt), count_(count), taken_(std::move(taken)) {
        std::string all = prompt.request;
        for (const PromptPassage& passage : prompt.passages) all += " " + passage.text;
        language_ = prompt.language.empty() ? guess_language(all) : prompt.language.substr(0, 2);
    }

    std::vector<Topic> run() {
        Vocabulary vocabulary;
        auto clusters = clusters_by_heading(prompt_, vocabulary);
        if (prompt_.task == "outline_chapter") {
            take_headings(clusters, vocabulary);
        } else {
            take_parts_of_request(vocabulary);
            if (topics_.size() * 3 >= count_ * 2 && !topics_.empty()) return std::move(topics_);
            merge_down_to(clusters, count_ - topics_.size());
            order(clusters);
            for (const Cluster& cluster : clusters) take_cluster(cluster, vocabulary);
        }
        if (topics_.size() < count_) fill_by_phrases();
        if (topics_.size() < count_) fill_by_parts();
        return std::move(topics_);
    }

private:
    /// What all the rest has most in common with comes first; then the order in which the passages came.
    static void order(std::vector<Cluster>& clusters) {
        if (clusters.empty()) return;
        std::stable_sort(clusters.begin(), clusters.end(),
                         [](const Cluster& a, const Cluster& b) { return a.first < b.first; });
        Bag all;
        for (const Cluster& cluster : clusters) add_to(all, cluster.bag);
        const auto central = std::max_element(
            clusters.begin(), clusters.end(),
            [&](const Cluster& a, const Cluster& b) { return cosine(a.bag, all) < cosine(b.bag, all); });
        std::rotate(clusters.begin(), central, central + 1);
    }

    /// The passages nearest to a part say which words it turns on.
    void take_parts_of_request(const Vocabulary& vocabulary) {
        for (const std::string& part : parts_from_request(prompt_.request, count_)) {
            const Bag bag = vocabulary.weighted(vocabulary.known(part));
            std::vector<std::pair<float, std::size_t>> near;
            for (std::size_t i = 0; i < prompt_.passages.size(); ++i) {
                const float fit = cosine(vocabulary.weighted(vocabulary.known(text_of(prompt_.passages[i]))), bag);
                if (fit > 0.05f) near.emplace_back(-fit, i);
            }
            std::sort(near.begin(), near.end());
            std::vector<std::string> texts;
            for (const auto& [fit, i] : near) {
                if (texts.size() < 4) texts.push_back(prompt_.passages[i].text);
            }
            add(part, key_phrases(texts, 4));
            auto& keywords = topics_.back().keywords;
            for (const std::string& word : words_of(part)) {
                if (!is_common(lower(word)) && keywords.size() < 8) keywords.push_back(lower(word));
            }
        }
    }

    /// Headings whose passages fit this chapter, and none of the others better; the best first.
    void take_headings(const std::vector<Cluster>& clusters, const Vocabulary& vocabulary) {
        const Bag own = bag_of_chapter(vocabulary, prompt_.section_title, prompt_.purpose);
        const auto others = bags_of_other_chapters(vocabulary);
        struct Candidate {
            float value;
            std::string title;
            const Cluster* cluster;
        };
        std::vector<Candidate> candidates;
        for (const Cluster& cluster : clusters) {
            if (cluster.headings.empty()) continue;
            const std::string title = title_from_heading(cluster.headings.back());
            if (title.empty()) continue;
            const Bag bag = vocabulary.weighted(vocabulary.known(title + " " + title + " " + texts_of(cluster)));
            float value = cosine(bag, own);
            // One that fits another chapter better serves while there is no other.
            const bool elsewhere = std::any_of(others.begin(), others.end(),
                                               [&](const Bag& other) { return cosine(bag, other) > value * 1.1f; });
            if (value <= 0.03f) continue;
            if (elsewhere) value *= 0.3f;
            if (count_words(title) == 1) value *= 0.7f;
            // The title of a document says what all of it is about, unless it says it in a phrase.
            if (cluster.headings.size() == 1 && count_words(title) < 3) continue;
            candidates.push_back({value, title, &cluster});
        }
        std::stable_sort(candidates.begin(), candidates.end(),
                         [](const Candidate& a, const Candidate& b) { return a.value > b.value; });
        for (const Candidate& candidate : candidates) {
            if (topics_.size() == count_) break;
            if (!is_taken(candidate.title, taken_)) add(candidate.title, phrases_of(*candidate.cluster));
        }
    }

    static Bag bag_of_chapter(const Vocabulary& vocabulary, const std::string& title, const std::string& purpose) {
        Bag bag = vocabulary.weighted(vocabulary.known(purpose));
        add_to(bag, vocabulary.weighted(vocabulary.known(title)), 2.0f);
        return bag;
    }

    std::vector<Bag> bags_of_other_chapters(const Vocabulary& vocabulary) const {
        std::vector<Bag> bags;
        std::istringstream lines(prompt_.outline);
        for (std::string line; std::getline(lines, line);) {
            const auto colon = std::min(line.find(": "), line.size());
            if (line.find(prompt_.section_title) == std::string::npos)
                bags.push_back(bag_of_chapter(vocabulary, line.substr(0, colon), line.substr(colon)));
        }
        return bags;
    }

    std::string texts_of(const Cluster& cluster) const {
        std::string texts;
        for (const std::size_t i : cluster.passages) texts += prompt_.passages[i].text + " ";
        return texts;
    }

    std::vector<Phrase> phrases_of(const Cluster& cluster) const {
        std::vector<std::string> texts;
        for (const std::size_t i : cluster.passages) texts.push_back(prompt_.passages[i].text);
        return key_phrases(texts, 8);
    }

    void take_cluster(const Cluster& cluster, const Vocabulary& vocabulary) {
        if (topics_.size() == count_) return;
        const auto phrases = phrases_of(cluster);
        std::string title = title_by_heading(prompt_, cluster, vocabulary, taken_);
        if (title.empty()) title = title_by_phrases(phrases, taken_, language_);
        if (!title.empty()) add(std::move(title), phrases);
    }

    void fill_by_phrases() {
        std::vector<std::string> texts;
        for (const PromptPassage& passage : prompt_.passages) texts.push_back(passage.text);
        const auto phrases = key_phrases(texts, 60);
        while (topics_.size() < count_) {
            const std::string title = title_by_phrases(phrases, taken_, language_);
            if (title.empty()) return;
            std::vector<Phrase> own;
            for (const Phrase& phrase : phrases) {
                if (same_title(phrase.text, title)) own.push_back(phrase);
            }
            add(title, own);
        }
    }

    void fill_by_parts() {
        std::size_t round = 1;
        const auto parts = parts_of_any_work(prompt_);
        for (std::size_t i = 0; topics_.size() < count_; ++i) {
            if (i == parts.size()) {
                i = 0;
                ++round;
            }
            const std::string title = round == 1 ? parts[i] : fmt::format("{}, part {}", parts[i], round);
            if (round == 1 && is_taken(title, taken_)) continue;
            add(title, {});
            if (language_ == "en") topics_.back().purpose = std::string(kPurposes[(i + round) % kPurposes.size()]);
        }
    }

    void add(std::string title, const std::vector<Phrase>& phrases) {
        taken_.push_back(title);
        Topic topic{title, purpose_of(title, phrases, language_), keywords_of(title, phrases)};
        topics_.push_back(std::move(topic));
    }

    const Prompt& prompt_;
    std::size_t count_;
    std::vector<std::string> taken_;
    std::string language_;
    std::vector<Topic> topics_;
};

}  // namespace

std::vector<Topic> find_topics(const Prompt& prompt, std::size_t count, const std::vector<std::string>& taken) {
    return TopicFinder(prompt, count, taken).run();
}

}  // namespace longhand::llm::offline
