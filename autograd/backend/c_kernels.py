"""Binds the C kernels: per signature class, a Python function that turns arrays into one C call.

The dtype chooses the exported symbol: a kernel runs in C for the dtypes that its lines in ``csrc/kernels.def`` name;
for any other it is its NumPy twin. Operands have one dtype, but for an index, a condition and what is cast: who calls
brings them to it. ``csrc/dispatch.c`` chooses the instruction set and the threads. Layouts are described to C by plans,
cached by shapes and strides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from ..dtypes import ALL, dtype, float16
from ..storage import Layout
from . import extension, numpy_backend

MAXDIM = 16
NONE = extension.ffi.NULL if extension is not None else None


@cache
def table() -> dict[str, Callable]:
    """Every kernel by name."""
    extension.lib.ag_bind_gil()
    return bind(extension.lib)


def bind(lib: Any) -> dict[str, Callable]:
    """Every kernel by name, on the functions of ``lib``; the symbols come from kernels.def through the extension."""
    kernels = dict(numpy_backend.table())
    functions: dict[str, dict] = {}
    for line in extension.ffi.string(extension.lib.ag_kernels()).decode().splitlines():
        group, symbol = line.split()
        name, _, suffix = symbol.rpartition("_")
        f = getattr(lib, f"ag_{symbol}")
        if suffix in DTYPES:
            by_dtype = functions.setdefault(name, {})
            by_dtype[DTYPES[suffix]] = _whole(f, DTYPES[suffix], WHOLE[group]) if group in WHOLE else f
            if len(by_dtype) == 1:
                kernels[name] = BINDERS[group](by_dtype, kernels.get(name))
        elif group in BY_SYMBOL:
            kernels[symbol.removeprefix("mt_")] = BY_SYMBOL[group](f)
    for name in numpy_backend.NO_HALF:
        functions.get(name, functions.get(f"mt_{name}", {}))[float16] = _refusing_half(name)
    return kernels


def _refusing_half(name: str) -> Callable:
    """What stands where the C function for float16 would."""
    return lambda *args: numpy_backend.refuse_half(name)


DTYPES = dict(zip(("b8", "u8", "i8", "i16", "i32", "i64", "f32", "f64"), [d for d in ALL if d is not float16]))
"""By the endings of symbols, in the order of ag.h."""

WHOLE = {"FILL_WHOLE": 3, "CLAMP_WHOLE": 4}
"""The classes with integer parameters, and which argument is the first of these."""


def _whole(f: Callable, d: dtype, first: int) -> Callable:
    """Gives f numbers of a dtype where it is called with Python's."""
    convert = d.dtype.type
    return lambda *args: f(*args[:first], *[convert(p).item() for p in args[first:]])


# --- plans: how C walks strided memory, worked out once per combination of layouts ------------------------------------

_plans: dict[tuple, Any] = {}


def _remember(key: tuple, plan):
    if len(_plans) > 50_000:
        _plans.clear()
    _plans[key] = plan
    return plan


def _coalesce(dims: list[tuple[int, tuple]]) -> list[tuple[int, tuple]]:
    """Merge neighbouring dims, each (size, strides of all operands), that every operand walks as one."""
    merged: list[tuple[int, tuple]] = []
    for size, strides in dims:
        if size == 1:
            continue
        if merged and all(outer == s * size for outer, s in zip(merged[-1][1], strides)):
            merged[-1] = (merged[-1][0] * size, strides)
        else:
            merged.append((size, strides))
    if len(merged) > MAXDIM:
        raise RuntimeError(f"more than {MAXDIM} dimensions that cannot be merged; call contiguous() on the operands")
    return merged


def _aligned(x: Layout, ndim: int) -> tuple:
    """The strides of x seen as ndim dims, 0 where it broadcasts."""
    own = tuple([0 if n == 1 else s for n, s in zip(x.shape, x.strides)])
    return (0,) * (ndim - len(own)) + own


