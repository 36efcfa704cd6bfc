#!/usr/bin/env bash
# Times the training step of tsr and of PyTorch in turn, on the same shapes and threads, and prints the ratio of the
# medians: above 1 tsr is faster. Needs bin/tsr (make build) and python3-torch; PYTHON names the interpreter that has it.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-/usr/bin/python3}
turns=${TURNS:-5}
threads=${THREADS:-$(nproc)}

for case in paper lean64; do
	name=$([ "$case" = paper ] && echo "paper, batch 10 of 16×16×16" || echo "lean 64, batch 8 of 16×16×16")
	ours=() theirs=()
	for ((i = 0; i < turns; i++)); do
		ours+=("$(bin/tsr bench --only step --network "$name" --threads "$threads" --json 2>/dev/null)")
		theirs+=("$(OMP_NUM_THREADS=$threads "$python" bench/pytorch/step.py "$case" --threads "$threads" --seconds 3)")
	done
	printf '%s\n' "${ours[@]}" --- "${theirs[@]}" | "$python" -c '
import json, statistics, sys
ours, theirs = sys.stdin.read().split("---\n")
a = [r["seconds"]["median"] for l in ours.splitlines() for r in json.loads(l)["results"] if r["part"] == "step"]
b = [json.loads(l)["median"] for l in theirs.splitlines()]
spread = lambda x: "%.1f ms (%.1f to %.1f)" % (1e3 * statistics.median(x), 1e3 * min(x), 1e3 * max(x))
print("%s: tsr %s, PyTorch %s %s, ratio %.2f" % (sys.argv[1], spread(a), json.loads(theirs.splitlines()[0])["torch"], spread(b), statistics.median(b) / statistics.median(a)))
' "$name"
done
