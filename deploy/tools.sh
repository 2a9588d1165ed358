#!/usr/bin/env bash
# Installs what a target needs and the machine lacks, with apt when root on Debian or Ubuntu, or says
# exactly what to install.   tools.sh build | test
set -euo pipefail

need=()
command -v go >/dev/null || need+=(golang-go)
command -v cc >/dev/null || need+=(gcc g++) # DuckDB and the race detector are linked with cgo
command -v c++ >/dev/null || need+=(g++)
if [ "${1:-build}" = test ]; then
	command -v java >/dev/null || need+=(default-jre-headless) # the real Kafka broker
	command -v mvn >/dev/null || need+=(maven)                 # its jars
	command -v pg_ctl >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null || need+=(postgresql) # the table catalog
	command -v strace >/dev/null || need+=(strace) # what was synced when the power goes
	python3 -c 'import venv, ensurepip' 2>/dev/null || need+=(python3-venv)
fi

if [ ${#need[@]} -gt 0 ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		if [[ " ${need[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
			# The tests make clusters of their own; Debian's package shall not start one.
			mkdir -p /etc/postgresql-common
			echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
		fi
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
	elif [ "${1:-build}" = test ] && command -v go >/dev/null && command -v c++ >/dev/null; then
		echo "make: tidak ada ${need[*]}: uji yang memerlukannya dilewati; pasang dengan: sudo apt-get install ${need[*]}" >&2
		echo "make: missing ${need[*]}: the suites that need them are skipped; install with: sudo apt-get install ${need[*]}" >&2
	else
		echo "make: pasang dulu (install first): sudo apt-get install ${need[*]}" >&2
		exit 1
	fi
fi

# The go command fetches the toolchain that go.mod asks for, if it is at least 1.21.
want=$(awk '$1 == "go" {print $2; exit}' go.mod)
have=$(go env GOVERSION | sed 's/^go//')
oldest=$(printf '%s\n1.21\n' "$have" | sort -V | head -1)
if [ "$oldest" != 1.21 ]; then
	echo "make: Go $have terlalu lama, perlu $want: https://go.dev/dl (Go $have is too old, $want is needed)" >&2
	exit 1
fi
