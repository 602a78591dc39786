"""Cases: a scenario with everything that belongs to it, in one file that can be sent and replayed."""
