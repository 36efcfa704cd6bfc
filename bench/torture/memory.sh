#!/bin/sh
# Measures the memory that a run takes, tsr and its children together at any moment, against what --memory allows.
#   bench/torture/memory.sh bin/tsr [SIZE:FRAMES:MEMORY ...]
set -eu
tsr=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- 160x120:16:254M 640x360:16:308M 640x360:16:548M 854x480:17:376M 854x480:17:803M 854x480:500:1G 1280x720:17:568M 1280x720:17:947M \
	1920x1080:17:1000M 1920x1080:17:1852M 1920x1080:500:2G 3840x2160:17:4G 3840x2160:17:5429M
# The picture scrolls, with its blur, which a network learns in 400 steps: with no share in the result, upsampling takes less.
steps=400
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# watch FILE COMMAND ... writes the most memory, in KiB, that the command's processes have resident at once to FILE.
watch() {
	to=$1
	shift
	setsid "$@" &
	id=$!
	most=0
	while kill -0 $id 2> /dev/null; do
		now=$(ps -o rss= -s $id | awk '{ sum += $1 } END { print sum + 0 }')
		[ "$now" -le $most ] || most=$now
		sleep 0.1
	done
	echo $most > "$to"
	wait $id
}

printf '%-12s %6s %8s %10s %7s  %s\n' size frames allowed "peak MiB" share "of the network"
for c in "$@"; do
	size=${c%%:*} rest=${c#*:}
	frames=${rest%%:*} allowed=${rest#*:}
	ffmpeg -v error -y -f lavfi -i "testsrc2=s=$size:r=100,loop=loop=-1:size=1,scroll=horizontal=$(awk "BEGIN { print 1.25/${size%x*} }"):vertical=$(awk "BEGIN { print 0.5/${size#*x} }"),tmix=frames=4,select=not(mod(n\,4)),setpts=N/25/TB" \
		-r 25 -frames:v "$frames" -c:v libx264 -preset ultrafast -qp 0 in.mp4
	if watch peak "$tsr" upsample -q -p fast --steps $steps --memory "$allowed" --overwrite --restart --json in.mp4 out.mp4 2> said > told; then
		limit=$(numfmt --from=iec "$allowed")
		of=$(tr -d ' \n' < told | sed 's/.*"network_shares":\[\([^]]*\)\].*/\1/')
		awk -v s="$size" -v f="$frames" -v a="$allowed" -v p="$(cat peak)" -v l="$limit" -v of="$of" \
			'BEGIN { printf "%-12s %6d %8s %10.0f %6.1f%%  %.2f\n", s, f, a, p/1024, 102400*p/l, of }'
	else
		printf '%-12s %6d %8s %s\n' "$size" "$frames" "$allowed" "$(cat said)"
	fi
	rm -rf out.mp4 out.mp4.tsr in.mp4
done
