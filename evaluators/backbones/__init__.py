"""From a candidate's files to a backbone: preprocessing, pooled features, layer groups (transformers, timm)."""
