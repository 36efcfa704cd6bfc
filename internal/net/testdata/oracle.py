#!/usr/bin/env python3
"""Computes oracle.json: what PyTorch says of two small networks, for TestOracle of package net.

    apt-get install python3-torch && /usr/bin/python3 oracle.py > oracle.json

Independent of the Go code on purpose: the pairs come from numpy in float64, the network from torch.nn.functional,
gradients from autograd, the steps from torch.optim.Adam with clip_grad_norm_. Arrays are flat, in the order of the
shapes of package net: clips [T,H,W,3], data [N,D,H,W,C], weights [KD,KH,KW,Ci,Co].
"""
import json
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
SHAPES = {'3': (3, 3, 3), '1': (1, 3, 3), 't': (3, 1, 1), 'p': (1, 1, 1)}
N, T, SIDE, EDGE = 2, 8, 4, 2


def keys(x):
    x = abs(x)
    return 1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.


def cubic(ltr, t):
    """the LTR clip at time t, mirrored with the edge frame repeated"""
    n, out = len(ltr), 0
    for k in range(int(np.floor(t)) - 1, int(np.floor(t)) + 3):
        i = k if 0 <= k < n else -1 - k if k < 0 else 2 * n - 1 - k
        out = out + keys(t - k) * ltr[i]
    return out


def pair(htr, c):
    """what the network sees of an HTR crop's LTR partner, and what it should say"""
    ltr = (htr[0::2] + htr[1::2]) / 2
    interp = np.stack([cubic(ltr, n + o) for n in range(len(ltr)) for o in (-.25, .25)])
    if c['head'] == 'interp':
        x, y = interp, htr - interp
    else:
        bp = interp + np.repeat(ltr - (interp[0::2] + interp[1::2]) / 2, 2, 0)  # temporal back-projection
        x, y = ltr, (htr[0::2] - htr[1::2]) / 2 - (bp[0::2] - bp[1::2]) / 2
    return shuffle(c['gain'] * (x - ltr.mean((0, 1, 2))), c), shuffle(y, c)


def shuffle(v, c):
    d, h, w, _ = v.shape
    r = c['unshuffle']
    return v.reshape(d, h // r, r, w // r, r, 3).transpose(0, 1, 3, 2, 4, 5).reshape(d, h // r, w // r, r * r * 3)


def forward(c, params, x):
    act = (lambda z: F.leaky_relu(z, .1)) if c['act'] == 2 else F.relu
    z, skip = x, None
    last = len(c['kernels']) - 1
    for i, k in enumerate(c['kernels']):
        w, b = params[2 * i].permute(4, 3, 0, 1, 2), params[2 * i + 1]
        y = F.conv3d(z, w, b, padding=[s // 2 for s in SHAPES[k]])
        if i < last:
            y = act(y)
        if c['skip'] and i > 0 and i % 2 == 0 and i < last:
            y = y + skip
        if i % 2 == 0:
            skip = y
        z = y
    return z


def run(c, seed):
    rng = np.random.default_rng(seed)
    g = torch.Generator().manual_seed(seed)
    htr = rng.random((N, T, SIDE, SIDE, 3)).round(4)
    pairs = [pair(h, c) for h in htr]
    x = torch.tensor(np.stack([p[0] for p in pairs]), dtype=torch.float32)
    y = torch.tensor(np.stack([p[1] for p in pairs]), dtype=torch.float32)
    io = 3 * c['unshuffle']**2
    params = []
    for i, k in enumerate(c['kernels']):
        ci, co = (io if i == 0 else c['channels']), (io if i == len(c['kernels']) - 1 else c['channels'])
        params.append(((torch.rand(*SHAPES[k], ci, co, generator=g) - .5) * .3).requires_grad_())
        params.append(((torch.rand(co, generator=g) - .5) * .2).requires_grad_())
    start = [p.detach().clone() for p in params]
    opt = torch.optim.Adam(params, lr=1e-3)
    edge = EDGE if c['head'] == 'interp' else EDGE // 2
    losses = []
    for step in range(10):
        out = forward(c, params, x.permute(0, 4, 1, 2, 3)).permute(0, 2, 3, 4, 1)
        loss = (out - y)[:, edge:out.shape[1] - edge].abs().mean()
        opt.zero_grad()
        loss.backward()
        if step == 0:
            first, grads = out.detach().clone(), [p.grad.clone() for p in params]
        torch.nn.utils.clip_grad_norm_(params, .5)
        opt.step()
        losses.append(float(loss))
    flat = lambda a: [float(f'{v:.8g}') for v in np.asarray(a).ravel()]
    return dict(config=c, htr=flat(htr), input=flat(x), target=flat(y), params=[flat(p) for p in start], output=flat(first),
                grads=[flat(p) for p in grads], losses=losses, end=[flat(p.detach()) for p in params])


lean = dict(head='diff', channels=4, kernels='331113', unshuffle=2, skip=True, act=2, gain=4)
paper = dict(head='interp', channels=4, kernels='33113', unshuffle=1, skip=False, act=1, gain=1)
print(json.dumps(dict(n=N, t=T, side=SIDE, edge=EDGE, runs=dict(lean=run(lean, 1), paper=run(paper, 2)))))
