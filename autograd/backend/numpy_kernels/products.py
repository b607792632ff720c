"""Products of matrices, and linear layers."""

from __future__ import annotations

import numpy as np

from .elementwise import relu, relu_grad, sigmoid, sigmoid_grad, tanh, tanh_grad

_ACTIVATIONS = {1: relu, 2: sigmoid, 3: tanh}
_ACTIVATION_GRADS = {1: relu_grad, 2: sigmoid_grad, 3: tanh_grad}


def gemm(c, a, b, bias=None, alpha=1.0, beta=0.0, act=0):
    """c = act(alpha a @ b + beta c + bias); leading dims broadcast."""
    product = np.matmul(a, b)
    if alpha != 1:
        product *= c.dtype.type(alpha)
    if beta != 0:
        product += c.dtype.type(beta) * c
    if bias is not None:
        product += bias
    if act:
        _ACTIVATIONS[act](product, product.copy())
    c[...] = product


def linear(y, x, w, bias, act=0):
    """y = act(x @ w.T + bias); x (m, k), w (n, k), y (m, n), bias (n,) or None."""
    np.matmul(x, w.T, out=y)
    if bias is not None:
        y += bias
    if act:
        _ACTIVATIONS[act](y, y.copy())


def linear_grad(dx, dw, db, dz, g, x, w, y, act=0):
    """The gradients of y = act(z), z = x @ w.T + b, each where it is not None; g, y (m, n), x (m, k), w (n, k). With
    act, dz is written first; it may be g."""
    if act:
        _ACTIVATION_GRADS[act](dz, g.copy(), y)
        g = dz
    if dx is not None:
        np.matmul(g, w, out=dx)
    if dw is not None:
        np.matmul(g.T, x, out=dw)
    if db is not None:
        np.sum(g, axis=0, out=db)
