// The floor under ./dev bench queue: the writes of a job's life that the store makes, in the same tables under the same
// indexes, by a bare loop that reads nothing, checks nothing and answers nobody. GROUP jobs at a time go through the
// six writes of a life; the same write of all of them is one transaction, WAL and synchronous=FULL.
//
//   sqlite_groups FILE GROUP JOBS SCHEMA.sql...
//
// Prints one JSON object.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kOwners = 1000, kProgressWrites = 3, kIdSize = 16 };

static sqlite3* database;

static void fail(const char* what) {
    fprintf(stderr, "sqlite_groups: %s: %s\n", what, database ? sqlite3_errmsg(database) : "");
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void execute(const char* sql) {
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sql);
}

static void execute_file(const char* path) {
    FILE* file = fopen(path, "rb");
    if (!file) fail(path);
    static char sql[1 << 16];
    const size_t size = fread(sql, 1, sizeof sql - 1, file);
    fclose(file);
    sql[size] = '\0';
    execute(sql);
}

// A statement of a job's life; ?1 is its id, ?2 its owner's, ?3 its project's, ?4 and ?5 numbers.
struct Write {
    const char* sql;
    sqlite3_stmt* statement;
};

#define EVENT(kind)                                                                                                  \
    {                                                                                                                \
        "INSERT INTO events (job, seq, at, kind, data) VALUES (?1, ?5, ?4, '" kind "', '{\"key\":\"progress/1\"}')", \
            NULL                                                                                                     \
    }
#define COUNT(state, difference)                                                            \
    {                                                                                       \
        "INSERT INTO job_counts (owner, state, count) VALUES (?2, '" state "', " difference \
        ")"                                                                                 \
        " ON CONFLICT (owner, state) DO UPDATE SET count = count + excluded.count",         \
            NULL                                                                            \
    }
#define OWNER_QUEUE                                                                                        \
    {                                                                                                      \
        "INSERT INTO owner_queues (owner, active, last_finish) VALUES (?2, 1, ?4)"                         \
        " ON CONFLICT (owner) DO UPDATE SET active = excluded.active, last_finish = excluded.last_finish", \
            NULL                                                                                           \
    }

static struct Write enqueue[] = {
    {"INSERT INTO jobs (id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done,"
     " words_planned, prompt_tokens, completion_tokens, is_byok, is_starred, provider, pipeline_version, created_at,"
     " updated_at, last_event, rescues, place, start_tag, queued_at, hangs, occupies)"
     " VALUES (?1, ?2, ?3, 'queued', 'queued', 1, 0, zeroblob(16), 0, 0.0, 0, 0, 0, 0, 0, 0, 'none', 1, ?4, ?4, 2, 0,"
     " 'ready', ?4, ?4, 0, 1)",
     NULL},
    {"INSERT INTO job_settings (job, settings) VALUES (?1, '{\"prompt\":\"A work that is not written, number 12345.\","
     "\"min_pages\":8,\"max_pages\":12,\"most_pages\":350,\"mode\":\"deepwriter\",\"pipeline_version\":1}')",
     NULL},
    {"INSERT INTO budgets (job) VALUES (?1)", NULL},
    OWNER_QUEUE,
    COUNT("queued", "1"),
    EVENT("submitted"),
    EVENT("queued"),
};
static struct Write claim[] = {
    {"UPDATE jobs SET state = 'in_progress', stage = 'reading_sources', lease = 1, worker = "
     "x'00112233445566778899aabbccddeeff',"
     " has_begun = 1, updated_at = ?4, started_at = ?4, last_event = 3, place = NULL, queued_at = NULL,"
     " lease_expires = ?4 WHERE id = ?1 AND lease = 0 AND state = 'queued'",
     NULL},
    COUNT("queued", "-1"),
    COUNT("in_progress", "1"),
    EVENT("claimed"),
};
static struct Write progress[] = {
    {"INSERT INTO journal (job, key, value, input_hash, prompt_tokens, completion_tokens, recorded_at)"
     " VALUES (?1, 'progress/' || ?5, '{\"result\":\"1\"}',"
     " 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 0, 0, ?4)",
     NULL},
    {"UPDATE jobs SET stage = 'generating_work', progress = ?5, words_done = ?5, words_planned = 4, updated_at = ?4,"
     " last_event = ?5 WHERE id = ?1 AND lease = 1 AND state = 'in_progress'",
     NULL},
    EVENT("step"),
};
static struct Write complete[] = {
    {"UPDATE jobs SET state = 'completed', stage = 'done', lease = 2, worker = zeroblob(16), progress = 100.0,"
     " updated_at = ?4, finished_at = ?4, last_event = ?5, lease_expires = NULL, occupies = 0"
     " WHERE id = ?1 AND lease = 1 AND state = 'in_progress'",
     NULL},
    OWNER_QUEUE,
    COUNT("in_progress", "-1"),
    COUNT("completed", "1"),
    EVENT("completed"),
};