def _make_plan(*layouts: Layout):
    """The ag_plan that walks the first layout, the output's, and the others broadcast to it."""
    out = layouts[0]
    ndim = len(out.shape)
    strides = list(zip(*[_aligned(x, ndim) for x in layouts]))
    dims = _coalesce(sorted(zip(out.shape, strides), key=lambda dim: -abs(dim[1][0])))
    plan = extension.ffi.new("ag_plan *")
    plan.n, plan.ndim = out.size, len(dims)
    for d, (size, steps) in enumerate(dims):
        plan.size[d] = size
        for i, step in enumerate(steps):
            plan.stride[i][d] = step
    return _remember(layouts, plan)


def _make_reduce_plan(x: Layout, dims: tuple):
    """The ag_reduce that walks x with dims reduced."""
    plan = extension.ffi.new("ag_reduce *")
    for reduced in (False, True):
        walk = [(x.shape[d], (x.strides[d],)) for d in range(len(x.shape)) if (d in dims) == reduced]
        total = math.prod(size for size, _ in walk)
        walk = _coalesce(walk)
        sizes, strides = (plan.rsize, plan.rstride) if reduced else (plan.ksize, plan.kstride)
        for d, (size, (step,)) in enumerate(walk):
            sizes[d], strides[d] = size, step
        if reduced:
            plan.reduced, plan.nr = total, len(walk)
        else:
            plan.kept, plan.nk = total, len(walk)
    return _remember((x, dims), plan)


def _make_gemm(c: Layout, a: Layout, b: Layout, transpose_b: bool, alpha: float, beta: float, act: int):
    """The ag_gemm for c = a b, with b given transposed where asked; leading dims broadcast."""
    spec = extension.ffi.new("ag_gemm *")
    shape_b, stride_b = b.shape[-2:], b.strides[-2:]
    if transpose_b:
        shape_b, stride_b = shape_b[::-1], stride_b[::-1]
    spec.m, spec.k, spec.n = a.shape[-2], a.shape[-1], shape_b[1]
    (spec.rsa, spec.csa), (spec.rsb, spec.csb), spec.rsc = a.strides[-2:], stride_b, c.strides[-2]
    ndim = len(c.shape) - 2
    steps = [
        (0,) * (ndim - len(x.shape) + 2) + tuple([0 if n == 1 else s for n, s in zip(x.shape[:-2], x.strides[:-2])])
        for x in (c, a, b)
    ]
    batch = _coalesce(list(zip(c.shape[:-2], zip(*steps))))
    if batch and batch[-1][1][2] == 0 and batch[-1][1][:2] == (spec.m * spec.rsc, spec.m * spec.rsa):
        spec.m *= batch.pop()[0]  # one b for consecutive rows of a: a taller product
    spec.nbatch = len(batch)
    for d, (size, (step_c, step_a, step_b)) in enumerate(batch):
        spec.bsize[d], spec.bsc[d], spec.bsa[d], spec.bsb[d] = size, step_c, step_a, step_b
    spec.alpha, spec.beta, spec.act = alpha, beta, act
    return _remember((c, a, b, transpose_b, alpha, beta, act), spec)


# --- elementwise: contiguous operands of one layout need no plan ------------------------------------------------------


def _fill(by_dtype, twin):
    def kernel(out, value):
        layout = out.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, value)
        elif layout.contiguous:
            f(NONE, layout.size, out.ptr, value)
        else:
            f(_plans.get((layout,)) or _make_plan(layout), 0, out.ptr, value)

    return kernel


def _unary(by_dtype, twin):
    def kernel(out, x):
        layout = out.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, x)
        elif x.layout is layout and layout.contiguous:
            f(NONE, layout.size, out.ptr, x.ptr)
        elif x.layout.dtype is not layout.dtype:
            raise TypeError(f"a kernel that keeps the dtype was given {x.dtype} for a result of {out.dtype}")
        else:
            f(_plans.get((layout, x.layout)) or _make_plan(layout, x.layout), 0, out.ptr, x.ptr)

    return kernel


def _unary_p(by_dtype, twin):
    def kernel(out, x, p0, p1=None):
        layout = out.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, x, p0) if p1 is None else twin(out, x, p0, p1)
        elif x.layout is layout and layout.contiguous:
            f(NONE, layout.size, out.ptr, x.ptr, p0, p1 or 0.0)
        else:
            plan = _plans.get((layout, x.layout)) or _make_plan(layout, x.layout)
            f(plan, 0, out.ptr, x.ptr, p0, p1 or 0.0)

    return kernel


