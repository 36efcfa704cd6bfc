#!/usr/bin/env python3
"""Times a training step of a network in PyTorch: forward, L1, backward, Adam. Prints one JSON object.

    step.py paper|lean64 --threads N --seconds S --layout plain|last

paper: the published network, 8 layers of 128 channels with ReLU, on a batch of 10 crops of 16x16x16.
lean64: tsr's network of 64 channels on a batch of 8 crops of 16x16x16 HTR voxels, 8x8x8 after space-to-depth.
layout: of the data, NCDHW or, "last", NDHWC.

As in tsr the input is ready in memory and its gradient is not computed. What the network's answer is added to does not
change the gradients, and is left out here and there.
"""
import argparse
import json
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("case", choices=["paper", "lean64"])
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=3, help="least time to measure for, after two steps to warm up")
parser.add_argument("--layout", choices=["plain", "last"], default="plain")
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(0)
layout = torch.channels_last_3d if args.layout == "last" else torch.contiguous_format

# Kernel size and padding of tsr's letters for a layer.
KINDS = {"3": ((3, 3, 3), (1, 1, 1)), "1": ((1, 3, 3), (0, 1, 1))}


class Net(nn.Module):
    def __init__(self, first, last, channels, kernels, skip):
        super().__init__()
        sizes = [first] + [channels] * (len(kernels) - 1) + [last]
        self.layers = nn.ModuleList(
            nn.Conv3d(i, o, KINDS[k][0], padding=KINDS[k][1]) for k, i, o in zip(kernels, sizes, sizes[1:])
        )
        self.skip = skip  # over hidden layers 2+3, 4+5, 6+7, and leaky ReLU

    def forward(self, x):
        for j, layer in enumerate(self.layers[:-1]):
            y = F.leaky_relu(layer(x), 0.1, inplace=True) if self.skip else F.relu(layer(x), inplace=True)
            if self.skip and j % 2 == 0:
                kept = y + kept if j > 0 else y
                y = kept
            x = y
        return self.layers[-1](x)


if args.case == "paper":
    net, ends, shape = Net(3, 3, 128, "33111113", False), (3, 3), (10, 16, 16, 16)
else:
    net, ends, shape = Net(24, 12, 64, "33111113", True), (24, 12), (8, 8, 8, 8)
net = net.to(memory_format=layout)
x, target = (torch.rand(shape[0], c, *shape[1:]).contiguous(memory_format=layout) for c in ends)
adam = torch.optim.Adam(net.parameters(), lr=1e-5)


def step():
    adam.zero_grad()
    (net(x) - target).abs().mean().backward()
    adam.step()


for _ in range(2):
    step()
times, began = [], time.perf_counter()
while len(times) < 3 or time.perf_counter() - began < args.seconds:
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
times.sort()
print(json.dumps({"case": args.case, "median": times[len(times) // 2], "steps": len(times), "torch": torch.__version__}))
