"""The command environments: create, update, delete; settings as words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_type_hints, is_typeddict

import pytest

from aiobaseten import Baseten, settings
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
                "autoscaling_settings": {
                    "max_replica": 4,
                    "scale_down_delay": timedelta(minutes=5),
                },
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
        ("update model m production --set autoscaling_settings.max_replica=4m", Outcome.USAGE),
        (
            "update model m production --set autoscaling_settings.scale_down_delay=1.5s",
            Outcome.USAGE,
        ),
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


def _words(prefix: str, kind: type[Any]) -> Iterator[tuple[str, str]]:
    """Each setting of a dictionary of settings, as a word, with a value of its type."""
    for name, hint in get_type_hints(kind).items():
        if is_typeddict(hint):
            yield from _words(f"{prefix}{name}.", hint)
            continue
        values = {"instance_type_id": "1x2", "promotion_cleanup_strategy": "KEEP"}
        is_switch = hint is bool
        value = values.get(name, "true" if is_switch else "30s" if "float" in str(hint) else "10")
        yield f"{prefix}{name}", value


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        (
            "model",
            {
                "autoscaling_settings": settings.AutoscalingSettingsDict,
                "promotion_settings": settings.ModelPromotionSettingsDict,
            },
        ),
        (
            "chain",
            {
                "promotion_settings": settings.ChainPromotionSettingsDict,
                "chainlet_settings.Main": settings.ChainletSettingsDict,
            },
        ),
    ],
)
async def test_every_setting_of_an_environment_can_be_set(
    fake: FakeBaseten, baseten: Baseten, verb: str, kind: str, groups: dict[str, type[Any]]
) -> None:
    furnish(fake)
    name = "m" if kind == "model" else "c"
    where = "staging" if verb == "create" else "production"
    words = [
        f"--set {setting}={'0' if 'max_unavailable' in setting else value}"
        for group, kinds in groups.items()
        for setting, value in _words(f"{group}.", kinds)
        if verb == "create" or not setting.endswith("instance_type_id")
    ]

    ending = await execute(
        run_of(baseten, f"environments {verb} {kind} {name} {where} {' '.join(words)}")
    )

    assert ending.outcome is Outcome.DONE, ending.message
