#!/usr/bin/env bash
# Brings up a real Apache Kafka on loopback, for tests and for trying things out. Not for production.
#
#   kafka.sh up N DIR        start N brokers (1 or 3) that keep everything in DIR; prints host:port,…
#   kafka.sh down DIR        stop them; DIR stays, and "up" starts them again as they were
#   kafka.sh kill DIR I      end broker I (from 1) at once, as a power cut would
#   kafka.sh start DIR I     start broker I again
#   kafka.sh fetch           only fetch Kafka into the cache; prints the folder
#
# Needs Linux, java (17 or newer) and, for the first time only, mvn. Environment:
#   KAFKA_SECURE=1     also listen with SASL (DIR/bootstrap.sasl), user satudata, password
#                      $KAFKA_PASSWORD (default "rahasia"): PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
#   KAFKA_CERTS=CERTS  also listen with TLS that wants a client certificate (DIR/bootstrap.tls), and
#                      with TLS and SASL (DIR/bootstrap.sasl_tls); CERTS holds broker.pem (key and
#                      certificate) and ca.pem
#   KAFKA_WATCH=PID    end the brokers and remove DIR when that process is gone
#   XDG_CACHE_HOME     where Kafka is kept, default ~/.cache
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/satudata/kafka-$version
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

die() { echo "kafka.sh: $*" >&2; exit 1; }
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2; exit 2; }

# fetch fills the cache. Several may run at once: the first to finish wins, the others drop theirs.
fetch() {
	if [ ! -d "$cache" ]; then
		command -v mvn >/dev/null || die "mvn tidak ada; pasang Maven untuk mengambil Kafka $version (install Maven, Debian: apt-get install maven)"
		mkdir -p "$(dirname "$cache")"
		local new
		new=$(mktemp -d "$cache.XXXXXX")
		mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$new" -DincludeScope=runtime >"$new.log" 2>&1 ||
			{ tail -n 20 "$new.log" >&2; rm -rf "$new" "$new.log"; die "Kafka $version tidak dapat diambil (could not be fetched)"; }
		rm -f "$new.log"
		mv -T "$new" "$cache" 2>/dev/null || rm -rf "$new"
	fi
	[ -d "$cache" ] || die "$cache is missing"
}

# free_port prints a loopback port that nobody listens on. It stays below the ports that systems
# hand out by themselves, so that nobody takes it meanwhile.
free_port() {
	local port
	for _ in $(seq 200); do
		port=$((10000 + (RANDOM * 32768 + RANDOM) % 20000))
		case " $taken " in *" $port "*) continue ;; esac
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
		echo "$port"
		return
	done
	die "no free port"
}

