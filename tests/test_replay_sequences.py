"""Captured steps of recurrent nets and transformers: what they replay is what they would have done, to the bit."""

import numpy as np
import pytest

import autograd
from autograd import backend, capture, nn, optim, tensor
from autograd.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

pytestmark = pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built")


class Characters(nn.Module):
    """Embedding, a recurrent layer, scores for each next character."""

    def __init__(self, recurrent: nn.Module, width: int, lengths: list[int] | None = None):
        super().__init__()
        self.embedding, self.recurrent, self.scores = nn.Embedding(11, 6), recurrent, nn.Linear(width, 11)
        self.lengths = lengths

    def forward(self, x):
        x = self.embedding(x)
        if self.lengths is None:
            return self.scores(self.recurrent(x)[0])
        y, _ = self.recurrent(pack_padded_sequence(x, self.lengths, enforce_sorted=False))
        return self.scores(pad_packed_sequence(y)[0])


class Gpt(nn.Module):
    """Characters and their places, blocks of attention to what came before, scores."""

    def __init__(self, **options):
        super().__init__()
        self.embedding, self.places, self.scores = nn.Embedding(11, 8), nn.Embedding(5, 8), nn.Linear(8, 11)
        layer = nn.TransformerEncoderLayer(8, 2, 16, norm_first=True, **options)
        self.blocks = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False)
        self.mask = nn.Transformer.generate_square_subsequent_mask(5)

    def forward(self, x):
        x = self.embedding(x) + self.places(autograd.arange(5)).unsqueeze(1)
        return self.scores(self.blocks(x, self.mask, is_causal=True))


class Translator(nn.Module):
    """An encoder and a decoder of the same characters, of which the last of some is padding."""

    def __init__(self):
        super().__init__()
        self.embedding, self.scores = nn.Embedding(11, 8), nn.Linear(8, 11)
        self.transformer = nn.Transformer(8, 2, 1, 1, 16)
        self.mask = nn.Transformer.generate_square_subsequent_mask(5)

    def forward(self, x):
        e = self.embedding(x)
        padding = (x == 0).t()
        return self.scores(self.transformer(e, e, tgt_mask=self.mask.isinf(), memory_key_padding_mask=padding))


NETS = {
    "lstm": lambda: Characters(nn.LSTM(6, 8, num_layers=2, dropout=0.25), 8),
    "projected lstm": lambda: Characters(nn.LSTM(6, 8, proj_size=3, bidirectional=True), 6),
    "gru": lambda: Characters(nn.GRU(6, 8, bidirectional=True), 16),
    "rnn": lambda: Characters(nn.RNN(6, 8, nonlinearity="relu"), 8),
    "gpt": lambda: Gpt(),
    "gpt of functions": lambda: Gpt(dropout=0.0, activation="gelu"),
    "translator": lambda: Translator(),
    "packed gru": lambda: Characters(nn.GRU(6, 8, bidirectional=True), 16, [3, 5, 5, 1]),
}


@pytest.mark.parametrize("net", NETS)
def test_a_replay_is_what_the_step_would_have_done(net):
    rng = np.random.default_rng(0)
    data = [(tensor(rng.integers(0, 11, (5, 4))), tensor(rng.integers(0, 11, (5, 4)))) for _ in range(6)]
    found = []
    for wrap in (lambda step: step, capture):
        autograd.manual_seed(1)
        made = NETS[net]()
        optimizer = optim.Adam(made.parameters(), lr=0.01)

        def step(x, t, made=made, optimizer=optimizer):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(made(x).flatten(0, 1), t.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(made.parameters(), 1.0)
            optimizer.step()
            return loss

        run = wrap(step)
        losses = [run(*batch).item() for batch in data]
        found.append((losses, [p.detach().numpy().tobytes() for p in made.parameters()]))
    assert found[0] == found[1]
