"""The grammar of each command: its arguments, and how they become typed objects."""

from __future__ import annotations

from argparse import SUPPRESS as NOT_GIVEN
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import get_args

from attrs import frozen

from ..options import (
    DEFAULT_TIMEOUT_S,
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
)
from ._checks import UsageError
from ._durations import format_duration, parse_time_limit
from ._flags import StorePythonWord, choice, parse_environment, parse_log_lines
from ._guard import add_guard, read_guard, refuse_guard
from ._invocations import (
    ROLLBACK_ON_FAILURE,
    Cancel,
    ChangeEnvironment,
    Command,
    EnvironmentVerb,
    EnvironmentWord,
    History,
    Kind,
    List,
    Pause,
    PlanPromotion,
    Promote,
    PromoteSeveral,
    ResourceWord,
    Resume,
    Rollback,
    RollForward,
    SavedToken,
    Status,
    WaitForDeployment,
    WaitForSeveral,
    WaitForToken,
)
from ._outcomes import (
    OF_CANCELLATIONS,
    OF_DEPLOYMENTS,
    OF_EVERY_COMMAND,
    OF_GUARDS,
    OF_PROMOTIONS,
    OF_ROLLBACKS,
    Outcome,
    help_table,
)
from ._parser import CommandParser
from ._reading_arguments import add_logs, add_metrics, read_logs, read_metrics
from ._set import arguments, parse_setting
from ._shared_arguments import (
    KINDS,
    add_settings,
    add_waiting,
    add_words,
    defaults_of,
    is_token,
    read_deployment,
    read_environment,
    read_environment_of_current,
    read_given,
    read_place,
    read_running_promotion,
    read_settings,
    read_token,
    read_waiting,
    refuse_team,
    split_words,
)
from ._targets import add_targets, names_several, read_promotions, read_waits

_RESOURCE = (
    "chain or model, and its name or id (default: BASETEN_CHAIN or BASETEN_MODEL); id:abcd1234 is "
    "always an id"
)
_DEPLOYMENT = (
    "the deployment: its name or id, latest for the newest one, or current:ENVIRONMENT for the one "
    "that serves there"
)
_ENVIRONMENT = "the name of the environment (default: BASETEN_ENVIRONMENT)"
_RELEASES = 20
_PLAN_OPTIONS = (
    "if_in_progress",
    "scale_down_previous_deployment",
    "preserve_env_instance_type",
)
_PROMOTE_OPTIONS = (*_PLAN_OPTIONS, "in_progress_timeout")


@frozen(kw_only=True)
class Grammar:
    """How one command is written.

    Attributes:
        usage: The ways to call it, without its name.
        examples: Examples, without the program's name.
        add: Adds its arguments to a parser.
        read: Makes a typed object of parsed arguments. Raises `UsageError` for invalid ones.
        outcomes: How it can end, besides the ways of every command.
    """

    usage: Sequence[str]
    examples: Sequence[str]
    add: Callable[[ArgumentParser], None]
    read: Callable[[Namespace], Command]
    outcomes: frozenset[Outcome] = frozenset()

    def describe(self, parser: CommandParser) -> None:
        """Add the usage, the examples and the arguments to the parser of the command."""
        parser.usage = "\n       ".join(f"{parser.prog} {one}" for one in self.usage)
        parser.examples = "\n".join(f"  aiobaseten {one}" for one in self.examples)
        parser.epilog = f"exit statuses:\n{help_table(OF_EVERY_COMMAND | self.outcomes)}"
        add_settings(parser)
        self.add(parser)


def _add_promote(parser: ArgumentParser) -> None:
    _add_promotion(parser)
    parser.add_argument(
        "--plan",
        action="store_true",
        help="promote nothing; show what would be done, with warnings",
    )
    parser.add_argument(
        "--in-progress-timeout",
        type=parse_time_limit,
        default=NOT_GIVEN,
        metavar="DURATION",
        help="with --if-in-progress wait: maximum time to wait for the other promotion "
        f"(default: {format_duration(DEFAULT_TIMEOUT_S)})",
    )
    add_waiting(parser, Promote, optional=True)
    _add_rollback_on_failure(parser, "with --wait: ")
    add_targets(parser, promotes=True)
    add_guard(parser, continues=False)


