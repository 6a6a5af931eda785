#!/usr/bin/env bash
# Measures the efficiency of shares for docs/scale.md: the CPU time of one run, and of the longest of N shares
# that run side by side, each with one thread; fits TN = a + b / N to it by least squares of relative errors.
#
# Usage: tests/slurm/efficiency.sh [PROGRAM]
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
program="$(realpath "${1:-$here/../../target/release/lesion}")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
export TIMEFORMAT='%U %S'

# Runs a command and writes its CPU seconds, user's and system's, into a file: measure FILE COMMAND...
measure() {
    local file="$1"
    shift
    { time "$@" > "$file.out" 2> "$file.err"; } 2> "$file"
}

study=(reproduce --parts "controls,joint" --nulls 2000 --every-kind --threads 1)
measure one "$program" "${study[@]}" --out whole
for count in 2 4 8 16; do
    for ((number = 1; number <= count; number++)); do
        measure "$count.$number" "$program" "${study[@]}" --out "results-$count" --shard "$number/$count" &
    done
    wait
    measure "$count.results" "$program" "${study[@]}" --out "results-$count"
done
python3 - << 'FIT'
from pathlib import Path


def seconds(file):
    return sum(float(part) for part in Path(file).read_text().split())


one = seconds("one")
longest = {n: max(seconds(f"{n}.{i}") for i in range(1, n + 1)) for n in (2, 4, 8, 16)}
print(f"T1 = {one:.1f} s")
for n, most in longest.items():
    results = seconds(f"{n}.results")
    print(f"| {n} | {most:.1f} | {one / (n * most):.2f} | {results:.1f} |")
# Least squares of 1 - (a + b / N) / TN in a and b.
rows = [(1 / most, 1 / (n * most)) for n, most in longest.items()]
xx, xy, yy = (sum(r[i] * r[j] for r in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
x, y = (sum(r[i] for r in rows) for i in (0, 1))
a = (x * yy - y * xy) / (xx * yy - xy * xy)
b = (y * xx - x * xy) / (xx * yy - xy * xy)
worst = max(abs(a + b / n - most) for n, most in longest.items())
print(f"TN = {a:.2f} + {b:.1f} / N, within {worst:.2f} s")
FIT
