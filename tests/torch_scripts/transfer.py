"""Save, load, freeze, fine-tune; resume an optimizer from a checkpoint."""

import copy
import os
import tempfile
from collections import OrderedDict

import torch
from torch import nn

torch.manual_seed(11)
x = torch.randn(64, 6)
y = (x[:, :1] * x[:, 1:2] > 0).float()


def make_model(outputs):
    return nn.Sequential(
        OrderedDict(
            body=nn.Sequential(nn.Linear(6, 16, bias=False), nn.BatchNorm1d(16), nn.ELU()), head=nn.Linear(16, outputs)
        )
    )


def fit(model, optimizer, loss_fn, target, steps):
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(x), target)
        loss.backward()
        optimizer.step()
    return loss.item()


folder = tempfile.mkdtemp()
path = os.path.join(folder, "checkpoint.pth.tar")
model = make_model(1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, amsgrad=True)
print(f"pretrained {fit(model, optimizer, nn.BCEWithLogitsLoss(), y, 30):.5f}")
torch.save(
    {"epoch": 30, "arch": "mlp", "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "best": None},
    path,
)
expected = fit(model, optimizer, nn.BCEWithLogitsLoss(), y, 5)

checkpoint = torch.load(path, map_location=torch.device("cpu"), weights_only=True)
resumed = make_model(1)
print(resumed.load_state_dict(checkpoint["state_dict"]))
again = torch.optim.Adam(resumed.parameters())
again.load_state_dict(checkpoint["optimizer"])
print(
    "resumed alike:", fit(resumed, again, nn.BCEWithLogitsLoss(), y, 5) == expected, "from epoch", checkpoint["epoch"]
)

tuned = make_model(3)
weights = {k: v for k, v in checkpoint["state_dict"].items() if not k.startswith("head")}
missing = tuned.load_state_dict(weights, strict=False)
print("missing", missing.missing_keys, "unexpected", missing.unexpected_keys)
for p in tuned.body.parameters():
    p.requires_grad_(False)
before = copy.deepcopy(tuned.body[0].weight)
groups = [
    {"params": [p for p in tuned.body.parameters() if p.requires_grad], "lr": 1e-4},
    {"params": tuned.head.parameters()},
]
optimizer = torch.optim.SGD([g for g in groups if g["params"]], lr=0.1, momentum=0.9, nesterov=True)
labels = (x[:, 2] > 0).long() + (x[:, 3] > 0).long()
print(
    f"head alone {fit(tuned, optimizer, nn.CrossEntropyLoss(), labels, 20):.5f}",
    "body kept:",
    torch.equal(before, tuned.body[0].weight),
)
tuned.body.requires_grad_(True)
print(f"all of it {fit(tuned, torch.optim.AdamW(tuned.parameters(), lr=5e-3), nn.CrossEntropyLoss(), labels, 20):.5f}")
tuned.eval()
with torch.no_grad():
    predicted = tuned(x).softmax(dim=-1).max(dim=-1)
print(f"accuracy {(predicted.indices == labels).float().mean():.3f} confidence {predicted.values.mean():.4f}")
os.remove(path)
os.rmdir(folder)
