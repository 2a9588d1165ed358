"""Reads every Iceberg table of a workspace with PyIceberg and compares rows, empty values and sums
with the answers of `satudata query`.   compare.py SATUDATA WORKSPACE"""

import json
import math
import pathlib
import subprocess
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.sql import SqlCatalog


def ask(satudata, workspace, sql):
    """The only row that satudata answers, as a dict; decimals exact."""
    out = subprocess.run([satudata, "-C", workspace, "query", "--format", "json", sql], check=True, capture_output=True)
    return json.loads(out.stdout, parse_float=Decimal)[0]


def figures(table):
    """What an independent reader sees: rows, and per column the empty values and, for numbers, the sum."""
    seen = {"rows": table.num_rows}
    for name, column in zip(table.column_names, table.columns):
        seen["empty " + name] = column.null_count
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
            seen["sum " + name] = pc.sum(column).as_py()
    return seen


def question(view, seen):
    """The same figures as one SQL query over a view. "+ 0": a bare sum over an index or a percentage is refused."""
    parts = []
    for figure in seen:
        kind, _, column = figure.partition(" ")
        expr = {"rows": "count(*)", "empty": f'count(*) - count("{column}")', "sum": f'sum("{column}" + 0)'}[kind]
        parts.append(f'{expr} AS "{figure}"')
    return f"SELECT {', '.join(parts)} FROM {view}"


def same(a, b):
    if a is None or b is None:
        return a is b
    return math.isclose(float(a), float(b), rel_tol=1e-9) if isinstance(a, float) else Decimal(a) == Decimal(b)


def main(satudata, workspace):
    lake = pathlib.Path(workspace).resolve() / "lake"
    catalog = SqlCatalog("satudata", uri=f"sqlite:///{lake}/catalog.db", warehouse=lake.as_uri())
    tables = [t for parent in catalog.list_namespaces() for ns in catalog.list_namespaces(parent) or [parent] for t in catalog.list_tables(ns)]
    tables = sorted(set(tables))
    if not tables:
        sys.exit("no tables: nothing was compared")
    differences = rows = 0
    for identifier in tables:
        *_, topic, name = identifier
        data = catalog.load_table(identifier).scan().to_arrow()
        if not name.endswith(("_riwayat", "_ditolak")):  # the view of a current state shows the contract's columns only
            data = data.select([c for c in data.column_names if not c.startswith("_")])
        seen = figures(data)
        told = ask(satudata, workspace, question(f'"{topic}"."{name}"', seen))
        wrong = [f"{f}: PyIceberg {seen[f]}, satudata {told[f]}" for f in seen if not same(seen[f], told[f])]
        differences += len(wrong)
        rows += seen["rows"]
        print(f"{'DIFFERS' if wrong else 'same':8}{'.'.join(identifier)}: {seen['rows']} rows, {len(seen)} figures")
        for w in wrong:
            print("        " + w)
    print(f"{len(tables)} tables, {rows} rows, {differences} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
