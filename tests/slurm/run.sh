#!/usr/bin/env bash
# Runs the job scripts of docs/scale.md for real, on a Slurm of this machine and its node alone: an array of
# shares of which one is killed and others are pre-empted, an array of the tasks of a sweep, and shares by
# submitit, Snakemake and GNU parallel. All results are, byte for byte, those of one run.
#
# Usage: tests/slurm/run.sh [PROGRAM]; the program is target/release/lesion by default. It needs root on
# Debian, and is skipped elsewhere, unless LESION_REQUIRE_SLURM is set.
set -Eeuo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
program="$(realpath "${1:-$here/../../target/release/lesion}")"

# Ends the test with a message, which follows the logs.
message="interrupted"
trap 'message="line $LINENO: $BASH_COMMAND failed"' ERR
fail() {
    message="$*"
    exit 1
}

# Ends the test where it cannot run.
skip() {
    [ -z "${LESION_REQUIRE_SLURM:-}" ] || fail "$*"
    echo "tests/slurm/run.sh: skipped: $*"
    exit 0
}

work="$(mktemp -d)"
slurm="$work/slurm"
export SLURM_CONF="$slurm/slurm.conf"

# Whether no job is left.
is_queue_empty() {
    local jobs
    jobs="$(squeue --noheader)" && [ -z "$jobs" ]
}

