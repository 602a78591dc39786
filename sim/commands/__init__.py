"""The commands of `cxsim` beyond run, check and list: one file each."""
