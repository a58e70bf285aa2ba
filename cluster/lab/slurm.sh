#!/usr/bin/env bash
# A throw-away Slurm on this machine, for tests: nodes n1, n2, … and a controller ctl, each a host of net.sh. No systemd,
# no cgroups, no database; nothing outside of its own folder is written. Needs root, slurm-wlm and munge.
#
#   slurm.sh up [N] [CPUS]     N nodes (default 4) that claim so many cores each (default 4); again: starts what is missing
#   slurm.sh exec CMD...       runs a client there: sbatch, squeue, scancel, …
#   slurm.sh down              cancels all jobs, stops everything and removes it; again: no change
#
# State is kept in $RP_LAB (default: .build/lab of this project).
set -u
here=$(cd "$(dirname "$0")" && pwd)
export RP_LAB=${RP_LAB:-$(cd "$here/../.." && pwd)/.build/lab}
state=$RP_LAB/slurm
configuration=$state/slurm.conf
net() { "$here/net.sh" "$@"; }
fail() { echo "slurm.sh: $*" >&2; exit 1; }

# Whether the process of a pid file is still the one that wrote it.
runs() {
  local pid
  [ -s "$1" ] && pid=$(cat "$1") && [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q "$2"
}

stop() {
  local pid
  if runs "$1" "$2"; then
    pid=$(cat "$1")
    kill -TERM "$pid"
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null
  fi
  rm -f "$1"
}

configure() {
  cat <<END
ClusterName=lab
SlurmctldHost=ctl(10.77.0.254)
SlurmctldPort=16817
AuthType=auth/munge
# The life of a credential is also how long a job waits before it begins again.
AuthInfo=socket=$state/munge/sock,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$state/state
SlurmdSpoolDir=$state/spool/%n
# PMIx keeps files here, which nodes of one machine must not share.
TmpFS=$state/tmp/%n
SlurmctldPidFile=$state/pid/slurmctld.pid
SlurmdPidFile=$state/pid/slurmd-%n.pid
SlurmctldLogFile=$state/log/slurmctld.log
SlurmdLogFile=$state/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
# More cores than the machine has.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
SlurmctldParameters=preempt_send_user_signal
InactiveLimit=0
KillWait=5
KillOnBadExit=1
MessageTimeout=20
SlurmdTimeout=20
PropagateResourceLimitsExcept=ALL
# Jobs of partition low make room for those of main.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=low Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=20
END
  for i in $(seq "$1"); do
    echo "NodeName=n$i NodeAddr=10.77.0.$i Port=$((16917 + i)) CPUs=$2 RealMemory=1000 State=UNKNOWN"
  done
}

up() {
  local count=${1:-4} cores=${2:-4} ready
  for program in munged slurmctld slurmd; do
    command -v $program >/dev/null || fail "there is no $program; apt-get install --no-install-recommends slurm-wlm munge"
  done
  net up "$count" ctl || exit 1
  mkdir -p "$state"/{munge,state,spool,log,pid,tmp}
  chmod 711 "$state/munge"
  [ -s "$state/munge/key" ] || (umask 077 && head -c 128 /dev/urandom >"$state/munge/key")
  if ! runs "$state/pid/munged.pid" munged; then
    rm -f "$state"/munge/sock*
    munged --socket="$state/munge/sock" --key-file="$state/munge/key" --pid-file="$state/pid/munged.pid" \
      --log-file="$state/log/munged.log" --seed-file="$state/munge/seed" --num-threads=2 ||
      fail "munged does not start; a path of more than 100 characters is too long for it: set RP_LAB"
  fi
  [ -s "$configuration" ] || configure "$count" "$cores" >"$configuration"
  runs "$state/pid/slurmctld.pid" slurmctld || net exec ctl slurmctld -f "$configuration"
  for i in $(seq "$count"); do
    mkdir -p "$state/spool/n$i" "$state/tmp/n$i"
    chmod 1777 "$state/tmp/n$i"
    runs "$state/pid/slurmd-n$i.pid" slurmd || net exec "n$i" slurmd -N "n$i" -f "$configuration"
  done
  for _ in $(seq 200); do
    ready=$(client sinfo -h -p main -t idle,mix,alloc -o %D 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
    [ "$ready" = "$count" ] && return
    sleep 0.1
  done
  client sinfo -N -p main >&2
  fail "not all nodes are ready after 20 s; see $state/log"
}

client() { SLURM_CONF=$configuration net exec ctl timeout 60 "$@"; }

down() {
  if runs "$state/pid/slurmctld.pid" slurmctld; then
    client scancel --user="$(id -un)" 2>/dev/null
    for _ in $(seq 80); do [ -z "$(client squeue -h -t R,CG -o %A 2>/dev/null)" ] && break; sleep 0.1; done
  fi
  for file in "$state"/pid/slurmd-*.pid; do [ -e "$file" ] && stop "$file" slurmd; done
  stop "$state/pid/slurmctld.pid" slurmctld
  stop "$state/pid/munged.pid" munged
  net down
}

case ${1:-} in
  up) up "${2:-4}" "${3:-4}" ;;
  exec) shift; client "$@" ;;
  down) down ;;
  *) sed -n '2,/^set -u/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 64 ;;
esac
