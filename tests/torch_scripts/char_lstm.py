"""A character LSTM learns a short text by heart and continues it."""

import torch
from torch import nn, optim

TEXT = "the quick brown fox jumps over the lazy dog; the lazy dog sleeps. " * 6
chars = sorted(set(TEXT))
stoi = {c: i for i, c in enumerate(chars)}
itos = {i: c for c, i in stoi.items()}


class CharRNN(nn.Module):
    def __init__(self, vocab, hidden=32, layers=2):
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.embed = nn.Embedding(vocab, 16)
        self.lstm = nn.LSTM(16, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        out, state = self.lstm(self.embed(x), state)
        return self.head(out), state

    def init_hidden(self, batch):
        weight = next(self.parameters())
        shape = (self.layers, batch, self.hidden)
        return weight.new_zeros(shape), weight.new_zeros(shape)


@torch.no_grad()
def sample(model, start, length, temperature=0.5):
    model.eval()
    state, out = model.init_hidden(1), start
    x = torch.tensor([[stoi[c] for c in start]], dtype=torch.long)
    for _ in range(length):
        logits, state = model(x, state)
        probs = torch.softmax(logits[:, -1] / temperature, dim=-1)
        x = torch.multinomial(probs, num_samples=1)
        out += itos[x.item()]
    return out


torch.manual_seed(42)
data = torch.tensor([stoi[c] for c in TEXT])
model = CharRNN(len(chars))
model.lstm.flatten_parameters()
optimizer = optim.RMSprop(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
batch, block = 8, 24
for step in range(40):
    starts = torch.randint(0, len(data) - block - 1, (batch,))
    x = torch.stack([data[i : i + block] for i in starts])
    y = torch.stack([data[i + 1 : i + block + 1] for i in starts])
    logits, _ = model(x, model.init_hidden(batch))
    loss = criterion(logits.reshape(-1, len(chars)), y.reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    if step % 10 == 9:
        print(f"step {step + 1:3d} loss {loss.item():.4f}")
text = sample(model, "the ", 40)
print("sampled", len(text), "characters, of the text:", all(c in stoi for c in text))
