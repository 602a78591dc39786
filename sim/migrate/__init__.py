"""The core at work in real time, as `cxsim migrate` runs it: configuration, passwords, progress, the job."""
