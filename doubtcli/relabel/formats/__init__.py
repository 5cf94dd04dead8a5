"""The files that a queue goes out in: one module a tool."""
