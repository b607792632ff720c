"""Logistic regression on scikit-learn's breast cancer data, beside scikit-learn's own."""

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
np.random.seed(0)
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

train_set = TensorDataset(torch.from_numpy(X_train).float(), torch.tensor(y_train, dtype=torch.float32))
loader = DataLoader(train_set, batch_size=64, shuffle=True)


class Logistic(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear = nn.Linear(n, 1)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


model = Logistic(X.shape[1])
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
for epoch in range(15):
    running = 0.0
    for features, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(features), labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(labels)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {running / len(train_set):.4f}")

with torch.no_grad():
    probs = torch.sigmoid(model(torch.FloatTensor(X_test)))
    accuracy = ((probs > 0.5).long() == torch.LongTensor(y_test)).float().mean()
print("accuracy", round(accuracy.item(), 4), "auc", round(roc_auc_score(y_test, probs.numpy()), 4))
print("scikit-learn", round(LogisticRegression().fit(X_train, y_train).score(X_test, y_test), 4))