def _add_promotion(parser: ArgumentParser) -> None:
    add_words(parser, "chain|model NAME DEPLOYMENT", f"{_RESOURCE}; {_DEPLOYMENT}")
    parser.add_argument(
        "--to",
        type=parse_environment,
        metavar="ENVIRONMENT",
        dest="environment",
        help="name of the environment, such as production (default: BASETEN_ENVIRONMENT)",
    )
    parser.add_argument(
        "--if-in-progress",
        type=choice("fail", "adopt", "wait", "send"),
        metavar="{fail,adopt,wait,send}",
        action=StorePythonWord,
        default=NOT_GIVEN,
        help="if another promotion to the environment is running: fail (exit status "
        f"{Outcome.REJECTED.exit_status}), adopt it if it promotes this deployment, wait for its "
        "end, or send the request anyway (default: fail)",
    )
    parser.add_argument(
        "--scale-down-previous-deployment",
        action=BooleanOptionalAction,
        default=NOT_GIVEN,
        help="scale the previous deployment down, or keep it as it is (default: Baseten decides)",
    )
    parser.add_argument(
        "--preserve-env-instance-type",
        action=BooleanOptionalAction,
        default=NOT_GIVEN,
        help="keep the instance type of the environment, or take that of the deployment (models; "
        "default: Baseten decides)",
    )


def _add_plan(parser: ArgumentParser) -> None:
    _add_promotion(parser)
    add_guard(parser, continues=False)


def _read_plan(parsed: Namespace) -> PlanPromotion:
    resource, deployment = read_deployment(parsed, or_token=False)
    return PlanPromotion(
        environment=read_environment(
            parsed, resource, parsed.environment, "expected --to ENVIRONMENT"
        ),
        deployment=deployment,
        options=read_given(parsed, _PLAN_OPTIONS),
        guarding=read_guard(parsed),
        **read_settings(parsed),
    )


def _read_promote(parsed: Namespace) -> Promote | PlanPromotion | PromoteSeveral:
    if names_several(parsed):
        return read_promotions(parsed, partial(_read_promotion, parsed))
    if parsed.plan:
        return _read_plan(parsed)
    return _read_promotion(parsed, *read_deployment(parsed, or_token=False))


def _read_promotion(parsed: Namespace, resource: ResourceWord, deployment: str) -> Promote:
    return Promote(
        environment=read_environment(
            parsed, resource, parsed.environment, "expected --to ENVIRONMENT"
        ),
        deployment=deployment,
        options=read_given(parsed, _PROMOTE_OPTIONS),
        guarding=read_guard(parsed),
        rollback_on_failure=parsed.rollback_on_failure,
        **read_waiting(parsed, PromotionOptions, wait=parsed.wait),
    )


def _add_wait(parser: ArgumentParser) -> None:
    add_words(
        parser,
        "TOKEN | chain|model NAME DEPLOYMENT",
        f"the token of a promotion or a cancellation; or {_RESOURCE}; {_DEPLOYMENT}",
    )
    add_waiting(parser, WaitForToken, WaitForDeployment, optional=False)
    _add_rollback_on_failure(parser, "with the token of a promotion: ")
    add_targets(parser, promotes=False)
    add_guard(parser, continues=True)


def _read_wait(parsed: Namespace) -> WaitForToken | WaitForDeployment | WaitForSeveral:
    if names_several(parsed):
        return read_waits(
            parsed,
            partial(_read_wait_for_token, parsed),
            partial(_read_wait_for_deployment, parsed),
        )
    if is_token(parsed.words):
        return _read_wait_for_token(parsed, parsed.words[0])
    return _read_wait_for_deployment(parsed, *read_deployment(parsed, or_token=True))


