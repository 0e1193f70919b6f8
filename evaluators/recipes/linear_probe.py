import json

import numpy as np
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression

train = encode(used)
mean = train.mean(0, dtype=np.float64).astype(np.float32)  # when standardize: True
scale = train.std(0, dtype=np.float64).astype(np.float32)  # when standardize: True
scale[scale <= 1e-7 * np.maximum(1, abs(mean))] = 1  # a constant feature deviates by rounding alone  # when standardize: True
mean, scale = np.zeros(train.shape[1], np.float32), np.ones(train.shape[1], np.float32)  # when standardize: False
# In float64: float32 ends some way from the optimum.
columns = ((train - mean) / scale).astype(np.float64)
probe = LogisticRegression(C=C, max_iter=MAX_ITER, tol=1e-6).fit(columns, targets[used].cpu())
if out:
    out.mkdir(parents=True, exist_ok=True)
    # The logits of features are ((features - mean) / scale) @ coefficients.T + intercept.
    arrays = {"mean": mean, "scale": scale, "intercept": probe.intercept_, "coefficients": probe.coef_}
    # Contiguous: safetensors writes memory as it lies, and these coefficients may lie column by column.
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    save_file(arrays, out / "probe.safetensors", {"labels": json.dumps(names)})
else:
    guesses = probe.predict((encode(held) - mean) / scale)
    print(f"{(guesses == targets[held].cpu().numpy()).mean():.4f} accuracy on {len(held)} held-out rows")
