"""Others read what `satudata contract export` writes, and judge rows as satudata does.
formats.py SATUDATA WORKSPACE CONTRACT…

Of every dataset: the exported Data Package is valid to Frictionless and so is the published table; one
row after the other is spoilt in every way that its column can be, and Frictionless finds wrong exactly
the rows that satudata rejects. The rows are valid to the exported JSON Schema (jsonschema) and go
through the exported Avro schema (fastavro) unchanged. The schemas of every other CONTRACT file are at
least valid."""

import copy
import csv
import io
import json
import pathlib
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal

import fastavro
import jsonschema
import yaml
from frictionless import Package, system


def ask(satudata, workspace, *args, codes=(0,)):
    out = subprocess.run([satudata, "-C", str(workspace), *args], capture_output=True, text=True)
    if out.returncode not in codes:
        sys.exit(f"satudata {' '.join(args)}: exit code {out.returncode}\n{out.stderr}")
    return out.stdout


def found_wrong(package, rows, folder):
    """The rows, counted as a spreadsheet does, that Frictionless finds wrong in a CSV of rows."""
    path = folder / package["resources"][0]["path"]
    with path.open("w", newline="") as f:
        csv.writer(f).writerows(rows)
    report = Package(package, basepath=str(folder)).validate(limit_errors=100_000)
    if report.errors:
        sys.exit(f"{path.name}: {report.errors}")
    wrong = set()
    for error in report.tasks[0].errors:
        if not hasattr(error, "row_number"):
            sys.exit(f"{path.name}: {error}")
        wrong.add(error.row_number)
    return path, wrong


def spoilt(field, value):
    """Values that a column must not have, by what its field promises."""
    promise = field.get("constraints", {})
    if promise.get("required"):
        yield ""
    if field["type"] in ("integer", "number", "date", "boolean"):
        yield "bukan nilai"
    if field["type"] == "date":
        yield "2024-02-31"
    if "minimum" in promise:
        yield str(promise["minimum"] - 1)
    if "maximum" in promise:
        yield str(promise["maximum"] + 1)
    if "enum" in promise or "pattern" in promise:
        yield "?" + value
    if "maxLength" in promise:
        yield "x" * (promise["maxLength"] + 1)


def spoil(schema, rows):
    """Copies of the table in which each row but some is spoilt in one way, until all ways are used."""
    header, body = rows[0], rows[1:]
    read = [i for i, n in enumerate(header) if not n.startswith(("bps_", "kemendagri_nama_"))]  # of a region only its code is delivered
    ways = [(i, bad) for i in read for bad in spoilt(schema["fields"][i], body[0][i])]
    key = [header.index(k) for k in schema.get("primaryKey", [])]
    while ways:
        batch, ways = ways[: len(body) - 1], ways[len(body) - 1 :]
        table = copy.deepcopy(body)
        for row, (column, bad) in zip(table[1:], batch):  # the first row stays good
            row[column] = bad
        yield [header, *table]
    if key:
        yield [header, *body, body[0]]


def rejected(satudata, workspace, dataset, contract, path):
    """The rows that satudata rejects of a delivery of a published CSV."""
    columns = []
    for p in contract["schema"][0]["properties"]:
        element = next((c["value"] for c in p.get("customProperties", []) if c["property"] == "elemen"), "")
        region = element.startswith("wilayah.") and element.removeprefix("wilayah.")
        columns.append({"to": p["name"], "from": f"kemendagri_kode_{region}" if region else p["name"]})
    binding = {"apiVersion": "satudata/v1", "kind": "Binding", "id": "uji." + dataset.replace(".", "_"), "version": "1.0.0", "title": "Baris yang dirusak",
               "dataset": dataset, "contract": contract["version"], "codeSystem": "kemendagri@2025", "format": {"type": "csv"}, "columns": columns}
    (workspace / "bindings" / (binding["id"] + ".yaml")).write_text(yaml.safe_dump(binding, sort_keys=False))
    ask(satudata, workspace, "ingest", "--binding", binding["id"], str(path))
    ask(satudata, workspace, "land", "--once")
    told = json.loads(ask(satudata, workspace, "rejects", path.name, "--json"))
    return {r["baris"] for r in told["baris"]}, told


