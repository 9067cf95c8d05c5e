"""Work in a process of its own gives what it would give here: results, errors, and a reason where it ends early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import pandas as pd
import pytest

from regulars.baskets.rules import RuleSettings, find_rules
from regulars.errors import InvalidSettingError
from regulars.processes import ALLOCATION, EndedError, call_apart
from regulars.project import check


def end_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_call_apart_returns_what_a_call_here_does() -> None:
    baskets = pd.DataFrame({"order_id": ["1", "1", "2", "2"], "item": ["a", "b", "a", "b"]})
    settings = RuleSettings(min_support=0.5, min_confidence=0.1, max_items=2)
    apart = call_apart(find_rules, baskets, level="product", settings=settings)
    pd.testing.assert_frame_equal(apart, find_rules(baskets, level="product", settings=settings))


def test_it_is_another_process() -> None:
    assert call_apart(os.getpid) != os.getpid()


def test_errors_keep_their_type_and_words_and_nothing_follows_them() -> None:
    with pytest.raises(InvalidSettingError, match="max_items is 4") as raised:
        call_apart(RuleSettings, min_support=0.5, min_confidence=0.1, max_items=4)
    # dbt hands on the whole text, and the command prints all after the error's name
    text = "".join(traceback.format_exception(raised.value))
    with pytest.raises(InvalidSettingError) as shown:
        check([("py_basket_rules", text)], Path("none"))
    assert str(shown.value) == str(raised.value)


def test_a_process_that_the_system_ends_is_told_of() -> None:
    with pytest.raises(EndedError, match="process of end_myself was ended from outside"):
        call_apart(end_myself)


@pytest.mark.parametrize(("given", "found"), [(None, "2"), ("8", "8")])
def test_a_builds_processes_give_memory_back_unless_told_otherwise(
    given: str | None, found: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os\n"
        "from regulars.processes import call_apart, prepare\n"
        "if __name__ == '__main__':\n"
        "    prepare()\n"
        "    print(call_apart(os.getenv, 'MALLOC_ARENA_MAX'), end='')\n",
        encoding="utf-8",
    )
    environment = {key: value for key, value in os.environ.items() if key not in ALLOCATION}
    told = {} if given is None else {"MALLOC_ARENA_MAX": given}
    run = subprocess.run(
        [sys.executable, script], env=environment | told, capture_output=True, text=True, check=True
    )
    assert run.stdout == found
