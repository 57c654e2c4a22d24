"""Asks the same awkward questions of the same runs in different places.

    queries_backends.py ASSAY-PROGRAM

The real client writes the same runs to a server on SQLite, to a server on Debian's PostgreSQL, and
into a folder of files. What Assay's filters and sort keys select must be the same everywhere: where
a server answers a part of them (with nothing in the cache, so that it is asked), where the list
was read whole before, and where all is evaluated here. The questions are those on which databases
like to differ: capitals, patterns, what is not there, NaN, infinities, numbers written as texts,
quotes, other scripts. What MLflow's own search says of those that it understands is compared with
what Assay finds wherever the two languages mean the same. Prints "N passed, N failed".
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]


def beside(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(HERE, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers = beside("mlflow_servers")
check = servers.check

from mlflow.entities import Metric, Param, RunTag  # noqa: E402

NAN, INF = float("nan"), float("inf")

# Name, status, metrics, params, tags of each run. No text is empty: MLflow's stores differ there.
RUNS = [
    ("adam", "FINISHED", {"loss": 0.1, "Loss": 9.0}, {"model": "vit", "lr": "0.1"}, {"team": "ads"}),
    ("Adam", "FAILED", {"loss": NAN}, {"model": "ViT", "lr": "0.10"}, {"team": "Ads"}),
    ("ADAM", "KILLED", {"loss": INF}, {"model": "VIT", "lr": "1e-1"}, {"Team": "ads"}),
    ("adam ", "RUNNING", {"loss": -INF}, {"model": "vit ", "lr": ".1"}, {"team": "ads "}),
    ("it's", "FINISHED", {"loss": -0.0}, {"model": "it's", "lr": "10"}, {"team": "o'hara"}),
    ('say "x"', "FINISHED", {"loss": 0.0}, {"model": 'a "b"', "lr": "9"}, {"team": 'q"q'}),
    ("back\\slash", "FINISHED", {"loss": 1e-300}, {"model": "a\\b", "lr": "-1"}, {"team": "\\"}),
    ("50%", "FINISHED", {"loss": 1e300}, {"model": "50%", "lr": "abc"}, {"team": "%"}),
    ("50_", "FINISHED", {"loss": 2.0**53 + 2}, {"model": "50_", "lr": "NaN"}, {"team": "_"}),
    ("50x", "FAILED", {"loss": 0.30000000000000004}, {"model": "50x", "lr": "inf"}, {"team": "x"}),
    ("\u00e9t\u00e9", "FINISHED", {"loss": 0.3}, {"model": "\u00e9t\u00e9", "lr": "00.1"}, {"team": "\u00c9T\u00c9"}),
    ("e\u0301te\u0301", "FINISHED", {"loss": 3.0}, {"model": "e\u0301te\u0301", "lr": "+1"}, {"team": "\u00e9t\u00e9"}),
    ("\u6a21\u578b", "FINISHED", {"loss": -1.5}, {"model": "\u6a21\u578b", "lr": "\u0661"}, {"team": "\u65e5\u672c"}),
    ("STRASSE", "FINISHED", {"loss": 7.0}, {"model": "stra\u00dfe", "lr": "1"}, {"team": "STRASSE"}),
    ("\u0130stanbul", "FINISHED", {"loss": 7.0}, {"model": "istanbul", "lr": "1.0"}, {"team": "\u0131"}),
    ("\u212aelvin", "FINISHED", {"loss": 7.0}, {"model": "kelvin", "lr": "0x1"}, {"team": "K"}),
    ("line", "FINISHED", {"loss": 8.0}, {"model": "line\nvit", "lr": "1"}, {"team": "a\nads"}),
    ("tab", "FINISHED", {"loss": 8.0}, {"model": "a\tb", "lr": " 1"}, {"team": "\tads"}),
    ("emoji", "FINISHED", {"loss": 8.5}, {"model": "\U0001f600x", "lr": "1 "}, {"team": "\U0001f600"}),
    ("nothing", "FINISHED", {}, {}, {}),
    ("acc only", "RUNNING", {"acc": 0.9}, {"other": "vit"}, {"other": "ads"}),
    ("both", "FINISHED", {"loss": 0.5, "acc": 0.5, "val/loss": NAN}, {"model": "vit", "a b": "x", "a.b": "y"},
     {"team": "ads", "a b": "x", "a.b/c-d": "y"}),
    ("AND", "FINISHED", {"val/loss": 1.0, "a b": 2.0}, {"model": "and"}, {"team": "NOT NULL"}),
    ("--", "FINISHED", {"val/loss": INF}, {"model": "'; DROP TABLE runs; --"}, {"team": "/* */"}),
]

TEXT_FIELDS = ["params.model", "tags.team", "attributes.run_name"]
TEXT_TESTS = [
    "= 'vit'", "= 'VIT'", "!= 'vit'", "= 'ads'", "!= 'ads'", "= 'adam'", "!= 'Adam'", "= 'adam '",
    "LIKE 'vit'", "LIKE 'vi%'", "LIKE '%T'", "ILIKE 'VIT'", "ILIKE '%AD%'", "like 'ad_m'", "ILIKE 'AD_%'",
    "LIKE '50%'", "LIKE '50_'", "LIKE '%'", "LIKE '_'", "LIKE ''", "LIKE '%\\%'", "LIKE '%[%'",
    "LIKE '%vit'", "LIKE 'a%'", "ILIKE '%ADS'", "= \"it's\"", "!= \"it's\"", "LIKE \"%'%\"",
    "= 'a \"b\"'", "LIKE '%\"%'", "= '\u00e9t\u00e9'", "ILIKE '\u00c9T\u00c9'", "LIKE '\u00e9%'", "ILIKE 'e%'",
    "= '\u6a21\u578b'", "LIKE '\u6a21_'", "ILIKE 'strasse'", "ILIKE 'stra\u00dfe'", "ILIKE 'istanbul'",
    "ILIKE 'kelvin'", "ILIKE 'k%'", "= '\U0001f600x'", "LIKE '_x'", "LIKE '__'", "= 'a\\b'", "LIKE '%\\%b'",
    "IS NULL", "IS NOT NULL", "IN ('vit', 'VIT')", "NOT IN ('vit', 'ads', 'adam')", "~ '^v'", "!= ''", "= ''",
]
NUMBER_TESTS = [
    "< 0.3", "<= 0.3", "> 0.3", ">= 0.3", "= 0.3", "!= 0.3", "= 0.30000000000000004", "= 0", "= -0.0", "!= 0",
    "< 0", "> 0", ">= 0", "> 1e299", "< -1e299", "> 1e-301", "= 9007199254740994", "= 1e300", "!= 1e300",
    "= nan", "!= nan", "< nan", "!= 7", "IS NULL", "IS NOT NULL", "> 1e308", "< -1e308",
]
# A database has no infinities: MLflow keeps the greatest number in their place, and so it is found.
KEPT_OTHERWISE = [("metrics.loss > -inf", ["03"]), ("metrics.loss < inf", ["02"]),
                  ("metrics.loss <= 1.7976931348623157e308", ["02"])]
OTHERS = [
    "params.lr = 0.1", "params.lr = '0.1'", "params.lr != '0.1'", "params.lr < 1", "params.lr > 1", "params.lr >= 9",
    "params.lr = '1'", "params.lr = 1", "params.lr > '9'", "params.lr < '10'", "params.lr LIKE '1%'",
    "params.lr IN ('1', '10')", "params.lr = 'NaN'", "params.lr = 'inf'",
    "tags.Team = 'ads'", "tags.TEAM = 'ads'", "params.Model = 'vit'", "metrics.Loss > 1", "metrics.LOSS > 1",
    "params.`a b` = 'x'", "params.\"a.b\" = 'y'", "params.a.b = 'y'", "tags.`a.b/c-d` = 'y'", "metrics.`a b` = 2",
    "status = 'FINISHED'", "status != 'FINISHED'", "status = 'finished'", "status IN ('FAILED', 'KILLED')",
    "status LIKE 'F%'", "attributes.status = 'RUNNING'",
    "metrics.loss < 1 AND params.model = 'vit'", "metrics.loss < 1 OR params.model = 'vit'",
    "NOT metrics.loss < 1", "NOT (params.model = 'vit' OR tags.team = 'ads')",
    "metrics.loss > 0 AND metrics.loss < 1 AND metrics.acc IS NULL",
    "metrics.acc != 0.5", "metrics.never = 1", "metrics.never != 1", "params.never = 'x'", "params.never != 'x'",
    "tags.never LIKE '%'", "params.never IS NULL", "params.model = 'and'", "tags.team = 'NOT NULL'",
    "params.model = \"'; DROP TABLE runs; --\"", "tags.team = '/* */'", "run_name = '--'", "name ILIKE 'and'",
    "metrics.`val/loss` != 0", "metrics.`val/loss` = nan", "metrics.`val/loss` >= 1", "start_time > 1030",
    "start_time != 1030", "end_time IS NULL", "adam", "vit", "'50%'",
]
# PostgreSQL takes a backslash in a pattern as what makes the next character plain, and knows the
# capitals of all scripts; MLflow behind SQLite, and Assay everywhere, do neither. A state is one to
# Assay however it is written.
MEANT_OTHERWISE = [field + test for field, tests in (
    ("params.model ", ["LIKE '%\\%'", "LIKE '%\\%b'", "ILIKE '\u00c9T\u00c9'"]),
    ("tags.team ", ["LIKE '%\\%'", "ILIKE '\u00c9T\u00c9'"]),
    ("attributes.run_name ", ["LIKE '%\\%'", "ILIKE '\u00c9T\u00c9'", "ILIKE 'istanbul'", "ILIKE 'kelvin'",
                              "ILIKE 'k%'"]),
    ("status ", ["= 'finished'"])) for test in tests]
SORTS = ["metrics.loss", "metrics.loss DESC", "metrics.acc", "metrics.acc DESC", "metrics.`val/loss`",
         "metrics.`val/loss` DESC", "metrics.never", "metrics.never DESC", "params.lr", "params.lr DESC",
         "params.model", "params.model DESC", "tags.team", "tags.team DESC", "name", "name DESC", "status",
         "status DESC", "start_time", "start_time DESC", "end_time", "end_time DESC"]




def fill(client):
    experiment = client.create_experiment("awkward")
    for i, (name, status, metrics, params, tags) in enumerate(RUNS):
        run = client.create_run(experiment, start_time=1000 + 10 * i, run_name=name).info.run_id
        client.log_batch(run, [Metric(key, value, 1, 1) for key, value in metrics.items()],
                         [Param(key, value) for key, value in params.items()],
                         [RunTag(key, value) for key, value in tags.items()] +
                         [RunTag("number", "%02d" % i)])
        if status != "RUNNING":
            client.set_terminated(run, status, end_time=5000 - 10 * i)
    return experiment


def questions():
    for field in TEXT_FIELDS:
        for test in TEXT_TESTS:
            yield field + " " + test
    for test in NUMBER_TESTS:
        yield "metrics.loss " + test
    yield from OTHERS


class Place:
    def __init__(self, program, source, folder):
        self.program, self.source, self.folder, self.asked = program, source, folder, 0

    def runs(self, arguments, new_cache=True):
        """The numbers of the runs that come, in their order; or what was complained of."""
        self.asked += new_cache
        environment = dict(os.environ, ASSAY_CACHE=os.path.join(self.folder, "%d.db" % self.asked),
                           TZ="UTC")
        environment.pop("MLFLOW_TRACKING_URI", None)
        done = subprocess.run([self.program, "runs", "-S", self.source, "--format", "csv", "-c",
                               "tags.number", *arguments], capture_output=True, text=True,
                              env=environment)
        if new_cache and self.asked > 1:
            os.unlink(environment["ASSAY_CACHE"])
        if done.returncode not in (0, 1):
            return done.stderr.replace(self.source, "SOURCE")
        return done.stdout.split()[1:]


def compare(places, arguments, whole, unordered):
    answers = {}
    for name, place in places.items():
        answer = place.runs(arguments)
        answers[name] = sorted(answer) if unordered and isinstance(answer, list) else answer
    for name in ("sqlite", "postgres"):  # what was read before, and lies in the cache
        answer = whole[name].runs(arguments, new_cache=False)
        answers[name + ", known"] = (sorted(answer) if unordered and isinstance(answer, list)
                                     else answer)
    check(len(set(map(str, answers.values()))) == 1, arguments, answers)
    return answers["files"]


def compare_theirs(client, experiment, text, ours):
    """What MLflow finds, where it understands the question at all."""
    try:
        theirs = sorted(run.data.tags["number"] for run in
                        client.search_runs([experiment], text, max_results=1000))
    except Exception:  # noqa: BLE001 (its parser raises many kinds)
        return
    check(theirs == ours or text in MEANT_OTHERWISE, "MLflow's search", text, theirs, ours)


def run(program, base):
    postgres = beside("postgres").Postgres
    check(postgres.found(), "PostgreSQL is not installed")
    folders = {name: os.path.join(base, name) for name in
               ("sqlite", "postgres", "files", "sqlite-known", "postgres-known")}
    for folder in folders.values():
        os.mkdir(folder)
    os.chmod(base, 0o755)
    database = postgres(folders["postgres"], servers.free_port(), servers.Process)
    started = []
    try:
        for name, uri in (("sqlite", "sqlite:///%s/mlflow.db" % folders["sqlite"]),
                          ("postgres", database.uri)):
            started.append(servers.Server(folders[name], uri))
        sources = {"sqlite": started[0].url, "postgres": started[1].url,
                   "database": folders["sqlite"] + "/mlflow.db", "files": folders["files"] + "/mlruns"}
        for name in ("sqlite", "postgres"):
            fill(servers.connect(sources[name]))
        fill(servers.connect("file://" + sources["files"]))
        places = {name: Place(program, source, folders.get(name, base))
                  for name, source in sources.items()}
        whole = {name: Place(program, sources[name], folders[name + "-known"])
                 for name in ("sqlite", "postgres")}
        for place in whole.values():
            check(len(place.runs([], new_cache=False)) == len(RUNS), "all runs are read")
        some = 0
        theirs = servers.connect(sources["postgres"])
        experiment = theirs.get_experiment_by_name("awkward").experiment_id
        for text in questions():
            answer = compare(places, ["-f", text], whole, True)
            some += 0 < len(answer) < len(RUNS)
            if isinstance(answer, list):
                compare_theirs(theirs, experiment, text, answer)
        check(some > 100, "only", some, "answers that say something")
        for text, more in KEPT_OTHERWISE:
            answers = {name: place.runs(["-f", text]) for name, place in places.items()}
            files = answers.pop("files")
            check(all(set(answer) - set(files) == set(more) and set(files) <= set(answer)
                      for answer in answers.values()), text, answers, files)
        for key in SORTS:
            compare(places, ["-s", key], whole, False)
    finally:
        for server in started:
            server.stop()
        database.stop()


def main():
    with tempfile.TemporaryDirectory() as base:
        run(os.path.abspath(sys.argv[1]), base)
    passed, failed = servers.disk.passed, servers.disk.failed
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
