"""A residual net, OneCycleLR, clipping, mixed precision where there is a GPU, a best checkpoint kept in memory."""

import copy
import random

import numpy as np
import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.cuda.amp import GradScaler, autocast
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    cudnn.deterministic = True
    cudnn.benchmark = False


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )

    def forward(self, x):
        return x + self.block(x)


class AverageMeter:
    def __init__(self):
        self.sum = self.count = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n

    @property
    def avg(self):
        return self.sum / self.count


def accuracy(output, target, topk=(1,)):
    with torch.no_grad():
        _, pred = output.topk(max(topk), 1, True, True)
        correct = pred.t().eq(target.view(1, -1).expand_as(pred.t()))
        return [correct[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / target.size(0)) for k in topk]


seed_everything(5)
use_amp = torch.cuda.is_available()
X, y = load_digits(return_X_y=True)
X = torch.as_tensor(X.reshape(-1, 1, 8, 8), dtype=torch.float32)
X = (X - X.mean()) / X.std()
y = torch.as_tensor(y, dtype=torch.long)
train_loader = DataLoader(
    TensorDataset(X[:1000], y[:1000]), batch_size=100, shuffle=True, pin_memory=use_amp, drop_last=True
)
val_loader = DataLoader(TensorDataset(X[1000:1400], y[1000:1400]), batch_size=200)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    Residual(8),
    nn.MaxPool2d(2),
    Residual(8),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(32, 10),
)
nn.init.kaiming_normal_(model[0].weight, mode="fan_out", nonlinearity="relu")
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
scheduler = OneCycleLR(optimizer, max_lr=0.02, steps_per_epoch=len(train_loader), epochs=3)
scaler = GradScaler(enabled=use_amp)
best, best_weights = 0.0, None
for epoch in range(3):
    model.train()
    losses = AverageMeter()
    for images, labels in train_loader:
        with autocast(enabled=use_amp):
            loss = F.cross_entropy(model(images), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        losses.update(loss.item(), images.size(0))
    model.eval()
    top1, top5 = AverageMeter(), AverageMeter()
    for images, labels in val_loader:
        with torch.inference_mode():
            acc1, acc5 = accuracy(model(images), labels, topk=(1, 5))
        top1.update(acc1[0], images.size(0))
        top5.update(acc5[0], images.size(0))
    if top1.avg > best:
        best, best_weights = top1.avg, copy.deepcopy(model.state_dict())
    rate = scheduler.get_last_lr()[0]
    print(
        f"epoch {epoch} loss {losses.avg:.3f} norm {norm.item():.2f} lr {rate:.5f} "
        f"acc {top1.avg:.1f} top5 {top5.avg:.1f}"
    )
model.load_state_dict(best_weights)
print(
    "batches seen", best_weights["1.block.1.num_batches_tracked"].item(), f"{model[1].block[1].running_var.mean():.3f}"
)
