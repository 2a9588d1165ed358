#!/usr/bin/env python3
"""Runs the benchmarks one after the other and keeps their results in results/*.json, then draws plots/*.svg.

    run.py [STEP…]      go ndjson csv large kafka connect freshness many plots; without any: go ndjson csv many plots

    go          the Go benchmarks of the packages
    ndjson csv  satudata bench: road, landing and DuckDB's COPY of 3 million records, alternately
    large       the same with 30 million records of NDJSON, once: what memory does
    kafka       landing from a real Kafka, chunks and one record per message (kafka.py)
    connect     Kafka Connect with the Iceberg sink beside satudata, from the same topics (connect.py)
    freshness   20,000 records a second for 5 minutes past a running `satudata up`
    many        an idle `satudata up` with 500 datasets of 10 deliveries each
    plots       SVGs of what there are results for (plot.py)

ROWS, LARGE_ROWS, CONNECT_ROWS, RUNS and FRESH_FOR are taken from the environment. Only the standard library of Python is needed.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import plot  # noqa: E402: beside this file
import result  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SATUDATA = ROOT / "bin" / "satudata"
RESULTS = HERE / "results"
ROWS = os.environ.get("ROWS", "3000000")
LARGE_ROWS = os.environ.get("LARGE_ROWS", "30000000")
CONNECT_ROWS = os.environ.get("CONNECT_ROWS", "1000000")
RUNS = os.environ.get("RUNS", "3")
FRESH_FOR = os.environ.get("FRESH_FOR", "5m")


def keep(name, *arguments):
    """Runs a benchmark of satudata, which prints its result as JSON, and keeps that; nothing else stays."""
    print(f"== {name}: satudata {' '.join(arguments)}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as tmp:
        done = subprocess.run([str(SATUDATA), *arguments, "--tmp", tmp, "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"run.py: {name}: kode keluar (exit code) {done.returncode}")
    (RESULTS / f"{name}.json").write_text(json.dumps(json.loads(done.stdout), ensure_ascii=False, indent=1) + "\n")


def go():
    """The Go benchmarks, with what each reported."""
    command = ["go", "test", "-run", "^$", "-bench", ".", "-benchtime", "3x", "./transform/...", "./ingest/..."]
    print(f"== go: {' '.join(command)}", file=sys.stderr, flush=True)
    begun, found, package, failed = time.time(), [], "", []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            if line.startswith("pkg: "):
                package = line.split()[1]
            elif line.startswith(("FAIL", "--- FAIL", "panic:")):
                failed.append(line.strip())
            elif m := re.match(r"Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$", line):
                words = m[2].split()
                found.append({"package": package, "name": m[1], **{unit: float(value) for value, unit in zip(words[::2], words[1::2])}})
    if child.returncode != 0 or failed:
        sys.exit(f"run.py: go test: kode keluar (exit code) {child.returncode} {'; '.join(failed)}")
    result.write(RESULTS / "go.json", {"benchmarks": found, "machine": result.machine(), "versions": result.versions(str(SATUDATA)),
                                       "command": command, "begun": result.stamp(begun), "seconds": time.time() - begun})


def beside(name, rows):
    """Runs a program of this folder that keeps its result itself."""
    command = [str(HERE / f"{name}.py"), "--satudata", str(SATUDATA), "--rows", rows, "--runs", RUNS, "--out", str(RESULTS / f"{name}.json")]
    print(f"== {name}: {' '.join(command)}", file=sys.stderr, flush=True)
    if code := subprocess.run([sys.executable, *command]).returncode:
        sys.exit(f"run.py: {name}: kode keluar (exit code) {code}")


STEPS = {
    "go": go,
    "ndjson": lambda: keep("ndjson", "bench", "--rows", ROWS, "--input", "ndjson", "--runs", RUNS),
    "csv": lambda: keep("csv", "bench", "--rows", ROWS, "--input", "csv", "--runs", RUNS),
    "large": lambda: keep("large", "bench", "--rows", LARGE_ROWS, "--input", "ndjson", "--runs", "1"),
    "kafka": lambda: beside("kafka", ROWS),
    "connect": lambda: beside("connect", CONNECT_ROWS),
    "freshness": lambda: keep("freshness", "bench", "freshness", "--rate", "20000", "--for", FRESH_FOR),
    "many": lambda: keep("many", "bench", "many"),
    "plots": lambda: plot.draw(RESULTS, HERE / "plots"),
}


def main():
    steps = sys.argv[1:] or ["go", "ndjson", "csv", "many", "plots"]
    if unknown := [s for s in steps if s not in STEPS]:
        sys.exit(f"run.py: langkah tidak dikenal (unknown steps): {' '.join(unknown)}\n{__doc__}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what passes is removed then too
    RESULTS.mkdir(exist_ok=True)
    for step in steps:
        STEPS[step]()


if __name__ == "__main__":
    main()
