"""Contract suites and strategies for people who write agents, reducers or scenes."""
