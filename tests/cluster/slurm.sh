#!/bin/sh
# A real Slurm of one node on this machine, for the tests: `slurm.sh start` and `slurm.sh stop`, as root.
# It needs the packages slurm-wlm and munge (apt-get install slurm-wlm munge). The configuration goes to /etc/slurm,
# since jobs do not inherit SLURM_CONF; one that is there already, of a cluster of your own, is left alone and refused.
#
# Two partitions: jobs of `urgent` preempt those of `batch`, which are requeued. Two GPUs that only the scheduler
# believes in, so that requests for them are granted and refused as on a cluster.
set -eu

CONF=/etc/slurm/slurm.conf
MARK="# made by tests/cluster/slurm.sh"
STATE=/var/tmp/finetune-report-slurm

refuse() {
    echo "slurm.sh: $*" >&2
    exit 1
}

write_config() {
    mkdir -p "$STATE/controller" "$STATE/node"
    cat > "$CONF" << END
$MARK
ClusterName=tests
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$STATE/controller
SlurmdSpoolDir=$STATE/node
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=5
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=20
MinJobAge=600
OverTimeLimit=0
SlurmdTimeout=10
GresTypes=gpu
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 Gres=gpu:fake:2 State=UNKNOWN
PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=500 PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL MaxTime=INFINITE DefMemPerCPU=500 PriorityTier=10 State=UP
END
    printf '%s\nAutoDetect=off\nName=gpu Type=fake File=/dev/tty[1-2]\n' "$MARK" > /etc/slurm/gres.conf
}

# One that runs already is used, and not ours to stop.
start_munge() {
    munge -n > /dev/null 2>&1 && return
    mkdir -p /run/munge
    chown munge: /run/munge
    runuser -u munge -- /usr/sbin/munged
    cp /run/munge/munged.pid "$STATE/munged.pid"
}

start() {
    { command -v slurmctld && command -v munged; } > /dev/null || refuse "no Slurm here; apt-get install slurm-wlm munge"
    [ "$(id -u)" = 0 ] || refuse "only root can start it"
    [ ! -e "$CONF" ] || grep -qF "$MARK" "$CONF" || refuse "$CONF is of another cluster; not touched"
    stop
    write_config
    start_munge
    slurmctld
    slurmd
    for _ in $(seq 30); do
        case "$(sinfo --noheader --partition batch --format %T 2> /dev/null)" in
        idle*) return ;;
        esac
        sleep 1
    done
    tail -n 20 "$STATE"/*.log >&2
    refuse "the node does not become idle; its logs are above"
}

stop() {
    grep -qsF "$MARK" "$CONF" || return 0
    scancel --quiet --user root 2> /dev/null || true
    for daemon in slurmd slurmctld munged; do
        pid=$(cat "$STATE/$daemon.pid" 2> /dev/null) || continue
        kill "$pid" 2> /dev/null || true
        for _ in $(seq 100); do
            kill -0 "$pid" 2> /dev/null || break
            sleep 0.1
        done
    done
    rm -rf "$STATE" "$CONF" /etc/slurm/gres.conf
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*) refuse "say start or stop" ;;
esac
