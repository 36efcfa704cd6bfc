#!/usr/bin/env bash
# Times the training step of tsr and of PyTorch in turn, on the same shapes and threads, and prints the medians of the
# turns and their ratio, ours over theirs: below 1 tsr is faster. Both sides do the same work (forward, L1, backward, Adam
# with its input ready in memory), warm, with the same wait of OpenMP's threads; PyTorch in the layout that suits it better.
# Needs bin/tsr (make build) and python3-torch; PYTHON names the interpreter that has it. TURNS and THREADS may be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-/usr/bin/python3}
turns=${TURNS:-5}
threads=${THREADS:-$(nproc)}
export OMP_NUM_THREADS=$threads
[ -n "${GOMP_SPINCOUNT:-}${OMP_WAIT_POLICY:-}" ] || export GOMP_SPINCOUNT=3000 # what tsr sets for itself

[ -x bin/tsr ] || { echo "compare.sh: bin/tsr is missing: run make build" >&2; exit 1; }
"$python" -c 'import torch' 2>/dev/null || { echo "compare.sh: $python has no torch: install python3-torch or set PYTHON" >&2; exit 1; }

# field KEY… takes a value out of the JSON object on standard input.
field() { "$python" -c 'import functools, json, sys
print(functools.reduce(lambda v, k: v[int(k) if k.lstrip("-").isdigit() else k], sys.argv[1:], json.load(sys.stdin)))' "$@"; }

ours() { bin/tsr bench --only step --network "$1" --threads "$threads" --json 2>/dev/null | field results -1 seconds median; }
theirs() { "$python" bench/pytorch/step.py "$1" --threads "$threads" --layout "$2" | field median; }

for pair in paper:paper lean64-adam:lean64; do
	name=${pair%:*} case=${pair#*:} a="" b=""
	layout=$(printf '%s plain\n%s last\n' "$(theirs "$case" plain)" "$(theirs "$case" last)" | sort -g | sed -n '1s/.* //p')
	for ((i = 0; i < turns; i++)); do
		a+=" $(ours "$name")"
		b+=" $(theirs "$case" "$layout")"
	done
	"$python" - "$name" "$layout" "$threads" "$a" "$b" <<'END'
import statistics
import sys
import torch
name, layout, threads, ours, theirs = sys.argv[1:]
ours, theirs = [[1000 * float(x) for x in s.split()] for s in (ours, theirs)]
show = lambda x: "%.1f ms (%.1f…%.1f)" % (statistics.median(x), min(x), max(x))
ratios = [a / b for a, b in zip(ours, theirs)]
print(f"{name}, {threads} threads, {len(ours)} turns: tsr {show(ours)}, PyTorch {torch.__version__} (layout {layout}) {show(theirs)},")
print("  ours/theirs %.2f, turn by turn %.2f…%.2f" % (statistics.median(ours) / statistics.median(theirs), min(ratios), max(ratios)))
END
done