def _read_wait_for_token(parsed: Namespace, text: str) -> WaitForToken:
    token = read_token(parsed, text)
    is_cancellation = token.content.kind == "cancellation"
    kind = CancellationOptions if is_cancellation else PromotionOptions
    return WaitForToken(
        token=token,
        guarding=read_guard(parsed),
        rollback_on_failure=parsed.rollback_on_failure,
        **read_waiting(parsed, kind, wait=True),
    )


def _read_wait_for_deployment(
    parsed: Namespace, resource: ResourceWord, deployment: str
) -> WaitForDeployment:
    refuse_guard(parsed, "only with a token")
    if parsed.rollback_on_failure:
        raise UsageError(f"{ROLLBACK_ON_FAILURE}: only with a token")
    is_model = resource.kind == "model"
    return WaitForDeployment(
        resource=resource,
        deployment=deployment,
        environment=read_environment_of_current(parsed, deployment),
        **read_waiting(
            parsed, ModelDeploymentOptions if is_model else DeploymentOptions, wait=True
        ),
    )


def _add_status(parser: ArgumentParser) -> None:
    add_words(parser, "chain|model NAME ENVIRONMENT", f"{_RESOURCE}; {_ENVIRONMENT}")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="show each change until Ctrl-C, whoever promotes (default: show the state once)",
    )


def _read_status(parsed: Namespace) -> Status:
    environment = read_place(parsed, KINDS, or_token=False)
    return Status(environment=environment, watch=parsed.watch, **read_settings(parsed))


def _add_history(parser: ArgumentParser) -> None:
    add_words(parser, "chain|model NAME ENVIRONMENT", f"{_RESOURCE}; {_ENVIRONMENT}")
    parser.add_argument(
        "--limit",
        type=parse_log_lines,
        default=_RELEASES,
        metavar="N",
        help=f"show the newest N promotions, 1 to 1000 (default: {_RELEASES})",
    )


def _read_history(parsed: Namespace) -> History:
    environment = read_place(parsed, KINDS, or_token=False)
    return History(environment=environment, limit=parsed.limit, **read_settings(parsed))


def _add_rollback_on_failure(parser: ArgumentParser, when: str) -> None:
    parser.add_argument(
        ROLLBACK_ON_FAILURE,
        action="store_true",
        help=f"{when}if the promotion fails, times out or is paused (--on-paused fail), cancel it "
        f"or roll it back; then exit status {Outcome.ROLLED_BACK.exit_status}. A newer promotion "
        "stays (default: take nothing back)",
    )


def _add_list(parser: ArgumentParser) -> None:
    add_words(
        parser,
        "chain|model NAME",
        "chain or model, then its name or id: list its environments and deployments; without a "
        "name, list all chains or all models; without both words, list all of both",
    )


def _read_list(parsed: Namespace) -> List:
    words: Sequence[str] = parsed.words
    if len(words) < 2:
        refuse_team(parsed)
    if not words:
        return List(kinds=KINDS, **read_settings(parsed))
    kinds: list[Kind] = [kind for kind in KINDS if words[0] == kind]
    if not kinds:
        raise UsageError("expected chain or model, and its name or id, or nothing")
    if len(words) == 1:
        return List(kinds=kinds, **read_settings(parsed))
    resource, _ = split_words(parsed, words, kinds, "chain or model, and its name or id", (0,))
    return List(kinds=kinds, resource=resource, **read_settings(parsed))


def _add_running_promotion(parser: ArgumentParser) -> None:
    add_words(
        parser,
        "TOKEN | model NAME ENVIRONMENT",
        "the token of the promotion; or model, then its name or id (default: BASETEN_MODEL); "
        f"{_ENVIRONMENT}",
    )


def _add_environments(parser: ArgumentParser) -> None:
    add_words(
        parser,
        "create|update|delete chain|model NAME ENVIRONMENT",
        f"what to do; {_RESOURCE}; the name of the environment (no default)",
    )
    parser.add_argument(
        "--set",
        dest="settings",
        type=parse_setting,
        action="append",
        default=[],
        metavar="GROUP.SETTING=VALUE",
        help="set this, such as autoscaling_settings.max_replica=4; repeatable (default: create "
        "takes Baseten's settings, update changes nothing else)",
    )
    parser.add_argument(
        "--timeout",
        type=parse_time_limit,
        default=NOT_GIVEN,
        metavar="DURATION",
        help="with update: maximum time to wait until Baseten shows the change "
        f"(default: {format_duration(DEFAULT_TIMEOUT_S)})",
    )


