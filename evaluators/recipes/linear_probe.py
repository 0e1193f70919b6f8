import json

from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler  # when standardize: True

regression = LogisticRegression(C=C, max_iter=MAX_ITER)
scaler = StandardScaler()  # of the training rows: each feature to mean 0 and deviation 1  # when standardize: True
probe = make_pipeline(scaler, regression).fit(encode(used), targets[used].cpu())  # when standardize: True
probe = make_pipeline(regression).fit(encode(used), targets[used].cpu())  # when standardize: False
if out:
    out.mkdir(parents=True, exist_ok=True)
    # The logits of features are ((features - mean) / scale) @ coefficients.T + intercept.  # when standardize: True
    # The logits of features are features @ coefficients.T + intercept.  # when standardize: False
    arrays = {"coefficients": regression.coef_, "intercept": regression.intercept_}
    arrays |= {"mean": scaler.mean_, "scale": scaler.scale_}  # when standardize: True
    save_file(arrays, out / "probe.safetensors", {"labels": json.dumps(names)})
else:
    guesses = probe.predict(encode(held))
    print(f"{(guesses == targets[held].cpu().numpy()).mean():.4f} accuracy on {len(held)} held-out rows")
