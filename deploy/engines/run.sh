#!/usr/bin/env bash
# Lands the bundled sample and lets PyIceberg, an independent reader, count and sum every table. It
# fails when one figure differs from what `satudata query` answers.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=${XDG_CACHE_HOME:-$HOME/.cache}/satudata/engines-$(sha256sum deploy/engines/requirements.txt | cut -c1-12)
if [ ! -x "$venv/bin/python" ] || [ ! -e "$venv/complete" ]; then
	python3 -m venv --clear "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r deploy/engines/requirements.txt
	touch "$venv/complete"
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bin/satudata demo --keep "$dir/sample" >"$dir/demo.txt" || { cat "$dir/demo.txt"; exit 1; }
"$venv/bin/python" deploy/engines/compare.py bin/satudata "$dir/sample"