static void prepare(struct Write* writes, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (sqlite3_prepare_v2(database, writes[i].sql, -1, &writes[i].statement, NULL) != SQLITE_OK)
            fail(writes[i].sql);
    }
}

static void finalize(struct Write* writes, size_t count) {
    for (size_t i = 0; i < count; ++i) sqlite3_finalize(writes[i].statement);
}

// Ids as the product's: in the order of time, the rest drawn.
static void make_id(unsigned char* id, unsigned kind, long number) {
    unsigned long drawn = (unsigned long)number * 6364136223846793005UL + kind;
    memset(id, 0, kIdSize);
    for (int i = 0; i < 6; ++i) id[i] = (unsigned char)(number >> (40 - 8 * i));
    for (int i = 6; i < kIdSize; ++i) id[i] = (unsigned char)(drawn >> (5 * (i - 6) + 8));
    id[6] = (unsigned char)kind;
}

static void run(struct Write* writes, size_t count, long job, long sequence) {
    unsigned char id[kIdSize], owner[kIdSize], project[kIdSize];
    make_id(id, 1, job);
    make_id(owner, 2, job % kOwners);
    make_id(project, 3, job);
    for (size_t i = 0; i < count; ++i) {
        sqlite3_stmt* statement = writes[i].statement;
        const int parameters = sqlite3_bind_parameter_count(statement);
        sqlite3_bind_blob(statement, 1, id, kIdSize, SQLITE_STATIC);
        if (parameters >= 2) sqlite3_bind_blob(statement, 2, owner, kIdSize, SQLITE_STATIC);
        if (parameters >= 3) sqlite3_bind_blob(statement, 3, project, kIdSize, SQLITE_STATIC);
        if (parameters >= 4) sqlite3_bind_int64(statement, 4, 1764000000000L + job);
        // Two events of one write follow on each other.
        if (parameters >= 5) sqlite3_bind_int64(statement, 5, sequence + (writes == enqueue && i + 1 == count));
        if (sqlite3_step(statement) != SQLITE_DONE) fail(writes[i].sql);
        sqlite3_reset(statement);
    }
}

static void group(struct Write* writes, size_t count, long from, long to, long sequence) {
    execute("BEGIN IMMEDIATE");
    for (long job = from; job < to; ++job) run(writes, count, job, sequence);
    execute("COMMIT");
}

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define GROUP(writes, sequence) group(writes, COUNT_OF(writes), from, to, sequence)

int main(int count, char** words) {
    if (count < 5) {
        fputs("wanted: sqlite_groups FILE GROUP JOBS SCHEMA.sql...\n", stderr);
        return 2;
    }
    const long size = atol(words[2]), jobs = atol(words[3]);
    if (sqlite3_open(words[1], &database) != SQLITE_OK || size < 1 || jobs < 1) fail(words[1]);
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    execute("PRAGMA cache_size = -16384");
    for (int i = 4; i < count; ++i) execute_file(words[i]);
    struct Write* const all[] = {enqueue, claim, progress, complete};
    const size_t sizes[] = {COUNT_OF(enqueue), COUNT_OF(claim), COUNT_OF(progress), COUNT_OF(complete)};
    for (size_t i = 0; i < COUNT_OF(all); ++i) prepare(all[i], sizes[i]);

    const double began = now();
    for (long from = 0; from < jobs; from += size) {
        const long to = from + size < jobs ? from + size : jobs;
        GROUP(enqueue, 1);
        GROUP(claim, 3);
        for (long write = 1; write <= kProgressWrites; ++write) GROUP(progress, 3 + write);
        GROUP(complete, 4 + kProgressWrites);
    }
    printf("{\"jobs_per_s\":%.1f,\"commits\":%ld}\n", (double)jobs / (now() - began), (jobs + size - 1) / size * 6);

    for (size_t i = 0; i < COUNT_OF(all); ++i) finalize(all[i], sizes[i]);
    sqlite3_close(database);
    return 0;
}
