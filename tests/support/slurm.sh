#!/bin/sh
# A real Slurm of one node on this machine, for the tests: `slurm.sh start` and `slurm.sh stop`, as root.
# It needs the packages slurm-wlm and munge (apt-get install slurm-wlm munge). The configuration goes to /etc/slurm,
# since jobs do not inherit SLURM_CONF; one that is there already, of a cluster of your own, is left alone and refused.
# `slurm.sh start --accounting` adds a database, so that sacct works (apt-get install slurmdbd mariadb-server), and lets
# only users in that it knows: root, of the account `science`.
#
# Two partitions: jobs of `urgent` preempt those of `batch`, which are requeued. Two GPUs that only the scheduler
# believes in, so that requests for them are granted and refused as on a cluster.
set -eu

CONF=/etc/slurm/slurm.conf
MARK="# made by tests/support/slurm.sh"
STATE=/var/tmp/finetune-report-slurm
DATABASE=$STATE/database

refuse() {
    echo "slurm.sh: $*" >&2
    exit 1
}

# The first argument says how accounts are kept.
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
$1
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

# The database listens at a socket that only root and its own user reach.
start_database() {
    mariadb-install-db --no-defaults --user=mysql --datadir="$DATABASE" --auth-root-authentication-method=normal \
        --skip-test-db > "$STATE/database.log"
    export MYSQL_UNIX_PORT="$DATABASE/socket"
    mariadbd --no-defaults --user=mysql --datadir="$DATABASE" --socket="$MYSQL_UNIX_PORT" --skip-networking \
        --pid-file="$DATABASE/pid" >> "$STATE/database.log" 2>&1 &
    wait_for mariadb-admin --no-defaults --socket="$MYSQL_UNIX_PORT" ping
    cp "$DATABASE/pid" "$STATE/mariadbd.pid"
    slurmdbd
    wait_for sacctmgr --noheader show cluster
    for what in "cluster tests" "account science Description=tests Organization=tests" "user root Account=science DefaultAccount=science"; do
        # shellcheck disable=SC2086 # several words
        sacctmgr --immediate add $what > /dev/null
    done
}

write_database_config() {
    cat > /etc/slurm/slurmdbd.conf << END
$MARK
AuthType=auth/munge
DbdHost=localhost
SlurmUser=root
PidFile=$STATE/slurmdbd.pid
LogFile=$STATE/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
END
    chmod 600 /etc/slurm/slurmdbd.conf
}

wait_for() {
    for _ in $(seq 30); do
        "$@" > /dev/null 2>&1 && return
        sleep 1
    done
    tail -n 20 "$STATE"/*.log >&2
    refuse "waited 30 s for '$*'; the logs are above"
}

start() {
    { command -v slurmctld && command -v munged; } > /dev/null || refuse "no Slurm here; apt-get install slurm-wlm munge"
    [ "$(id -u)" = 0 ] || refuse "only root can start it"
    [ ! -e "$CONF" ] || grep -qF "$MARK" "$CONF" || refuse "$CONF is of another cluster; not touched"
    stop
    case "$1" in
    --accounting)
        { command -v slurmdbd && command -v mariadbd; } > /dev/null ||
            refuse "no database here; apt-get install slurmdbd mariadb-server"
        write_config "AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStorageEnforce=associations
AccountingStoreFlags=job_comment"
        write_database_config
        start_munge
        start_database
        ;;
    "")
        write_config AccountingStorageType=accounting_storage/none
        start_munge
        ;;
    *) refuse "start knows --accounting, not $1" ;;
    esac
    slurmctld
    slurmd
    wait_for node_is_idle
}

node_is_idle() {
    sinfo --noheader --partition batch --format %T | grep -q '^idle'
}

stop() {
    grep -qsF "$MARK" "$CONF" || return 0
    scancel --quiet --user root 2> /dev/null || true
    for daemon in slurmd slurmctld slurmdbd mariadbd munged; do
        pid=$(cat "$STATE/$daemon.pid" 2> /dev/null) || continue
        kill "$pid" 2> /dev/null || true
        for _ in $(seq 100); do
            kill -0 "$pid" 2> /dev/null || break
            sleep 0.1
        done
    done
    rm -rf "$STATE" "$CONF" /etc/slurm/gres.conf /etc/slurm/slurmdbd.conf
}

case "${1:-}" in
start) start "${2:-}" ;;
stop) stop ;;
*) refuse "say start or stop" ;;
esac
