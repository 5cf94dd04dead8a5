"""The way of doubted rows to the people who decide them."""
