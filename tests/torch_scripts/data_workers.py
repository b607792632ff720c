"""Sequences of different lengths: a Dataset, a collate function, worker processes, packing, a weighted sampler."""

import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, Subset, WeightedRandomSampler, get_worker_info, random_split


class Parity(Dataset):
    """Bits, and whether the number of ones is odd."""

    def __init__(self, n, seed=0):
        rng = random.Random(seed)
        self.items = [[rng.randint(0, 1) for _ in range(rng.randint(2, 6))] for _ in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        bits = self.items[index]
        worker = get_worker_info()
        return {
            "bits": torch.tensor(bits, dtype=torch.float32),
            "odd": sum(bits) % 2,
            "worker": worker.id if worker else -1,
        }


def collate(batch):
    batch.sort(key=lambda item: len(item["bits"]), reverse=True)
    lengths = torch.tensor([len(item["bits"]) for item in batch])
    padded = pad_sequence([item["bits"] for item in batch], batch_first=True).unsqueeze(-1)
    return padded, lengths, torch.tensor([item["odd"] for item in batch]), {item["worker"] for item in batch}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 12, batch_first=True, bidirectional=True)
        self.out = nn.Linear(24, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        output, _ = self.rnn(packed)
        output, lengths = pad_packed_sequence(output, batch_first=True)
        return self.out(output.sum(dim=1) / lengths.unsqueeze(1))


if __name__ == "__main__":
    torch.manual_seed(3)
    train_set, val_set = random_split(Parity(300), [240, 60], generator=torch.Generator().manual_seed(1))
    odd = torch.tensor([train_set[i]["odd"] for i in range(len(train_set))])
    weights = (1.0 / torch.bincount(odd).float())[odd]
    sampler = WeightedRandomSampler(weights, num_samples=len(train_set), replacement=True)
    loader = DataLoader(train_set, batch_size=32, sampler=sampler, collate_fn=collate, num_workers=2, drop_last=True)
    net = Net()
    optimizer = torch.optim.NAdam(net.parameters(), lr=0.02)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    workers = set()
    for epoch in range(3):
        total = 0.0
        for x, lengths, y, who in loader:
            loss = criterion(net(x, lengths), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            workers |= who
        print(f"epoch {epoch} loss {total / len(loader):.4f} batches {len(loader)}")
    correct = 0
    with torch.inference_mode():
        for x, lengths, y, _ in DataLoader(Subset(val_set, range(50)), batch_size=16, collate_fn=collate):
            correct += (net(x, lengths).argmax(1) == y).sum().item()
    print("right", correct, "of 50, by workers", sorted(workers))
