"""One library in a process of its own: ``python -m benchmarks.peers.worker torch 2`` answers requests, a line each.

A request is JSON, ``{"do": "losses", "net": "xor", "steps": 5}`` or ``{"do": "time", "net": "xor", "seconds": 0.3,
"clock": "wall"}``; so is the answer. With ``"loop": true`` many steps are one call. The first line says which library
answers, or that it is missing; so does an answer where the library cannot train the net.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter, process_time
from typing import Any

from ..nets import NETS, Net, Training, set_weights, training, training_step

Step = Callable[[], Any]  # takes a step, returns the loss
Loop = Callable[[int], Any]  # takes so many, returns the last loss

PAUSE = 0.03  # seconds: as long as OpenBLAS's threads spin, on the CPU of the next library's second thread


class Missing(Exception):
    """Why a library cannot train a net."""


class Eager:
    """A library with PyTorch's names, one op at a time."""

    def __init__(self, lib: Any, threads: int):
        self.lib = lib
        lib.set_num_threads(threads)

    def start(self, net: Net) -> Step:
        return training_step(self.lib, net)

    def finish(self, loss: Any) -> float:
        return loss.item()


class Replay(Eager):
    """This engine, a step captured."""

    def start(self, net: Net) -> Step:
        made = training(self.lib, net)
        return partial(self.lib.capture(made.step), *made.batch)

    def loop(self, net: Net) -> Loop:
        made = training(self.lib, net)
        step = self.lib.capture(made.step)
        for _ in range(2):
            step(*made.batch)
        return step.program.run


class Compiled(Eager):
    """PyTorch, the whole step given to torch.compile, once for each net: every compilation takes seconds."""

    def __init__(self, torch: Any, threads: int):
        super().__init__(torch, threads)
        self.made: dict[Net, tuple[Training, Callable]] = {}

    def start(self, net: Net) -> Step:
        if net not in self.made:
            self.made[net] = self._compile(net)
        made, step = self.made[net]
        set_weights(self.lib, net, made.model)
        for state in made.optimizer.state.values():
            for value in state.values():
                value.zero_()
        return partial(step, *made.batch)

    def _compile(self, net: Net) -> tuple[Training, Callable]:
        """The first call compiles. It may fail where PyTorch alone does not, without a C++ compiler for one."""
        made = training(self.lib, net)
        step = self.lib.compile(made.step)
        try:
            step(*made.batch)
        except RuntimeError as error:
            raise Missing(str(error).partition("\n")[0]) from error
        return made, step


class Jax:
    """JAX, a step compiled into one call, or a loop of them."""

    def __init__(self, jax: Any, threads: int):
        self.jax = jax
        self.steps: dict[Net, Callable] = {}
        self.loops: dict[Net, Callable] = {}

    def start(self, net: Net) -> Step:
        if net not in self.steps:
            self.steps[net] = self.jax.jit(self._step(net), donate_argnums=0)
        step, (state, x, t) = self.steps[net], self._begin(net)

        def run():
            nonlocal state
            state, loss = step(state, x, t)
            return loss

        return run

    def loop(self, net: Net) -> Loop:
        if net not in self.loops:
            self.loops[net] = self.jax.jit(self._loop(net), donate_argnums=0)
        many, (state, x, t) = self.loops[net], self._begin(net)

        def run(times):
            nonlocal state
            state, loss = many(state, x, t, times)
            return loss

        run(2)
        return run

    def finish(self, loss: Any) -> float:
        return float(loss)  # waits for what was dispatched

    def _begin(self, net: Net) -> tuple:
        """The state of the training at its start, which is the parameters and what the optimizer keeps, and the
        mini-batch."""
        jnp, tree = self.jax.numpy, self.jax.tree
        params = [jnp.array(value) for value in net.parameters().values()]
        zeros = (tree.map(jnp.zeros_like, params) for _ in range(2))
        state = (params,) if net.optimizer == "sgd" else (params, *zeros, jnp.zeros((), jnp.int32))
        return state, *map(jnp.array, net.data())

    def _loop(self, net: Net) -> Callable:
        step, lax = self._step(net), self.jax.lax
        return lambda state, x, t, times: lax.fori_loop(0, times, lambda _, now: step(now[0], x, t), (state, 0.0))

    def _step(self, net: Net) -> Callable:
        jax, jnp, tree = self.jax, self.jax.numpy, self.jax.tree
        names = list(net.parameters())

        def loss(params, x, t):
            y = net.compute(jax, dict(zip(names, params)), x)
            if net.loss == "mse":
                return jnp.mean((y - t) ** 2)
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), t[:, None], axis=1))

        def sgd(state, g):
            (params,) = state
            return (tree.map(lambda p, g: p - net.lr * g, params, g),)

        def adam(state, g):
            params, m, v, n = state
            n = n + 1
            m = tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)

            def update(p, m, v):
                return p - net.lr * (m / (1 - 0.9**n)) / (jnp.sqrt(v / (1 - 0.999**n)) + 1e-8)

            return tree.map(update, params, m, v), m, v, n

        def step(state, x, t):
            value, g = jax.value_and_grad(loss)(state[0], x, t)
            return {"sgd": sgd, "adam": adam}[net.optimizer](state, g), value

        return step


CLOCKS = {"wall": perf_counter, "cpu": process_time}
PEERS: dict[str, type[Eager | Jax]] = {
    "autograd": Eager, "replay": Replay, "torch": Eager, "compile": Compiled, "jax": Jax,
}  # fmt: skip
LIBRARIES = {"replay": "autograd", "compile": "torch"}  # of the peers that are not called like theirs


def losses(peer: Any, net: Net, steps: int, loop: bool = False) -> list[float]:
    """The losses of the first steps; of a loop, those after the two that warm it up."""
    take = peer.loop(net) if loop else one_by_one(peer.start(net))
    return [peer.finish(take(1)) for _ in range(steps)]


def one_by_one(step: Step) -> Loop:
    def take(times):
        for _ in range(times):
            loss = step()
        return loss

    return take


def time_step(
    peer: Any, net: Net, seconds: float, clock: Callable[[], float] = perf_counter, loop: bool = False
) -> float:
    """Seconds a step, from fresh weights, over at least so many seconds.

    Fresh, since a net that was trained for minutes has gradients so small that denormal numbers are what is timed.
    """
    take = peer.loop(net) if loop else one_by_one(peer.start(net))
    peer.finish(take(3))
    steps, elapsed = 1, 0.0
    while True:
        start = clock()
        peer.finish(take(steps))
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
        lib = importlib.import_module(LIBRARIES.get(name, name))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=answers)
        return
    answer = prepare(name, lib, threads)
    about = {"version": lib.__version__}
    if lib.__name__ == "autograd":
        about |= {"backend": lib.get_backend(), "isa": lib.get_isa()}
    print(json.dumps(about), file=answers)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers)


def training_steps(name: str, lib: Any, threads: int) -> Answer:
    """Answers for the training steps."""
    peer = PEERS[name](lib, threads)

    def answer(request: dict[str, Any]) -> Any:
        net, loop = NETS[request["net"]], request.get("loop", False)
        if request["do"] == "losses":
            try:
                return losses(peer, net, request["steps"], loop)
            except Missing as error:
                return {"missing": str(error)}
        return time_step(peer, net, request["seconds"], CLOCKS[request["clock"]], loop)

    return answer


def main() -> None:
    serve(training_steps)


if __name__ == "__main__":
    main()
