"""What `scripts/check-firm` does, which says how."""
import gzip, json, os, random, re, shutil, stat, subprocess, sys, tempfile, threading, time

program, kills, faults = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
only = sys.argv[4:]
random.seed(int(os.environ.get("FIRM_SEED", "1")))
FILES, EVENTS, USERS = 12, 60, 5
JOBS = int(os.environ.get("FIRM_JOBS", os.cpu_count() or 1))
ACCOUNT = "111122223333"
CALLS = ["openat", "read", "write", "fsync", "rename", "statx", "mkdir", "unlink", "unlinkat", "ftruncate", "getdents64", "pread64", "flock", "linkat"]
# Each error on the calls that may give it.
ERRORS = {"write": ["EIO", "ENOSPC"], "openat": ["EIO", "ENOSPC", "EMFILE", "EACCES"], "fsync": ["EIO", "ENOSPC"],
          "rename": ["EIO", "ENOSPC"], "mkdir": ["EIO", "ENOSPC"], "ftruncate": ["EIO", "ENOSPC"], "flock": ["EIO", "ENOLCK"]}
# Where something changes on the disk: a kill there is a kill at the worst moment.
CHANGES = ["rename", "fsync", "write", "mkdir", "unlink", "unlinkat", "openat", "linkat"]
NOTICE = b"<!doctype html><!-- kagimori: unfinished -->"
env = {**os.environ, "NO_COLOR": "1", "RAYON_NUM_THREADS": "2"}
place = tempfile.mkdtemp(prefix="kagimori-firm-")
strace = shutil.which("strace")


def event(n):
    user, day = n % USERS, 1 + n % 4
    return {"eventVersion": "1.11", "eventTime": f"2026-10-{day:02}T{n % 24:02}:{n % 60:02}:00Z", "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject", "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.1", "userAgent": "aws-cli/2",
            "eventID": f"e-{n}", "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT, "readOnly": True,
            "eventCategory": "Data", "requestParameters": {"bucketName": "tide", "key": f"k{n}"},
            "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/u{user}", "accountId": ACCOUNT,
                             "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": f"u{user}"}}


def write_trail(folder, files=FILES, events=EVENTS):
    os.makedirs(folder)
    for file in range(files):
        own = [event(file * events + n) for n in range(events)]
        # Every tenth comes in two files.
        own += [event((file + 1) % files * events + n) for n in range(0, events, 10)]
        with gzip.GzipFile(os.path.join(folder, f"{file:04}.json.gz"), "wb", mtime=0) as out:
            out.write(json.dumps({"Records": own}, separators=(",", ":")).encode())


def write_company(folder, users=USERS):
    """An account whose users may do more than they did, with a trail."""
    own = [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]}}]
    user = lambda n: {"Path": "/", "UserName": f"u{n}", "UserId": f"AIDA{n:016}", "Arn": f"arn:aws:iam::{ACCOUNT}:user/u{n}",
                      "CreateDate": "2025-01-01T00:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
                      "UserPolicyList": own}
    snapshot = os.path.join(folder, "snapshots", ACCOUNT)
    os.makedirs(snapshot)
    with open(os.path.join(snapshot, "authorization-details.json"), "w") as out:
        json.dump({"UserDetailList": [user(n) for n in range(users)], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}, out)
    with open(os.path.join(folder, "kagimori.toml"), "w") as out:
        out.write('as_of = "2026-10-05T00:00:00Z"\n')
    write_trail(os.path.join(folder, "trail"), files=2)


def run(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=env)


def files_of(folder):
    """Every file below a folder, by name; and what is not for its owner alone."""
    files, open_to_others = {}, []
    for above, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(above, name)
            mode = stat.S_IMODE(os.lstat(path).st_mode)
            if mode != (0o700 if name in folders else 0o600):
                open_to_others.append(f"{os.path.relpath(path, folder)} {mode:o}")
            if name in names:
                files[os.path.relpath(path, folder)] = open(path, "rb").read()
    return files, open_to_others


