"""What the documents say is what the code does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_documents_made_from_code_are_up_to_date() -> None:
    ran = subprocess.run([sys.executable, str(ROOT / "scripts" / "build_docs.py"), "--check"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_commands_that_the_readme_shows_exist() -> None:
    from stashai.cli.commands import COMMANDS

    words = [line.split()[1] for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("./stashai ")]
    assert words
    assert set(words) <= set(COMMANDS)


def test_documents_that_the_readme_links_are_there() -> None:
    import re

    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
