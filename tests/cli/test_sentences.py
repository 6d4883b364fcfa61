"""Every sentence of the command. No other test asserts wording."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from attrs import evolve

from aiobaseten import Baseten, Token, Verdict
from aiobaseten.cli import main
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._endings import failed, interrupted, interrupted_early
from aiobaseten.cli._failures import explain
from aiobaseten.cli._files import UnreadableError, read_text
from aiobaseten.cli._invocations import Kind, ResourceRef
from aiobaseten.cli._jobs import Ending, Job
from aiobaseten.cli._lines import LinesView, QuietView
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._picture import Picture
from aiobaseten.cli._run import Run
from aiobaseten.cli._text import number
from aiobaseten.cli._token_file import TokenFile
from aiobaseten.cli._views import choose_view
from aiobaseten.cli._waits import interrupt
from aiobaseten.errors import (
    AuthenticationError,
    BadRequestError,
    BasetenError,
    ConfigurationError,
    ConflictError,
    Evidence,
    NotFoundError,
    PermissionDeniedError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    PromotionPausedError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from aiobaseten.events import Event, Measured, PromotionPaused, StatusChanged, StepReached
from aiobaseten.options import LoopClock
from aiobaseten.testing import Behaviour, FakeBaseten

from .command import furnish, run_of

CHAIN = Token(
    kind="chain promotion", resource_id="c", environment_name="prod", deployment_id="d"
).dump()
MODEL = Token(
    kind="model promotion", resource_id="m", environment_name="prod", deployment_id="d"
).dump()
GUARDED = Token(
    kind="model promotion",
    resource_id="m",
    environment_name="prod",
    deployment_id="d",
    hold=600,
).dump()
CANCELLATION = Token(
    kind="cancellation", resource_id="m", environment_name="prod", deployment_id=None
).dump()


# --- arguments -----------------------------------------------------------------------------------

KEY = "the API key is never an argument: set BASETEN_API_KEY, or pass --api-key-file PATH"
TARGETS = "expected targets, such as model:ranker@v2 or chain:support-bot@latest"
ONLY_SOME = "this is about some of the targets only: give them a command of their own"
ONLY_MODELS_CANCEL = "only for models: Baseten cannot cancel a chain's promotion"

INVALID_ARGUMENTS = {
    "": "the following arguments are required: COMMAND",
    "promote chain c d": "expected --to ENVIRONMENT; or set BASETEN_ENVIRONMENT",
    "promote pod c d --to prod": "expected chain or model, its name or id, and the deployment",
    "promote d --to prod": (
        "expected chain or model, its name or id, and the deployment; or set BASETEN_CHAIN or "
        "BASETEN_MODEL"
    ),
    "status chain": "expected chain or model, its name or id, and the environment",
    "status chain c": (
        "expected chain or model, its name or id, and the environment; or set BASETEN_ENVIRONMENT"
    ),
    "list pod": "expected chain or model, and its name or id, or nothing",
    "cancel": (
        "expected TOKEN, or model, its name or id, and the environment; or set BASETEN_MODEL"
    ),
    "promote chain c d --to prod --timeout soon": (
        "argument --timeout: not a duration; write 90, 45m or 1h30m"
    ),
    "wait chain c d --timeout 1h30": (
        "argument --timeout: the last number has no unit; write 90, 45m or 1h30m"
    ),
    f"wait chain c d --settling-time {'9' * 310}": (
        "argument --settling-time: too long; write none for no limit"
    ),
    "wait model m d --wake --accept-scaled-to-zero": (
        "--wake and --accept-scaled-to-zero exclude each other: wake it, or leave it asleep"
    ),
    "promote chain c d --to prod --wait --log-lines many": (
        "argument --log-lines: not a number from 1 to 1000"
    ),
    "promote chain c d --to prod --wait --log-lines 0": (
        "argument --log-lines: not a number from 1 to 1000"
    ),
    "wait chain c d --log-lines 1001": "argument --log-lines: not a number from 1 to 1000",
    "promote chain c d --to prod --wait --on-paused raise": (
        "argument --on-paused: choose from wait, fail"
    ),
    "promote chain c d --to prod --timeout 5m": "--timeout: only with --wait",
    "promote chain c d --to prod --log-lines 5": "--log-lines: only with --wait",
    "promote model m d --to prod --cancel-on-timeout": "--cancel-on-timeout: only with --wait",
    f"cancel {MODEL} --timeout 5m": "--timeout: only with --wait",
    f"rollback {MODEL} --timeout 5m": "--timeout: only with --wait",
    "promote chain c d --to prod --wait --cancel-on-timeout": (
        f"--cancel-on-timeout: {ONLY_MODELS_CANCEL}"
    ),
    f"wait {CHAIN} --cancel-on-interrupt": f"--cancel-on-interrupt: {ONLY_MODELS_CANCEL}",
    f"rollback {CHAIN} --wait --cancel-on-timeout": f"--cancel-on-timeout: {ONLY_MODELS_CANCEL}",
    "cancel chain c prod": ONLY_MODELS_CANCEL,
    f"pause {CHAIN}": "only for models: Baseten cannot pause a chain's promotion",
    "roll-forward chain c": "only for models: Baseten cannot roll forward a chain's promotion",
    "promote chain c d --to prod --preserve-env-instance-type": (
        "--preserve-env-instance-type: only for models"
    ),
    "promote chain c d --to prod --in-progress-timeout 5m": (
        "--in-progress-timeout: only with --if-in-progress wait"
    ),
    "promote chain c d --to prod --json --quiet": (
        "argument -q/--quiet: not allowed with argument --json"
    ),
    f"cancel {CANCELLATION}": (
        "this is the token of a cancellation: to wait for it, use aiobaseten wait TOKEN"
    ),
    f"rollback {CANCELLATION}": (
        "this is the token of a cancellation, which returns to the previous deployment itself"
    ),
    f"wait {CANCELLATION} --on-paused fail": ("--on-paused: not with the token of a cancellation"),
    f"wait {CANCELLATION} --log-lines 5": "--log-lines: not with the token of a cancellation",
    "promote model m d --to prod --max-error-rate 2%": (
        "a guard works only with --wait: without it, nobody would measure"
    ),
    "promote model m d --to prod --wait --max-error-rate 2": (
        "argument --max-error-rate: is that a number of percent? write 2% or 0.02"
    ),
    "promote model m d --to prod --wait --max-error-rate few": (
        "argument --max-error-rate: not a share; write 2% or 0.02"
    ),
    "promote model m d --to prod --wait --max-latency 1.5s": (
        "argument --max-latency: write p95=1.5s or p50=300ms; the quantiles are p50, p90, p95, "
        "p99, avg"
    ),
    "promote model m d --to prod --wait --max-regression p95": (
        "argument --max-regression: write p95=20%; the metrics are error_rate, p50, p90, "
        "p95, p99, avg"
    ),
    "promote model m d --to prod --wait --max-latency p95=1 --max-latency p95=2": (
        "--max-latency: p95 is given twice"
    ),
    "promote model m d --to prod --wait --check s3cret --check s3cret": (
        "--check: the same command is given twice"
    ),
    "promote model m d --to prod --wait --check=": "argument --check: an empty command",
    "promote model m d --to prod --wait --window 5m": (
        "--window: only with a check, such as --max-error-rate 2%"
    ),
    "promote model m d --to prod --wait --max-error-rate 2% --timeout 5m": (
        "--timeout: this guard takes at least 9m, and the wait would end after 5m: pass a longer "
        "--timeout, or none"
    ),
    "promote chain c d --to prod --wait --check true --bake 90m": (
        "--timeout: this guard takes at least 1h30m, and the wait would end after 1h: pass a "
        "longer --timeout, or none"
    ),
    "promote model m d --to prod --wait --max-error-rate 2% --check-timeout 5": (
        "--check-timeout: only with --check"
    ),
    "promote model m d --to prod --wait --check a --min-requests few": (
        "argument --min-requests: not a number"
    ),
    "promote model m d --to prod --wait --check a --window 0": (
        "argument --window: must be more than zero"
    ),
    "promote model m d --to prod --wait --check a --on-breach stop": (
        "argument --on-breach: choose from cancel, force-cancel, pause, report"
    ),
    "promote chain c d --to prod --wait --max-error-rate 2%": (
        "chains have no metrics, such as error_rate: check them with --check"
    ),
    "promote chain c d --to prod --wait --check a --hold pause": (
        "--on-breach and --hold: only for models: Baseten cannot pause a chain's promotion"
    ),
    "promote model m d --to prod --wait --check a --on-breach report --hold pause": (
        "--on-breach report never acts, and --hold pause pauses after each step: choose one"
    ),
    f"wait {GUARDED}": (
        "this promotion has a guard, which its token does not hold: pass the same flags again, "
        "such as --max-error-rate, or --no-guard to go on without it"
    ),
    f"wait {GUARDED} --no-guard --check a": "--check: not with --no-guard",
    f"wait {CANCELLATION} --check a": "a cancellation has no guard: leave out its flags",
    "wait model m d --no-guard": "--no-guard: only with a token",
    f"wait {MODEL} --wake": "--wake: only with a deployment",
    "wait chain c": "expected TOKEN, or chain or model, its name or id, and the deployment",
    "pause model m": (
        "expected TOKEN, or model, its name or id, and the environment; or set BASETEN_ENVIRONMENT"
    ),
    "wait chain c d --wake": "--wake: only for models: Baseten cannot wake a chain",
    "wait model m d --cancel-on-timeout": "--cancel-on-timeout: only with a token",
    "wait nonsense": (
        "expected TOKEN, or chain or model, its name or id, and the deployment; or set "
        "BASETEN_CHAIN or BASETEN_MODEL"
    ),
    "wait abt2.nonsense": "this token is damaged: copy it again, whole",
    f"wait {MODEL[:-1]}": "this token is damaged: copy it again, whole",
    "promote chain c d --to prod --api-key s3cret": f"there is no option --api-key: {KEY}",
    "list chain c --baseten-token=s3cret -ks3cret": (
        f"there is no option --baseten-token, -k: {KEY}"
    ),
    "list chain c --lins": "there is no option --lins: did you mean --lines?",
    "cancel model m prod --wait --log-lines 5": "there is no option --log-lines",
    f"resume {MODEL} --wait": "there is no option --wait",
    "promote model m d --to prod --wiat": "there is no option --wiat: did you mean --wait?",
    "list chain c s3cret": "too many arguments",
    "environments": "expected create, update or delete",
    "environments delete model m": "expected chain or model, its name or id, and the environment",
    "environments create model m e --set max_replica=4": (
        "argument --set: write GROUP.SETTING=VALUE, as promotion_settings.rolling_deploy=true"
    ),
    "environments create model m e --set autoscaling.max_replica=4": (
        "argument --set: there are no such settings: did you mean autoscaling_settings?"
    ),
    "environments create model m e --set other.A=1": (
        "argument --set: there are no such settings: a model has autoscaling_settings, "
        "promotion_settings, request_backpressure_settings"
    ),
    "environments create model m e --set promotion_settings.a=1 --set promotion_settings.a.b=2": (
        "argument --set: a setting cannot hold another one"
    ),
    "environments update chain c e --set chainlet_settings.A.instance_type_id=1x2": (
        "argument --set: of a chainlet, only autoscaling_settings can be changed; another instance "
        "type is a promotion at Baseten"
    ),
    "environments create model m e --timeout 5m": "--timeout: only with update",
    "environments delete model m e --set promotion_settings.a=1": "--set: not with delete",
    "environments delete chain c e": (
        "only for models: Baseten cannot delete an environment of a chain"
    ),
    "list chain c --json=s3cret": "argument --json: it takes no value",
    "promote model m d --to prod --rollback-on-failure": "--rollback-on-failure: only with --wait",
    "promote model m d --to prod --wait --rollback-on-failure --cancel-on-timeout": (
        "--cancel-on-timeout: --rollback-on-failure already cancels after a timeout"
    ),
    "wait model m d --rollback-on-failure": "--rollback-on-failure: only with a token",
    f"wait {CANCELLATION} --rollback-on-failure": (
        "--rollback-on-failure: not with the token of a cancellation"
    ),
    "logs model m d --follow --until 1h": (
        "--until: not with --follow, which goes on until Ctrl-C"
    ),
    "logs model m d --chainlet A": "--chainlet: only for chains",
    "logs model m d --since yesterday": (
        "argument --since: write 2h for two hours ago, or a time with its zone, as "
        "2026-11-26T12:00:00Z"
    ),
    "logs model m": (
        "expected chain or model, its name or id, and the deployment or the environment; or set "
        "BASETEN_ENVIRONMENT"
    ),
    "metrics chain c d": "only for models: chains have no metrics at Baseten",
    "metrics model m d --metric gpu_utilisation": (
        "argument --metric: there is no such metric: did you mean baseten_gpu_utilization?"
    ),
    "metrics model m d --window 0": "argument --window: must be more than zero",
    "metrics model m d --now --window 5m": (
        "--window, --since and --until: not with --now, which has no window"
    ),
    "metrics model m d --since 2h --until 1h --window 1h": (
        "--window, --since and --until: two of them at most"
    ),
    "wait chain c current": (
        "of which environment? write current:ENVIRONMENT; or set BASETEN_ENVIRONMENT"
    ),
    f"pause {MODEL} --team Ads": "--team: only with the name of a chain or a model",
    "list model --team Ads": "--team: only with the name of a chain or a model",
    "status model id:m prod --team Ads": (
        "--team: only with a name; an id with id: before it needs none"
    ),
    "status modle m prod": (
        "expected chain or model, its name or id, and the environment: did you mean model?"
    ),
    "completion tcsh": "expected bash, zsh, fish",
    "wait model m d --notify http://s3cret.example": (
        "argument --notify: must be https; only loopback addresses may be http"
    ),
    "wait model m d --notify https://me:s3cret@example.com": (
        "argument --notify: leave out the user and the password"
    ),
    "wait model m d --notify s3cret": "argument --notify: not an address; write https://HOST/PATH",
    "promote model:m@d s3cret --to prod": f"{TARGETS}",
    "wait --token-file /nowhere/s3cret": "argument --token-file: there is no such file",
    "wait --token-file /dev/null": (
        "cannot use the file of --token-file: it is not a regular file; nothing was sent"
    ),
    "plan model m d --to prod --window 5m": (
        "--window: only with a check, such as --max-error-rate 2%"
    ),
    "promote model m d --to prod --wait --wave 2": f"--wave: only with targets; {TARGETS}",
    "wait model m d --fail-fast": f"--fail-fast: only with targets; {TARGETS}",
    "promote model:m@d --to prod --wave 2": "--wave: only with --wait",
    "promote model:m@d --to prod --fail-fast": "--fail-fast: only with --wait",
    "promote model:m@d --to prod --wait --between 5m": "--between: only with --wave",
    "promote model:m@d --to prod --wait --wave 0": (
        "argument --wave: not a number from 1 to 10000"
    ),
    "promote model:m@d --to prod --plan": "--plan: only with one deployment",
    "promote model:m@d model:m@e --to prod": "the same target is given twice",
    "promote model:m@d": "expected --to ENVIRONMENT; or set BASETEN_ENVIRONMENT",
    "promote --targets /nowhere/s3cret --to prod": (
        "argument --targets: cannot read it: No such file or directory"
    ),
    "promote --targets /dev/null --to prod": "argument --targets: the file has no targets",
    "promote model:m@d chain:c@d --to prod --wait --max-error-rate 2%": (
        f"chains have no metrics, such as error_rate: check them with --check; {ONLY_SOME}"
    ),
    "promote chain:b@d chain:c@d --to prod --wait --max-error-rate 2%": (
        "chains have no metrics, such as error_rate: check them with --check"
    ),
    "wait chain:c@d model:m@d --wake": (
        f"--wake: only for models: Baseten cannot wake a chain; {ONLY_SOME}"
    ),
    "promote model:m@d chain:c@d --to prod --check true": (
        "a guard works only with --wait: without it, nobody would measure"
    ),
    "promote --targets - --api-key-file - --to prod": (
        "--targets and --api-key-file cannot both be standard input"
    ),
    "promote chain:c@d --to prod --wait --cancel-on-timeout": (
        f"--cancel-on-timeout: {ONLY_MODELS_CANCEL}"
    ),
}
# The sentences of the whole command line, not of one command.
UNKNOWN_COMMANDS = {
    "promot chain c d --to prod": "there is no such command: did you mean promote?",
    "s3cret": (
        "there is no such command: choose from promote, plan, wait, status, history, logs, "
        "metrics, list, environments, cancel, pause, resume, roll-forward, rollback, "
        "completion"
    ),
    "--api-key s3cret list chain c": f"there is no option --api-key: {KEY}",
    "--verison": "there is no option --verison: did you mean --version?",
    "--lins list": "there is no option --lins: did you mean --lines?",
    "--wait promote model m d": ("there is no option --wait before the command; write it after it"),
}


@pytest.mark.parametrize(("line", "sentence"), INVALID_ARGUMENTS.items())
def test_invalid_arguments_end_with_2_and_one_sentence(
    line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"aiobaseten {line.partition(' ')[0]}".rstrip()

    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"aiobaseten: {sentence}; see {command} --help\n"


@pytest.mark.parametrize(("line", "sentence"), UNKNOWN_COMMANDS.items())
def test_unknown_commands_end_with_2_and_one_sentence(
    line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"aiobaseten: {sentence}; see aiobaseten --help\n"


# --- files of settings ---------------------------------------------------------------------------

INVALID_FILES = {
    "model = 5": "model must be a text that is not empty",
    "model = ' '": "model must be a text that is not empty",
    "environment = ['a']": "environment must be a text that is not empty",
    "timeout = true": "timeout must be a text that is not empty or a number",
    "timeout = '1h30'": "timeout: the last number has no unit; write 90, 45m or 1h30m",
    "log-lines = 0": "log-lines: not a number from 1 to 1000",
    "on-paused = 's3cret'": "on-paused: choose from wait, fail",
    "enviroment = 'e'": "there is no setting enviroment: did you mean environment?",
    "log_lines = 5": "there is no setting log_lines: did you mean log-lines?",
    "'S3CRET ' = 5": (
        "there is no such setting; there are model, chain, team, environment, timeout, "
        "settling-time, unhealthy-grace, on-paused, log-lines"
    ),
    "api-key = 's3cret'": (
        "the API key is never a setting: set BASETEN_API_KEY, or pass --api-key-file PATH"
    ),
    "base-url = 'https://s3cret.example'": (
        "the address is no setting, because the API key goes there: set BASETEN_BASE_URL, or pass "
        "--base-url URL"
    ),
}


@pytest.mark.parametrize(("content", "sentence"), INVALID_FILES.items())
def test_an_invalid_file_of_settings_ends_with_2_and_names_the_file(
    content: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.aiobaseten]\n{content}\n")
    monkeypatch.chdir(tmp_path)

    assert _complaint("status", capsys) == f"pyproject.toml: {sentence}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[tool]\naiobaseten = 5", "pyproject.toml: tool.aiobaseten must be a table"),
        ("a = s3cret", "pyproject.toml is not valid TOML (at line 1, column 5)"),
        (
            "[tool.aiobaseten]\nmodel = 'm'\nchain = 'c'",
            "pyproject.toml sets a chain and a model: write chain or model, and its name",
        ),
    ],
)
def test_an_unusable_file_of_settings_ends_with_2_and_names_the_file(
    content: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pyproject.toml").write_text(content)
    monkeypatch.chdir(tmp_path)

    assert _complaint("status production", capsys) == sentence


def _complaint(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    complaint, _, _ = capsys.readouterr().err.partition("; see aiobaseten ")
    return complaint.removeprefix("aiobaseten: ")


async def test_the_defaults_are_in_the_first_line(
    tmp_path: Path,
    baseten: Baseten,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.aiobaseten]\nenvironment = 'production'\n")
    monkeypatch.setenv("BASETEN_MODEL", "ranker")

    await execute(Run(baseten, parse(["status"]), LinesView(LoopClock())))

    _, _, first = capsys.readouterr().out.splitlines()[0].partition(" ")
    assert first == (
        "using model ranker (from BASETEN_MODEL), environment production (from pyproject.toml)"
    )


@pytest.mark.parametrize("beginning", ["", "a", "aa"])
def test_a_file_that_is_too_large_says_so_wherever_it_is_cut(
    beginning: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text(beginning + "€" * 400, encoding="utf-8")

    with pytest.raises(UnreadableError) as caught:
        read_text(str(tmp_path / "file"), most=1000)

    assert str(caught.value) == "it is larger than 1 kB"


# --- settings ------------------------------------------------------------------------------------

INVALID_SETTINGS: list[tuple[str, dict[str, str], str]] = [
    (
        "list chain c",
        {"BASETEN_API_KEY": ""},
        "no API key: set BASETEN_API_KEY, or pass --api-key-file PATH",
    ),
    (
        "list chain c --api-key-file /nowhere/key",
        {},
        "cannot read the API key from the file of --api-key-file: No such file or directory",
    ),
    (
        "list chain c --api-key-file /dev/null",
        {},
        "there is no API key in the file of --api-key-file",
    ),
    *(
        (
            "list chain c",
            {"AIOBASETEN_CLOCK_SPEED": speed, "BASETEN_BASE_URL": "http://127.0.0.1:9"},
            f"AIOBASETEN_CLOCK_SPEED must be a number above 0, at most 100000, not {speed!r}",
        )
        for speed in ("fast", "0", "-1", "nan", "1e9")
    ),
    (
        "list chain ..",
        {},
        "the name or id of the chain must not be '..': that is not the name of anything",
    ),
    (
        "status model m a/b",
        {},
        "the name of the environment must not hold slashes or control characters",
    ),
    *(
        (
            f"list chain c{flag}",
            environ,
            f"{name} must be https: over plain http the API key could be read on the way "
            "(only loopback addresses are excepted)",
        )
        for name, flag, environ in (
            ("--base-url", " --base-url http://example.com", {}),
            ("BASETEN_BASE_URL", "", {"BASETEN_BASE_URL": "http://example.com"}),
        )
    ),
    (
        "list chain long-enough",
        {"BASETEN_API_KEY": "long-enough"},
        "the API key is among the arguments, where other users can see it: nothing was sent; "
        "replace the key, and pass it in BASETEN_API_KEY or with --api-key-file PATH",
    ),
]


@pytest.mark.parametrize(("line", "environ", "sentence"), INVALID_SETTINGS)
def test_invalid_settings_end_with_2_and_one_sentence(
    line: str,
    environ: dict[str, str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"BASETEN_API_KEY": "key", **environ}.items():
        monkeypatch.setenv(name, value)

    assert main(line.split()) == 2
    assert capsys.readouterr().err == f"aiobaseten: {sentence}\n"


# --- errors --------------------------------------------------------------------------------------

JOB = Job(task="promotion", resource=ResourceRef("model", "m"), environment="prod", deployment="d")
PROMOTE = parse(["promote", "model", "m", "d", "--to", "prod"])
LIST_MODEL = "to list what the model has: aiobaseten list model m"


def refusal(kind: Callable[..., BasetenError], status: int, text: str = "") -> BasetenError:
    """An error with which Baseten replied to a request."""
    return kind(text, status=status, method="GET", path="/p", request_id="r1")


def running(deployment_id: str | None, *, may_be_adopted: bool = False) -> PromotionInProgressError:
    """The refusal to send a second promotion."""
    return PromotionInProgressError(
        "busy", deployment_id=deployment_id, environment=None, may_be_adopted=may_be_adopted
    )


ERRORS: list[tuple[BasetenError, str]] = [
    (
        refusal(AuthenticationError, 401, "Invalid key."),
        "Baseten refuses the API key: it is wrong or revoked (HTTP 401 for /p, Invalid key, "
        "request id r1). Check the key in BASETEN_API_KEY",
    ),
    (
        refusal(PermissionDeniedError, 403),
        "Baseten refuses the API key: it is wrong, or lacks permission (HTTP 403 for /p, request "
        "id r1). Check the key in BASETEN_API_KEY, or ask for access",
    ),
    (
        refusal(NotFoundError, 404),
        f"model m has no deployment d (HTTP 404 for /p, request id r1); {LIST_MODEL}",
    ),
    (
        refusal(ConflictError, 409),
        f"Baseten refused the request (HTTP 409 for /p, request id r1); {LIST_MODEL}",
    ),
    (
        refusal(BadRequestError, 400, "no\nsuch"),
        f"Baseten refused the request (HTTP 400 for /p, no such, request id r1); {LIST_MODEL}",
    ),
    (
        refusal(RateLimitError, 429),
        "Baseten cannot answer now (HTTP 429 for /p, request id r1): try again later",
    ),
    (
        refusal(ServerError, 503),
        "Baseten cannot answer now (HTTP 503 for /p, request id r1): try again later",
    ),
    (
        ServerError("", status=502, method="POST", path="/p", request_id="r1"),
        "the response was lost (HTTP 502 for /p, request id r1), and Baseten may have acted: look "
        "before you try again: aiobaseten status model m prod",
    ),
    (
        TransportError("refused", method="GET", path="/p", sent=False),
        "no response from Baseten (GET /p: refused; it did not reach Baseten): "
        "check the network and the address, and retry",
    ),
    (
        PromotionOutcomeUnknownError("lost", deployment_id="d", before=None, after=None),
        "lost: aiobaseten status model m prod",
    ),
    (
        WaitTimeoutError(
            "over. Go on with resume(error.token).", evidence=Evidence(waited=1), timeout=1
        ),
        "over.",
    ),
    (
        running("copy", may_be_adopted=True),
        "a promotion of deployment copy to prod of model m is already running, and nothing was "
        "sent: follow it with --if-in-progress adopt, or wait for it with --if-in-progress wait",
    ),
    (
        running(None),
        "a promotion to prod of model m is already running, and nothing was sent: "
        "wait for it with --if-in-progress wait",
    ),
    (
        ResponseShapeError("no id", status=200, method="GET", path="/p"),
        "GET /p: HTTP 200 with an unexpected body: no id",
    ),
]


@pytest.mark.parametrize(("error", "sentence"), ERRORS)
def test_an_error_is_explained(error: BasetenError, sentence: str) -> None:
    assert explain(error, PROMOTE, JOB) == sentence


@pytest.mark.parametrize(
    ("token", "advice"), [(MODEL, "wait for its end, or cancel it"), (CHAIN, "wait for its end")]
)
def test_a_rollback_during_a_promotion_is_explained(token: str, advice: str) -> None:
    command = parse(["rollback", token])
    kind: Kind = "chain" if token == CHAIN else "model"
    job = Job(task="promotion", resource=ResourceRef(kind, "x"))

    assert explain(running(None), command, job).endswith(f"nothing was sent: {advice}")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        (f"rollback {MODEL}", "cancel it, which gives its traffic back"),
        ("promote model m d --to prod", "resume it, or cancel it"),
    ],
)
def test_nothing_waits_for_the_end_of_a_paused_promotion(line: str, advice: str) -> None:
    error = PromotionInProgressError("", deployment_id="d", environment=None, is_paused=True)

    assert explain(error, parse(line.split()), JOB) == (
        "a promotion of deployment d to prod of model m is paused, and nothing was sent: " + advice
    )


NAMES: list[tuple[str, str]] = [
    (
        "promote model rankr v2 --to production",
        "no model has the name or the id 'rankr'. Similar names: 'ranker'",
    ),
    (
        "status chain ranker production",
        "no chain has the name or the id 'ranker'; to list everything: aiobaseten list",
    ),
    (
        "promote model ranker v9 --to production",
        "no deployment has the name or the id 'v9'. There are: 'v1', 'v2'; to list what the model "
        "has: aiobaseten list model ranker",
    ),
    (
        "promote model ranker current --to production",
        "no deployment has the name or the id 'current'. The one that serves in an environment is "
        "current:ENVIRONMENT; to list what the model has: aiobaseten list model ranker",
    ),
    (
        "wait model ranker current:empty",
        "nothing serves in empty of model model111; to list what the model has: aiobaseten list "
        "model ranker",
    ),
    (
        "wait model twin v1",
        "'twin' means 2 models: twin0001 of team 'A', created 2026-01-01 00:00 UTC; twin0002 of "
        "team 'B', created 2026-01-01 00:00 UTC. None was chosen: write the id, as in id:twin0001",
    ),
    (
        "status model ranker prod",
        "model ranker (model111) has no environment prod (HTTP 404 for "
        "/v1/models/model111/environments/prod, ",
    ),
    ("promote model id:ranker v2 --to production", "; a name is written without id:"),
    (
        "promote model id:nosuch1 id:v2 --to production",
        "Baseten has no model nosuch1, or it has no environment production (HTTP 404 for "
        "/v1/models/nosuch1/environments/production, ",
    ),
    (
        "status model id:nosuch production",
        "; to list all models: aiobaseten list model; a name is written without id:",
    ),
    (
        "logs model ranker v9",
        "no deployment has the name or the id 'v9'. There are: 'v1', 'v2'; to list what the model "
        "has: aiobaseten list model ranker",
    ),
    (
        "promote model ranker v2 --to locked",
        "the API key of fake@example.com in workspace Fake workspace lacks permission (HTTP 403 "
        "for ",
    ),
]


@pytest.mark.parametrize(("line", "sentence"), NAMES)
async def test_a_mistake_of_a_newcomer_is_explained(
    fake: FakeBaseten, baseten: Baseten, line: str, sentence: str
) -> None:
    model = fake.model("model111", name="ranker", team="Search")
    model.deployment("depl001", name="v1")
    model.deployment("depl002", name="v2")
    model.environment("empty", current=None)
    model.environment("locked", current=None, restricted=True)
    for nth, team in ((1, "A"), (2, "B")):
        fake.model(f"twin000{nth}", name="twin", team=team)

    ending = await execute(run_of(baseten, line))

    if sentence.startswith(";"):
        assert sentence in ending.message
    else:
        assert ending.message.startswith(sentence)
        assert ending.message == sentence or sentence.endswith((", ", " "))


async def test_an_address_with_the_version_at_its_end_is_explained(fake: FakeBaseten) -> None:
    fake.model("model111", name="ranker")
    async with fake.client(base_url="https://api.baseten.co/v1/models") as baseten:
        ending = await execute(run_of(baseten, "status model ranker production"))

    assert ending.message.endswith(
        "; the base URL ends with /v1/models: leave that out, because every path begins with /v1"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(913.003, "913"), (1234567.0, "1 234 567"), (0.64712, "0.647"), (99.97, "100"), (3.0, "3")],
)
def test_a_measured_number_has_no_more_digits_than_a_person_reads(value: float, text: str) -> None:
    assert number(value) == text


def test_a_timeout_names_the_time_that_the_user_asked_for() -> None:
    given = "promote model m d --to prod --wait --timeout 1m"
    error = WaitTimeoutError("57 s are over: no end", evidence=Evidence(waited=57.0), timeout=57.0)

    sentence = explain(error, parse(given.split()), WAITING)

    assert sentence == "60 s are over (3 s of them to look names up): no end"
    asked = explain(error, parse(given.replace("1m", "57s").split()), WAITING)
    assert asked == "57 s are over: no end"


def test_an_empty_list_gives_no_hint_to_list() -> None:
    job = Job(task="resource", resource=ResourceRef("chain", "c"))

    sentence = explain(refusal(NotFoundError, 404), parse(["list", "chain", "c"]), job)

    assert sentence == "Baseten did not find chain c (HTTP 404 for /p, request id r1)"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            'not known; to promote it, pass if_in_progress="raise"',
            "not known; to promote it, pass --if-in-progress fail",
        ),
        (
            "superseded by deployment x, and nothing was sent; to act all the same, pass "
            "even_if_superseded=True",
            "superseded by deployment x, and nothing was sent",
        ),
        (
            "It sleeps: pass accept_scaled_to_zero=True if asleep is enough.",
            "It sleeps: pass --accept-scaled-to-zero if asleep is enough.",
        ),
        ("pass team=, or one of the ids", "pass --team, or one of the ids"),
    ],
)
def test_advice_of_the_library_is_in_the_words_of_a_shell(message: str, sentence: str) -> None:
    assert explain(BasetenError(message), PROMOTE, JOB) == sentence


@pytest.mark.looptime
async def test_an_empty_log_and_a_log_that_cannot_be_read_now_are_said_in_one_line(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(fake)
    for line in ("logs model m old", "logs model m old --since 2h"):
        await execute(run_of(baseten, line))
    fake.faults.status(503, route="GET /v1/models/m/deployments/old/logs", lasting=50)
    following = asyncio.create_task(execute(run_of(baseten, "logs model m old --follow")))
    await asyncio.sleep(100)
    following.cancel()

    default, since, outage = capsys.readouterr().err.splitlines()
    assert default == "no lines of the last 30 minutes; --since 1d shows older ones"
    assert since == "no lines"
    assert outage.startswith(
        "aiobaseten: cannot read the log now, and tries again until Ctrl-C: GET /v1/models/m/"
    )


# --- taking back ---------------------------------------------------------------------------------

TAKEN_BACK = {
    "model m broken": " Nothing had to be taken back: deployment old serves, as before.",
    "model m stuck": (
        "As requested, the promotion of deployment stuck to production of model m was cancelled, "
        "and all traffic is on the previous deployment. Reason: 300 s are over: "
    ),
    "chain c stuck": (
        " It was not taken back, because it still runs, and Baseten cannot cancel a chain's "
        "promotion: roll it back later."
    ),
}


@pytest.mark.looptime
@pytest.mark.parametrize(("words", "sentence"), TAKEN_BACK.items())
async def test_a_promotion_that_is_taken_back_says_what_was_done(
    fake: FakeBaseten, baseten: Baseten, words: str, sentence: str
) -> None:
    furnish(fake)
    line = f"promote {words} --to production --wait --rollback-on-failure --timeout 5m"

    ending = await execute(run_of(baseten, line))

    assert ending.message.startswith(sentence) or ending.message.endswith(sentence)
    # Nobody works on it any more.
    assert not ending.message.startswith(sentence) or "keeps working" not in ending.message


CANCEL = "POST /v1/models/m/environments/production/cancel_promotion"
STUCK = "the promotion of deployment stuck to production of model m"
LOST = (
    rf"the answer to the cancel of .* was lost \({re.escape(CANCEL)}: .*\), and the environment "
    r"cannot be read \(.*\): look before you cancel again: aiobaseten status model m production$"
)


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("times", "unreadable", "flag", "sentence"),
    [
        (1, 0, "--rollback-on-failure", "^As requested, "),
        (
            None,
            0,
            "--rollback-on-failure",
            r" It was not taken back: Baseten did not cancel the promotion: each answer was lost, "
            r"and the environment shows that it still runs\. The request changed nothing$",
        ),
        (
            1,
            2000,
            "--rollback-on-failure",
            f" It is not known whether it is being taken back: {LOST}",
        ),
        (
            1,
            2000,
            "--cancel-on-timeout",
            f" As requested, it is not known whether {STUCK} was cancelled: {LOST}",
        ),
    ],
)
async def test_a_lost_response_to_a_cancel_says_what_the_environment_shows(
    fake: FakeBaseten,
    baseten: Baseten,
    times: int | None,
    unreadable: int,
    flag: str,
    sentence: str,
) -> None:
    furnish(fake)
    fake.faults.status(503, times=times, route=CANCEL)
    looks = "GET /v1/models/m/environments/production"
    if unreadable:
        fake.faults.clear()
        fake.faults.cut(route=CANCEL, delay=5.0)
        fake.at(303, lambda: fake.faults.status(503, route=looks, lasting=unreadable))
    line = f"promote model m stuck --to production --wait --timeout 5m {flag}"

    ending = await execute(Run(baseten, parse(line.split()), LinesView(LoopClock())))

    assert re.search(sentence, ending.message), ending.message


@pytest.mark.looptime
async def test_a_signal_while_a_promotion_is_taken_back_says_what_goes_on(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    furnish(fake)
    fake.faults.hang(route=CANCEL)
    line = "promote model m {} --to production --wait --rollback-on-failure --timeout 100s"
    messages: list[str] = []
    for deployment in ("stuck", "other"):
        run = run_of(baseten, line.format(deployment))
        task = asyncio.create_task(execute(run))
        await asyncio.sleep(101)
        task.cancel()
        await asyncio.wait({task})
        messages.append((await interrupt(run, Outcome.TERMINATED)).message)
        fake.model("m").environment("production").force_cancel()

    begins = "terminated while taking back the promotion of deployment {} to production of model m"
    assert messages == [
        f"{begins.format('stuck')}: the cancel or the rollback may have begun",
        f"{begins.format('other')}: the cancellation of the promotion to production of "
        "model m continues at Baseten",
    ]


@pytest.mark.looptime
async def test_a_promotion_that_was_rolled_back_or_overtaken_says_what_serves(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    furnish(fake)
    line = "promote model m other --to production --wait --rollback-on-failure --timeout 10m"
    looks = "GET /v1/models/m/environments/production"
    fake.faults.status(503, route=looks, after=1, lasting=605)

    rolled_back = await execute(run_of(baseten, line))
    fake.faults.status(503, route=looks, after=1, lasting=605)
    environment = fake.model("m").environment("production")
    fake.at(fake.now + 300, lambda: environment.promote("new"))
    overtaken = await execute(run_of(baseten, line))

    assert rolled_back.message.startswith(
        "As requested, the promotion of deployment other to production of model m was rolled back: "
        "deployment old serves production of model m. Reason: 600 s are over: "
    )
    assert overtaken.message.endswith(
        " It was not taken back: deployment new was promoted after it, and stays."
    )


# The audit log cannot be read, or its newest promotion is not ours.
EITHER = "somebody has rolled it forward or promoted it again, and that stays"


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("after", "log_fails", "sentence"),
    [
        ("roll forward", False, "somebody has rolled it forward: deployment slow serves and stays"),
        (
            "roll forward",
            True,
            EITHER,
        ),
        ("promote", False, EITHER),
        ("promote before", False, "somebody has promoted deployment slow again, and that stays"),
    ],
)
async def test_a_colleague_who_rolls_a_promotion_forward_is_told_from_one_who_promotes_it_again(
    after: str, sentence: str, *, log_fails: bool
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    furnish(fake)
    fake.model("m").deployment("slow", on_promote=[("DEPLOYING", 100.0), "ACTIVE"])
    production = fake.model("m").environment("production")

    def promote_again() -> None:
        with fake.acting_as("ops@example.com"):
            production.force_cancel()
            production.promote("slow")

    acts = {
        "roll forward": (215, production.force_roll_forward),
        "promote": (215, promote_again),
        "promote before": (160, promote_again),
    }
    fake.at(10, lambda: production.update(rolling=False))  # for the next one
    fake.at(*acts[after])
    if log_fails:
        fake.faults.status(403, route="GET /v1/models/{model_id}/audit_logs", times=None)
    line = "promote model m slow --to production --wait --rollback-on-failure --timeout 200s"

    async with fake.client() as client:
        ending = await execute(run_of(client, line))

    assert ending.message.endswith(f" It was not taken back: {sentence}."), ending.message


# --- hints ---------------------------------------------------------------------------------------

WAITING = Job(
    task="promotion",
    resource=ResourceRef("model", "m"),
    environment="prod",
    deployment="d",
    token="t",
)
CANCELLING = Job(
    task="cancellation", resource=ResourceRef("model", "m"), environment="prod", token="t"
)
ASLEEP = Job(task="deployment", resource=ResourceRef("chain", "c"), deployment="d")
INTERRUPTED = Outcome.INTERRUPTED


@pytest.mark.parametrize(
    ("job", "sentence", "hints"),
    [
        (
            WAITING,
            "interrupted; the promotion of deployment d to prod of model m continues at Baseten",
            ["to continue:  aiobaseten wait t", "to cancel:    aiobaseten cancel t"],
        ),
        (
            evolve(WAITING, guard_words=("--max-error-rate", "2%")),
            "interrupted; the promotion of deployment d to prod of model m continues at Baseten "
            "without its guard",
            [
                "to continue:  aiobaseten wait t --max-error-rate 2%",
                "to cancel:    aiobaseten cancel t",
            ],
        ),
        (
            CANCELLING,
            "interrupted; the cancellation of the promotion to prod of model m continues at "
            "Baseten",
            ["to continue:  aiobaseten wait t"],
        ),
        (
            ASLEEP,
            "interrupted; deployment d of chain c continues at Baseten",
            ["to continue:  aiobaseten wait chain c id:d"],
        ),
    ],
)
def test_an_interrupted_wait_continues_at_baseten(
    job: Job, sentence: str, hints: list[str]
) -> None:
    ending = interrupted(INTERRUPTED, PROMOTE, job)

    assert ending.message == sentence
    assert list(ending.hints) == hints


UNKNOWN = "interrupted before Baseten's response: it is not known whether "


@pytest.mark.parametrize(
    ("line", "job", "sentence"),
    [
        (
            "promote model m d --to prod",
            JOB,
            f"{UNKNOWN}the promotion of deployment d to prod of model m has started",
        ),
        (
            f"rollback {MODEL}",
            JOB,
            f"{UNKNOWN}the rollback of the promotion of deployment d to prod of model m has "
            "started",
        ),
        (
            "pause model m prod",
            Job(task="environment", resource=ResourceRef("model", "m"), environment="prod"),
            f"{UNKNOWN}Baseten received the request (pause, prod of model m)",
        ),
    ],
)
def test_the_effect_of_a_request_that_was_interrupted_is_not_known(
    line: str, job: Job, sentence: str
) -> None:
    ending = interrupted_early(INTERRUPTED, parse(line.split()), job)

    assert ending.message == sentence
    assert ending.hints == ["to look:      aiobaseten status model m prod"]


def test_the_token_of_an_interrupted_request_is_a_hint() -> None:
    ending = interrupted_early(INTERRUPTED, PROMOTE, WAITING)

    assert (
        ending.message == f"{UNKNOWN}the promotion of deployment d to prod of model m has started"
    )
    assert ending.hints == [
        "to continue:  aiobaseten wait t",
        "to look:      aiobaseten status model m prod",
    ]


def test_a_read_that_was_interrupted_needs_no_hint() -> None:
    ending = interrupted_early(INTERRUPTED, parse(["status", "model", "m", "prod"]), JOB)

    assert (ending.message, list(ending.hints)) == ("interrupted", [])


def test_a_pause_gives_hints_to_resume_continue_and_cancel() -> None:
    error = PromotionPausedError("paused", evidence=Evidence(waited=1))

    assert failed(error, PROMOTE, WAITING, waited=1).hints == [
        "to resume:    aiobaseten resume t",
        "to continue:  aiobaseten wait t",
        "to cancel:    aiobaseten cancel t",
    ]


@pytest.mark.parametrize(
    ("previous", "serving", "hint"),
    [
        ("b", "d", "to roll back: aiobaseten rollback t --wait"),
        ("b", "b", "to look:      aiobaseten status model m prod"),
        ("d", "d", "to look:      aiobaseten status model m prod"),
        (None, None, "to look:      aiobaseten status model m prod"),
    ],
)
def test_a_rollback_is_a_hint_only_if_there_is_something_to_roll_back(
    previous: str | None, serving: str | None, hint: str
) -> None:
    current = None if serving is None else SimpleNamespace(id=serving)
    seen = SimpleNamespace(current_deployment=current)
    error = PromotionFailedError("failed", evidence=Evidence(waited=1, last_seen=seen))

    assert failed(error, PROMOTE, evolve(WAITING, previous=previous), waited=1).hints == [hint]


# --- results -------------------------------------------------------------------------------------

PROMOTION = "the promotion of deployment {} to production of model m"


def promotes(fake: FakeBaseten) -> None:
    fake.model("m").environment("production").promote("stuck")


def refuses_to_cancel(fake: FakeBaseten) -> None:
    fake.faults.status(400, route="POST /v1/models/m/environments/production/cancel_promotion")


def cannot_cancel(fake: FakeBaseten) -> None:
    fake.faults.status(503, times=None, route=CANCEL)


def untouched(fake: FakeBaseten) -> None:
    """Leave the fake as it is."""


RESULTS: list[tuple[Callable[[FakeBaseten], None], str, str]] = [
    (
        untouched,
        "promote chain c new --to production --wait",
        "deployment new serves production of chain c",
    ),
    (
        untouched,
        "promote model m new --to production",
        f"Baseten has accepted {PROMOTION.format('new')}; it is not live yet",
    ),
    (
        promotes,
        "promote model m stuck --to production --if-in-progress adopt",
        f"Baseten has accepted {PROMOTION.format('stuck')}, now or earlier; wait to know whether "
        "it is live",
    ),
    (
        untouched,
        "promote chain c old --to production --if-in-progress adopt",
        "Baseten has accepted the promotion of deployment old to production of chain c, now or "
        "earlier; wait to know whether it is live",
    ),
    (untouched, "wait model m old", "deployment old of model m is ready"),
    (
        promotes,
        "cancel model m production",
        "Baseten has accepted the cancellation of the promotion to production of model m. "
        "CANCELED: ",
    ),
    (
        promotes,
        "cancel model m production --wait",
        "the cancellation of the promotion to production of model m is finished; all traffic is "
        "on the previous deployment",
    ),
    (
        promotes,
        "pause model m production",
        "the promotion to production of model m will pause at the end of its step",
    ),
    (
        promotes,
        "roll-forward model m production",
        "the promotion to production of model m gets all traffic immediately",
    ),
    (
        untouched,
        "promote model m stuck --to production --wait --timeout 5 --cancel-on-timeout",
        f" As requested, {PROMOTION.format('stuck')} was cancelled: Baseten says CANCELED",
    ),
    (
        cannot_cancel,
        "promote model m stuck --to production --wait --timeout 5 --cancel-on-timeout",
        f" As requested, {PROMOTION.format('stuck')} could not be cancelled: Baseten did not "
        "cancel the promotion: each answer was lost, and the environment shows that it "
        "still runs. The request changed nothing",
    ),
    (
        refuses_to_cancel,
        "promote model m stuck --to production --wait --timeout 5 --cancel-on-timeout",
        "); to look: aiobaseten status model m production",
    ),
    (
        untouched,
        "pause model m production",
        "); to look: aiobaseten status model m production",
    ),
]


@pytest.mark.looptime
@pytest.mark.parametrize(("arrange", "line", "sentence"), RESULTS)
async def test_a_result_is_one_sentence(
    fake: FakeBaseten,
    baseten: Baseten,
    arrange: Callable[[FakeBaseten], None],
    line: str,
    sentence: str,
) -> None:
    furnish(fake)
    arrange(fake)

    ending = await execute(run_of(baseten, line))

    assert sentence in ending.message


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("arrange", "is_cancelled"), [(untouched, True), (refuses_to_cancel, False)]
)
async def test_nobody_keeps_working_on_a_promotion_that_a_wait_has_cancelled(
    fake: FakeBaseten,
    baseten: Baseten,
    arrange: Callable[[FakeBaseten], None],
    *,
    is_cancelled: bool,
) -> None:
    furnish(fake)
    run = run_of(baseten, "promote model m stuck --to production")
    await execute(run)
    assert run.job is not None
    arrange(fake)

    ending = await execute(
        run_of(baseten, f"wait {run.job.token} --timeout 5m --cancel-on-timeout")
    )

    assert ("keeps working" in ending.message) is not is_cancelled
    assert " As requested, the promotion of deployment stuck " in ending.message


@pytest.mark.looptime
async def test_a_promotion_that_is_paused_and_resumed_is_named(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    furnish(fake)
    run = run_of(baseten, "promote model m stuck --to production")
    await execute(run)
    assert run.job is not None

    await execute(run_of(baseten, f"pause {run.job.token}"))
    resumed = await execute(run_of(baseten, f"resume {run.job.token}"))

    assert resumed.message == f"{PROMOTION.format('stuck')} is resumed"


@pytest.mark.looptime
async def test_the_beginning_of_a_promotion_is_three_lines(
    fake: FakeBaseten, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(fake)
    line = "promote chain c new --to production --if-in-progress wait"
    command = parse(line.split(" "))
    async with fake.client() as client:
        run = Run(client, command, LinesView(LoopClock()))
        await execute(run)

    texts = [line.partition("Z ")[2] for line in capsys.readouterr().out.splitlines()]
    assert run.job is not None
    assert texts == [
        "promoting deployment new to production of chain c, "
        "after the promotion that is running, if any",
        f"{run.job} has started",
        f"token: {run.job.token}",
    ]


@pytest.mark.looptime
async def test_a_rollback_to_what_serves_already_has_started_nothing(
    fake: FakeBaseten, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(fake)
    production = fake.model("m").environment("production")
    async with fake.client() as client:
        promotion = await client.model("m").environment("production").promote("stuck")
        production.force_cancel()
        await asyncio.sleep(100)
        run = Run(client, parse(["rollback", promotion.token]), LinesView(LoopClock()))
        await execute(run)

    texts = [line.partition("Z ")[2] for line in capsys.readouterr().out.splitlines()]
    assert run.job is not None
    assert texts == [
        f"{run.job} was started before, and nothing was sent",
        f"token: {run.job.token}",
    ]


PLANS: list[tuple[Callable[[FakeBaseten], None], str, str]] = [
    (
        untouched,
        "plan model m new --to production",
        """\