def _binary(by_dtype, twin):
    def kernel(out, a, b):
        layout = out.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, a, b)
        elif a.layout is b.layout is layout and layout.contiguous:
            f(NONE, layout.size, out.ptr, a.ptr, b.ptr)
        else:
            key = (layout, a.layout, b.layout)
            f(_plans.get(key) or _make_plan(*key), 0, out.ptr, a.ptr, b.ptr)

    return kernel


def _binary_p(by_dtype, twin):
    def kernel(out, a, b, p0, p1=None):
        layout = out.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, a, b, p0) if p1 is None else twin(out, a, b, p0, p1)
        elif a.layout is b.layout is layout and layout.contiguous:
            f(NONE, layout.size, out.ptr, a.ptr, b.ptr, p0, p1 or 0.0)
        else:
            key = (layout, a.layout, b.layout)
            f(_plans.get(key) or _make_plan(*key), 0, out.ptr, a.ptr, b.ptr, p0, p1 or 0.0)

    return kernel


def _ternary(by_dtype, twin):
    def kernel(out, a, b, c):
        key = (out.layout, a.layout, b.layout, c.layout)
        f = by_dtype.get(key[0].dtype)
        if f is None:
            twin(out, a, b, c)
        else:
            f(_plans.get(key) or _make_plan(*key), 0, out.ptr, a.ptr, b.ptr, c.ptr)

    return kernel


def _compare(by_dtype, twin):
    def kernel(out, a, b):
        layout = a.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, a, b)
        elif b.layout is layout and layout.contiguous and out.layout.contiguous and out.layout.size == layout.size:
            f(NONE, layout.size, out.ptr, a.ptr, b.ptr)
        else:
            key = (out.layout, layout, b.layout)
            f(_plans.get(key) or _make_plan(*key), 0, out.ptr, a.ptr, b.ptr)

    return kernel


def _test(by_dtype, twin):
    def kernel(out, x):
        layout = x.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, x)
        elif layout.contiguous and out.layout.contiguous and out.layout.size == layout.size:
            f(NONE, layout.size, out.ptr, x.ptr)
        else:
            key = (out.layout, layout)
            f(_plans.get(key) or _make_plan(*key), 0, out.ptr, x.ptr)

    return kernel


def _cast(by_dtype, twin):
    codes = {d: code for code, d in enumerate(DTYPES.values())}

    def kernel(out, x):
        layout, given = out.layout, x.layout
        f, code = by_dtype.get(layout.dtype), codes.get(given.dtype)
        if f is None or code is None:
            twin(out, x)
        elif given.contiguous and layout.contiguous and layout.size == given.size:
            f(NONE, layout.size, out.ptr, x.ptr, code)
        else:
            f(_plans.get((layout, given)) or _make_plan(layout, given), 0, out.ptr, x.ptr, code)

    return kernel


# --- reductions, rows, losses -----------------------------------------------------------------------------------------


def _reduce(by_dtype, twin):
    def kernel(out, x, dims, p0=None):
        layout = x.layout
        f = by_dtype.get(layout.dtype)
        if f is None or out.layout.dtype is not layout.dtype:
            twin(out, x, dims) if p0 is None else twin(out, x, dims, p0)
        else:
            f(_plans.get((layout, dims)) or _make_reduce_plan(layout, dims), out.ptr, x.ptr, p0 or 0.0)

    return kernel


def _reduce_test(by_dtype, twin):
    def kernel(out, x, dims):
        layout = x.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, x, dims)
        else:
            f(_plans.get((layout, dims)) or _make_reduce_plan(layout, dims), out.ptr, x.ptr)

    return kernel


def _argreduce(by_dtype, twin):
    cast = extension.ffi.cast

    def kernel(out, x, dims):
        layout = x.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, x, dims)
        else:
            f(_plans.get((layout, dims)) or _make_reduce_plan(layout, dims), cast("int64_t *", out.ptr), x.ptr)

    return kernel


def _rowwise(by_dtype, twin):
    def kernel(out, x, rows):
        f = by_dtype.get(x.layout.dtype)
        if f is None:
            twin(out, x, rows)
        else:
            f(*rows, out.ptr, x.ptr)

    return kernel


