"""The kinds of faults, one file a family: models only. `sim/scenario/faults.py` puts them together."""
