"""From a stack file and its blueprint to a typed stack, or to every problem at once; no cloud SDK and no engine."""
