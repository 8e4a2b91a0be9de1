"""The radiographs of a training: their table and its sides, packing, augmentation."""