class Ingest:
    """The trail's files become a lake."""
    name = "ingest"

    def __init__(self):
        self.template = os.path.join(place, self.name + "-template")
        self.prepare()
        folder = self.fresh("whole")
        self.wanted = self.held(folder)
        assert self.wanted["rc"] == 0 and self.wanted["verify"] == 0, self.wanted

    def prepare(self):
        write_trail(os.path.join(self.template, "trail"))

    def fresh(self, name):
        folder = os.path.join(place, f"{name}-{threading.get_ident()}")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder, copy_function=shutil.copy2)
        return folder

    def command(self, folder):
        return ["ingest", "--bodies", "--dir", folder]

    def seen_in_between(self, folder, kind, code):
        return []

    def rows(self, folder):
        """Rows of the parts that the lake lists, by file set."""
        parts, replaced, rows = [], set(), {}
        batches = os.path.join(folder, "lake", "_kagimori", "batches")
        for name in os.listdir(batches):
            if name.endswith(".done"):
                done = json.load(open(os.path.join(batches, name)))
                parts += done["parts"]
                replaced.update(done.get("replaces", []))
        for part in parts:
            if part["file"] not in replaced:
                kind = part["file"].split("/")[0]
                rows[kind] = rows.get(kind, 0) + (part["rows"] if kind in ("events", "bodies") else 0)
        return rows

    def held(self, folder):
        """What a run that is left in peace makes of it, and whether that is whole."""
        done = run("ingest", "--bodies", "--format", "json", "--dir", folder)
        verified = run("lake", "verify", folder)
        told = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        body = told.get("data", told)
        lake = body.get("lake", {})
        counts = {name: lake.get(name) for name in ("files", "events", "damaged_events", "updates")}
        again = run("ingest", "--format", "json", "--dir", folder)
        usage = run("trail", "usage", "--actions", "--format", "csv", "--dir", folder)
        left = [name for name in files_of(os.path.join(folder, "lake"))[0] if name.endswith(".tmp")]
        return {"rc": done.returncode, "verify": verified.returncode, "again": again.returncode, "counts": counts,
                "problems": body.get("problems"), "usage": (usage.returncode, usage.stdout), "rows": self.rows(folder),
                "others": files_of(os.path.join(folder, "lake"))[1], "left": left}


class Compaction(Ingest):
    """Days with many small parts get another, and become one."""
    name = "compaction"

    def prepare(self):
        write_trail(os.path.join(self.template, "trail"), files=9, events=20)
        late = os.path.join(self.template, "trail", "0008.json.gz")
        aside = os.path.join(place, "late.json.gz")
        shutil.move(late, aside)
        done = run("ingest", "--bodies", "--batch-bytes", "1", "--dir", self.template)
        assert done.returncode == 0, done.stderr
        shutil.move(aside, late)

    def held(self, folder):
        found = super().held(folder)
        found["compacted"] = any("\"compact\"" in open(os.path.join(folder, "lake", "_kagimori", "batches", name)).readline()
                                 for name in os.listdir(os.path.join(folder, "lake", "_kagimori", "batches")) if name.endswith(".plan"))
        assert found["compacted"], "nothing was compacted"
        return found


class Files(Ingest):
    """Files for people: those of an earlier run are there, and a page that speaks of all."""

    def prepare(self):
        write_company(self.template)
        done = run(*self.earlier(self.template))
        assert done.returncode in (0, 1, 3), done.stderr

    def __init__(self):
        self.template = os.path.join(place, self.name + "-template")
        self.prepare()
        self.old = self.files(self.template)
        folder = self.fresh("whole")
        self.wanted = self.held(folder)
        assert self.wanted["rc"] in (0, 1, 3), self.wanted
        self.new = self.files(folder)
        assert self.new != self.old and "index.html" in self.new, self.new.keys()

    def files(self, folder):
        return files_of(os.path.join(folder, self.out))[0]

    def held(self, folder):
        done = run(*self.command(folder))
        others = [name for out in self.outs for name in files_of(os.path.join(folder, out))[1]]
        files = {f"{out}/{name}": content for out in self.outs for name, content in files_of(os.path.join(folder, out))[0].items()}
        return {"rc": done.returncode, "stdout": done.stdout.replace(folder, "DIR"), "stderr": done.stderr.replace(folder, "DIR"),
                "files": files, "others": others, "names": sorted(files)}

    def seen_in_between(self, folder, kind, code):
        """What a reader finds after a run that failed: all of the old or all of the new; after one that was cut off also the notice."""
        found = self.files(folder)
        staged = lambda name: name.startswith(".kagimori-")
        found = {name: content for name, content in found.items() if not staged(name)}
        if code in (0, 1, 3):
            return [] if found.get("index.html", NOTICE)[:len(NOTICE)] != NOTICE else ["the notice stays after a run that was done"]
        is_told = kind == "kill" and found.get("index.html", b"").startswith(NOTICE)
        wrong = [f"{name} is neither the old nor the new" for name, content in found.items()
                 if content not in (self.old.get(name), self.new.get(name)) and not (is_told and name == "index.html")]
        of_one = lambda files: all(found.get(name) == content for name, content in files.items())
        if not is_told and not of_one(self.old) and not of_one(self.new):
            wrong.append("old and new files together, and the page does not say so")
        return wrong


