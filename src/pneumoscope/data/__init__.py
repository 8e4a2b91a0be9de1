"""Where radiographs and labels come from: folders, manifests, fetching, splits, the audit."""
