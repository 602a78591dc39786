"""The crash harness: a migration in which the core dies at a chosen moment, and what must hold all the same.

`plans` say what is migrated, `points` where the core can die, `user` is the administrator who carries on,
`safety` what must hold at any time and at the end, `harness` runs a plan and lets it fork at the points.
"""
