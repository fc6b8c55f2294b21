"""StashAI: who is in a picture, a clip or a scene, and how sure that is."""

__version__ = "0.1.0"