class Tighten(Files):
    name, out, outs = "tighten", "tighten", ["tighten", "plans"]

    def earlier(self, folder):
        return ["tighten", "--account", ACCOUNT, "--floor", "1", "--days", "2", "--dir", folder]

    def command(self, folder):
        return ["tighten", "--account", ACCOUNT, "--floor", "1", "--dir", folder]


class Review(Files):
    name, out, outs = "review", "report", ["report"]

    def earlier(self, folder):
        return ["review", folder, "--now", "2026-10-04"]

    def command(self, folder):
        return ["review", folder]


class LargeReview(Review):
    """A report whose lists stand in files beside the page."""
    name = "large-review"

    def prepare(self):
        write_company(self.template, users=int(os.environ.get("FIRM_USERS", "3000")))
        done = run(*self.earlier(self.template))
        assert done.returncode in (0, 1, 3), done.stderr
        assert os.path.isdir(os.path.join(self.template, "report", "lists")), "the lists stand in the page: FIRM_USERS must be more"


def judge(subject, kind, what, folder, code):
    wrong = subject.seen_in_between(folder, kind, code)
    found = subject.held(folder)
    for name, value in subject.wanted.items():
        if found[name] != value:
            if isinstance(value, dict) and isinstance(found[name], dict):
                parts = {key for key in {**value, **found[name]} if value.get(key) != found[name].get(key)}
                wrong.append(f"{name} differs in {sorted(parts)[:5]}")
            else:
                wrong.append(f"{name} is {str(found[name])[:300]}, not {str(value)[:300]}")
    for sentence in wrong:
        print(f"FALLS SHORT {subject.name}, {kind} {what}: {sentence}", file=sys.stderr, flush=True)
    return bool(wrong)


def count_calls(subject):
    folder = subject.fresh("counted")
    log = os.path.join(place, "log")
    subprocess.run([strace, "-f", "--seccomp-bpf", "-qq", "-o", log, "-e", "trace=" + ",".join(CALLS), program, *subject.command(folder)],
                   capture_output=True, env=env)
    counts = dict.fromkeys(CALLS, 0)
    for line in open(log, errors="replace"):
        found = re.match(r"\d+ +(\w+)\(", line)
        if found and found[1] in counts:
            counts[found[1]] += 1
    return {name: count for name, count in counts.items() if count}


def spread(points):
    """Of each call as many as of any other, as long as there are some."""
    random.shuffle(points)
    by_call = {}
    for point in points:
        by_call.setdefault(point[:2], []).append(point)
    while any(by_call.values()):
        yield from [rest.pop() for rest in by_call.values() if rest]


def injected(subject, folder, inject, name):
    # strace does not send signals where the kernel chooses the calls for it.
    fast = [] if "signal" in inject else ["--seccomp-bpf"]
    return subprocess.run([strace, "-f", *fast, "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", inject, program, *subject.command(folder)],
                          capture_output=True, text=True, env=env, timeout=300)


