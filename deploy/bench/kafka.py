#!/usr/bin/env python3
"""Measures landing from a real Apache Kafka on this machine.

    kafka.py --satudata bin/satudata --rows 3000000 --runs 3 --out results/kafka.json

Brings up one broker (../kafka/kafka.sh), fills topics with the reference work and times in turn, --runs times each:

    chunks    satudata land --once, from chunked messages, written by satudata ingest
    records   satudata land --once, from one record per message, as the application of an OPD sends them: a JSON object
              with the headers of satudata's envelope, by Apache Kafka's own console producer with its settings as they
              come (batches of 16 KiB, not compressed)

The time is that of the whole process: from its start until all rows have been landed, checked, committed and
published. The rows are counted with a query. The processor time of satudata and of the broker are given apart;
that of the broker is what it used meanwhile.

Needs java (17 or newer), mvn for the first time only, and nothing but the standard library of Python. Everything is on
loopback and in a temporary folder, and what was started is ended.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import result  # noqa: E402: beside this file

HERE = pathlib.Path(__file__).resolve().parent
KAFKA = HERE.parent / "kafka"
TOPIC = "perizinan.izin"
KINDS = ["chunks", "records"]


def run(*command, **options):
    """Runs a command to its end and returns what it printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        fail(command, done.returncode, f"{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def fail(command, code, said):
    sys.exit(f"kafka.py: {' '.join(map(str, command))}: kode keluar (exit code) {code}\n{said}")


def measured(*command):
    """Runs a command and returns how long it took, and what it used."""
    with tempfile.TemporaryFile() as trouble:
        begun = time.monotonic()
        child = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=trouble)
        _, status, usage = os.wait4(child.pid, 0)
        took = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            trouble.seek(0)
            fail(command, child.returncode, trouble.read().decode(errors="replace")[-4000:])
    return {"seconds": took, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_rss_bytes": usage.ru_maxrss << 10}


def cpu_of(pid):
    """Seconds of CPU that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def java():
    return os.path.join(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"


def fetched(name, pom, *settings):
    """A folder of jars that Maven fetches once."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "satudata" / name
    if not cache.is_dir():
        if not shutil.which("mvn"):
            sys.exit("kafka.py: mvn tidak ada; pasang Maven (install Maven, Debian: apt-get install maven)")
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = pathlib.Path(tempfile.mkdtemp(prefix=cache.name + ".", dir=cache.parent))
        try:
            run("mvn", "-q", "-B", "-f", pom, *settings, "dependency:copy-dependencies", f"-DoutputDirectory={fresh}", "-DincludeScope=runtime")
            fresh.rename(cache)
        except OSError:  # another was faster
            pass
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return cache


class Broker:
    """One Kafka broker, and the tools that come with it."""

    version = result.between((KAFKA / "pom.xml").read_text(), "<kafka.version>", "</kafka.version>")

    def __init__(self, dir):
        self.dir = dir
        tools = fetched(f"kafka-tools-{self.version}", HERE / "producer" / "pom.xml", f"-Dkafka.version={self.version}")
        self.classes = f"{tools}/*:{run(KAFKA / 'kafka.sh', 'fetch').strip()}/*"

    def __enter__(self):
        up = run(KAFKA / "kafka.sh", "up", 1, self.dir, env={**os.environ, "KAFKA_WATCH": str(os.getpid())})
        self.bootstrap = up.strip().splitlines()[-1]
        self.pid = int((self.dir / "broker-1" / "pid").read_text())
        return self

    def __exit__(self, *_):
        subprocess.run([KAFKA / "kafka.sh", "down", self.dir], check=False)

    def cpu(self):
        return cpu_of(self.pid)

    def tool(self, name, *arguments):
        return [java(), f"-Dlog4j2.configurationFile={KAFKA}/log4j2.properties", f"-Dsatudata.broker={self.dir}/tools", "-cp", self.classes,
                f"org.apache.kafka.tools.{name}", "--bootstrap-server", self.bootstrap, *map(str, arguments)]

    def create(self, topic, partitions):
        run(*self.tool("TopicCommand", "--create", "--topic", topic, "--partitions", partitions))

    def drop(self, prefix):
        """Deletes the topics of a workspace."""
        run(*self.tool("TopicCommand", "--delete", "--topic", f"{prefix}\\..*"))

    def produce(self, topic, lines):
        """Sends lines of headers, key and value that a command prints."""
        producer = self.tool("ConsoleProducer", "--topic", topic, "--reader-property", "parse.headers=true", "--reader-property", "parse.key=true")
        with tempfile.TemporaryFile() as trouble:
            printing = subprocess.Popen([str(c) for c in lines], stdout=subprocess.PIPE, stderr=trouble)
            sending = subprocess.Popen(producer, stdin=printing.stdout, stdout=trouble, stderr=trouble)
            printing.stdout.close()
            codes = sending.wait(), printing.wait()
            if any(codes):
                trouble.seek(0)
                fail(producer, codes, trouble.read().decode(errors="replace")[-4000:])


class Bench:
    def __init__(self, options, tmp, broker):
        self.o, self.tmp, self.broker = options, tmp, broker

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def config(self, name):
        return f"log: {{kind: kafka, partitions: {self.o.partitions}, kafka: {{brokers: ['{self.broker.bootstrap}'], prefix: {name}}}}}"

    def workspace(self, name, rows, sources, config):
        dir = self.tmp / name
        run(self.o.satudata, "bench", "workspace", dir, "--sources", sources, "--rows", rows, "--config", config)
        run(self.o.satudata, "-C", dir, "ingest", "--json")
        shutil.rmtree(dir / "deliveries")
        return dir

    def fill(self, kind, name, rows):
        """Writes the reference work to topics of their own and returns the workspace."""
        begun = time.monotonic()
        dir = (self.chunks if kind == "chunks" else self.records)(name, rows)
        took = time.monotonic() - begun
        held = [t["sampai"] - t["dari"] for t in json.loads(run(self.o.satudata, "-C", dir, "log", "list", "--json")) if t["topik"] == TOPIC]
        if kind == "records" and sum(held) != rows:
            sys.exit(f"kafka.py: {name}: {sum(held)} pesan di topik, seharusnya {rows} (messages in the topic, and what there should be)")
        self.say(f"{name}: {rows:,} rekaman ditulis dalam {took:.0f} s; pesan per partisi (written; messages in each partition): {held}")
        return dir

    def chunks(self, name, rows):
        return self.workspace(name, rows, self.o.partitions, self.config(name))

    def records(self, name, rows):
        """Kafka puts the keys of four sources where it likes: of two, both may come to lie in one partition."""
        passing = "log: {chunkBytes: 1}"
        dir = self.workspace(name, rows, 2 * self.o.partitions, passing)
        for topic, partitions in (("_catalog", 1), (TOPIC, self.o.partitions)):
            self.broker.create(f"{name}.{topic}", partitions)
            self.broker.produce(f"{name}.{topic}", [self.o.satudata, "-C", dir, "bench", "messages", topic])
        shutil.rmtree(dir / "log")
        settings = dir / "satudata.yaml"
        settings.write_text(settings.read_text().replace(passing, self.config(name)))
        return dir

    def land(self, kind, dir, rows):
        """Lands what a workspace's topic holds."""
        before = self.broker.cpu()
        m = measured(self.o.satudata, "-C", dir, "land", "--once")
        m["broker_cpu_seconds"] = self.broker.cpu() - before
        counted = json.loads(run(self.o.satudata, "-C", dir, "query", "--format", "json", f"SELECT count(*) AS n FROM {TOPIC}"))[0]["n"]
        if counted != rows:
            sys.exit(f"kafka.py: {kind}: {counted} baris mendarat, seharusnya {rows} (rows landed, and what there should be)")
        m = {"kind": kind, "rows": rows, "rows_per_s": rows / m["seconds"], **m}
        self.tell(m)
        return m

    def tell(self, m):
        self.say(f"{m['kind']}: {m['rows_per_s']:,.0f} baris/s (rows/s), {m['seconds']:.1f} s; CPU {m['cpu_seconds'] / m['rows'] * 1e6:.2f} µs/baris, "
                 f"broker {m['broker_cpu_seconds'] / m['rows'] * 1e6:.2f} µs/baris; puncak memori (peak RSS) {m['peak_rss_bytes'] >> 20} MiB")

    def forget(self, dir):
        self.broker.drop(dir.name)
        shutil.rmtree(dir)


def medians(kinds, runs):
    """What counts, of each kind: rows a second, and processor time a row."""
    found = {}
    for kind in kinds:
        of = [m for m in runs if m["kind"] == kind]
        found[f"{kind}_rows_per_s"] = statistics.median(m["rows_per_s"] for m in of)
        found[f"{kind}_cpu_us_per_row"] = statistics.median(m["cpu_seconds"] / m["rows"] * 1e6 for m in of)
        found[f"{kind}_broker_cpu_us_per_row"] = statistics.median(m["broker_cpu_seconds"] / m["rows"] * 1e6 for m in of)
        found[f"{kind}_peak_rss_bytes"] = max(m["peak_rss_bytes"] for m in of)
    return found


def arguments(doc, rows):
    """The options that programs with a broker have in common."""
    a = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--satudata", default=str(HERE.parent.parent / "bin" / "satudata"))
    a.add_argument("--rows", type=int, default=rows)
    a.add_argument("--runs", type=int, default=3)
    a.add_argument("--partitions", type=int, default=2)
    a.add_argument("--out", help="file for the result; else it is printed")
    return a


def with_broker(options, do):
    """Calls do with a bench that has a broker, and returns what it returns. Nothing stays behind."""
    options.satudata = str(pathlib.Path(options.satudata).resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="satudata-bench-kafka-") as tmp, Broker(pathlib.Path(tmp) / "kafka") as broker:
        return do(Bench(options, pathlib.Path(tmp), broker))


def main():
    a = arguments(__doc__, 3_000_000)
    a.add_argument("--only", choices=KINDS, action="append", help="only these; default all")
    o = a.parse_args()
    kinds, begun = o.only or KINDS, time.time()
    runs = with_broker(o, lambda bench: measure(bench, kinds))
    found = medians(kinds, runs)
    for kind in kinds:
        print(f"{kind}: {found[f'{kind}_rows_per_s']:,.0f} rows_per_s (median, {o.runs}×), CPU {found[f'{kind}_cpu_us_per_row']:.2f} µs/baris (row), "
              f"broker {found[f'{kind}_broker_cpu_us_per_row']:.2f} µs", file=sys.stderr)
    result.write(o.out, {
        "benchmark": "kafka", "rows": o.rows, "partitions": o.partitions, **found, "runs": runs, "machine": result.machine(),
        "versions": {**result.versions(o.satudata), "kafka": Broker.version, "java": result.java()},
        "command": ["deploy/bench/kafka.py", "--rows", str(o.rows), "--runs", str(o.runs), "--partitions", str(o.partitions), *(f"--only={k}" for k in o.only or [])],
        "begun": result.stamp(begun), "seconds": time.time() - begun,
    })


def measure(b, kinds):
    """Runs each kind in turn, so that a machine that grows slower does so for all."""
    runs = []
    for i in range(b.o.runs):
        for kind in kinds:
            dir = b.fill(kind, f"{kind}{i}", b.o.rows)
            runs.append(b.land(kind, dir, b.o.rows))
            b.forget(dir)
    return runs


if __name__ == "__main__":
    main()
