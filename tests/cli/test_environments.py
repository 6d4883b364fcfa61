"""The command environments: create, update, delete; settings as words."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._invocations import ChangeEnvironment
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.testing import FakeBaseten

from .command import furnish, run_of

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (
            "create model m e --set autoscaling_settings.max_replica=4 "
            "--set autoscaling_settings.scale_down_delay=5m "
            "--set promotion_settings.promotion_cleanup_strategy=KEEP "
            "--set promotion_settings.rolling_deploy_config.max_surge_percent=10",
            {
                "autoscaling_settings": {"max_replica": 4, "scale_down_delay": 300},
                "promotion_settings": {
                    "promotion_cleanup_strategy": "KEEP",
                    "rolling_deploy_config": {"max_surge_percent": 10},
                },
            },
        ),
        (
            "create chain c e --set chainlet_settings.A.instance_type_id=1x2",
            {"chainlet_settings": {"A": {"instance_type_id": "1x2"}}},
        ),
        (
            "update chain c e --set chainlet_settings.A.autoscaling_settings.min_replica=1 "
            "--set promotion_settings.redeploy_on_promotion=true",
            {
                "chainlet_autoscaling": {"A": {"min_replica": 1}},
                "promotion_settings": {"redeploy_on_promotion": True},
            },
        ),
        ("delete model m e", {}),
    ],
)
def test_settings_are_words(line: str, arguments: dict[str, Any]) -> None:
    command = parse(shlex.split(f"environments {line}"))

    assert isinstance(command, ChangeEnvironment)
    assert command.arguments == arguments


async def test_an_environment_is_created_changed_and_deleted(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    furnish(fake)
    change = "environments {} model m staging {}"
    replicas = "--set autoscaling_settings.max_replica=4"

    for verb, options in (("create", ""), ("update", replicas), ("delete", "")):
        ending = await execute(run_of(baseten, change.format(verb, options)))
        assert ending.outcome is Outcome.DONE
        if verb == "update":
            staging = await baseten.model("m").environment("staging").get()
            assert staging.autoscaling_settings.max_replica == 4

    assert "staging" not in fake.model("m").environments


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("delete model m production", Outcome.USAGE),
        ("update model m production", Outcome.USAGE),
        ("update model m production --set promotion_settings.rolling=true", Outcome.USAGE),
        ("create model m production", Outcome.REJECTED),
        ("update model m nowhere --set promotion_settings.rolling_deploy=true", Outcome.NOT_FOUND),
    ],
)
async def test_an_impossible_change_changes_nothing(
    fake: FakeBaseten, baseten: Baseten, line: str, outcome: Outcome
) -> None:
    furnish(fake)

    ending = await execute(run_of(baseten, f"environments {line}"))

    assert ending.outcome is outcome
    assert "production" in fake.model("m").environments
