#!/bin/sh
# Sends lists that name other files, and addresses, through tsr under strace: no connection may be tried, and none of the
# files that they name may be opened.
#   bench/torture/strace.sh bin/tsr
set -eu
tsr=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
ffmpeg -v error -f lavfi -i testsrc2=s=64x48 -frames:v 12 -c:v ffv1 secret.mkv
secret=$dir/secret.mkv

printf '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n%s\n#EXT-X-ENDLIST\n' "$secret" > list.mp4
printf '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n' > web.m3u8
printf '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n%s\n' "$secret" > master.ts
printf 'ffconcat version 1.0\nfile %s\n' "$secret" > concat.mkv
printf 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n' > session.sdp
printf '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>%s</BaseURL></Representation></AdaptationSet></Period></MPD>' "$secret" > dash.mp4
printf '<svg xmlns="http://www.w3.org/2000/svg"><image href="%s"/></svg>' "$secret" > vector.mp4

tried=0
for input in list.mp4 web.m3u8 master.ts concat.mkv session.sdp dash.mp4 vector.mp4 http://127.0.0.1:9/a.mp4 \
	concat:secret.mkv subfile,,start,0,end,0,,:secret.mkv "data:video/mp4;base64,AAAA" pipe:0 fd:0 @list.mp4; do
	for call in "info" "upsample --method repeat"; do
		out=
		[ "$call" = info ] || out=out.mkv
		code=0
		# shellcheck disable=SC2086 # words of the call
		strace -f -qq -e trace=connect,openat,open -o trace.log "$tsr" $call "$input" $out > said 2>&1 || code=$?
		tried=$((tried + 1))
		if [ $code != 3 ]; then
			echo "$call $input: exit code $code, not 3:"
			cat said
			exit 1
		fi
		if grep -E "connect\(|\"($dir/)?secret.mkv\"" trace.log; then
			echo "$call $input: connected or opened another file"
			exit 1
		fi
	done
done
echo "$tried calls: all refused, no connection, no other file opened"
