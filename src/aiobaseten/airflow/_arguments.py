"""The arguments of operators and sensors, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import attrs
from attrs import Attribute, field, frozen

from .. import Duration, Guard, IfInProgress, OnPaused, WaitOptions, settings
from ..errors import ConfigurationError
from ..options import (
    DEFAULT_TIMEOUT_S,
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
)
from ._wait_options import options_for
from .hook import DEFAULT_CONNECTION


def _word(_: object, attribute: Attribute[Any], value: object) -> None:
    # The message does not repeat it: it may be the API key.
    if not isinstance(value, str):
        raise ConfigurationError(f"{attribute.name} must be text, not {type(value).__name__}")
    if not value.strip():
        raise ConfigurationError(f"{attribute.name} must not be empty")


def _optional_word(its: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _word(its, attribute, value)


def _boolean(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{attribute.name} must be True or False, not {value!r}")


def _optional_boolean(its: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _boolean(its, attribute, value)


def _optional_object(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise ConfigurationError(f"{attribute.name} must be a dictionary, not {value!r}")


def _if_in_progress(_: object, attribute: Attribute[Any], value: object) -> None:
    choices = get_args(IfInProgress)
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ConfigurationError(f"{attribute.name} must be one of {listed}, not {value!r}")


@frozen(kw_only=True)
class ResourceArguments:
    """A model or a chain, and the connection."""

    baseten_conn_id: str = field(default=DEFAULT_CONNECTION, validator=_word)
    model_id: str | None = field(default=None, validator=_optional_word)
    chain_id: str | None = field(default=None, validator=_optional_word)

    def __attrs_post_init__(self) -> None:
        if (self.model_id is None) == (self.chain_id is None):
            raise ConfigurationError("pass either model_id or chain_id")

    @property
    def kind(self) -> Literal["model", "chain"]:
        """Which of the two is given."""
        return "model" if self.chain_id is None else "chain"

    @property
    def name(self) -> str:
        """The name or the id of the model or the chain."""
        return self.model_id or self.chain_id or ""

    def refuse_for_chains(self, *given: str) -> None:
        """Refuse arguments of a chain that Baseten has for models only.

        Args:
            given: The names of those that are given.

        Raises:
            ConfigurationError: There is one, and this is a chain.
        """
        if given and self.kind == "chain":
            raise ConfigurationError(
                f"{min(given)} is for models only: Baseten has no such thing for chains"
            )


@frozen(kw_only=True)
class EnvironmentArguments(ResourceArguments):
    """An environment of a model or a chain."""

    environment: str = field(default="production", validator=_word)


@frozen(kw_only=True)
class PromotionArguments(EnvironmentArguments):
    """An environment, and the wait for a promotion to it."""

    timeout: Duration | None = DEFAULT_TIMEOUT_S
    on_paused: OnPaused = "wait"
    accept_scaled_to_zero: bool = False
    settling_time: Duration = SETTLING_TIME_S
    unhealthy_grace: Duration = UNHEALTHY_GRACE_S
    log_lines: int = 0
    cancel_on_kill: bool = field(default=False, validator=_boolean)
    options: dict[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        _set_options(self, PromotionOptions)
        self.refuse_for_chains(*(["cancel_on_kill"] if self.cancel_on_kill else []))


@frozen(kw_only=True)
class PromoteArguments(PromotionArguments):
    """The arguments of `PromoteOperator`."""

    deployment_id: str = field(validator=_word)
    if_in_progress: IfInProgress = field(default="raise", validator=_if_in_progress)
    scale_down_previous_deployment: bool | None = field(default=None, validator=_optional_boolean)
    preserve_env_instance_type: bool | None = field(default=None, validator=_optional_boolean)
    environment_settings_update: Mapping[str, Any] | None = field(
        default=None, validator=_optional_object
    )
    promotion_settings_override: Mapping[str, Any] | None = field(
        default=None, validator=_optional_object
    )
    guard: Mapping[str, Any] | None = field(default=None, validator=_optional_object)
    checked_guard: Guard | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.refuse_for_chains(*self.model_settings)
        guard = None if self.guard is None else Guard.from_dict(self.guard)
        if guard is not None and self.kind == "chain":
            _check_guard_of_chain(guard)
        if guard is not None:
            _check_time_of_guard(guard, WaitOptions(timeout=self.timeout).timeout)
        object.__setattr__(self, "checked_guard", guard)

    @property
    def model_settings(self) -> dict[str, Any]:
        """The given settings that only promotions of models have."""
        given = {
            "preserve_env_instance_type": self.preserve_env_instance_type,
            "environment_settings_update": self.environment_settings_update,
            "promotion_settings_override": self.promotion_settings_override,
        }
        return {name: value for name, value in given.items() if value is not None}


@frozen(kw_only=True)
class CancelArguments(EnvironmentArguments):
    """The arguments of `CancelPromotionOperator`."""

    timeout: Duration | None = DEFAULT_TIMEOUT_S
    settling_time: Duration = SETTLING_TIME_S
    options: dict[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        _set_options(self, CancellationOptions)


@frozen(kw_only=True)
class DeploymentArguments(ResourceArguments):
    """The arguments of `DeploymentSensor`, without those of every sensor."""

    deployment_id: str = field(validator=_word)
    accept_scaled_to_zero: bool = False
    wake: bool = False
    settling_time: Duration = SETTLING_TIME_S
    unhealthy_grace: Duration = UNHEALTHY_GRACE_S
    log_lines: int = 0
    options: dict[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.refuse_for_chains(*(["wake"] if self.wake else []))
        _set_options(self, ModelDeploymentOptions if self.kind == "model" else DeploymentOptions)


@frozen(kw_only=True)
class ServingArguments(EnvironmentArguments):
    """The arguments of `ServingSensor`, without those of every sensor."""

    deployment_id: str = field(validator=_word)


@frozen(kw_only=True)
class UpdateArguments(EnvironmentArguments):
    """The arguments of `UpdateEnvironmentOperator`."""

    autoscaling_settings: Mapping[str, Any] | None = None
    promotion_settings: Mapping[str, Any] | None = None
    chainlet_autoscaling: Mapping[str, Any] | None = None
    timeout: Duration | None = DEFAULT_TIMEOUT_S

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        WaitOptions(timeout=self.timeout)
        if self.kind == "model":
            if self.chainlet_autoscaling is not None:
                raise ConfigurationError("chainlet_autoscaling is for chains only")
            settings.model_settings(self.autoscaling_settings, self.promotion_settings)  # type: ignore[arg-type] # checks that
        else:
            self.refuse_for_chains(*self.given.keys() & {"autoscaling_settings"})
            autoscaling = settings.autoscaling_of_chainlets(self.chainlet_autoscaling)
            settings.chain_settings(self.promotion_settings, autoscaling)  # type: ignore[arg-type] # checks that

    @property
    def given(self) -> dict[str, Any]:
        """The given settings, by name."""
        given = {
            "autoscaling_settings": self.autoscaling_settings,
            "promotion_settings": self.promotion_settings,
            "chainlet_autoscaling": self.chainlet_autoscaling,
        }
        return {name: value for name, value in given.items() if value is not None}


def _set_options(arguments: Any, kind: type[CancellationOptions]) -> None:
    """Check the options of a wait, and store them as a trigger carries them."""
    names = attrs.fields_dict(type(arguments)).keys() & attrs.fields_dict(WaitOptions).keys()
    checked = WaitOptions(**{name: getattr(arguments, name) for name in names})
    object.__setattr__(arguments, "options", options_for(kind, checked))


def _check_time_of_guard(guard: Guard, timeout: float) -> None:
    if guard.least_wait > timeout:
        raise ConfigurationError(
            f"this guard takes at least {guard.least_wait:.0f} s, and one try would end after "
            f"{timeout:.0f} s: pass a longer timeout, or None"
        )


def _check_guard_of_chain(guard: Guard) -> None:
    if guard.metric_checks:
        raise ConfigurationError(
            f"chains have no metrics, such as {guard.metric_checks[0].name}: the guard of a chain "
            "takes checks of yours only"
        )
    if "pause" in (guard.on_breach, guard.hold):
        raise ConfigurationError(
            'the promotion of a chain cannot be paused: leave out "pause" in on_breach and hold'
        )
