#!/usr/bin/env python3
"""Measures landing from a real Apache Kafka, and Kafka Connect with the Apache Iceberg sink on the same topic.

    kafka.py --satudata bin/satudata --rows 3000000 --runs 3 --out results/kafka.json

Brings up one broker (../kafka/kafka.sh), writes the reference work through satudata's own Kafka log, as chunks
and as one JSON record per message, and times in turn, --runs times each:

    chunks    satudata land --once, from chunked messages
    records   satudata land --once, from one record per message
    connect   Kafka Connect with the Iceberg sink, from the messages of "records", into a table of the same types

satudata's time is that of the whole process; the rows are counted with a query. Connect is given what it can
use: its worker is up and has been warmed up with another topic before the clock starts, which is when its tasks
run; it ends with the commit after which the table's metadata counts all rows. It neither trims, nor checks, nor looks codes up.

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
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
import result  # noqa: E402: beside this file

HERE = pathlib.Path(__file__).resolve().parent
KAFKA = HERE.parent / "kafka" / "kafka.sh"
TOPIC = "perizinan.izin"
WARM_UP_ROWS = 300_000


def run(*command, **options):
    """Runs a command to its end and returns what it printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"kafka.py: {' '.join(map(str, command))}: kode keluar (exit code) {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


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
            sys.exit(f"kafka.py: {' '.join(map(str, command))}: kode keluar (exit code) {child.returncode}\n{trouble.read().decode(errors='replace')[-4000:]}")
    return {"seconds": took, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_rss_bytes": usage.ru_maxrss << 10}


class Bench:
    def __init__(self, options, tmp, bootstrap):
        self.o, self.tmp, self.bootstrap = options, tmp, bootstrap

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def fill(self, name, rows, chunk_bytes):
        """Writes the reference work to topics of their own and returns the workspace."""
        dir = self.tmp / name
        log = f"log: {{kind: kafka, partitions: {self.o.partitions}, chunkBytes: {chunk_bytes}, kafka: {{brokers: ['{self.bootstrap}'], prefix: {name}}}}}"
        run(self.o.satudata, "bench", "workspace", dir, "--sources", self.o.partitions, "--rows", rows, "--config", log)
        m = measured(self.o.satudata, "-C", dir, "ingest", "--json")
        self.say(f"{name}: {rows} rekaman ditulis (written), {rows / m['seconds']:,.0f}/s")
        shutil.rmtree(dir / "deliveries")
        return dir, {"kind": "write " + name.rstrip("0123456789"), "rows": rows, "rows_per_s": rows / m["seconds"], **m}

    def land(self, kind, dir):
        """Lands what a workspace's topic holds."""
        m = measured(self.o.satudata, "-C", dir, "land", "--once")
        counted = json.loads(run(self.o.satudata, "-C", dir, "query", "--format", "json", f"SELECT count(*) AS n FROM {TOPIC}"))[0]["n"]
        if counted != self.o.rows:
            sys.exit(f"kafka.py: {kind}: {counted} baris mendarat, seharusnya {self.o.rows} (rows landed, and what there should be)")
        m = {"kind": kind, "rows": counted, "rows_per_s": counted / m["seconds"], **m}
        self.say(f"{kind}: {m['rows_per_s']:,.0f} baris/s (rows/s), {m['seconds']:.1f} s, CPU {m['cpu_seconds']:.1f} s")
        return m


class Connect:
    """A Kafka Connect worker with the Iceberg sink."""

    def __init__(self, bench, jars):
        self.b = bench
        self.dir = bench.tmp / "connect"
        self.dir.mkdir()
        self.warehouse = self.dir / "warehouse"
        port = result.free_port()
        self.url = f"http://127.0.0.1:{port}"
        worker = {
            "bootstrap.servers": bench.bootstrap, "listeners": self.url, "offset.storage.file.filename": self.dir / "offsets",
            "key.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false",
            "header.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",  # headers are not read: no cost for them
            "connector.client.config.override.policy": "All", "offset.flush.interval.ms": 10_000,
        }
        properties = self.dir / "worker.properties"
        properties.write_text("".join(f"{k}={v}\n" for k, v in worker.items()))
        java = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"
        self.command = [java, f"-Xms{bench.o.heap}", f"-Xmx{bench.o.heap}", "-XX:+UseG1GC", "-Djava.awt.headless=true",
                        f"-Dlog4j2.configurationFile={HERE}/connect/log4j2.properties", f"-Dsatudata.connect.log={self.dir}/connect.log",
                        "-cp", f"{jars}/*", "org.apache.kafka.connect.cli.ConnectStandalone", str(properties)]
        self.out = open(self.dir / "stdout.log", "wb")
        self.process = subprocess.Popen(self.command, stdout=self.out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.ask("GET", "/connectors", patience=180)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.out.close()

    def ask(self, method, path, body=None, patience=0):
        """Calls the worker's REST interface."""
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        deadline = time.monotonic() + patience
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except (urllib.error.URLError, ConnectionError) as trouble:
                self.alive()
                if time.monotonic() > deadline:
                    detail = trouble.read().decode(errors="replace") if isinstance(trouble, urllib.error.HTTPError) else trouble
                    sys.exit(f"kafka.py: Kafka Connect {method} {path}: {detail}")
                time.sleep(0.2)

    def alive(self):
        if self.process.poll() is not None:
            sys.exit(f"kafka.py: Kafka Connect berhenti sendiri (ended by itself)\n{(self.dir / 'stdout.log').read_text()[-3000:]}{self.log()}")

    def log(self):
        path = self.dir / "connect.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def cpu(self):
        """Seconds of CPU that the worker has used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10

    def sink(self, name, prefix, rows):
        """Moves a topic into a table of its own, and returns what it took."""
        table = self.warehouse / "bench" / name
        create_table(table)
        settings = {
            "connector.class": "org.apache.iceberg.connect.IcebergSinkConnector", "tasks.max": str(self.b.o.tasks),
            "topics": f"{prefix}.{TOPIC}", "iceberg.tables": f"bench.{name}",
            "iceberg.catalog.type": "hadoop", "iceberg.catalog.warehouse": f"file://{self.warehouse}",
            "iceberg.control.topic": f"control-{name}", "iceberg.control.commit.interval-ms": str(self.b.o.commit_ms),
            "consumer.override.auto.offset.reset": "earliest", "consumer.override.max.poll.records": "20000",
            "consumer.override.fetch.min.bytes": "1048576", "consumer.override.fetch.max.wait.ms": "100",
            "consumer.override.max.partition.fetch.bytes": "16777216", "consumer.override.fetch.max.bytes": "67108864",
            "consumer.override.receive.buffer.bytes": "1048576",
        }
        before = self.cpu()
        self.ask("POST", "/connectors", {"name": name, "config": settings}, patience=30)
        self.until(lambda: self.running(name), 120, f"{name} tidak berjalan (does not run)")
        begun = time.monotonic()
        self.until(lambda: records(table) >= rows, 1800, f"{name}: tidak semua baris tiba (not all rows arrived)")
        took = time.monotonic() - begun
        if records(table) != rows:
            sys.exit(f"kafka.py: {name}: {records(table)} baris, seharusnya {rows} (rows, and what there should be)")
        m = {"kind": "connect", "rows": rows, "rows_per_s": rows / took, "seconds": took, "cpu_seconds": self.cpu() - before,
             "peak_rss_bytes": self.peak(), "table_bytes": sum(f.stat().st_size for f in table.rglob("*.parquet"))}
        self.ask("DELETE", f"/connectors/{name}")
        return m, settings

    def running(self, name):
        status = self.ask("GET", f"/connectors/{name}/status", patience=30)
        for task in status["tasks"]:
            if task["state"] == "FAILED":
                sys.exit(f"kafka.py: tugas (task) {task['id']} gagal (failed)\n{task.get('trace', '')[:3000]}")
        return len(status["tasks"]) == self.b.o.tasks and all(t["state"] == "RUNNING" for t in status["tasks"])

    def until(self, condition, patience, otherwise):
        deadline = time.monotonic() + patience
        while not condition():
            self.alive()
            if time.monotonic() > deadline:
                sys.exit(f"kafka.py: {otherwise}\n{self.log()}")
            time.sleep(0.05)


# The columns of the reference work, with the types of its contract.
COLUMNS = [("nomor", "string"), ("nib", "string"), ("nama", "string"), ("kode_wilayah", "string"), ("kode_layanan", "string"),
           ("tanggal", "date"), ("waktu", "timestamptz"), ("hari", "int"), ("retribusi", "decimal(18, 2)"), ("status", "string")]


def create_table(location):
    """Makes an empty table as a Hadoop catalog keeps it. Parquet is zstd, as Iceberg's default is too."""
    metadata = location / "metadata"
    metadata.mkdir(parents=True)
    table = {
        "format-version": 2, "table-uuid": "00000000-0000-4000-8000-%012x" % (time.time_ns() & (1 << 48) - 1), "location": f"file://{location}",
        "last-sequence-number": 0, "last-updated-ms": int(time.time() * 1000), "last-column-id": len(COLUMNS), "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": [
            {"id": i + 1, "name": name, "required": False, "type": kind} for i, (name, kind) in enumerate(COLUMNS)]}],
        "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
        "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
        "properties": {"write.parquet.compression-codec": "zstd"}, "current-snapshot-id": -1, "refs": {}, "snapshots": [],
        "statistics": [], "partition-statistics": [], "snapshot-log": [], "metadata-log": [],
    }
    (metadata / "v1.metadata.json").write_text(json.dumps(table))
    (metadata / "version-hint.text").write_text("1")