def many(points, count, one):
    """Does `one` with points, several at a time, until so many counted; the sum of what it told of those."""
    lock, told, points = threading.Lock(), [], iter(points)

    def work():
        while True:
            with lock:
                point = next(points, None) if len(told) < count else None
            if point is None:
                return
            result = one(point)
            with lock:
                if result is not None and len(told) < count:
                    told.append(result)

    threads = [threading.Thread(target=work) for _ in range(JOBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: sum(result[name] for result in told) for name in told[0]} | {"count": len(told)} if told else {"count": 0}


def kill_at_moments(subject, count):
    """Killed up to three times at random moments, then left in peace."""
    begin = time.time()
    subprocess.run([program, *subject.command(subject.fresh("time"))], capture_output=True, env=env)
    length, left, series = time.time() - begin, count, []
    while left > 0:
        series.append([random.random() * length for _ in range(min(left, random.randint(1, 3)))])
        left -= len(series[-1])

    def one(moments):
        folder, code, struck = subject.fresh("killed"), None, 0
        for moment in moments:
            child = subprocess.Popen([program, *subject.command(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
            time.sleep(moment)
            struck += child.poll() is None
            child.kill()
            code = child.wait()
        return {"struck": struck, "wrong": judge(subject, "kill", moments, folder, code)}

    return many(series, len(series), one)


def kill_at_changes(subject, counts, count):
    """Killed as it is about to change something on the disk."""
    points = [(name, "", when) for name, calls in counts.items() if name in CHANGES for when in range(1, calls + 1)]

    def one(point):
        name, _, when = point
        folder, inject = subject.fresh("struck"), f"inject={name}:signal=SIGKILL:when={when}"
        code = injected(subject, folder, inject, name).returncode
        # Threads take turns, so there may be a call less.
        return None if code in (0, 1, 2, 3) else {"wrong": judge(subject, "kill", inject, folder, code)}

    return many(spread(points), count, one)


def inject_faults(subject, counts, count):
    points = [(name, error, when) for name, calls in counts.items() for error in ERRORS.get(name, ["EIO"]) for when in range(1, calls + 1)]

    def one(point):
        name, error, when = point
        folder, inject = subject.fresh("fault"), f"inject={name}:error={error}:when={when}"
        ran = injected(subject, folder, inject, name)
        if ran.returncode == 127 and "loading shared libraries" in ran.stderr:
            # The program had not begun.
            return None
        wrong = ran.returncode not in (0, 1, 2, 3) or "panicked" in ran.stderr
        if wrong:
            print(f"FALLS SHORT {subject.name}, {inject}: exit {ran.returncode}: {ran.stderr[:300]}", file=sys.stderr, flush=True)
        return {"told": ran.returncode in (2, 3), "wrong": wrong or judge(subject, "fault", inject, folder, ran.returncode)}

    return many(spread(points), count, one)


subjects = [kind for kind in (Ingest, Compaction, Tighten, Review, LargeReview) if kind.name in only or not only]
short = 0
for at, kind in enumerate(subjects):
    subject = kind()
    share = lambda total: total * (at + 1) // len(subjects) - total * at // len(subjects)
    counts = count_calls(subject) if strace else {}
    of_kills, nothing = share(kills), {"count": 0, "struck": 0, "told": 0, "wrong": 0}
    changes = nothing | (kill_at_changes(subject, counts, of_kills // 2) if strace else {})
    moments = nothing | kill_at_moments(subject, of_kills - changes["count"])
    wrong = changes["wrong"] + moments["wrong"]
    print(f"{subject.name}: {of_kills} kills, {changes['count']} of them at a change on the disk and {moments['struck']} of the others "
          f"before the end: {wrong} fall short", flush=True)
    short += wrong
    if strace:
        done = nothing | inject_faults(subject, counts, share(faults))
        print(f"{subject.name}: {done['count']} faults "
              f"({', '.join(f'{name} {calls}' for name, calls in sorted(counts.items()))} calls to choose from): "
              f"{done['told']} told of, {done['wrong']} fall short", flush=True)
        short += done["wrong"]
if not strace:
    print("SKIPPED: no strace, so no fault was injected", file=sys.stderr)
shutil.rmtree(place, ignore_errors=True)
sys.exit(1 if short else 0)
