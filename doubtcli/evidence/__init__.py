"""Examples -> the evidence that reasons look at."""
