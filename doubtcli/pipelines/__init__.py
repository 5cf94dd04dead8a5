"""One file a command; each reads like its sentence."""