plan for production of model m; nothing is sent
  key         fake@example.com in workspace Fake workspace
  deployment  new  ACTIVE, 1 replica
  replaces    old
  afterwards  SCALE_TO_ZERO for the deployment that is replaced
  promotion   none under way
  traffic     in steps, perhaps none between 0 and 100 %: surge 25 %, unavailable 0 %, \
stabilization 0 s, overhead 0 %
  duration    as long as the deployment takes to be ready
  sends       POST /v1/models/m/environments/production/promote {"deployment_id": "new"}
few_replicas: max_replica of production of model m is 1: a rolling promotion may have no step \
between 0 and 100 % of the traffic; set min_replica and max_replica to 4 or more""",
    ),
    (
        promotes,
        "promote chain c old --to production --plan --no-scale-down-previous-deployment",
        """\
plan for production of chain c; nothing is sent
  key         fake@example.com in workspace Fake workspace
  deployment  old  ACTIVE
  replaces    old
  afterwards  KEEP for the deployment that is replaced
  promotion   none under way
  traffic     all at once
  duration    as long as the deployment takes to be ready
  sends       POST /v1/chains/c/environments/production/promote {"deployment_id": "old", \
"scale_down_previous_deployment": false}
already_serving: deployment old already serves in production of chain c""",
    ),
    (
        untouched,
        "plan model m old --to production --if-in-progress adopt",
        """\
