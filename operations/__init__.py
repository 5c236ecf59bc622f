"""pyinfra facts and operations: a fact, a pure plan, then a noop or a command. What is wanted, modelctl says."""
