else:
    guesses = torch.cat([head(features(rows)).argmax(1) for rows in held.split(BATCH_SIZE)])
    print(f"{(guesses == targets[held]).double().mean():.4f} accuracy on {len(held)} held-out rows")
