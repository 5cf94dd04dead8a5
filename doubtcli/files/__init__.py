"""One file a format, both ways; with encodings, compression and folders of parts."""