def records(location):
    """The rows of a table, by the summary of its current snapshot."""
    versions = [int(p.name[1:].split(".")[0]) for p in (location / "metadata").glob("v*.metadata.json")]
    try:
        table = json.loads((location / "metadata" / f"v{max(versions)}.metadata.json").read_text())
    except (ValueError, FileNotFoundError):
        return 0  # caught between two versions
    for snapshot in table.get("snapshots", []):
        if snapshot["snapshot-id"] == table.get("current-snapshot-id"):
            return int(snapshot["summary"].get("total-records", 0))
    return 0


def fetch_connect():
    """The folder of Kafka Connect's and the sink's jars, fetched once."""
    pom = HERE / "connect" / "pom.xml"
    version = result.between(pom.read_text(), "<iceberg.version>", "</iceberg.version>")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "satudata" / f"connect-iceberg-{version}"
    if not cache.is_dir():
        if not shutil.which("mvn"):
            sys.exit("kafka.py: mvn tidak ada; pasang Maven (install Maven, Debian: apt-get install maven)")
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = pathlib.Path(tempfile.mkdtemp(prefix=cache.name + ".", dir=cache.parent))
        run("mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={fresh}", "-DincludeScope=runtime")
        try:
            fresh.rename(cache)
        except OSError:  # another was faster
            shutil.rmtree(fresh)
    return cache, version


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--satudata", default=str(HERE.parent.parent / "bin" / "satudata"))
    arguments.add_argument("--rows", type=int, default=3_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--partitions", type=int, default=2)
    arguments.add_argument("--tasks", type=int, default=2, help="tasks.max of Kafka Connect")
    arguments.add_argument("--commit-ms", type=int, default=5000, help="commit interval of the sink")
    arguments.add_argument("--heap", default="2g", help="heap of Kafka Connect")
    arguments.add_argument("--only", choices=["chunks", "records", "connect"], action="append", help="only these; default all")
    arguments.add_argument("--out", help="file for the result; else it is printed")
    o = arguments.parse_args()
    o.satudata = str(pathlib.Path(o.satudata).resolve())
    kinds = o.only or ["chunks", "records", "connect"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.time()
    jars, iceberg = fetch_connect() if "connect" in kinds else (None, None)
    with tempfile.TemporaryDirectory(prefix="satudata-bench-kafka-") as tmp:
        tmp = pathlib.Path(tmp)
        brokers = tmp / "kafka"
        bootstrap = run(KAFKA, "up", 1, brokers, env={**os.environ, "KAFKA_WATCH": str(os.getpid())}).strip().splitlines()[-1]
        try:
            runs, settings = measure(Bench(o, tmp, bootstrap), kinds, jars)
        finally:
            subprocess.run([KAFKA, "down", brokers], check=False)
    if settings:
        settings["iceberg.catalog.warehouse"] = "file://…/warehouse"
    medians = {f"{kind}_rows_per_s": statistics.median(m["rows_per_s"] for m in runs if m["kind"] == kind) for kind in kinds}
    result.write(o.out, {
        "benchmark": "kafka", **medians, "rows": o.rows, "partitions": o.partitions, "connect": settings and {"heap": o.heap, **settings},
        "runs": runs, "machine": result.machine(),
        "versions": {**result.versions(o.satudata), "kafka": result.between((HERE.parent / "kafka" / "pom.xml").read_text(), "<kafka.version>", "</kafka.version>"),
                     "iceberg-kafka-connect": iceberg, "java": result.java()},
        "command": ["deploy/bench/kafka.py", "--rows", str(o.rows), "--runs", str(o.runs), "--partitions", str(o.partitions), "--tasks", str(o.tasks), "--commit-ms", str(o.commit_ms), "--heap", o.heap], "begun": result.stamp(begun), "seconds": time.time() - begun,
    })


def measure(b, kinds, jars):
    """Runs each kind in turn, so that a machine that grows slower does so for all."""
    runs, settings, connect = [], None, None
    try:
        if jars:
            connect = Connect(b, jars)
            warm, _ = b.fill("panas", WARM_UP_ROWS, 1)
            m, _ = connect.sink("panas", "panas", WARM_UP_ROWS)
            b.say(f"connect: pemanasan (warm-up) {m['rows_per_s']:,.0f} baris/s")
        for i in range(b.o.runs):
            if "chunks" in kinds:
                dir, written = b.fill(f"chunks{i}", b.o.rows, 512 << 10)
                runs += [written, b.land("chunks", dir)]
                shutil.rmtree(dir)
            if "records" in kinds or "connect" in kinds:
                dir, written = b.fill(f"records{i}", b.o.rows, 1)
                runs.append(written)
                if "records" in kinds:
                    runs.append(b.land("records", dir))
                if connect:
                    m, settings = connect.sink(f"izin{i}", f"records{i}", b.o.rows)
                    b.say(f"connect: {m['rows_per_s']:,.0f} baris/s (rows/s), {m['seconds']:.1f} s, CPU {m['cpu_seconds']:.1f} s")
                    runs.append(m)
                    shutil.rmtree(connect.warehouse / "bench" / f"izin{i}", ignore_errors=True)
                shutil.rmtree(dir)
    finally:
        if connect:
            connect.close()
    return runs, settings


if __name__ == "__main__":
    main()
