"""Which rows people check, in which order, and what each row of the queue shows."""
