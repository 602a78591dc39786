"""`cxsim plan`: which link, which RPO, done by when, for a real inventory."""