def _read_environments(parsed: Namespace) -> ChangeEnvironment:
    verbs: list[EnvironmentVerb] = [
        verb for verb in get_args(EnvironmentVerb) if parsed.words[:1] == [verb]
    ]
    if not verbs:
        raise UsageError("expected create, update or delete")
    expected = "chain or model, its name or id, and the environment"
    resource, after = split_words(parsed, parsed.words[1:], KINDS, expected, (1,))
    given = read_given(parsed, ("timeout",))
    missing = {"timeout"} - given.keys() if verbs[0] == "update" else ()
    return ChangeEnvironment(
        verb=verbs[0],
        environment=EnvironmentWord(resource, after[0]),
        arguments=arguments(resource.kind, parsed.settings, updates=verbs[0] == "update"),
        options={**defaults_of(parsed).options(missing), **given},
        **read_settings(parsed),
    )


def _add_cancel(parser: ArgumentParser) -> None:
    _add_running_promotion(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="move all traffic back at once (default: in the steps of the promotion)",
    )
    add_waiting(parser, Cancel, optional=True)


def _read_cancel(parsed: Namespace) -> Cancel:
    promotion = read_running_promotion(parsed)
    return Cancel(
        promotion=promotion,
        force=parsed.force,
        **read_waiting(parsed, CancellationOptions, wait=parsed.wait),
    )


def _add_rollback(parser: ArgumentParser) -> None:
    add_words(
        parser,
        "TOKEN | chain|model NAME ENVIRONMENT",
        f"the token of the promotion; or {_RESOURCE}; {_ENVIRONMENT}",
    )
    add_waiting(parser, Rollback, optional=True)


def _read_rollback(parsed: Namespace) -> Rollback:
    promotion: SavedToken | EnvironmentWord
    if is_token(parsed.words):
        promotion = read_token(parsed, parsed.words[0])
    else:
        promotion = read_place(parsed, KINDS, or_token=True)
    return Rollback(promotion=promotion, **read_waiting(parsed, PromotionOptions, wait=parsed.wait))


def _signal(name: str, kind: type[Pause | Resume | RollForward], *outcomes: Outcome) -> Grammar:
    return Grammar(
        usage=("TOKEN [options]", "[model NAME] [ENVIRONMENT] [options]"),
        examples=(f"{name} model ranker production", f"{name} TOKEN"),
        add=_add_running_promotion,
        read=lambda parsed: kind(promotion=read_running_promotion(parsed), **read_settings(parsed)),
        outcomes=frozenset({Outcome.SUPERSEDED, *outcomes}),
    )