def _rowwise_grad(by_dtype, twin):
    def kernel(dx, g, y, rows):
        f = by_dtype.get(y.layout.dtype)
        if f is None:
            twin(dx, g, y, rows)
        else:
            f(*rows, dx.ptr, g.ptr, y.ptr)

    return kernel


def _norm(by_dtype, _):
    def kernel(y, stats, x, weight, bias, rows, eps):
        w, b = NONE if weight is None else weight.ptr, NONE if bias is None else bias.ptr
        by_dtype[x.layout.dtype](*rows, y.ptr, stats.ptr, x.ptr, w, b, eps)

    return kernel


def _norm_grad(by_dtype, _):
    def kernel(dx, dw, db, g, x, stats, weight, rows):
        status = by_dtype[x.layout.dtype](
            *rows,
            NONE if dx is None else dx.ptr, NONE if dw is None else dw.ptr, NONE if db is None else db.ptr,
            g.ptr, x.ptr, stats.ptr, NONE if weight is None else weight.ptr,
        )  # fmt: skip
        if status:
            raise _no_scratch()

    return kernel


def _pointer(a):
    return NONE if a is None else a.ptr


def _batch_norm(by_dtype, _):
    def kernel(y, stats, running_mean, running_var, x, weight, bias, rows, training, momentum, eps):
        by_dtype[x.layout.dtype](
            *rows, y.ptr, stats.ptr, _pointer(running_mean), _pointer(running_var), x.ptr, _pointer(weight),
            _pointer(bias), training, momentum, eps,
        )  # fmt: skip

    return kernel


def _batch_norm_grad(by_dtype, _):
    def kernel(dx, dw, db, g, x, stats, weight, rows, training):
        by_dtype[x.layout.dtype](
            *rows, _pointer(dx), _pointer(dw), _pointer(db), g.ptr, x.ptr, stats.ptr, _pointer(weight), training
        )

    return kernel


def _cell(by_dtype, _):
    def kernel(*arrays):
        layout = arrays[-1].layout
        by_dtype[layout.dtype](*layout.shape, *[a.ptr for a in arrays])

    return kernel


def _loss(by_dtype, twin):
    def kernel(out, x, t, scale):
        layout = x.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(out, x, t, scale)
        else:
            f(layout.size, out.ptr, x.ptr, t.ptr, scale)

    return kernel


def _loss_grad(by_dtype, twin):
    def kernel(dx, g, x, t, scale):
        layout = x.layout
        f = by_dtype.get(layout.dtype)
        if f is None:
            twin(dx, g, x, t, scale)
        else:
            f(layout.size, dx.ptr, g.ptr, x.ptr, t.ptr, scale)

    return kernel


def _nll(by_dtype, _):
    cast = extension.ffi.cast

    def kernel(loss, lse, x, target, weight, rows, ignore_index, reduction, smoothing):
        w, sums = NONE if weight is None else weight.ptr, NONE if lse is None else lse.ptr
        return by_dtype[x.layout.dtype](
            *rows, loss.ptr, sums, x.ptr, cast("int64_t *", target.ptr), w, ignore_index, reduction, smoothing
        )

    return kernel


def _nll_grad(by_dtype, _):
    cast = extension.ffi.cast

    def kernel(dx, g, x, lse, target, weight, rows, ignore_index, reduction, smoothing):
        w, sums, logits = (NONE if a is None else a.ptr for a in (weight, lse, x))
        t = cast("int64_t *", target.ptr)
        if by_dtype[dx.layout.dtype](*rows, dx.ptr, g.ptr, logits, sums, t, w, ignore_index, reduction, smoothing):
            raise _index_changed("cross_entropy")

    return kernel


# --- products, optimizers, indexing -----------------------------------------------------------------------------------


def _gemm(by_dtype, twin):
    def kernel(c, a, b, bias=None, transpose_b=False, alpha=1.0, beta=0.0, act=0):
        f = by_dtype.get(c.dtype)
        if f is None:
            twin(c, a, b, bias, transpose_b, alpha, beta, act)
        else:
            key = (c.layout, a.layout, b.layout, transpose_b, alpha, beta, act)
            spec = _plans.get(key) or _make_gemm(*key)
            if f(spec, c.ptr, a.ptr, b.ptr, NONE if bias is None else bias.ptr):
                raise _no_scratch()

    return kernel


