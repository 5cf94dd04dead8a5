"""Two audits of one data set -> what relabelling did between them."""
