"""Language models of characters: an LSTM and a transformer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .net import Arrays, Net, layer, linear, uniform


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32)


def characters(vocabulary: int, batch: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """A text in rows, and for each of its characters the next one, in a single row."""
    text = np.random.default_rng(1).integers(0, vocabulary, (batch, length + 1))
    return text[:, :-1], text[:, 1:].reshape(-1)


@dataclass(frozen=True, kw_only=True)
class LSTM(Net):
    """A language model of characters: embedding, LSTM, scores of each next character."""

    vocabulary: int = 65
    width: int = 64
    hidden: int = 128
    length: int = 64

    @property
    def shape(self) -> str:
        return f"{self.width}-{self.hidden}-{self.vocabulary}, {self.length} characters"

    def tiny(self) -> Net:
        return replace(self, vocabulary=5, width=3, hidden=4, length=6, batch=2)

    def parameters(self) -> Arrays:
        rng, gates, bound = np.random.default_rng(0), 4 * self.hidden, 1 / np.sqrt(self.hidden)
        return {
            "embedding.weight": normal(rng, self.vocabulary, self.width),
            "lstm.weight_ih_l0": uniform(rng, bound, gates, self.width),
            "lstm.weight_hh_l0": uniform(rng, bound, gates, self.hidden),
            "lstm.bias_ih_l0": uniform(rng, bound, gates),
            "lstm.bias_hh_l0": uniform(rng, bound, gates),
        } | layer(rng, "head", self.vocabulary, self.hidden)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        return characters(self.vocabulary, self.batch, self.length)

    def model(self, lib: Any) -> Any:
        nn, net = lib.nn, self

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = nn.Embedding(net.vocabulary, net.width)
                self.lstm = nn.LSTM(net.width, net.hidden, batch_first=True)
                self.head = nn.Linear(net.hidden, net.vocabulary)

            def forward(self, x):
                y, _ = self.lstm(self.embedding(x))
                return self.head(y).flatten(0, 1)

        return Model()

    def compute(self, jax: Any, p: dict[str, Any], x: Any) -> Any:
        """What the inputs add to the gates is one product, ahead of the loop."""
        jnp, sigmoid = jax.numpy, jax.nn.sigmoid
        gates = p["embedding.weight"][x.T] @ p["lstm.weight_ih_l0"].T + p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]

        def step(state, gates):
            h, c = state
            i, f, g, o = jnp.split(gates + h @ p["lstm.weight_hh_l0"].T, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
            h = sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((len(x), self.hidden))
        _, y = jax.lax.scan(step, (zeros, zeros), gates)
        return linear(p, "head", y.swapaxes(0, 1).reshape(-1, self.hidden))


@dataclass(frozen=True, kw_only=True)
class GPT(Net):
    """A small transformer, written as nanoGPT is."""

    vocabulary: int = 65
    width: int = 64
    heads: int = 4
    blocks: int = 2
    length: int = 64

    @property
    def shape(self) -> str:
        return f"{self.blocks} blocks of width {self.width}, {self.heads} heads, {self.length} characters"

    def tiny(self) -> Net:
        return replace(self, vocabulary=5, width=8, heads=2, length=6, batch=2)

    def parameters(self) -> Arrays:
        rng, n = np.random.default_rng(0), self.width

        def norm(name: str) -> Arrays:
            return {f"{name}.weight": np.ones(n, np.float32), f"{name}.bias": np.zeros(n, np.float32)}

        made = {"characters.weight": normal(rng, self.vocabulary, n), "places.weight": normal(rng, self.length, n)}
        for i in range(self.blocks):
            b = f"blocks.{i}"
            made |= norm(f"{b}.norm1") | layer(rng, f"{b}.attention.qkv", 3 * n, n)
            made |= layer(rng, f"{b}.attention.out", n, n) | norm(f"{b}.norm2")
            made |= layer(rng, f"{b}.mlp.0", 4 * n, n) | layer(rng, f"{b}.mlp.2", n, 4 * n)
        return made | norm("norm") | layer(rng, "head", self.vocabulary, n)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        return characters(self.vocabulary, self.batch, self.length)

    def model(self, lib: Any) -> Any:
        nn, net, n = lib.nn, self, self.width

        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.qkv, self.out = nn.Linear(n, 3 * n), nn.Linear(n, n)

            def forward(self, x):
                split = (*x.shape[:2], net.heads, -1)
                q, k, v = (part.view(split).transpose(1, 2) for part in self.qkv(x).split(n, dim=2))
                y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
                return self.out(y.transpose(1, 2).contiguous().view(x.shape))

        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.norm1, self.attention, self.norm2 = nn.LayerNorm(n), Attention(), nn.LayerNorm(n)
                self.mlp = nn.Sequential(nn.Linear(n, 4 * n), nn.GELU(), nn.Linear(4 * n, n))

            def forward(self, x):
                x = x + self.attention(self.norm1(x))
                return x + self.mlp(self.norm2(x))

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.characters, self.places = nn.Embedding(net.vocabulary, n), nn.Embedding(net.length, n)
                self.blocks = nn.Sequential(*(Block() for _ in range(net.blocks)))
                self.norm, self.head = nn.LayerNorm(n), nn.Linear(n, net.vocabulary)

            def forward(self, x):
                x = self.characters(x) + self.places(lib.arange(x.shape[1]))
                return self.head(self.norm(self.blocks(x))).flatten(0, 1)

        return Model()

    def compute(self, jax: Any, p: dict[str, Any], x: Any) -> Any:
        """Attention is written out: ``jax.nn.dot_product_attention`` takes longer on a CPU."""
        jnp, split = jax.numpy, (*x.shape, self.heads, -1)
        seen = jnp.tri(self.length, dtype=bool)

        def norm(name, x):
            return jax.nn.standardize(x, epsilon=1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]

        def attention(name, x):
            q, k, v = (
                part.reshape(split).swapaxes(1, 2) for part in jnp.split(linear(p, f"{name}.qkv", x), 3, axis=-1)
            )
            products = q / q.shape[-1] ** 0.5 @ k.swapaxes(2, 3)
            y = jax.nn.softmax(jnp.where(seen, products, -jnp.inf)) @ v
            return linear(p, f"{name}.out", y.swapaxes(1, 2).reshape(x.shape))

        x = p["characters.weight"][x] + p["places.weight"]
        for b in (f"blocks.{i}" for i in range(self.blocks)):
            x = x + attention(f"{b}.attention", norm(f"{b}.norm1", x))
            hidden = jax.nn.gelu(linear(p, f"{b}.mlp.0", norm(f"{b}.norm2", x)), approximate=False)
            x = x + linear(p, f"{b}.mlp.2", hidden)
        return linear(p, "head", norm("norm", x).reshape(-1, self.width))
