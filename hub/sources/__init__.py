"""Places that bytes come from: a Hub repository, an installed package, a directory. The digests decide."""
