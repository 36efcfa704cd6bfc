#!/usr/bin/env python3
"""Makes oracle.json: temporal_flickering of a small clip by VBench's rule with OpenCV and NumPy.

Debian: apt-get install python3-opencv ffmpeg; then /usr/bin/python3 oracle.py > oracle.json
"""
import json, subprocess, tempfile
import cv2
import numpy as np

ARGS = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=12", "-frames:v", "9", "-c:v", "libx264", "-qp", "20",
        "-preset", "ultrafast", "-threads", "1", "-pix_fmt", "yuv420p"]


def mae(a, b):
    return np.mean(cv2.absdiff(np.array(a, np.float32), np.array(b, np.float32)))


with tempfile.TemporaryDirectory() as d:
    subprocess.run(["ffmpeg", "-v", "error", *ARGS, f"{d}/clip.mp4"], check=True)
    v, frames = cv2.VideoCapture(f"{d}/clip.mp4"), []
    while True:
        ok, f = v.read()
        if not ok:
            break
        frames.append(f)

score = lambda fs: float((255.0 - np.mean([mae(a, b) for a, b in zip(fs, fs[1:])])) / 255.0)
print(json.dumps({"args": ARGS, "frames": len(frames), "score": score(frames), "every_second": score(frames[::2]),
                  "samples": int(np.sum(np.array(frames, np.int64)))}, indent=1))
