"""One library in a process of its own: ``python -m benchmarks.peers.worker torch 2`` answers requests, a line each.

A request is JSON, ``{"do": "losses", "net": "xor", "steps": 5}`` or ``{"do": "time", "net": "xor", "seconds": 0.3,
"clock": "wall"}``; so is the answer. The first line says which library answers, or that it is missing.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

from ..nets import NETS, Net, training_step


class Eager:
    """A library with PyTorch's names, one op at a time."""

    def __init__(self, lib: Any, threads: int):
        self.lib = lib
        lib.set_num_threads(threads)

    def start(self, net: Net) -> Callable[[], Any]:
        return training_step(self.lib, net)

    def finish(self, loss: Any) -> float:
        return loss.item()


class Jax:
    """JAX, a step compiled into one call."""

    def __init__(self, jax: Any, threads: int):
        self.jax = jax
        self.compiled: dict[str, Callable] = {}

    def start(self, net: Net) -> Callable[[], Any]:
        jnp = self.jax.numpy
        step = self.compiled.get(net.name) or self.compiled.setdefault(net.name, self._compile(net))
        params = [(jnp.array(w), jnp.array(b)) for w, b in net.layers()]
        m, v = ([(jnp.zeros_like(w), jnp.zeros_like(b)) for w, b in params] for _ in range(2))
        state = (params, m, v, jnp.zeros((), jnp.int32))
        x, t = map(jnp.array, net.data())

        def run():
            nonlocal state
            state, loss = step(state, x, t)
            return loss

        return run

    def finish(self, loss: Any) -> float:
        return float(loss)  # waits for what was dispatched

    def _compile(self, net: Net) -> Callable:
        jax, jnp, tree = self.jax, self.jax.numpy, self.jax.tree
        activation = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[net.activation]

        def loss(params, x, t):
            for w, b in params[:-1]:
                x = activation(x @ w.T + b)
            w, b = params[-1]
            x = x @ w.T + b
            if net.loss == "mse":
                return jnp.mean((activation(x) - t) ** 2)
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], axis=1))

        def sgd(p, g, m, v, n):
            return p - net.lr * g, m, v

        def adam(p, g, m, v, n):
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            return p - net.lr * (m / (1 - 0.9**n)) / (jnp.sqrt(v / (1 - 0.999**n)) + 1e-8), m, v

        def step(state, x, t):
            params, m, v, n = state
            value, g = jax.value_and_grad(loss)(params, x, t)
            update = {"sgd": sgd, "adam": adam}[net.optimizer]
            each = tree.map(lambda *leaf: update(*leaf, n + 1), params, g, m, v)
            params, m, v = ([tuple(parameter[i] for parameter in layer) for layer in each] for i in range(3))
            return (params, m, v, n + 1), value

        return jax.jit(step, donate_argnums=0)


CLOCKS = {"wall": perf_counter, "cpu": process_time}
PEERS = {"autograd": Eager, "torch": Eager, "jax": Jax}


def losses(peer: Eager | Jax, net: Net, steps: int) -> list[float]:
    """The losses of the first steps."""
    step = peer.start(net)
    return [peer.finish(step()) for _ in range(steps)]


def time_step(peer: Eager | Jax, net: Net, seconds: float, clock: Callable[[], float] = perf_counter) -> float:
    """Seconds a step, from fresh weights, over at least so many seconds.

    Fresh, since a net that was trained for minutes has gradients so small that denormal numbers are what is timed.
    """
    step = peer.start(net)
    for _ in range(3):
        loss = step()
    peer.finish(loss)
    steps, elapsed = 1, 0.0
    while True:
        start = clock()
        for _ in range(steps):
            loss = step()
        peer.finish(loss)
        elapsed = clock() - start
        if elapsed >= seconds:
            return elapsed / steps
        steps = max(steps + 1, min(int(1.1 * steps * seconds / elapsed), 10 * steps))


Answer = Callable[[dict[str, Any]], Any]


def serve(prepare: Callable[[str, Any, int], Answer]) -> None:
    """Import the library that the command line names, say which it is, then answer the requests of stdin;
    ``prepare(name, library, threads)`` makes what answers them."""
    name, threads = sys.argv[1], int(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):  # the one way to hold every library to so many threads
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is not an answer
    try:
        lib = importlib.import_module(name)
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=answers)
        return
    answer = prepare(name, lib, threads)
    about = {"version": lib.__version__}
    if name == "autograd":
        about |= {"backend": lib.get_backend(), "isa": lib.get_isa()}
    print(json.dumps(about), file=answers)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers)


def training(name: str, lib: Any, threads: int) -> Answer:
    """Answers for the training steps."""
    peer = PEERS[name](lib, threads)

    def answer(request: dict[str, Any]) -> Any:
        net = NETS[request["net"]]
        if request["do"] == "losses":
            return losses(peer, net, request["steps"])
        return time_step(peer, net, request["seconds"], CLOCKS[request["clock"]])

    return answer


def main() -> None:
    serve(training)


if __name__ == "__main__":
    main()
