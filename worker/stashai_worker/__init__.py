"""The worker: StashAI's services over HTTP, for heavy scans, on this machine or another one."""