def _linear(by_dtype, _):
    def kernel(y, x, w, bias, shape):
        m, n, k, act = shape
        b = NONE if bias is None else bias.ptr
        if by_dtype[w.layout.dtype](m, n, k, y.ptr, x.ptr, w.ptr, b, act):
            raise _no_scratch()

    return kernel


def _linear_grad(by_dtype, _):
    def kernel(dx, dw, db, dz, g, x, w, y, shape):
        m, n, k, act = shape
        status = by_dtype[g.layout.dtype](
            m, n, k,
            NONE if dx is None else dx.ptr, NONE if dw is None else dw.ptr, NONE if db is None else db.ptr,
            NONE if dz is None else dz.ptr, g.ptr, NONE if x is None else x.ptr, NONE if w is None else w.ptr,
            NONE if y is None else y.ptr, act,
        )  # fmt: skip
        if status:
            raise _no_scratch()

    return kernel


def _make_attention(scale: float, causal: bool, q: Layout, k: Layout, v: Layout, *more: Layout | None):
    """The ag_attention for operands in the order of ag.h."""
    layouts = (q, k, v, *more)
    lead = q.shape[:-2]
    own = [(0,) * len(lead) if x is None else _aligned(x, len(x.shape))[:-2] for x in layouts]
    dims = _coalesce(list(zip(lead, zip(*own))))
    spec = extension.ffi.new("ag_attention *", {
        "queries": q.shape[-2], "keys": k.shape[-2], "width": q.shape[-1], "values": v.shape[-1], "causal": causal,
        "scale": scale, "nbatch": len(dims), "size": [size for size, _ in dims],
        "row": [0 if x is None else x.strides[-2] for x in layouts],
        "batch": [[steps[i] for _, steps in dims] for i in range(len(layouts))],
    })  # fmt: skip
    return _remember((scale, causal, *layouts), spec)


def _attention(by_dtype, _):
    def kernel(y, stats, q, k, v, scale, causal):
        key = (scale, causal, q.layout, k.layout, v.layout, y.layout)
        spec = _plans.get(key) or _make_attention(*key)
        if by_dtype[y.layout.dtype](spec, y.ptr, stats.ptr, q.ptr, k.ptr, v.ptr):
            raise _no_scratch()

    return kernel


def _attention_grad(by_dtype, _):
    def kernel(dq, dk, dv, g, q, k, v, stats, scale, causal):
        made = [None if x is None else x.layout for x in (dq, dk, dv)]
        key = (scale, causal, q.layout, k.layout, v.layout, g.layout, *made)
        spec = _plans.get(key) or _make_attention(*key)
        status = by_dtype[g.layout.dtype](
            spec, NONE if dq is None else dq.ptr, NONE if dk is None else dk.ptr, NONE if dv is None else dv.ptr,
            g.ptr, q.ptr, k.ptr, v.ptr, stats.ptr,
        )  # fmt: skip
        if status:
            raise _no_scratch()

    return kernel


@lru_cache(4096)
def _conv_spec(s):
    """The ag_conv of a convolution's geometry."""
    return extension.ffi.new("ag_conv *", {
        "images": s.images, "groups": s.groups, "channels": s.channels, "filters": s.filters, "in": s.in_size,
        "out": s.out_size, "kernel": s.kernel, "stride": s.stride, "padding": s.padding, "dilation": s.dilation,
    })  # fmt: skip


def _conv(by_dtype, twin):
    def kernel(out, a, b, bias, s):
        f = by_dtype.get(out.dtype)
        if f is None:
            twin(out, a, b, bias, s)
        elif f(_conv_spec(s), out.ptr, a.ptr, b.ptr, NONE if bias is None else bias.ptr):
            raise _no_scratch()

    return kernel


@lru_cache(4096)
def _pool_spec(s):
    """The ag_pool of windows."""
    return extension.ffi.new("ag_pool *", {
        "planes": s.planes, "in": s.in_size, "out": s.out_size, "kernel": s.kernel, "stride": s.stride,
        "padding": s.padding, "dilation": s.dilation, "adaptive": s.adaptive, "divisor": s.divisor,
        "include_padding": s.include_padding,
    })  # fmt: skip


