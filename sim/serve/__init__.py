"""The real-time twin: an environment's endpoints on loopback sockets, paced by the wall clock."""
