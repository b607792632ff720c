"""A GAN learns points on a ring."""

import math

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(7)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        torch.nn.init.normal_(m.weight, 0.0, 0.3)
    elif classname.find("BatchNorm") != -1:
        torch.nn.init.normal_(m.weight, 1.0, 0.02)
        torch.nn.init.zeros_(m.bias)


def real_batch(n):
    angle = torch.rand(n) * 2 * math.pi
    return torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(n, 2)


netG = nn.Sequential(nn.Linear(4, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(True), nn.Linear(32, 2))
netD = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 1), nn.Sigmoid())
netG.apply(weights_init)
netD.apply(weights_init)
print(netD)

criterion = nn.BCELoss()
optimizerD = optim.Adam(netD.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=0.01, betas=(0.5, 0.999))
fixed_noise = torch.randn(64, 4)
batch_size, real_label, fake_label = 64, 1, 0

for i in range(60):
    # (1) Update D network: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    label = torch.full((batch_size,), real_label, dtype=torch.float32)
    output = netD(real_batch(batch_size)).view(-1, 1).squeeze(1)
    errD_real = criterion(output, label)
    errD_real.backward()
    D_x = output.mean().item()

    fake = netG(torch.randn(batch_size, 4))
    label.fill_(fake_label)
    output = netD(fake.detach()).squeeze(1)
    errD_fake = criterion(output, label)
    errD_fake.backward()
    errD = errD_real + errD_fake
    optimizerD.step()

    # (2) Update G network: maximize log(D(G(z)))
    netG.zero_grad()
    label.fill_(real_label)
    output = netD(fake).squeeze(1)
    errG = criterion(output, label)
    errG.backward()
    optimizerG.step()
    if i % 20 == 19:
        print(f"[{i + 1}] Loss_D: {errD.item():.3f} Loss_G: {errG.item():.3f} D(x): {D_x:.3f}")

netG.eval()
with torch.no_grad():
    radius = netG(fixed_noise).norm(dim=1)
print("radius", f"{radius.mean().item():.3f}", "in", bool((radius > 0).all()))
