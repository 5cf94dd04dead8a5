"""Files -> tables, and back: one module for each format; encodings, compression and folders of parts."""
