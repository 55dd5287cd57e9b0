"""An installation with very many jobs, made quickly: the product makes the folder, the schema and the secret; the rows
are put in by bulk, as the product would have written them.

Kept under build/bench by the schema's hash, so that it is made once: `stored(jobs, live)` gives the folder.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import random
import shutil
import sqlite3
import subprocess
import time

from figures import BINARY, OUT, say

ROOT = pathlib.Path(__file__).resolve().parent.parent
USERS = 1000
JOBS_OF_A_PROJECT = 20
DAY = 86_400_000
BEGAN = 1_780_000_000_000  # milliseconds since 1970: when the first job was made
SETTINGS = json.dumps({"prompt": "A handbook of the test process for new engineers, from the process description and the standard."})
MODEL = "longhand-offline"

JOB_COLUMNS = """id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done, words_planned,
    prompt_tokens, completion_tokens, title, is_byok, is_starred, provider, reasoning_model, writing_model, function_model,
    pipeline_version, problem_code, problem_message, created_at, updated_at, started_at, finished_at, not_before, last_event,
    rescues, occupies, place, start_tag, queued_at, lease_expires, hangs"""


def v7(generator, millis):
    """A job's id as the product makes them: time first, then chance."""
    high, low = generator.getrandbits(12), generator.getrandbits(62)
    return (millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low).to_bytes(16, "big")


def text_of(identifier):
    h = identifier.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def at_rest(generator, number, owner):
    """A job that has ended: 85 of 100 completed, 8 failed, 7 cancelled."""
    created = BEGAN + number * 1000
    ended = created + generator.randrange(600_000, 7_200_000)
    draw = generator.random()
    state = "completed" if draw < 0.85 else "failed" if draw < 0.93 else "cancelled"
    done = state == "completed"
    problem = ("provider_error", "The provider gave up: 503, after 12 tries.") if state == "failed" else (None, None)
    project = b"P" * 8 + (number // JOBS_OF_A_PROJECT).to_bytes(8, "big")
    return (v7(generator, created), owner, project, state, "done" if done else "stopped", 1, 2, bytes(16), 1,
            100.0 if done else round(generator.random() * 99, 2), 12_000, 12_000, 48_000, 16_000,
            f"A handbook of the test process, edition {number}", 0, 0, "bench", MODEL, MODEL, MODEL, 1, *problem, created, ended,
            created + 500, ended, None, 3, 0, 0, None, 0, None, None, 0)  # fmt: skip


def live(generator, number, owner):
    """A job that waits to be claimed, with a project of its own."""
    created = BEGAN + 2 * 365 * DAY + number * 10
    project = b"L" * 8 + number.to_bytes(8, "big")
    return (v7(generator, created), owner, project, "queued", "queued", 1, 0, bytes(16), 0, 0.0, 0, 12_000, 0, 0,
            f"A handbook that is being written, number {number}", 0, 0, "bench", MODEL, MODEL, MODEL, 1, None, None, created, created,
            None, None, None, 2, 0, 1, "ready", number // USERS, created, None, 0)  # fmt: skip


def rows_beside(database, jobs):
    """What every job has in other tables."""
    database.executemany("INSERT INTO job_settings (job, settings) VALUES (?, ?)", ((job[0], SETTINGS) for job in jobs))
    database.executemany("INSERT INTO budgets (job) VALUES (?)", ((job[0],) for job in jobs))
    events = ((job[0], seq, job[24], kind, "{}") for job in jobs for seq, kind in enumerate(("submitted", "queued", "completed")[: job[29]], 1))
    database.executemany("INSERT INTO events (job, seq, at, kind, data) VALUES (?, ?, ?, ?, ?)", events)


def fill(path, jobs, live_jobs):
    """Gives the ids of all users in order, and of live jobs and jobs at rest: the job of number n is of user n % USERS."""
    generator = random.Random(20_261_129)
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN")
    users = [v7(generator, BEGAN - DAY + number) for number in range(USERS)]
    database.executemany("INSERT INTO users (id, email, created_at) VALUES (?, ?, ?)",
                         ((user, f"user{number}@example.org", BEGAN - DAY) for number, user in enumerate(users)))  # fmt: skip
    put = f"INSERT INTO jobs ({JOB_COLUMNS}) VALUES ({', '.join('?' * 37)})"
    resting, counts = [], {}
    for first in range(0, jobs, 20_000):
        rows = [at_rest(generator, number, users[number % USERS]) for number in range(first, min(jobs, first + 20_000))]
        database.executemany(put, rows)
        rows_beside(database, rows)
        resting += [row[0] for row in rows]
        for row in rows:
            counts[row[1], row[3]] = counts.get((row[1], row[3]), 0) + 1
    rows = [live(generator, number, users[number % USERS]) for number in range(live_jobs)]
    database.executemany(put, rows)
    rows_beside(database, rows)
    for row in rows:
        counts[row[1], "queued"] = counts.get((row[1], "queued"), 0) + 1
    database.executemany("INSERT INTO job_counts (owner, state, count) VALUES (?, ?, ?)", ((*key, n) for key, n in counts.items()))
    active = [(user, counts.get((user, "queued"), 0), counts.get((user, "queued"), 0)) for user in users]
    database.executemany("INSERT INTO owner_queues (owner, active, last_finish) VALUES (?, ?, ?)", active)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return users, [row[0] for row in rows], resting


def key():
    """Changes when the rows here or the schema that they are put into do."""
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for migration in sorted((ROOT / "src/store/sqlite/sql/migrations").glob("*.sql")):
        digest.update(migration.read_bytes())
    return digest.hexdigest()[:12]


def stored(jobs, live_jobs):
    """The folder of an installation with so many jobs at rest and live; made when it isn't there."""
    folder = OUT / f"stored-{jobs}-{live_jobs}-{key()}"
    if (folder / "ids.json").exists():
        return folder
    say(f"filling an installation with {jobs:,} jobs at rest and {live_jobs:,} live ones, once")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([BINARY, "user", "add", "first@example.org", "--data", folder], check=True, capture_output=True)
    users, live_ids, resting = fill(folder / "longhand.db", jobs, live_jobs)
    ids = {"users": [text_of(one) for one in users], "live": [text_of(one) for one in live_ids], "resting": [text_of(one) for one in resting]}
    (folder / "ids.json").write_text(json.dumps(ids))
    return folder


def copy_of(folder, target):
    """A copy to run on: what a run changes is not there in the next."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    target.chmod(0o700)
    subprocess.run(["cp", "--reflink=auto", "-p", folder / "longhand.db", folder / "secret", target], check=True)
    return target


def token_maker(folder):
    """Makes session tokens as `longhand token` does, without starting it a thousand times."""
    sample = subprocess.run([BINARY, "token", "first@example.org", "--data", folder], check=True, capture_output=True, text=True).stdout.strip()
    part = lambda text: json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    header, claims = (part(text) for text in sample.split(".")[:2])
    secret = bytes.fromhex((folder / "secret").read_text().split()[0])
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    now = int(time.time())

    def token(user):
        mine = {**claims, "sub": user, "iat": now, "nbf": now, "exp": now + 86_400}
        signed = encode(json.dumps(header, separators=(",", ":")).encode()) + b"." + encode(json.dumps(mine, separators=(",", ":")).encode())
        return (signed + b"." + encode(hmac.new(secret, signed, hashlib.sha256).digest())).decode()

    return token
