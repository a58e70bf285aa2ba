# Settings of Open MPI for long runs on many hosts; sourced by cluster/job and cluster/run-hosts. What is set already stays.

# A rank gets so many seconds between TERM and KILL when a job is ended, instead of one: time for a last checkpoint. mpirun
# waits up to four times as long in all, also where ranks have ended with 75 by themselves.
export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-5}
# A host that is cut off is missed after half a minute, not after eight.
export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-10}
export OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl:-5}
export OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes:-4}
# One rank on each core, and none that wanders.
export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-core}
