"""The services that come with StashAI, one file each."""
