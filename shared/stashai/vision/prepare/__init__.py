"""From a frozen graph as it is published to what the runtime of this machine runs fastest, with equal outputs."""
