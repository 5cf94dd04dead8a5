"""The page and the terminal where people decide, and the session under both."""