# configure N DIR writes the settings of a new cluster.
configure() {
	local n=$1 dir=$2 i p voters="" replicas=1 insync=1
	local taken="" # by listeners of this cluster
	[ "$n" -ge 3 ] && replicas=3 insync=2
	local -a controller
	for i in $(seq "$n"); do
		p=$(free_port); taken+=" $p"; controller[i]=$p
		voters+="${voters:+,}$i@127.0.0.1:$p"
	done
	for i in $(seq "$n"); do
		local b=$dir/broker-$i listeners="CONTROLLER://127.0.0.1:${controller[i]}" map="CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
		mkdir -p "$b"
		listen() { # NAME PROTOCOL FILE
			local p
			p=$(free_port); taken+=" $p"
			listeners+=",$1://127.0.0.1:$p"
			[ "$1" = "$2" ] || map+=",$1:$2"
			echo "127.0.0.1:$p" >>"$dir/$3.list"
		}
		listen PLAINTEXT PLAINTEXT bootstrap
		[ -z "${KAFKA_SECURE:-}" ] || listen SASL SASL_PLAINTEXT bootstrap.sasl
		[ -z "${KAFKA_CERTS:-}" ] || { listen TLS SSL bootstrap.tls; listen SASLTLS SASL_SSL bootstrap.sasl_tls; }
		cat >"$b/server.properties" <<-PROPERTIES
			process.roles=broker,controller
			node.id=$i
			controller.quorum.voters=$voters
			controller.listener.names=CONTROLLER
			inter.broker.listener.name=PLAINTEXT
			listeners=$listeners
			advertised.listeners=${listeners#CONTROLLER*,}
			listener.security.protocol.map=$map
			log.dirs=$b/data
			default.replication.factor=$replicas
			min.insync.replicas=$insync
			offsets.topic.replication.factor=$replicas
			offsets.topic.num.partitions=3
			transaction.state.log.replication.factor=$replicas
			transaction.state.log.min.isr=$insync
			transaction.state.log.num.partitions=3
			share.coordinator.state.topic.replication.factor=$replicas
			share.coordinator.state.topic.min.isr=$insync
			group.initial.rebalance.delay.ms=0
			# Tests do not wait for minutes: a lost broker and expired data are noticed within seconds.
			broker.heartbeat.interval.ms=500
			broker.session.timeout.ms=3000
			log.retention.check.interval.ms=1000
			log.initial.task.delay.ms=1000
			# Loopback tests close and open many connections.
			num.network.threads=2
			num.io.threads=4
		PROPERTIES
		[ -z "${KAFKA_SECURE:-}${KAFKA_CERTS:-}" ] || secure >>"$b/server.properties"
	done
	for f in "$dir"/*.list; do
		paste -sd, "$f" >"${f%.list}"
		rm "$f"
	done
	head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-22 >"$dir/cluster.id"
}

# secure prints the settings of SASL and TLS.
secure() {
	local password=${KAFKA_PASSWORD:-rahasia} l
	for l in sasl sasltls; do
		cat <<-PROPERTIES
			listener.name.$l.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
			listener.name.$l.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_satudata="$password";
			listener.name.$l.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
			listener.name.$l.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
		PROPERTIES
	done
	[ -n "${KAFKA_CERTS:-}" ] || return 0
	cat <<-PROPERTIES
		ssl.keystore.type=PEM
		ssl.keystore.location=$KAFKA_CERTS/broker.pem
		ssl.truststore.type=PEM
		ssl.truststore.location=$KAFKA_CERTS/ca.pem
		listener.name.tls.ssl.client.auth=required
		listener.name.sasltls.ssl.client.auth=none
	PROPERTIES
}

# format BROKER prepares the data folder of a new broker.
format() {
	local -a scram=()
	if [ -n "${KAFKA_SECURE:-}" ]; then
		for m in SCRAM-SHA-256 SCRAM-SHA-512; do
			scram+=(--add-scram "$m=[name=satudata,password=${KAFKA_PASSWORD:-rahasia}]")
		done
	fi
	"$java" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dsatudata.broker="$1" -Dlog4j2.configurationFile="$here/log4j2.properties" \
		-cp "$cache/*" kafka.tools.StorageTool format --ignore-formatted --cluster-id="$(cat "$(dirname "$1")/cluster.id")" \
		--config "$1/server.properties" "${scram[@]}" >"$1/format.log" 2>&1 || { cat "$1/format.log" >&2; return 1; }
}

# launch BROKER starts a broker that outlives this script.
launch() {
	rm -f "$1/server.log"
	setsid nohup "$java" -Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true \
		-Dsatudata.broker="$1" -Dlog4j2.configurationFile="$here/log4j2.properties" \
		-cp "$cache/*" kafka.Kafka "$1/server.properties" </dev/null >"$1/stdout.log" 2>&1 &
	echo $! >"$1/pid"
}

# alive BROKER says whether the process of its pid file is that broker.
alive() {
	local pid
	pid=$(cat "$1/pid" 2>/dev/null) && [ -n "$pid" ] || return 1
	if [ -r "/proc/$pid/cmdline" ]; then
		tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -e "-Dsatudata.broker=$1"
	else
		ps -o args= -p "$pid" 2>/dev/null | grep -qF -e "-Dsatudata.broker=$1 "
	fi
}

# await BROKER waits until it takes requests.
await() {
	for _ in $(seq 6000); do
		grep -q 'Kafka Server started' "$1/server.log" 2>/dev/null && return
		alive "$1" || break
		sleep 0.1
	done
	tail -n 20 "$1/server.log" "$1/stdout.log" >&2 2>/dev/null || true
	return 1
}

# signal SIGNAL BROKER… sends it to those that run and waits until they are gone, at most 10 s.
signal() {
	local sig=$1 b
	shift
	for b; do alive "$b" && kill "-$sig" "$(cat "$b/pid")" 2>/dev/null || true; done
	for b; do
		for _ in $(seq 100); do alive "$b" || break; sleep 0.1; done
	done
}

down() {
	signal TERM "$1"/broker-*
	signal KILL "$1"/broker-*
}

up() {
	local n=$1 dir b
	case $n in 1 | 3) ;; *) die "1 or 3 brokers, not $n" ;; esac
	mkdir -p "$2"
	dir=$(cd "$2" && pwd)
	[ -f "$dir/cluster.id" ] || configure "$n" "$dir"
	for b in "$dir"/broker-*; do
		alive "$b" || format "$b" &
	done
	wait
	for b in "$dir"/broker-*; do alive "$b" || launch "$b"; done
	for b in "$dir"/broker-*; do
		await "$b" || { signal KILL "$dir"/broker-*; die "broker tidak mau jalan; lihat $b/server.log (the broker did not start)"; }
	done
	[ -z "${KAFKA_WATCH:-}" ] || watch "$KAFKA_WATCH" "$dir"
	cat "$dir/bootstrap"
}

# watch PID DIR ends the brokers and removes DIR once the process is gone.
watch() {
	(
		while kill -0 "$1" 2>/dev/null; do sleep 1; done
		signal KILL "$2"/broker-*
		rm -rf "$2"
	) </dev/null >/dev/null 2>&1 &
	disown
}

command -v "$java" >/dev/null || die "java tidak ada; pasang Java 17 atau lebih baru (install Java 17 or newer, Debian: apt-get install default-jre-headless)"
case "${1:-}:$#" in
up:3) fetch; up "$2" "$3" ;;
down:2) down "$(cd "$2" && pwd)" ;;
kill:3) signal KILL "$(cd "$2" && pwd)/broker-$3" ;;
start:3) fetch; b=$(cd "$2" && pwd)/broker-$3; alive "$b" || launch "$b"; await "$b" ;;
fetch:1) fetch; echo "$cache" ;;
*) usage ;;
esac
