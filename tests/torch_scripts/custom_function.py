"""Ops of one's own: torch.autograd.Function with saved tensors, constants and double backward, checked by gradcheck."""

import math

import torch
from torch.autograd import Function, gradcheck
from torch.autograd.function import once_differentiable


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


class MulConstant(Function):
    @staticmethod
    def forward(ctx, tensor, constant):
        ctx.constant = constant
        return tensor * constant

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.constant, None


class StraightThrough(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_non_differentiable()
        return torch.round(x)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return g


dtype, device = torch.float, torch.device("cpu")
x = torch.linspace(-math.pi, math.pi, 200, device=device, dtype=dtype)
y = torch.sin(x)
a = torch.full((), 0.0, device=device, dtype=dtype, requires_grad=True)
b = torch.full((), -1.0, device=device, dtype=dtype, requires_grad=True)
c = torch.full((), 0.0, device=device, dtype=dtype, requires_grad=True)
d = torch.full((), 0.3, device=device, dtype=dtype, requires_grad=True)
for t in range(300):
    P3 = LegendrePolynomial3.apply
    y_pred = a + b * P3(c + d * x)
    loss = (y_pred - y).pow(2).sum()
    if t % 100 == 99:
        print(t, f"{loss.item():.4f}")
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 5e-5 * p.grad
            p.grad = None
print(f"Result: y = {a.item():.4f} + {b.item():.4f} * P3({c.item():.4f} + {d.item():.4f} x)")

v = torch.randn(5, dtype=torch.double, requires_grad=True, generator=torch.Generator().manual_seed(0))
print(
    "gradcheck",
    gradcheck(LegendrePolynomial3.apply, (v,), eps=1e-6, atol=1e-4),
    gradcheck(lambda t: MulConstant.apply(t, 3), v),
)
(g,) = torch.autograd.grad(MulConstant.apply(v, 2.0).pow(2).sum(), v, create_graph=True)
(gg,) = torch.autograd.grad(g.sum(), v)
w = torch.tensor([0.2, 1.7], requires_grad=True)
StraightThrough.apply(w * 3).sum().backward()
print(gg.tolist(), w.grad.tolist(), f"{g.sum().item():.5f}")
