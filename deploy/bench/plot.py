#!/usr/bin/env python3
"""Draws the results of the benchmarks as SVG.

    plot.py RESULTS PLOTS

speed.svg       rows a second: road, landing and DuckDB's COPY, and from Kafka beside Kafka Connect
memory.svg      peak memory of the road with more and more records
freshness.svg   how long each delivery took to be visible
NAME.svg        of every other NAME.json that has a "plot": {"title", "x", "y", "lines": {name: [[x, y], …]}}
"""
import html
import json
import pathlib
import sys

INK, FAINT, GRID = "#1f2933", "#616e7c", "#e4e7eb"
OURS, OTHERS, LINES = "#0b7285", "#adb5bd", ["#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e", "#868e96"]
FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\""
WIDTH = 760


class Picture:
    def __init__(self, height, title, note):
        self.height, self.parts = height, []
        self.text(24, 34, title, size=17, weight=600)
        self.text(24, height - 14, note, size=11, fill=FAINT)

    def text(self, x, y, words, size=13, fill=INK, anchor="start", weight=400, turn=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" font-weight="{weight}"{turn}>{html.escape(words)}</text>')

    def bar(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" rx="3" fill="{fill}"/>')

    def line(self, x1, y1, x2, y2, stroke=GRID, dash=""):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"{dash}/>')

    def path(self, points, stroke):
        d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.parts.append(f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="1.8" stroke-linejoin="round"/>')

    def write(self, path):
        body = "\n".join(self.parts)
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}" {FONT} role="img">\n'
                        f'<rect width="{WIDTH}" height="{self.height}" rx="8" fill="#ffffff"/>\n{body}\n</svg>\n')


def where(result):
    """The machine and the day of a result."""
    m = result["machine"]
    return ", ".join(filter(None, [f"{m['cores']} cores", m.get("cpu"), f"{m['memory_bytes'] / 2**30:.0f} GiB" if m.get("memory_bytes") else None, result["begun"][:10]]))


def short(value):
    """A number as people say it: 1.23 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def bars(title, note, groups, show=short, mark=None):
    """Horizontal bars in groups: {group: [(label, value, ours)]}. Mark is (value, words) of a line to compare with."""
    left, right, step = 250, 90, 27
    height = 70 + sum(34 + step * len(rows) for rows in groups.values()) + 30
    picture = Picture(height, title, note)
    top = max([v for rows in groups.values() for _, v, _ in rows] + ([mark[0]] if mark else []))
    scale = (WIDTH - left - right) / top
    y = 62
    for group, rows in groups.items():
        picture.text(24, y + 14, group, size=13, weight=600, fill=FAINT)
        y += 26
        for label, value, ours in rows:
            picture.text(left - 10, y + 14, label, anchor="end")
            picture.bar(left, y, value * scale, 19, OURS if ours else OTHERS)
            picture.text(left + max(value * scale, 1) + 7, y + 14, show(value), size=12, fill=FAINT)
            y += step
        y += 8
    if mark:
        x = left + mark[0] * scale
        picture.line(x, 58, x, y, stroke="#c92a2a", dash=' stroke-dasharray="4 3"')
        picture.text(x, 54, mark[1], size=11, fill="#c92a2a", anchor="middle")
    return picture


def steps(top):
    """Round values from 0 to at least top."""
    step = 10 ** len(str(int(top))) / 10 if top >= 1 else 0.1
    while top / step > 6:
        step *= 2 if str(step)[0] != "2" else 2.5
    while top / step < 3:
        step /= 2
    return [i * step for i in range(int(top / step) + 2)]


def chart(title, note, x_name, y_name, lines, marks=()):
    """Lines over a common x: {name: [[x, y], …]}. Marks are (y, words)."""
    picture = Picture(360, title, note)
    left, right, top, bottom = 70, WIDTH - 30, 84, 290
    points = [p for line in lines.values() for p in line]
    ys, low, high = steps(max([y for _, y in points] + [m for m, _ in marks])), min(x for x, _ in points), max(x for x, _ in points)

    def at(x, y):
        return left + (x - low) / ((high - low) or 1) * (right - left), bottom - y / ys[-1] * (bottom - top)

    for y in ys:
        picture.line(left, at(low, y)[1], right, at(low, y)[1])
        picture.text(left - 8, at(low, y)[1] + 4, f"{y:.3g}", size=11, fill=FAINT, anchor="end")
    for x in steps(high):
        if low <= x <= high:
            picture.text(at(x, 0)[0], bottom + 18, short(x) if x else "0", size=11, fill=FAINT, anchor="middle")
    picture.text((left + right) / 2, bottom + 36, x_name, size=12, fill=FAINT, anchor="middle")
    picture.text(18, (top + bottom) / 2, y_name, size=12, fill=FAINT, anchor="middle", turn=f' transform="rotate(-90 18 {(top + bottom) / 2})"')
    for y, words in marks:
        picture.line(left, at(low, y)[1], right, at(low, y)[1], stroke="#c92a2a", dash=' stroke-dasharray="4 3"')
        picture.text(right, at(low, y)[1] - 5, words, size=11, fill="#c92a2a", anchor="end")
    name_at = left
    for (name, line), colour in zip(lines.items(), LINES * len(lines)):
        picture.path([at(x, y) for x, y in line], colour)
        if len(lines) > 1:
            picture.bar(name_at, 56, 12, 12, colour)
            picture.text(name_at + 17, 66, name, size=12)
            name_at += 32 + 7.2 * len(name)
    return picture


def speed(results):
    groups = {}
    for name, words in (("ndjson", "NDJSON"), ("csv", "CSV")):
        if r := results.get(name):
            groups[f"{r['rows'] / 1e6:.3g} million records, {words} of {r['file_bytes'] / r['rows']:.0f} bytes"] = [
                ("road: file → log → tables", r["road_rows_per_s"], True), ("landing alone, from the log", r["land_rows_per_s"], True),
                (f"DuckDB {r['versions']['duckdb'].lstrip('v')} COPY", r["duckdb_rows_per_s"], False)]
    first = next((results[n] for n in ("ndjson", "csv") if n in results), None)
    return first and bars("Rows per second to zstd Parquet", where(first), groups)


def from_kafka(results):
    groups = {}
    if r := results.get("kafka"):
        groups[f"{r['rows'] / 1e6:.3g} million records from Apache Kafka {r['versions']['kafka']}"] = [
            (label, r[f"{kind}_rows_per_s"], True) for kind, label in (("chunks", "chunked messages"), ("records", "one record a message")) if f"{kind}_rows_per_s" in r]
    if r := results.get("connect"):
        groups[f"one record a message, {r['rows'] / 1e6:.3g} million, the same topics"] = [
            ("satudata land, checked", r["records_rows_per_s"], True),
            (f"Kafka Connect, Iceberg sink {r['versions']['iceberg-kafka-connect']}", r["connect_rows_per_s"], False)]
    first = next((results[n] for n in ("kafka", "connect") if n in results), None)
    return first and bars("Rows per second from a broker on the same machine", where(first), groups)


def memory(results):
    rows = [(f"{r['rows'] / 1e6:.3g} million, {r['input'].upper()}", r["peak_rss_bytes"] / 2**20, True) for r in map(results.get, ("ndjson", "csv", "large")) if r]
    first = next((results[n] for n in ("large", "ndjson", "csv") if n in results), None)
    return first and bars("Peak memory of the road", where(first), {"resident, MiB": rows}, show=lambda v: f"{v:,.0f} MiB", mark=(1024, "1 GiB"))


def freshness(results):
    r = results.get("freshness")
    if r is None:
        return None
    title = f"From hand-over to visible: p50 {r['p50_s']:.2f} s, p99 {r['p99_s']:.2f} s at {r['rate_per_s']:,} records/s"
    return chart(title, where(r), "seconds since the first delivery", "seconds", {"delivery": sorted(r["series"])}, marks=[(2, "2 s")])


def many(results):
    r = results.get("many")
    if r is None:
        return None
    shares = [(f"ready after {r['ready_s']:.2f} s, of 5", r["ready_s"] / 5, True), (f"idle: {100 * r['idle_cpu']:.2f} % of a core, of 2 %", r["idle_cpu"] / 0.02, True),
              (f"idle: {r['idle_rss_bytes'] / 2**20:,.0f} MiB, of 1,536", r["idle_rss_bytes"] / (1536 << 20), True)]
    title = f"satudata up with {r['datasets']} datasets of {r['deliveries']} deliveries"
    return bars(title, where(r), {"share of what it may take": shares}, show=lambda v: f"{100 * v:.0f} %", mark=(1, "100 %"))


def draw(results, plots):
    """Draws what there are results for."""
    found = {p.stem: json.loads(p.read_text()) for p in sorted(results.glob("*.json"))}
    plots.mkdir(exist_ok=True)
    pictures = {"speed": speed(found), "kafka": from_kafka(found), "memory": memory(found), "freshness": freshness(found), "many": many(found)}
    for name, r in found.items():
        if p := r.get("plot"):
            pictures[name] = chart(p["title"], where(r), p["x"], p["y"], p["lines"])
    for name, picture in pictures.items():
        if picture:
            picture.write(plots / f"{name}.svg")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    draw(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
