"""A file as it was read -> a commented settings file for it, and what to do with it next."""

from doubtcli.starter.config import config_text, said_of
from doubtcli.starter.steps import folder_of, next_steps

__all__ = ["config_text", "folder_of", "next_steps", "said_of"]