def as_avro(value, kind):
    """A value of `query --format json` as fastavro takes it."""
    kind = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
    logical = kind.get("logicalType") if isinstance(kind, dict) else None
    if value is None:
        return None
    if logical == "decimal":
        return Decimal(str(value))
    if logical == "date":
        return date.fromisoformat(value)
    if logical == "timestamp-micros":
        return datetime.fromisoformat(value)
    return float(value) if kind == "double" else value


def through_avro(schema, rows):
    parsed = fastavro.parse_schema(schema)
    records = [{f["name"]: as_avro(row[f["name"]], f["type"]) for f in schema["fields"]} for row in rows]
    file = io.BytesIO()
    fastavro.writer(file, parsed, records)
    file.seek(0)
    return list(fastavro.reader(file)) == records


def exports(satudata, workspace, contract):
    """The schemas of a contract, valid to those who read them; numbers of Avro's stay as written."""
    made = {to: json.loads(ask(satudata, workspace, "contract", "export", "--to", to, contract), parse_float=Decimal if to == "avro" else None)
            for to in ("frictionless", "jsonschema", "avro")}
    jsonschema.Draft202012Validator.check_schema(made["jsonschema"])
    fastavro.parse_schema(made["avro"])
    Package.from_descriptor(made["frictionless"])  # raises when it is not valid
    return made


def main(satudata, workspace, *contracts):
    workspace, failures, judged = pathlib.Path(workspace), [], 0
    system.trusted = True  # the package and its table are in a folder of ours
    for dataset in [d["dataset"] for d in json.loads(ask(satudata, workspace, "datasets", "--json"))]:
        view = '"' + dataset.replace(".", '"."') + '"'
        exported = exports(satudata, workspace, dataset)
        contract = yaml.safe_load(ask(satudata, workspace, "contract", "export", "--to", "odcs", dataset))
        rows = json.loads(ask(satudata, workspace, "query", "--format", "json", f"SELECT * FROM {view}"))
        check = jsonschema.Draft202012Validator(exported["jsonschema"], format_checker=jsonschema.FormatChecker())
        wrong_json = [e.message for row in rows for e in check.iter_errors(row)]
        if wrong_json:
            failures.append(f"{dataset}: JSON Schema refuses published rows: {wrong_json[:3]}")
        if not through_avro(exported["avro"], rows):
            failures.append(f"{dataset}: rows changed on the way through Avro")

        table = list(csv.reader(io.StringIO(ask(satudata, workspace, "query", "--format", "csv", f"SELECT * FROM {view}"))))
        package = exported["frictionless"]
        folder = workspace / "formats" / dataset
        folder.mkdir(parents=True)
        _, wrong = found_wrong(package, table, folder)
        if wrong:
            failures.append(f"{dataset}: Frictionless finds published rows wrong: {sorted(wrong)}")
        spoiled = 0
        for n, rows in enumerate(spoil(package["resources"][0]["schema"], table)):
            path, theirs = found_wrong(package, rows, folder)
            path = path.rename(folder / f"{dataset}-{n}.csv")
            ours, told = rejected(satudata, workspace, dataset, contract, path)
            for row in sorted(theirs ^ ours):
                who = "Frictionless" if row in theirs else "satudata"
                failures.append(f"{path.name} row {row}: only {who} rejects {rows[row - 1]} {[r for r in told['baris'] if r['baris'] == row]}")
            if not theirs:
                failures.append(f"{path.name}: nothing was found wrong")
            spoiled, judged = spoiled + len(theirs), judged + len(rows) - 1
        print(f"{dataset}: {len(table) - 1} published rows valid to all, {spoiled} spoilt rows found by both")
    for contract in contracts:
        exports(satudata, workspace, contract)
    print(f"schemas of {len(contracts)} contract files valid")
    print(f"{judged} rows judged by both, {len(failures)} differences")
    for f in failures:
        print("        " + f)
    sys.exit(1 if failures or not judged else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