# Whether a process has ended. One that nobody has asked for its exit code is a zombie.
has_ended() {
    [ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"
}

# Waits for a command to succeed: wait_for SECONDS WHAT COMMAND...
wait_for() {
    local end="$((SECONDS + $1))" what="$2"
    shift 2
    until "$@" 2> /dev/null; do
        [ "$SECONDS" -lt "$end" ] || fail "$what did not come in time"
        sleep 0.1
    done
}

# Stops everything and removes it. After a failure it shows the ends of all logs.
finish() {
    local code="$?" file process
    trap - EXIT
    if [ "$code" != 0 ]; then
        for file in "$slurm"/*.log "$work"/*/slurm-*.out "$work"/*.txt; do
            if [ -s "$file" ]; then
                echo "== $file" && tail -n 20 "$file"
            fi
        done >&2
    fi
    if [ -s "$slurm/slurmctld.pid" ]; then
        scancel --user=root || true
        (wait_for 30 "the end of all jobs" is_queue_empty) || true
    fi
    for file in "$slurm/slurmd.pid" "$slurm/slurmctld.pid" "$slurm/munge/munged.pid"; do
        if [ -s "$file" ]; then
            process="$(cat "$file")"
            kill "$process" || true
            (wait_for 30 "the end of process $process" has_ended "$process") || true
        fi
    done
    rm -rf "$work"
    [ "$code" = 0 ] || echo "tests/slurm/run.sh: $message" >&2
    exit "$code"
}

# Starts Slurm: this machine is its controller and its only node, of two processors, whatever it has. Jobs in
# the partition `urgent` pre-empt those in `normal`.
start_slurm() {
    local host ports
    host="$(hostname -s)"
    ports="$(python3 -c 'import socket
found = [socket.socket() for _ in range(2)]
for one in found: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in found))')"
    chmod 755 "$work"
    mkdir -p "$slurm/munge" "$slurm/state" "$slurm/spool"
    (umask 077 && head -c 128 /dev/urandom > "$slurm/munge/key")
    chown -R munge: "$slurm/munge"
    runuser -u munge -- munged --key-file="$slurm/munge/key" --socket="$slurm/munge/socket" \
        --pid-file="$slurm/munge/munged.pid" --log-file="$slurm/munge/munged.log" \
        --seed-file="$slurm/munge/seed"
    cat > "$SLURM_CONF" << CONF
ClusterName=lesion
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/socket
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=10
ReturnToService=2
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=normal Nodes=$host Default=YES PriorityTier=1
PartitionName=urgent Nodes=$host PriorityTier=2
CONF
    slurmctld -c
    slurmd
    wait_for 60 "a node of Slurm that is idle" is_node_idle
}

is_node_idle() {
    sinfo --noheader --format=%T | grep '^idle$' > /dev/null
}

# Makes a folder with a study of this folder and the job scripts, and goes there.
enter() {
    mkdir "$work/$1"
    cp "$here"/jobs/* "$work/$1"
    cp "$here/$2" "$work/$1/$3"
    cd "$work/$1"
}

# Checks that the results of this folder are those of one run, byte for byte. Manifest and page contain times.
compare() {
    diff -r --exclude=manifest.json --exclude='*.html' "$work/$1" results ||
        fail "the results of $(basename "$PWD") are not those of one run"
    [ -z "$(find results -name 'journal*')" ] || fail "a journal is left"
    echo "$(basename "$PWD"): the bytes of one run, after $SECONDS s"
}

# Whether a share's journal has a batch: the first line is its header.
has_batch() {
    [ "$(wc -l < "results/journal-$1-of-4.jsonl")" -gt 1 ]
}

# Prints the tasks of an array in a state, by their numbers in the array.
tasks() {
    squeue --array --noheader --jobs="$1" --states="$2" --format=%K
}

# Whether a share of an array runs and has a batch.
is_any_at_work() {
    local task
    for task in $(tasks "$1" RUNNING); do
        if has_batch "$task"; then return 0; fi
    done
    return 1
}

# Whether a task of an array has left the queue.
has_left() {
    ! tasks "$1" PENDING,RUNNING,COMPLETING | grep "^$2\$" > /dev/null
}

# Whether tasks of an array wait to be started again.
are_requeued() {
    [ -n "$(tasks "$1" PENDING)" ] && [ -z "$(tasks "$1" COMPLETING)" ] &&
        scontrol show job "$1" | grep 'Restarts=[1-9]' > /dev/null
}

# Lets requeued tasks of an array begin at once: Slurm lets them wait for two minutes.
hasten() {
    local task
    for task in $(tasks "$1" PENDING); do
        scontrol update "JobId=${1}_$task" StartTime=now
    done
}

# Waits until all tasks of an array have ended.
wait_for_array() {
    wait_for 300 "the end of the array $1" array_has_ended "$1"
}

array_has_ended() {
    local left
    left="$(squeue --noheader --jobs="$1" 2>&1)" || [[ "$left" == *"Invalid job id"* ]] || return 1
    [ -z "$left" ] || [[ "$left" == *"Invalid job id"* ]]
}

# An array of shares: the first is killed, which Slurm begins with SIGTERM, and requeued; those that run then
# are pre-empted.
run_shares() {
    enter shares study.toml study.toml
    local job
    job="$(sbatch --parsable --partition=normal shares.sh)"
    wait_for 60 "a batch of the first share" has_batch 1
    scancel --signal=KILL --full "${job}_1"
    wait_for 60 "the end of the killed share" has_left "$job" 1
    [ ! -e results/manifest.json ] || fail "a share wrote results"
    wait_for 60 "a batch of another share" is_any_at_work "$job"
    sbatch --parsable --partition=urgent --exclusive --wait --output=/dev/null --wrap=true > /dev/null
    wait_for 60 "a pre-empted share in the queue" are_requeued "$job"
    scontrol requeue "${job}_1"
    wait_for 30 "the killed share in the queue" is_pending "$job" 1
    hasten "$job"
    wait_for_array "$job"
    grep "PREEMPTION" slurm-*.out > /dev/null || fail "no share was pre-empted"
    lesion run study.toml --out results > results.txt
    compare whole
}

is_pending() {
    tasks "$1" PENDING | grep "^$2\$" > /dev/null
}

run_sweep() {
    enter sweep sweep.toml sweep.toml
    wait_for_array "$(sbatch --parsable sweep.sh)"
    lesion run sweep.toml --out results > results.txt
    compare whole-sweep
}

trap finish EXIT
[ -x "$program" ] || fail "there is no program $program; cargo build --release builds it"
[ "$(id -u)" = 0 ] || skip "it needs root, to start Slurm"
command -v apt-get > /dev/null || skip "it needs Debian's packages slurm-wlm, munge and parallel"

packages=()
command -v slurmctld > /dev/null && command -v slurmd > /dev/null || packages+=(slurm-wlm)
command -v munged > /dev/null || packages+=(munge)
command -v parallel > /dev/null || packages+=(parallel)
python3 -c 'import ensurepip' 2> /dev/null || packages+=(python3 python3-venv)
if [ "${#packages[@]}" -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null
fi

mkdir "$work/bin"
ln -s "$program" "$work/bin/lesion"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt"
export PATH="$work/bin:$work/venv/bin:$PATH"
export HF_HUB_OFFLINE=1
echo "installed after $SECONDS s"
start_slurm
echo "Slurm runs after $SECONDS s"

lesion run "$here/study.toml" --out "$work/whole" > "$work/whole.txt"
lesion run "$here/brief.toml" --out "$work/brief" > "$work/brief.txt"
lesion run "$here/sweep.toml" --out "$work/whole-sweep" > "$work/whole-sweep.txt"
run_shares
run_sweep

enter submitit brief.toml study.toml
# It asks for Slurm's accounting first, which is not there.
python submitit_shares.py > submitit.txt 2>&1 || fail "submitit: $(cat submitit.txt)"
compare brief

enter snakemake brief.toml study.toml
snakemake --cores 2 --quiet > snakemake.txt 2>&1 || fail "Snakemake: $(cat snakemake.txt)"
compare brief

enter parallel brief.toml study.toml
sh parallel.sh > parallel.txt 2>&1 || fail "GNU parallel: $(cat parallel.txt)"
compare brief

# Not run: there is no cluster of Kubernetes here.
python -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$here/jobs/kubernetes.yaml"
echo "all as one run, after $SECONDS s"
