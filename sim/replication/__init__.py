"""The data plane: workloads, scheduling, link sharing and RPO accounting.

Rules of this room: what moves the bytes of replications, behind `SimDataPlane`. It takes time from the
kernel and paths from the network (seams.py), and knows nothing of HTTP or of scenarios.
"""
