"""DICOM in and out: the node that receives films, the objects that carry results, the targets that take them."""