def _max_pool(by_dtype, twin):
    cast = extension.ffi.cast

    def kernel(y, index, x, s):
        f = by_dtype.get(x.dtype)
        if f is None:
            twin(y, index, x, s)
        else:
            f(_pool_spec(s), y.ptr, cast("int64_t *", index.ptr), x.ptr)

    return kernel


def _max_pool_grad(by_dtype, twin):
    cast = extension.ffi.cast

    def kernel(dx, g, index, s):
        f = by_dtype.get(g.dtype)
        if f is None:
            twin(dx, g, index, s)
        elif f(_pool_spec(s), dx.ptr, g.ptr, cast("int64_t *", index.ptr)):
            raise _index_changed("max_pool")

    return kernel


def _avg_pool(by_dtype, twin):
    def kernel(out, x, s):
        f = by_dtype.get(x.dtype)
        if f is None:
            twin(out, x, s)
        else:
            f(_pool_spec(s), out.ptr, x.ptr)

    return kernel


def _optimizer(by_dtype, _):
    def kernel(group, table):
        entries = table.entries
        if entries is None:
            entries = table.entries = _param_table(table)
        for entry, g in zip(entries[1], table.grads):
            entry.g = g.ptr
        by_dtype[table.dtype](group, len(entries[1]), entries[0])

    return kernel


def _tensors(arrays):
    """The C table of a list of tensors, which remembers it where it can."""
    rows = getattr(arrays, "entries", None)
    if rows is None:
        rows = extension.ffi.new("ag_param[]", len(arrays))
        for row, a in zip(rows, arrays):
            row.p, row.n = a.ptr, a.layout.size
        if type(arrays) is not list:
            arrays.entries = rows
    return rows


def _list_squares(by_dtype, _):
    cast = extension.ffi.cast

    def kernel(out, arrays):
        by_dtype[arrays[0].layout.dtype](len(arrays), _tensors(arrays), cast("double *", out.ptr))

    return kernel


def _root_sum(by_dtype, _):
    cast = extension.ffi.cast

    def kernel(out, x):
        by_dtype[out.layout.dtype](x.size, out.ptr, cast("double *", x.ptr))

    return kernel


def _clip_factor(by_dtype, _):
    cast = extension.ffi.cast

    def kernel(factor, norm, most):
        by_dtype[norm.layout.dtype](cast("double *", factor.ptr), norm.ptr, most)

    return kernel


def _list_scale(by_dtype, _):
    cast = extension.ffi.cast

    def kernel(arrays, factor):
        by_dtype[arrays[0].layout.dtype](len(arrays), _tensors(arrays), cast("double *", factor.ptr))

    return kernel


def _param_table(table):
    rows = extension.ffi.new("ag_param[]", len(table.params))
    for row, p, state in zip(rows, table.params, table.states):
        row.p, row.n = p.ptr, p.size
        for name, buffer in zip(("m", "v", "vmax"), state):
            setattr(row, name, NONE if buffer is None else buffer.ptr)
    return rows, list(rows)


def _make_index(y: Layout, x: Layout, index: Layout, low: int, skip: int | None):
    """The ag_index of x (outer, n, inner), y (outer, count, inner) and positions that broadcast to y."""
    spec = extension.ffi.new("ag_index *")
    spec.outer, spec.count, spec.inner = y.shape
    spec.n = x.shape[1]
    spec.step = [0 if n == 1 else s for n, s in zip(index.shape, index.strides)]
    spec.low, spec.skip = low, extension.lib.AG_NO_SKIP if skip is None else skip
    return _remember((y, x, index, low, skip), spec)


def _take(by_dtype, twin):
    cast = extension.ffi.cast

    def kernel(y, x, index, low=0):
        f = by_dtype.get(y.layout.dtype)
        if f is None:
            return twin(y, x, index, low)
        key = (y.layout, x.layout, index.layout, low, None)
        return f(_plans.get(key) or _make_index(*key), y.ptr, x.ptr, cast("int64_t *", index.ptr))

    return kernel


