#!/usr/bin/env python3
"""Loads a network that `tsr upsample --save-model` wrote and asks it: load.py MODEL.safetensors DEPTH HEIGHT WIDTH

The input is a fixed wave [1,C,D,H,W], the answer goes to standard output as raw float32 [C,D,H,W]. Needs PyTorch and NumPy.
"""
import json
import struct
import sys
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, meta, state):
        super().__init__()
        shapes = [state[f'layers.{i}.weight'].shape for i in range(len(meta['kernels']))]
        self.layers = nn.ModuleList(nn.Conv3d(s[1], s[0], tuple(s[2:]), padding=[k // 2 for k in s[2:]]) for s in shapes)
        name, *slope = meta['activation'].split()
        self.act = nn.LeakyReLU(float(slope[0])) if name == 'leaky' else nn.ReLU()
        self.skip = meta['skip'] == 'true'
        self.load_state_dict(state)

    def forward(self, x):
        last = len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            if self.skip and i % 2 == 1 and i + 1 < last:
                before = x  # comes back after the next layer
            x = layer(x) if i == last else self.act(layer(x))
            if self.skip and i % 2 == 0 and 0 < i < last:
                x = x + before
        return x


with open(sys.argv[1], 'rb') as f:
    header = json.loads(f.read(*struct.unpack('<Q', f.read(8))))
    data = bytearray(f.read())
meta = header.pop('__metadata__')
state = {k: torch.frombuffer(data, dtype=torch.float32, count=(t['data_offsets'][1] - t['data_offsets'][0]) // 4,
                             offset=t['data_offsets'][0]).reshape(t['shape']) for k, t in header.items()}
net = Network(meta, state)
d, h, w = map(int, sys.argv[2:])
channels = net.layers[0].in_channels
x = torch.sin(torch.arange(channels * d * h * w, dtype=torch.float64)).float().reshape(1, channels, d, h, w)
with torch.no_grad():
    sys.stdout.buffer.write(net(x).numpy().tobytes())
