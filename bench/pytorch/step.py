#!/usr/bin/env python3
"""Times a training step of a network in PyTorch: forward, L1, backward, Adam. Prints one JSON object.

    step.py paper|lean64 --threads N --seconds S

paper: the published network, 8 layers of 128 channels with ReLU, on a batch of 10 crops of 16x16x16.
lean64: this program's network of 64 channels on a batch of 8 crops of 16x16x16 HTR voxels, 8x8x8 after space-to-depth.
"""
import argparse, json, time
import torch
import torch.nn as nn
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("case", choices=["paper", "lean64"])
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--seconds", type=float, default=5)
a = ap.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)

SHAPES = {"3": ((3, 3, 3), (1, 1, 1)), "1": ((1, 3, 3), (0, 1, 1))}


class Net(nn.Module):
    def __init__(self, io, channels, kernels, skip):
        super().__init__()
        sizes = [io] + [channels] * (len(kernels) - 1) + [io]
        self.layers = nn.ModuleList(nn.Conv3d(i, o, SHAPES[k][0], padding=SHAPES[k][1]) for k, i, o in zip(kernels, sizes, sizes[1:]))
        self.skip = skip

    def forward(self, x):
        for j, l in enumerate(self.layers[:-1]):
            y = F.leaky_relu(l(x), 0.1) if self.skip else F.relu(l(x))
            if self.skip and j % 2 == 0:
                y = y + kept if j else y
                kept = y
            x = y
        return self.layers[-1](x)


if a.case == "paper":
    net, x = Net(3, 128, "33111113", False), torch.rand(10, 3, 16, 16, 16)
else:
    net, x = Net(12, 64, "33111113", True), torch.rand(8, 12, 8, 8, 8)
target = torch.rand_like(x)
opt = torch.optim.Adam(net.parameters(), lr=1e-5)


def step():
    opt.zero_grad()
    (net(x) - target).abs().mean().backward()
    opt.step()


for _ in range(2):
    step()
times, began = [], time.perf_counter()
while len(times) < 3 or time.perf_counter() - began < a.seconds:
    t = time.perf_counter()
    step()
    times.append(time.perf_counter() - t)
times.sort()
print(json.dumps({"case": a.case, "median": times[len(times) // 2], "min": times[0], "steps": len(times), "torch": torch.__version__}))