def _give(by_dtype, twin):
    cast = extension.ffi.cast

    def kernel(x, y, index, low=0, skip=None):
        f = by_dtype.get(x.layout.dtype)
        if f is None:
            return twin(x, y, index, low) if skip is None else twin(x, y, index, low, skip)
        key = (y.layout, x.layout, index.layout, low, skip)
        return f(_plans.get(key) or _make_index(*key), x.ptr, y.ptr, cast("int64_t *", index.ptr))

    return kernel


def _fold_index(f):
    cast = extension.ffi.cast

    def kernel(out, index, n):
        return f(index.size, n, cast("int64_t *", out.ptr), cast("int64_t *", index.ptr))

    return kernel


def _dropout(by_dtype, twin):
    cast = extension.ffi.cast

    def kernel(out, x, p, key):
        f = by_dtype.get(x.dtype)
        if f is None:
            twin(out, x, p, key)
        else:
            f(x.size, out.ptr, x.ptr, p, cast("int64_t *", key.ptr))

    return kernel


def _count(f):
    cast = extension.ffi.cast

    def kernel(out):
        f(out.size, cast("int64_t *", out.ptr))

    return kernel


# --- random streams: the state is a NumPy record that C and NumPy share -----------------------------------------------


def _stream(mt):
    """The C view of a stream's state."""
    pointer = getattr(mt, "pointer", None)
    if pointer is None:
        mt.block = extension.ffi.from_buffer(mt.record)
        pointer = mt.pointer = extension.ffi.cast("ag_mt19937 *", mt.block)
    return pointer


def _random(by_dtype, _):
    def kernel(mt, out, low, high):
        by_dtype[out.dtype](_stream(mt), out.size, out.ptr, low, high)

    return kernel


def _permutation(f):
    cast = extension.ffi.cast

    def kernel(mt, out):
        f(_stream(mt), out.size, cast("int64_t *", out.ptr))

    return kernel


def _integers(f):
    cast = extension.ffi.cast

    def kernel(mt, out, low, size):
        f(_stream(mt), out.size, cast("int64_t *", out.ptr), low, size % 2**64)

    return kernel


def _index_changed(op: str) -> RuntimeError:
    return RuntimeError(f"{op}: the indices were changed, to some that are out of range, between forward and backward")


def _no_scratch() -> MemoryError:
    return MemoryError("a kernel could not get its scratch memory")


BY_SYMBOL: dict[str, Callable] = {
    "PERMUTATION": _permutation,
    "INTEGERS": _integers,
    "COUNT": _count,
    "FOLD_INDEX": _fold_index,
}
BINDERS: dict[str, Callable] = {
    "FILL": _fill, "FILL_WHOLE": _fill, "UNARY": _unary, "UNARY_P": _unary_p, "CLAMP_WHOLE": _unary_p,
    "BINARY": _binary, "BINARY_P": _binary_p, "TERNARY": _ternary, "WHERE": _ternary,
    "COMPARE": _compare, "TEST": _test, "CAST": _cast, "RANDOM": _random,
    "REDUCE": _reduce, "REDUCE_TEST": _reduce_test, "ARGREDUCE": _argreduce,
    "ROWWISE": _rowwise, "ROWWISE_GRAD": _rowwise_grad, "NORM": _norm, "NORM_GRAD": _norm_grad,
    "BATCH_NORM": _batch_norm, "BATCH_NORM_GRAD": _batch_norm_grad,
    "LOSS": _loss, "LOSS_GRAD": _loss_grad, "NLL": _nll, "NLL_GRAD": _nll_grad,
    "LSTM_CELL": _cell, "LSTM_CELL_GRAD": _cell, "GRU_CELL": _cell, "GRU_CELL_GRAD": _cell,
    "GEMM": _gemm, "LINEAR": _linear, "LINEAR_GRAD": _linear_grad,
    "ATTENTION": _attention, "ATTENTION_GRAD": _attention_grad,
    "CONV": _conv, "MAX_POOL": _max_pool, "MAX_POOL_GRAD": _max_pool_grad, "AVG_POOL": _avg_pool,
    "OPTIMIZER": _optimizer, "LIST_SQUARES": _list_squares, "LIST_SCALE": _list_scale,
    "ROOT_SUM": _root_sum, "CLIP_FACTOR": _clip_factor,
    "TAKE": _take, "GIVE": _give, "DROPOUT": _dropout,
}  # fmt: skip
