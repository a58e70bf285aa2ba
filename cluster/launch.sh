# run_ranks NAME COMMAND...: runs mpirun or srun until it ends, names ranks that were killed, and sets code to its exit code;
# sourced by cluster/job and cluster/run-hosts. NAME is that of the script.
#
# mpirun and srun pass USR1 on to every rank. TERM would have mpirun end them at once, so where pass_term is set it goes on as
# USR1 too. A signal interrupts wait, which then must be called again.
run_ranks() {
  local name=$1 pid='' signalled='' now errors filter
  shift
  trap 'signalled=1; [[ -z $pid ]] || kill -USR1 "$pid" 2>/dev/null' USR1
  if [[ -n ${pass_term:-} ]]; then
    trap 'signalled=1; [[ -z $pid ]] || kill -USR1 "$pid" 2>/dev/null' TERM
  else
    trap 'signalled=1; [[ -z $pid ]] || kill -TERM "$pid" 2>/dev/null' TERM
  fi
  # ^C goes from a terminal to mpirun itself.
  trap 'signalled=1' INT
  exec {errors}> >(exec "$(dirname "$0")/killed-ranks" "$name" >&2)
  filter=$!
  "$@" 2>&"$errors" {errors}>&- &
  pid=$!
  exec {errors}>&-
  # One that came before there was a process to pass it to.
  [[ -z $signalled ]] || kill -USR1 "$pid"
  signalled=1
  while [[ -n $signalled ]]; do
    signalled=''
    wait "$pid"
    now=$?
    # 127: its code was taken before the signal came.
    ((now == 127)) || code=$now
  done
  # Its last words; a process that was left behind may keep it waiting.
  for ((now = 0; now < 50; now++)); do
    kill -0 "$filter" 2>/dev/null || break
    sleep 0.1
  done
}
