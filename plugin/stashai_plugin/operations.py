"""Every operation: its name, the module that holds it, and the function. Modules are imported when they are called."""

from __future__ import annotations

OPERATIONS: dict[str, tuple[str, str]] = {
    # without any dependency
    "health": ("page.health", "health"),
    "status": ("page.status", "status"),
    "setup": ("setup.start", "start"),
    "setup_status": ("setup.progress", "status"),
    # recognition
    "identify": ("click.dialog", "identify"),
    "step": ("click.dialog", "step"),
    "pause": ("click.dialog", "pause"),
    "faces": ("click.dialog", "faces"),
    "crops": ("click.dialog", "crops"),
    # decisions and writes
    "apply": ("deciding.applying", "apply"),
    "undo": ("deciding.applying", "undo"),
    "runs": ("deciding.applying", "runs"),
    "decide": ("deciding.saying", "decide"),
    "create_performer": ("deciding.saying", "create_performer"),
    # people
    "similar": ("people.likeness", "similar"),
    "compare": ("people.likeness", "compare"),
    "people": ("people.listing", "people"),
    "choose_face": ("people.listing", "choose_face"),
    "use_as_picture": ("people.listing", "use_as_picture"),
    "forget": ("people.forgetting", "forget"),
    "allow": ("people.forgetting", "allow"),
    "wipe": ("people.forgetting", "wipe"),
    # the page
    "jobs": ("page.jobs", "jobs"),
    "job": ("page.jobs", "job"),
    "cancel": ("page.jobs", "cancel"),
    "retry": ("page.jobs", "retry"),
    "statistics": ("page.statistics", "statistics"),
    "services": ("page.services", "services"),
    "run_service": ("tasks.serving", "start"),
    "models": ("page.services", "models"),
    "settings": ("preferences.saved", "settings"),
    "save_settings": ("preferences.saved", "save_settings"),
    "set_token": ("preferences.saved", "set_token"),
    "test_worker": ("page.services", "test_worker"),
    # Stash's tasks
    "task_setup": ("tasks.setting_up", "set_up"),
    "task_learn": ("tasks.learning", "learn"),
    "task_identify": ("tasks.identifying", "identify"),
    "task_apply": ("tasks.at_limit", "apply_at_limit"),
    "task_service": ("tasks.serving", "run"),
    "task_check": ("tasks.setting_up", "check"),
    "task_arrivals": ("tasks.identifying", "arrivals"),
}
HEAVY = frozenset(["step", "task_learn", "task_identify", "task_arrivals"])
"""Those that keep the networks at work for seconds."""
