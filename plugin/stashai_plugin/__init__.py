"""The half of StashAI that lives inside Stash: operations of our pages, tasks, set-up."""
