#!/usr/bin/env bash
# What mpirun starts its daemons on the hosts of net.sh with: export OMPI_MCA_plm_rsh_agent=…/cluster/lab/agent.sh
exec "$(dirname "$0")/net.sh" agent "$@"
