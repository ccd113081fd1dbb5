"""Images and segmentations: reading them, and what is in them."""
