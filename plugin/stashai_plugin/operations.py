"""Every operation: its name, the module that holds it, and the function. Modules are imported when they are called."""

from __future__ import annotations

OPERATIONS: dict[str, tuple[str, str]] = {
    # without any dependency
    "health": ("quick", "health"),
    "status": ("quick", "status"),
    "setup": ("setup", "start"),
    "setup_status": ("setup", "status"),
    # recognition
    "identify": ("identify", "identify"),
    "step": ("identify", "step"),
    "pause": ("identify", "pause"),
    "faces": ("identify", "faces"),
    "crops": ("identify", "crops"),
    # decisions and writes
    "apply": ("deciding", "apply"),
    "undo": ("deciding", "undo"),
    "runs": ("deciding", "runs"),
    "decide": ("deciding", "decide"),
    "create_performer": ("deciding", "create_performer"),
    # people
    "similar": ("people", "similar"),
    "compare": ("people", "compare"),
    "people": ("people", "people"),
    "choose_face": ("people", "choose_face"),
    "use_as_picture": ("people", "use_as_picture"),
    "forget": ("people", "forget"),
    "allow": ("people", "allow"),
    "wipe": ("people", "wipe"),
    # the page
    "jobs": ("jobs", "jobs"),
    "job": ("jobs", "job"),
    "cancel": ("jobs", "cancel"),
    "retry": ("jobs", "retry"),
    "statistics": ("jobs", "statistics"),
    "services": ("services", "services"),
    "models": ("services", "models"),
    "settings": ("preferences", "settings"),
    "save_settings": ("preferences", "save_settings"),
    "set_token": ("preferences", "set_token"),
    "test_worker": ("services", "test_worker"),
    # Stash's tasks
    "task_setup": ("tasks", "set_up"),
    "task_learn": ("tasks", "learn"),
    "task_identify": ("tasks", "identify"),
    "task_apply": ("tasks", "apply_at_limit"),
    "task_check": ("tasks", "check"),
    "task_arrivals": ("tasks", "arrivals"),
}