plan for production of model m; nothing is sent
  key         fake@example.com in workspace Fake workspace
  deployment  old  ACTIVE, 1 replica
  replaces    old
  afterwards  SCALE_TO_ZERO for the deployment that is replaced
  promotion   none under way
  traffic     in steps, perhaps none between 0 and 100 %: surge 25 %, unavailable 0 %, \
stabilization 0 s, overhead 0 %
  duration    as long as the deployment takes to be ready
  sends       nothing: the promotion of deployment old is adopted
already_serving: deployment old already serves in production of model m: nothing is sent
few_replicas: max_replica of production of model m is 1: a rolling promotion may have no step \
between 0 and 100 % of the traffic; set min_replica and max_replica to 4 or more""",
    ),
]


@pytest.mark.looptime
@pytest.mark.parametrize(("arrange", "line", "lines"), PLANS)
async def test_a_plan_is_a_block_of_lines(
    fake: FakeBaseten,
    arrange: Callable[[FakeBaseten], None],
    line: str,
    lines: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    furnish(fake)
    arrange(fake)
    async with fake.client() as client:
        ending = await execute(Run(client, parse(line.split()), LinesView(LoopClock())))

    assert capsys.readouterr().out == f"{lines}\n"
    assert ending.message == ""


@pytest.mark.looptime
@pytest.mark.parametrize("line", ["list model m", "list model"])
async def test_the_times_of_a_list_have_the_form_of_all_times_in_lines(
    fake: FakeBaseten, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    furnish(fake)
    async with fake.client() as client:
        await execute(Run(client, parse(line.split()), LinesView(LoopClock())))

    *_, last = capsys.readouterr().out.splitlines()
    assert re.search(r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", last)


@pytest.mark.looptime
async def test_a_plan_that_is_blocked_says_why(fake: FakeBaseten, baseten: Baseten) -> None:
    furnish(fake)
    promotes(fake)

    ending = await execute(run_of(baseten, "plan model m new --to production"))

    assert ending.message == (
        "the promotion would not succeed: a promotion of deployment stuck to production of model m "
        "is under way: wait for its end"
    )

    ending = await execute(run_of(baseten, "plan model m stuck --to production"))
    assert ending.message.endswith(
        " is under way: follow it with --if-in-progress adopt, or wait for its end"
    )

    environment = fake.model("m").environment("production")
    environment.force_cancel()
    environment.promote("new")
    environment.pause()
    await asyncio.sleep(200)
    for line, then in (
        ("plan model m other --to production", "resume it, or cancel it"),
        ("plan model m other --to production --if-in-progress wait", "resume it, or cancel it"),
    ):
        ending = await execute(run_of(baseten, line))
        assert ending.message == (
            "the promotion would not succeed: a promotion of deployment new to production of model "
            f"m is paused: {then}"
        )
    ending = await execute(
        run_of(baseten, "plan model m new --to production --if-in-progress adopt")
    )
    assert ending.message == ""


# --- several targets -----------------------------------------------------------------------------

SEVERAL = "promote model:m@new chain:c@broken model:m2@new --to production --wait --wave 2 --quiet"


@pytest.mark.looptime
async def test_several_targets_end_with_a_table_and_a_count(
    fake: FakeBaseten, baseten: Baseten, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(fake)
    second = fake.model("m2")
    second.environment("production", current=second.deployment("new"))
    tokens = str(tmp_path / "tokens.json")

    endings: list[Ending] = []
    for line in (SEVERAL, f"{SEVERAL} --token-file {tokens}", f"{SEVERAL} --token-file {tokens}"):
        run = Run(baseten, parse(line.split()), QuietView(waits=True))
        endings.append(await execute(run))

    said = [(one.message, *one.hints) for one in endings]
    assert said[0] == ("3 targets: 1 done, 1 failed, 1 not begun",)
    assert said[1] == (
        "3 targets: 1 done, 1 failed, 1 not begun",
        "to continue:  the same command again, with the same --token-file",
    )
    assert said[2] == ("3 targets: 2 done, 1 failed", said[1][1])
    table = [line.split() for line in capsys.readouterr().out.splitlines()[-4:]]
    assert table[0] == ["TARGET", "OUTCOME", "DEPLOYMENT", "TIME"]
    assert table[1] == ["model:m@new", "done", "new", "-"]
    assert table[2][:3] == ["chain:c@broken", "failed", "broken"]


@pytest.mark.looptime
async def test_several_targets_of_which_none_has_begun_cannot_be_continued(
    fake: FakeBaseten, baseten: Baseten, tmp_path: Path
) -> None:
    furnish(fake)
    line = f"promote model:m@nothing --to production --wait --token-file {tmp_path / 'tokens'}"

    ending = await execute(run_of(baseten, line))

    assert ending.message == "1 target: 1 not found; nothing was sent"
    assert ending.hints == ()


@pytest.mark.looptime
async def test_several_targets_say_which_wave_begins_and_which_are_left_alone(
    fake: FakeBaseten, baseten: Baseten, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(fake)
    words = "promote model:m@new chain:c@new --to production --wait --wave 1 --between 9"
    line = f"{words} --token-file {tmp_path / 'tokens.json'}"
    for _ in range(2):
        await execute(Run(baseten, parse(line.split()), LinesView(LoopClock())))

    lines = [text.partition(" ")[2] for text in capsys.readouterr().out.splitlines()]
    assert "wave 1 of 2" in lines
    assert any(text.startswith("wave 2 of 2 begins at 20") for text in lines)
    assert "model:m@new done before; it is left alone" in lines
    with pytest.raises(SystemExit):
        parse(["wait", "--token-file", str(tmp_path / "tokens.json")])
    assert capsys.readouterr().err == (
        "aiobaseten: argument --token-file: nothing in it is left to wait for; see aiobaseten wait "
        "--help\n"
    )


@pytest.mark.looptime
async def test_a_heartbeat_says_what_is_waited_for_and_since_when(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(fake)
    line = "promote {} --to production --wait --timeout 90 --lines"
    for targets in ("model m stuck", "model:m@id:stuck chain:c@stuck"):
        command = parse([*line.format(targets).split(), "--if-in-progress=adopt"])
        view = choose_view(command.output, LoopClock(), waits=True)
        view.end(await execute(Run(baseten, command, view)))

    lines = [text.partition(" ")[2] for text in capsys.readouterr().out.splitlines()]
    time = r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, for 1:0\d"
    beats = [text for text in lines if re.search(f", {time}$", text)]
    assert len(beats) == 2
    assert re.fullmatch(f"waiting for stuck to become ready, {time}", beats[0])
    target = r"(model:m@id:stuck|chain:c@stuck)"
    several = f"2 targets are under way; {target}: waiting for stuck to become ready, {time}"
    assert re.fullmatch(several, beats[1])


def refused(content: str) -> str:
    """The message about a token file with this content."""
    with pytest.raises(ConfigurationError) as caught:
        TokenFile(content)
    return str(caught.value)


def test_a_token_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    beginning, end = "cannot use the file of --token-file: ", "; nothing was sent"
    contents = {
        "{}": "it is damaged, or not a token file",
        '{"version": 2}': "it has another version",
    }
    for content, reason in contents.items():
        (tmp_path / "file").write_text(content)
        assert refused(str(tmp_path / "file")) == f"{beginning}{reason}{end}"
    assert refused(str(tmp_path)) == f"{beginning}it is not a regular file{end}"
    with TokenFile(str(tmp_path / "new")).held():
        second = TokenFile(str(tmp_path / "new"))
        with pytest.raises(ConfigurationError) as caught, second.held():
            pass
    assert str(caught.value) == f"{beginning}another command uses it{end}"


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        ("fcntl.flock", BlockingIOError(errno.EWOULDBLOCK, "busy"), "another command uses it"),
        ("fcntl.flock", OSError(errno.ENOLCK, "no locks left"), "no locks left"),
        ("fcntl.flock", OSError(errno.EOPNOTSUPP, "not supported"), "not supported"),
        ("fcntl.flock", OSError(), "it cannot be locked"),
        ("pathlib.Path.stat", PermissionError(errno.EACCES, "not allowed"), "not allowed"),
    ],
)
def test_a_token_file_that_cannot_be_locked_says_why_and_stays_usable(
    call: str,
    error: OSError,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "tokens"
    file = TokenFile(str(path))

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(call, fail)
        with pytest.raises(ConfigurationError) as caught, file.held():
            pass

    assert f": {said}; nothing was sent" in str(caught.value)
    with file.held():
        pass


def test_a_token_file_that_is_replaced_while_it_is_locked_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tokens"
    lock = fcntl.flock

    def replace(descriptor: int, how: int) -> None:
        lock(descriptor, how)
        (tmp_path / "other").write_text("")
        (tmp_path / "other").replace(path)

    monkeypatch.setattr("fcntl.flock", replace)
    with pytest.raises(ConfigurationError) as caught, TokenFile(str(path)).held():
        pass

    assert ": another command uses it; nothing was sent" in str(caught.value)


# --- the live view -------------------------------------------------------------------------------


def change(subject: str, name: str, status: str) -> StatusChanged:
    """A status that is seen for the first time."""
    return StatusChanged(at=0, subject=subject, name=name, previous=None, status=status)


PAUSED = PromotionPaused(
    at=1, subject="promotion", name="to prod", previous="RAMPING_UP", status="PAUSED"
)


AT_25: list[Event] = [change("deployment", "d", "ACTIVE"), StepReached(at=1, percent=25)]
MEASURES_25 = "the guard to measure it at 25 % of the traffic"


def measured(outcome: Any, check: str = "error_rate", *, at: int = 25) -> Measured:
    """A verdict of the guard."""
    return Measured(at=2, percent=at, verdict=Verdict(outcome, check=check))


@pytest.mark.parametrize(
    ("job", "events", "sentence"),
    [
        (WAITING, [], "the first look"),
        (WAITING, [change("deployment", "d", "BUILDING")], "d to become ready"),
        (
            WAITING,
            [change("chainlet", name, "BUILDING") for name in "ABCDE"],
            "A, B, C, D and 1 more to become ready",
        ),
        (WAITING, [change("deployment", "d", "ACTIVE")], "traffic to move"),
        (WAITING, AT_25, MEASURES_25),
        (WAITING, [*AT_25, measured("pass"), measured("breach", "own")], MEASURES_25),
        (WAITING, [*AT_25, measured("pass"), measured("pass", "own")], "traffic to move"),
        (
            WAITING,
            [*AT_25, measured("pass"), StepReached(at=9, percent=100), measured("pass", at=100)],
            "the guard to measure it at 100 % of the traffic",
        ),
        (WAITING, [PAUSED], "somebody to resume or cancel the promotion"),
        (ASLEEP, [change("deployment", "d", "ACTIVE")], "the deployment to become ready"),
        (
            CANCELLING,
            [change("deployment", "d", "ACTIVE")],
            "traffic to move back to the previous deployment",
        ),
    ],
)
def test_the_live_view_says_what_it_waits_for(job: Job, events: list[Event], sentence: str) -> None:
    picture = Picture(job=job)
    for event in [*events]:
        picture = picture.after(event)

    assert picture.waiting_for() == sentence
