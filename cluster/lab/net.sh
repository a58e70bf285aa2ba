#!/usr/bin/env bash
# Hosts n1, n2, … of one machine, for tests of several nodes: each has its own network stack, host name, /etc/hosts,
# /dev/shm and System V memory, on a bridge in a namespace of its own; file system and processes are the machine's, and
# its own network stays as it is. Needs root.
#
#   net.sh up [N] [NAME]       N hosts (default 4), 10.77.0.1, …, and one more of that name; again: no change
#   net.sh exec HOST CMD...    runs a command there
#   net.sh rate HOST MBIT|off  limits what leaves the host, in Mbit/s
#   net.sh link HOST up|down   puts its cable in, or out
#   net.sh crash HOST          a power cut: its cable out and all its processes killed, so that it says no goodbye
#   net.sh hostfile N [SLOTS]  the path of a host file of the first N hosts for mpirun (default 1 slot each)
#   net.sh down                stops everything on the hosts and removes them; again: no change
#   net.sh agent HOST CMD...   runs a command line there, for mpirun: see agent.sh
#
# State is kept in $RP_LAB (default: .build/lab of this project).
set -u
state=${RP_LAB:-$(cd "$(dirname "$0")/../.." && pwd)/.build/lab}
hosts=$state/hosts.d
prefix=10.77.0
# Labs of several checkouts do not meet.
switch=rp-lab-$(printf %s "$state" | cksum | cut -d ' ' -f 1)

fail() { echo "net.sh: $*" >&2; exit 1; }
holder() { cat "$hosts/$1.pid" 2>/dev/null; }
# The process that holds a host's namespaces, told from one that got its number later.
runs() {
  local pid
  pid=$(holder "$1") && [ -n "$pid" ] && [ "$(cat "/proc/$pid/cmdline" 2>/dev/null | tr '\0' ' ')" = "rp-host-$1 infinity " ]
}
need() { runs "$1" || fail "there is no host $1; start the hosts with: net.sh up"; }
inside() { nsenter -t "$(holder "$1")" -n "${@:2}"; }
enter() { need "$1"; exec nsenter -t "$(holder "$1")" -n -u -m -i --wdns="$PWD" -- "${@:2}"; }
# The host's processes, without its holder.
processes() {
  local own space process
  own=$(holder "$1")
  space=$(readlink "/proc/$own/ns/net")
  case $space in net:*) ;; *) return 0 ;; esac
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    if [ "$process" != "$own" ] && [ "$(readlink "/proc/$process/ns/net" 2>/dev/null)" = "$space" ]; then
      echo "$process"
    fi
  done
}

up() {
  local count=${1:-4} more=${2:-} host names=()
  [ "$(id -u)" = 0 ] || fail "hosts in namespaces need root"
  mkdir -p "$hosts"
  for i in $(seq "$count"); do names+=("n$i"); done
  {
    echo "127.0.0.1 localhost"
    for i in $(seq "$count"); do echo "$prefix.$i n$i"; done
    [ -z "$more" ] || echo "$prefix.254 $more"
  } >"$state/hosts"
  [ -z "$more" ] || names+=("$more")
  for host in "${names[@]}"; do
    runs "$host" && continue
    unshare --net --uts --mount --ipc bash -c "hostname $host; ip link set lo up
      mount -t tmpfs -o mode=1777 tmpfs /dev/shm; mount --bind '$state/hosts' /etc/hosts
      exec -a rp-host-$host sleep infinity" </dev/null >/dev/null 2>&1 &
    echo $! >"$hosts/$host.pid"
  done
  for host in "${names[@]}"; do
    for _ in $(seq 100); do runs "$host" && break; sleep 0.02; done
    runs "$host" || fail "the host $host did not start"
  done
  if ! ip netns list | grep -qw "$switch"; then
    ip netns add "$switch" && ip -n "$switch" link add br0 type bridge && ip -n "$switch" link set br0 up ||
      fail "there is no bridge; are namespaces and veth allowed here?"
  fi
  for host in "${names[@]}"; do
    ip -n "$switch" link show "p-$host" >/dev/null 2>&1 && continue
    ip -n "$switch" link add "p-$host" type veth peer name eth0 netns "$(holder "$host")" &&
      ip -n "$switch" link set "p-$host" master br0 up && inside "$host" ip link set eth0 up &&
      inside "$host" ip addr add "$(address "$host")/24" dev eth0 || fail "the host $host got no network"
  done
}

address() { awk -v host="$1" '$2 == host { print $1 }' "$state/hosts"; }

down() {
  local file host process
  for file in "$hosts"/*.pid; do
    [ -e "$file" ] || continue
    host=$(basename "$file" .pid)
    if runs "$host"; then for process in $(processes "$host") $(holder "$host"); do kill -9 "$process" 2>/dev/null; done; fi
    rm -f "$file"
  done
  if ip netns list 2>/dev/null | grep -qw "$switch"; then ip netns del "$switch"; fi
  rm -rf "$state"
}

rate() {
  need "$1"
  inside "$1" tc qdisc del dev eth0 root 2>/dev/null
  [ "$2" = off ] || inside "$1" tc qdisc add dev eth0 root tbf rate "$2mbit" burst 64kb latency 200ms ||
    fail "the rate of $1 cannot be limited; is tc here, and its tbf?"
}

crash() {
  local process
  need "$1"
  inside "$1" ip link set eth0 down
  for process in $(processes "$1"); do kill -9 "$process" 2>/dev/null; done
}

hostfile() {
  local file=$state/hostfile-$1-${2:-1}
  for i in $(seq "$1"); do need "n$i"; echo "n$i slots=${2:-1}"; done >"$file"
  echo "$file"
}

case ${1:-} in
  up) up "${2:-4}" "${3:-}" ;;
  down) down ;;
  exec) host=$2; shift 2; enter "$host" "$@" ;;
  rate) rate "$2" "$3" ;;
  link) need "$2"; inside "$2" ip link set eth0 "$3" ;;
  crash) crash "$2" ;;
  hostfile) hostfile "$2" "${3:-1}" ;;
  agent)
    # Options of ssh that mpirun gives before the host.
    shift
    while [ "${1#-}" != "$1" ]; do shift; done
    host=$1
    shift
    enter "$host" sh -c "$*" ;;
  *) sed -n '2,/^set -u/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 64 ;;
esac
