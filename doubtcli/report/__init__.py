"""An audit -> what people read: the report in a terminal, the page, and the words in both."""
