"""The queue: it carries job ids and rings; what is to be done stands in the ledger."""
