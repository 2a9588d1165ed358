#!/usr/bin/env python3
"""Measures Kafka Connect with the Apache Iceberg sink, and satudata land, on the same topics of a real Apache Kafka.

    connect.py --satudata bin/satudata --rows 1000000 --runs 3 --out results/connect.json

The topics hold one record per message, as kafka.py writes them. In turn, --runs times each:

    records   satudata land --once
    connect   Kafka Connect with the Iceberg sink, into a table of the same types, zstd Parquet too

Connect is given what it can use. Its worker is up and has been warmed up with another topic before the clock starts,
which is when its tasks run; it is alone on the machine with the broker. It has no transforms, which is the faster of
the ways in which its speed is published, and it neither trims, nor checks, nor looks codes up. Its fetches are large,
and it does not parse headers. Its speed is that between its first commit and the last full one, so that neither its
joining of the group nor the wait for a last commit counts; the speed over all is given beside it. It ends when all rows
are committed, or after --at-most seconds: what counts is rows a second.

Needs what kafka.py needs.
"""
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
import kafka  # noqa: E402: beside this file
import result  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
KINDS = ["records", "connect"]
WARM_UP_ROWS = 200_000


class Connect:
    """A Kafka Connect worker with the Iceberg sink."""

    def __init__(self, bench, jars):
        self.b = bench
        self.dir = bench.tmp / "connect"
        self.dir.mkdir()
        self.warehouse = self.dir / "warehouse"
        self.url = f"http://127.0.0.1:{result.free_port()}"
        self.settings = {
            "bootstrap.servers": bench.broker.bootstrap, "listeners": self.url, "offset.storage.file.filename": f"{self.dir}/offsets",
            "key.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false",
            "header.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",  # headers are not read: no cost for them
            "connector.client.config.override.policy": "All", "offset.flush.interval.ms": "10000",
        }
        properties = self.dir / "worker.properties"
        properties.write_text("".join(f"{k}={v}\n" for k, v in self.settings.items()))
        self.jvm = [f"-Xms{bench.o.heap}", f"-Xmx{bench.o.heap}", "-XX:+UseG1GC", "-Djava.awt.headless=true"]
        self.out = open(self.dir / "stdout.log", "wb")
        self.process = subprocess.Popen(
            [kafka.java(), *self.jvm, f"-Dlog4j2.configurationFile={HERE}/connect/log4j2.properties", f"-Dsatudata.connect.log={self.dir}/connect.log",
             "-cp", f"{jars}/*", "org.apache.kafka.connect.cli.ConnectStandalone", str(properties)],
            stdout=self.out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def __enter__(self):
        try:
            self.ask("GET", "/connectors", patience=180)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
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
                    sys.exit(f"connect.py: Kafka Connect {method} {path}: {detail}")
                time.sleep(0.2)

    def alive(self):
        if self.process.poll() is not None:
            sys.exit(f"connect.py: Kafka Connect berhenti sendiri (ended by itself)\n{(self.dir / 'stdout.log').read_text()[-3000:]}{self.log()}")

    def log(self):
        path = self.dir / "connect.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def cpu(self):
        return kafka.cpu_of(self.process.pid)

    def peak(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10

    def connector(self, name, prefix):
        return {
            "connector.class": "org.apache.iceberg.connect.IcebergSinkConnector", "tasks.max": str(self.b.o.tasks),
            "topics": f"{prefix}.{kafka.TOPIC}", "iceberg.tables": f"bench.{name}",
            "iceberg.catalog.type": "hadoop", "iceberg.catalog.warehouse": f"file://{self.warehouse}",
            "iceberg.control.topic": f"control-{name}", "iceberg.control.commit.interval-ms": str(self.b.o.commit_ms),
            "consumer.override.auto.offset.reset": "earliest", "consumer.override.max.poll.records": "20000",
            "consumer.override.fetch.min.bytes": "1048576", "consumer.override.fetch.max.wait.ms": "100",
            "consumer.override.max.partition.fetch.bytes": "16777216", "consumer.override.fetch.max.bytes": "67108864",
            "consumer.override.receive.buffer.bytes": "1048576",
        }

    def sink(self, name, prefix, rows):
        """Moves a topic into a table of its own, and returns what it took."""
        table = self.warehouse / "bench" / name
        create_table(table)
        cpu, broker = self.cpu(), self.b.broker.cpu()
        self.ask("POST", "/connectors", {"name": name, "config": self.connector(name, prefix)}, patience=30)
        self.until(lambda: self.running(name), 120, f"{name} tidak berjalan (does not run)")
        begun = time.time()
        self.until(lambda: time.time() > begun + self.b.o.at_most or (commits(table) or [(0, 0)])[-1][1] >= rows, self.b.o.at_most + 60, name)
        m = {"kind": "connect", "cpu_seconds": self.cpu() - cpu, "broker_cpu_seconds": self.b.broker.cpu() - broker, "peak_rss_bytes": self.peak()}
        self.ask("DELETE", f"/connectors/{name}", patience=30)
        found = commits(table)
        if not found or found[-1][1] > rows:
            sys.exit(f"connect.py: {name}: komit dan baris (commits and rows) {found}, seharusnya (what there should be) {rows}\n{self.log()}")
        took = found[-1][0] - begun
        m = {**m, "rows": found[-1][1], "rows_per_s": steady(found) or found[-1][1] / took, "rows_per_s_over_all": found[-1][1] / took,
             "seconds": took, "commits": [[round(at - begun, 3), n] for at, n in found], "table_bytes": sum(f.stat().st_size for f in table.rglob("*.parquet"))}
        self.idle()
        shutil.rmtree(table)
        return m

    def running(self, name):
        status = self.ask("GET", f"/connectors/{name}/status", patience=30)
        for task in status["tasks"]:
            if task["state"] == "FAILED":
                sys.exit(f"connect.py: tugas (task) {task['id']} gagal (failed)\n{task.get('trace', '')[:3000]}")
        return len(status["tasks"]) == self.b.o.tasks and all(t["state"] == "RUNNING" for t in status["tasks"])

    def until(self, condition, patience, otherwise):
        deadline = time.monotonic() + patience
        while not condition():
            self.alive()
            if time.monotonic() > deadline:
                sys.exit(f"connect.py: {otherwise}\n{self.log()}")
            time.sleep(0.1)

    def idle(self):
        """Waits until its tasks have ended: it would take processor time from who is measured next."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            before = self.cpu()
            time.sleep(1)
            if self.cpu() - before < 0.1:
                return
        sys.exit("connect.py: tugas Kafka Connect tidak berakhir (its tasks do not end)")


# The columns of the reference work, with the types of its contract.
COLUMNS = [("nomor", "string"), ("nib", "string"), ("nama", "string"), ("kode_wilayah", "string"), ("kode_layanan", "string"),
           ("tanggal", "date"), ("waktu", "timestamptz"), ("hari", "int"), ("retribusi", "decimal(18, 2)"), ("status", "string")]
TABLE = {"write.parquet.compression-codec": "zstd"}


def create_table(location):
    """Makes an empty table as a Hadoop catalog keeps it."""
    metadata = location / "metadata"
    metadata.mkdir(parents=True)
    table = {
        "format-version": 2, "table-uuid": "00000000-0000-4000-8000-%012x" % (time.time_ns() & (1 << 48) - 1), "location": f"file://{location}",
        "last-sequence-number": 0, "last-updated-ms": int(time.time() * 1000), "last-column-id": len(COLUMNS), "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": [
            {"id": i + 1, "name": name, "required": False, "type": kind} for i, (name, kind) in enumerate(COLUMNS)]}],
        "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
        "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
        "properties": TABLE, "current-snapshot-id": -1, "refs": {}, "snapshots": [],
        "statistics": [], "partition-statistics": [], "snapshot-log": [], "metadata-log": [],
    }
    (metadata / "v1.metadata.json").write_text(json.dumps(table))
    (metadata / "version-hint.text").write_text("1")


def commits(location):
    """When a table was committed, in seconds, and how many rows it had then."""
    versions = [int(p.name[1:].split(".")[0]) for p in (location / "metadata").glob("v*.metadata.json")]
    try:
        table = json.loads((location / "metadata" / f"v{max(versions)}.metadata.json").read_text())
    except (ValueError, FileNotFoundError):
        return []  # caught between two versions
    return sorted((s["timestamp-ms"] / 1000, int(s["summary"].get("total-records", 0))) for s in table.get("snapshots", []))


def steady(found):
    """Rows a second between the first commit and the last but one, which was not waiting for its interval to pass."""
    if len(found) < 3 or found[-2][0] <= found[0][0]:
        return None
    return (found[-2][1] - found[0][1]) / (found[-2][0] - found[0][0])


def main():
    a = kafka.arguments(__doc__, 1_000_000)
    a.add_argument("--tasks", type=int, default=2, help="tasks.max")
    a.add_argument("--commit-ms", type=int, default=5000, help="commit interval of the sink")
    a.add_argument("--heap", default="2g", help="of the worker")
    a.add_argument("--at-most", type=int, default=180, help="seconds for each run of Kafka Connect")
    o = a.parse_args()
    begun = time.time()
    iceberg = result.between((HERE / "connect" / "pom.xml").read_text(), "<iceberg.version>", "</iceberg.version>")
    jars = kafka.fetched(f"connect-iceberg-{iceberg}", HERE / "connect" / "pom.xml")
    runs, settings = kafka.with_broker(o, lambda bench: measure(bench, jars))
    result.write(o.out, {
        "benchmark": "connect", "rows": o.rows, "partitions": o.partitions, **kafka.medians(KINDS, runs),
        "connect_rows_per_s_over_all": statistics.median(m["rows_per_s_over_all"] for m in runs if m["kind"] == "connect"),
        "connect": settings, "runs": runs, "machine": result.machine(),
        "versions": {**result.versions(o.satudata), "kafka": kafka.Broker.version, "iceberg-kafka-connect": iceberg, "java": result.java()},
        "command": ["deploy/bench/connect.py", "--rows", str(o.rows), "--runs", str(o.runs), "--partitions", str(o.partitions), "--tasks", str(o.tasks),
                    "--commit-ms", str(o.commit_ms), "--heap", o.heap, "--at-most", str(o.at_most)],
        "begun": result.stamp(begun), "seconds": time.time() - begun,
    })


def measure(b, jars):
    """Runs each kind in turn, so that a machine that grows slower does so for all."""
    runs = []
    with Connect(b, jars) as connect:
        warm = b.fill("records", "panas", WARM_UP_ROWS)
        b.say(f"connect: pemanasan (warm-up) {connect.sink('panas', 'panas', WARM_UP_ROWS)['rows_per_s_over_all']:,.0f} baris/s")
        b.forget(warm)
        for i in range(b.o.runs):
            dir = b.fill("records", f"records{i}", b.o.rows)
            runs.append(b.land("records", dir, b.o.rows))
            runs.append(connect.sink(f"izin{i}", f"records{i}", b.o.rows))
            b.tell(runs[-1])
            b.forget(dir)
        settings = {"worker": connect.settings, "connector": connect.connector("izin0", "records0"), "table": TABLE, "jvm": connect.jvm}
    text = json.dumps(settings).replace(str(b.tmp), "…")  # of no use to others
    return runs, json.loads(text)


if __name__ == "__main__":
    main()
