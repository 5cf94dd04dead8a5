"""Two audits of one data set -> what relabelling changed between them."""
