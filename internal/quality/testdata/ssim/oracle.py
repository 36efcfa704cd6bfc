"""Writes oracle.json: both SSIMs of pairs of frames, computed by PyTorch and by scikit-image.

    python3 oracle.py        (PyTorch 1.13, numpy 1.24, scikit-image 0.19)

The frames follow from integers alone, so that the test of the Go code makes the same ones (ssim_oracle_test.go).
"""
import json

import numpy as np
import torch
import torch.nn.functional as F
from skimage.metrics import structural_similarity


def hashed(h, w, seed):
    """32 bits for each sample [h,w,3] that look random."""
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing="ij")
    n = y.astype(np.uint32) * np.uint32(2654435761)
    n ^= x.astype(np.uint32) * np.uint32(2246822519)
    n ^= (c + 3 * seed).astype(np.uint32) * np.uint32(3266489917)
    n ^= n >> np.uint32(15)
    n *= np.uint32(2246822519)
    n ^= n >> np.uint32(13)
    n *= np.uint32(3266489917)
    return n ^ (n >> np.uint32(16))


def steps(a):
    """8-bit steps as float32 in [0,1]."""
    return a.astype(np.float32) / np.float32(255)


def frames(kind, h, w):
    """A pair of frames [h,w,3], float32."""
    y, x, c = (i.astype(np.int64) for i in np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing="ij"))
    noise, other = (hashed(h, w, s).astype(np.int64) for s in (1, 2))
    ramp = (3 * x + 2 * y + 50 * c) % 256
    if kind == "same":
        return steps(noise >> 24), steps(noise >> 24)
    if kind == "noise":
        return steps(noise >> 24), steps((3 * (noise >> 24) + (other >> 24)) // 4)
    if kind == "unrelated":
        return steps(noise >> 24), steps(other >> 24)
    if kind == "ramp":
        return steps(ramp), steps((ramp * 15 + (noise >> 24)) // 16)
    if kind == "moved":
        return steps(ramp), steps((3 * (x + 2) + 2 * y + 50 * c) % 256)
    if kind == "constant":
        return steps(0 * x + 128), steps(0 * x + 131)
    if kind == "black and white":
        return steps(0 * x), steps(0 * x + 255)
    if kind == "two tones":
        up = (x // 23 + y // 23) % 2 == 0
        return steps(np.where(up, 255, 0)), steps(np.where(up, 200, 70))
    if kind == "colours":
        return steps(np.where(c == 0, 250, 10 * c)), steps(np.where(c == 0, 240, 12 * c) + (noise >> 30))
    if kind == "dark":
        return steps(noise >> 28), steps((noise >> 28) + (other >> 31))
    if kind == "fine":  # not on 8-bit steps
        scale = np.float32(1 << 24)
        return (noise >> 8).astype(np.float32) / scale, (((noise >> 8) * 7 + (other >> 8)) // 8).astype(np.float32) / scale
    if kind == "half fine":  # only the output is off the steps
        return steps(ramp), (ramp * 256 + (noise >> 24)).astype(np.float32) / np.float32(65535)
    if kind == "beyond":  # leaves [0,1]: limited before the comparison, as in a file
        a, b = frames("fine", h, w)
        return a, b * np.float32(1.5) - np.float32(0.25)
    raise ValueError(kind)


def window():
    g = torch.exp(-(torch.arange(11, dtype=torch.float64) - 5) ** 2 / (2 * 1.5**2))
    g = g / g.sum()
    return torch.einsum("i,j,k->ijk", g, g, g)[None, None]


def matlab3d(a, b):
    """SSIM as ssim_matlab of RIFE's benchmarks defines it: 3-D, channels first, replicate padding, L = 1.

    In float64: the script's float32 is off by 1e-6 in busy frames and by 1e-3 in flat ones, where variances cancel.
    """
    win = window()
    a, b = (torch.from_numpy(f.transpose(2, 0, 1).copy()).to(torch.float64)[None, None] for f in (a, b))

    def mean(f):
        return F.conv3d(F.pad(f, (5,) * 6, mode="replicate"), win)

    m1, m2 = mean(a), mean(b)
    s1, s2, s12 = mean(a * a) - m1 * m1, mean(b * b) - m2 * m2, mean(a * b) - m1 * m2
    c1, c2 = 0.01**2, 0.03**2
    v1, v2 = 2 * s12 + c2, s1 + s2 + c2
    return (((2 * m1 * m2 + c1) * v1) / ((m1 * m1 + m2 * m2 + c1) * v2)).mean().item()


def rounded(f):
    return np.clip(np.floor(f * np.float32(255) + np.float32(0.5)), 0, 255).astype(np.uint8)


def skimage(a, b):
    return structural_similarity(rounded(a), rounded(b), data_range=255, channel_axis=-1, gaussian_weights=True, sigma=1.5,
                                 use_sample_covariance=False)


cases = [("same", 24, 40), ("noise", 48, 64), ("noise", 11, 11), ("noise", 12, 37), ("noise", 97, 13), ("noise", 151, 33),
         ("unrelated", 31, 45), ("ramp", 70, 85), ("moved", 65, 50), ("constant", 20, 16), ("black and white", 16, 20),
         ("two tones", 140, 90), ("colours", 40, 30), ("dark", 45, 60), ("fine", 48, 64), ("fine", 75, 11),
         ("half fine", 80, 41), ("beyond", 40, 31),
         ("noise", 13, 600), ("moved", 12, 257), ("fine", 14, 515)]
out = []
for kind, h, w in cases:
    a, b = (np.clip(f, 0, 1) for f in frames(kind, h, w))
    out.append({"kind": kind, "height": h, "width": w, "matlab3d": matlab3d(a, b), "skimage": skimage(a, b),
                "corners": [float(v) for v in (a[0, 0, 0], b[-1, -1, -1])]})
with open("oracle.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")
