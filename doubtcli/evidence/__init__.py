"""Examples -> the evidence that reasons read."""
