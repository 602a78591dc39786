"""An environment built and ready to run: kernel, network, emulators, data plane, core."""
