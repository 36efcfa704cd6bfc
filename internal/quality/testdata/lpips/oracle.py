#!/usr/bin/env python3
"""Makes small.onnx, a small network built as LPIPS is, of random weights, and oracle.json, what PyTorch computes by it.

    /usr/bin/python3 oracle.py        (PyTorch 1.13, run here)

The frames follow from integers alone, so that the test of the Go code makes the same ones.
"""
import json

import numpy as np
import torch
from torch import nn


class Small(nn.Module):
    """LPIPS 0.1 with two stages of few channels: both frames share the normalisation and the stages."""

    def __init__(self):
        super().__init__()
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[None, :, None, None])
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[None, :, None, None])
        self.stages = nn.ModuleList([
            nn.Sequential(nn.Conv2d(3, 4, 5, 2, 2), nn.ReLU()),
            nn.Sequential(nn.MaxPool2d(3, 2), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU())])
        self.weights = nn.ModuleList([nn.Conv2d(c, 1, 1, bias=False) for c in (4, 6)])
        for w in self.weights:
            w.weight.data.abs_()

    def unit(self, x):
        return x / (torch.sqrt(torch.sum(x**2, dim=1, keepdim=True)) + 1e-10)

    def forward(self, a, b):
        a, b, total = (a - self.shift) / self.scale, (b - self.shift) / self.scale, 0
        for stage, weight in zip(self.stages, self.weights):
            a, b = stage(a), stage(b)
            total = total + weight((self.unit(a) - self.unit(b)) ** 2).mean([2, 3], keepdim=True)
        return total


def frame(h, w, factor):
    i = np.arange(h * w * 3, dtype=np.uint64)
    x = (i * factor % 2**32 // 2**16 % 256).astype(np.float32) / 255
    return torch.from_numpy(x.reshape(h, w, 3).transpose(2, 0, 1)[None].copy()) * 2 - 1


torch.manual_seed(1)
net = Small().eval()
x = torch.zeros(1, 3, 32, 32)
torch.onnx.export(net, (x, x), "small.onnx", opset_version=11, input_names=["a", "b"],
                  dynamic_axes={"a": [2, 3], "b": [2, 3]})
with torch.no_grad():
    values = [{"height": h, "width": w, "distance": net(frame(h, w, 2654435761), frame(h, w, 2246822519)).item()}
              for h, w in ((20, 24), (33, 47))]
with open("oracle.json", "w") as f:
    json.dump(values, f, indent=1)
