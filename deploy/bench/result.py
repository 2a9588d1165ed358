"""What the benchmark programs share: the machine, the versions, and the files that results are kept in."""
import datetime
import json
import os
import pathlib
import platform
import re
import socket
import subprocess
import sys


def machine():
    """Where this runs, with the keys of `satudata bench`."""
    m = {"os": f"{platform.system().lower()}/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }", "cores": os.cpu_count()}
    cpu = re.search(r"^model name\s*:\s*(.+)$", read("/proc/cpuinfo"), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+) kB$", read("/proc/meminfo"), re.M)
    if cpu:
        m["cpu"] = cpu[1]
    if memory:
        m["memory_bytes"] = int(memory[1]) << 10
    return m


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""  # another system


def versions(satudata):
    v = json.loads(subprocess.run([satudata, "version", "--json"], check=True, capture_output=True, text=True).stdout)
    return {"satudata": v["satudata"], "go": v["go"], **{m["path"]: m["version"] for m in v["modules"]}}


def java():
    said = subprocess.run(["java", "-version"], check=True, capture_output=True, text=True)
    return said.stderr.splitlines()[0]


def between(text, start, end):
    return text.split(start, 1)[1].split(end, 1)[0]


def stamp(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, value):
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if path:
        pathlib.Path(path).write_text(text)
    else:
        sys.stdout.write(text)