GRAMMARS: Mapping[str, Grammar] = {
    "promote": Grammar(
        usage=(
            "[chain|model NAME] DEPLOYMENT [--to ENVIRONMENT] [--wait] [options]",
            "chain|model:NAME@DEPLOYMENT … [--to ENVIRONMENT] [--wait] [options]",
        ),
        examples=(
            "promote model ranker v2 --to production --wait --timeout 45m",
            "promote model ranker current:staging --to production --wait --cancel-on-timeout",
            "promote model ranker v2 --to production --wait --rollback-on-failure",
            "promote model ranker v2 --to production --wait --max-error-rate 2% --check ./smoke.sh",
            "promote chain support-bot abc1234 --to production --if-in-progress wait --wait",
            "promote model ranker v2 --to staging --quiet    prints the token",
            "promote model:ranker@v2 chain:bot@latest --to production --wait",
            "promote --targets FILE --to production --wait --wave 5 --between 10m --token-file F",
        ),
        add=_add_promote,
        read=_read_promote,
        outcomes=OF_PROMOTIONS | OF_GUARDS | OF_ROLLBACKS,
    ),
    "plan": Grammar(
        usage=("[chain|model NAME] DEPLOYMENT [--to ENVIRONMENT] [options]",),
        examples=(
            "plan model ranker v2 --to production",
            "plan model ranker v2 --to production --max-error-rate 2%",
            "plan model ranker current:staging --to production --json",
        ),
        add=_add_plan,
        read=_read_plan,
    ),
    "wait": Grammar(
        usage=(
            "TOKEN [options]",
            "[chain|model NAME] DEPLOYMENT [options]",
            "TOKEN|chain|model:NAME@DEPLOYMENT … [options]",
            "--token-file FILE [options]",
        ),
        examples=(
            "wait TOKEN --timeout 20m",
            "wait --token-file release.json",
            "wait model ranker v2 --wake",
            "wait model:ranker@v2 model:embedder@v7",
        ),
        add=_add_wait,
        read=_read_wait,
        outcomes=OF_DEPLOYMENTS | OF_PROMOTIONS | OF_GUARDS | OF_ROLLBACKS,
    ),
    "status": Grammar(
        usage=("[chain|model NAME] [ENVIRONMENT] [options]",),
        examples=(
            "status model ranker production",
            "status model ranker production --watch",
            "status chain support-bot production --json",
        ),
        add=_add_status,
        read=_read_status,
    ),
    "history": Grammar(
        usage=("[chain|model NAME] [ENVIRONMENT] [options]",),
        examples=("history model ranker production", "history model ranker production --json"),
        add=_add_history,
        read=_read_history,
    ),
    "logs": Grammar(
        usage=("[chain|model NAME] [DEPLOYMENT|ENVIRONMENT] [options]",),
        examples=(
            "logs model ranker production --follow",
            "logs model ranker v2 --since 2h --level WARNING --include CUDA",
            "logs chain support-bot production --chainlet Answer",
        ),
        add=add_logs,
        read=read_logs,
    ),
    "metrics": Grammar(
        usage=("[model NAME] [DEPLOYMENT|ENVIRONMENT] [options]",),
        examples=(
            "metrics model ranker production",
            "metrics model ranker v2 --window 10m --series",
            "metrics model ranker current:production --metric gpu_utilization --json",
        ),
        add=add_metrics,
        read=read_metrics,
    ),
    "list": Grammar(
        usage=("[chain|model [NAME]] [options]",),
        examples=("list model ranker", "list chain --json", "list    all chains and models"),
        add=_add_list,
        read=_read_list,
    ),
    "environments": Grammar(
        usage=("create|update|delete [chain|model NAME] ENVIRONMENT [options]",),
        examples=(
            "environments create model ranker staging --set autoscaling_settings.max_replica=4",
            "environments update model ranker production --set "
            "promotion_settings.rolling_deploy=true",
            "environments update chain support-bot production --set "
            "chainlet_settings.Answer.autoscaling_settings.min_replica=1",
            "environments delete model ranker staging    cancels a promotion that is running",
        ),
        add=_add_environments,
        read=_read_environments,
        outcomes=frozenset({Outcome.TIMED_OUT}),
    ),
    "cancel": Grammar(
        usage=("TOKEN [--force] [--wait] [options]", "[model NAME] [ENVIRONMENT] [options]"),
        examples=("cancel model ranker production --wait", "cancel TOKEN --force"),
        add=_add_cancel,
        read=_read_cancel,
        outcomes=OF_CANCELLATIONS,
    ),
    "pause": _signal("pause", Pause, Outcome.CANCELLED),
    "resume": _signal("resume", Resume, Outcome.CANCELLED),
    "roll-forward": _signal("roll-forward", RollForward),
    "rollback": Grammar(
        usage=("TOKEN [--wait] [options]", "[chain|model NAME] [ENVIRONMENT] [--wait] [options]"),
        examples=("rollback model ranker production --wait", "rollback TOKEN --wait"),
        add=_add_rollback,
        read=_read_rollback,
        outcomes=OF_PROMOTIONS,
    ),
}
