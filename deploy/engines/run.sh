#!/usr/bin/env bash
# Independent programs judge what satudata writes; the script fails when one disagrees.
#   PyIceberg counts and sums every table of the bundled sample;
#   datacontract-cli lints every contract in the repository and what `contract export --to odcs` makes of it;
#   Frictionless, jsonschema and fastavro read the exported schemas and judge the sample's rows.
set -euo pipefail
cd "$(dirname "$0")/../.."

# venv NAME prints the folder of a Python environment with what requirements NAME asks for.
venv() {
	local list=deploy/engines/$1 dir
	dir=${XDG_CACHE_HOME:-$HOME/.cache}/satudata/engines-$(sha256sum "$list" | cut -c1-12)
	if [ ! -x "$dir/bin/python" ] || [ ! -e "$dir/complete" ]; then
		python3 -m venv --clear "$dir"
		"$dir/bin/pip" install --quiet --disable-pip-version-check -r "$list"
		touch "$dir/complete"
	fi
	echo "$dir"
}

iceberg=$(venv requirements.txt)
lint=$(venv requirements-lint.txt)
formats=$(venv requirements-formats.txt)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bin/satudata demo --keep "$dir/sample" >"$dir/demo.txt" || { cat "$dir/demo.txt"; exit 1; }
"$iceberg/bin/python" deploy/engines/compare.py bin/satudata "$dir/sample"

mapfile -t contracts < <(git grep -l '^kind: DataContract' -- '*.yaml')
[ ${#contracts[@]} -gt 0 ] || { echo "no contracts found"; exit 1; }
mkdir "$dir/odcs"
n=0
for contract in "${contracts[@]}"; do
	bin/satudata contract export --to odcs --out "$dir/odcs/$n.yaml" "$contract" >/dev/null
	for file in "$contract" "$dir/odcs/$n.yaml"; do
		"$lint/bin/datacontract" lint "$file" >"$dir/lint.txt" 2>&1 || { echo "$contract ($file):"; cat "$dir/lint.txt"; exit 1; }
	done
	n=$((n + 1))
done
echo "datacontract lint passes on $n contracts and on their ODCS exports"

"$formats/bin/python" deploy/engines/formats.py bin/satudata "$dir/sample" "${contracts[@]}"
