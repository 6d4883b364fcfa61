"""Checks of what callers pass, before any I/O."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args
from urllib.parse import quote, urlsplit

from .errors import ConfigurationError

T = TypeVar("T")
C = TypeVar("C", bound=str)

#: Seconds, or a `timedelta`.
Duration: TypeAlias = float | timedelta
#: What a wait does when the promotion is paused.
OnPaused: TypeAlias = Literal["wait", "raise"]
# Here and not in `metrics`, where it is public, because it is a default of methods.
INGESTION_LAG_S = 180.0

_LONGEST_URL = 2048
_DEPLOYMENT_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")


def path_argument(name: str, value: object) -> str:
    """*value*, if it can be one segment of a path and mean itself.

    Escaping alone does not help: ``..`` is legal in a URL and names another resource, and an empty
    segment names the collection.

    Raises:
        ConfigurationError: It cannot. The message does not repeat it: it may be the API key.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
    if value.strip(" ") in {"", ".", ".."}:
        raise ConfigurationError(f"{name} must not be {value!r}: that is not the name of anything")
    if not value.isprintable() or "/" in value or "\\" in value:
        raise ConfigurationError(f"{name} must not hold slashes or control characters")
    if len(quote(value, safe="")) > _LONGEST_URL:
        raise ConfigurationError(
            f"{name} must take at most {_LONGEST_URL} characters of a URL, not {len(value)}"
        )
    return value


def text(name: str, value: object) -> str:
    """*value*, if it is a string that is not empty.

    Raises:
        ConfigurationError: It is not.
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name} must be a string that is not empty, not {value!r}")
    return value


def texts(name: str, value: object, *, most: int | None = None) -> list[str]:
    """*value*, if it is a list of strings that are not empty, with at least one and *most*.

    Raises:
        ConfigurationError: It is not. A string alone is a sequence of letters.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} must be a list of strings, not {value!r}")
    given = cast("Sequence[object]", value)
    if not given or (most is not None and len(given) > most):
        to = "" if most is None else f" and at most {most}"
        raise ConfigurationError(f"{name} must have at least one string{to}, not {len(given)}")
    return [text(f"{name}[{at}]", one) for at, one in enumerate(given)]


def new_deployment_name(value: object) -> str:
    """*value*, if Baseten allows it as the name of a deployment.

    Raises:
        ConfigurationError: It does not.
    """
    if not isinstance(value, str) or not _DEPLOYMENT_NAME.fullmatch(value):
        raise ConfigurationError(
            "name must have 1 to 255 letters, digits, hyphens, underscores and periods, not "
            f"{value!r}"
        )
    return value


def seconds(name: str, value: Duration) -> float:
    """*value* as seconds.

    Raises:
        ConfigurationError: It is negative, not finite or not a duration.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(
            f"{name} must be seconds or a timedelta, not {type(value).__name__}"
        )
    try:
        found = float(value)
    except OverflowError:  # an integer of hundreds of digits
        raise ConfigurationError(f"{name} must be fewer seconds than that") from None
    if not math.isfinite(found) or found < 0:
        raise ConfigurationError(f"{name} must be zero or more seconds, not {value}")
    return found


def time_limit(name: str, value: Duration | None) -> float:
    """*value* as seconds, infinity for ``None``.

    Raises:
        ConfigurationError: It is negative, not finite or not a duration.
    """
    return math.inf if value is None else seconds(name, value)


def boolean(name: str, value: object) -> bool:
    """*value*, if it is true or false.

    Raises:
        ConfigurationError: It is something else, such as the string ``"false"``.
    """
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False, not {value!r}")
    return value


def optional_boolean(name: str, value: bool | None) -> bool | None:
    """*value*, if it is true, false or ``None``.

    Raises:
        ConfigurationError: It is something else, such as the string ``"false"``.
    """
    if value is not None and not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True, False or None, not {value!r}")
    return value


def choice(name: str, value: C, choices: Sequence[str]) -> C:
    """*value*, if it is one of *choices*.

    Raises:
        ConfigurationError: It is not.
    """
    if value not in choices:
        known = " or ".join(f'"{one}"' for one in choices)
        raise ConfigurationError(f"{name} must be {known}, not {value!r}")
    return value


def count(name: str, value: int, *, least: int = 1, most: int | None = None) -> int:
    """*value*, if it is a whole number from *least* to *most*.

    Raises:
        ConfigurationError: It is not.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or value < least
        or (most is not None and value > most)
    ):
        to = "up" if most is None else f"to {most}"
        raise ConfigurationError(f"{name} must be a whole number from {least} {to}, not {value!r}")
    return value


def json_object(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of *value* that can be written as JSON.

    Raises:
        ConfigurationError: It is not a mapping from strings to JSON values.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} must be a mapping, not {type(value).__name__}")
    try:
        return dict(json.loads(json.dumps(dict(value), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name} cannot be written as JSON: {error}") from None


def optional_time(name: str, value: datetime | None) -> datetime | None:
    """*value*, if it is a time of day with a time zone, or ``None``.

    Raises:
        ConfigurationError: It is not.
    """
    if value is not None and (not isinstance(value, datetime) or value.utcoffset() is None):
        raise ConfigurationError(f"{name} must be a datetime with a time zone, not {value!r}")
    return value


# --- options of waits ----------------------------------------------------------------------------


def timeout(value: Duration | None) -> float:
    """The option of this name; infinity for ``None``."""
    return time_limit("timeout", value)


def settling_time(value: Duration) -> float:
    """The option of this name."""
    return seconds("settling_time", value)


def unhealthy_grace(value: Duration) -> float:
    """The option of this name."""
    return seconds("unhealthy_grace", value)


def accept_scaled_to_zero(value: bool) -> bool:
    """The option of this name."""
    return boolean("accept_scaled_to_zero", value)


def wake(value: bool) -> bool:
    """The option of this name."""
    return boolean("wake", value)


def on_paused(value: OnPaused) -> OnPaused:
    """The option of this name."""
    return choice("on_paused", value, get_args(OnPaused))


def log_lines(value: int) -> int:
    """The option of this name. Baseten shows 1000 lines at once."""
    return count("log_lines", value, least=0, most=1000)


# --- settings of the client ----------------------------------------------------------------------


def instance(name: str, value: object, kind: type[T]) -> T:
    """*value*, if it is a *kind*.

    Raises:
        ConfigurationError: It is not.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not {value!r}")
    return value


def function(name: str, value: Callable[..., T], returns: str) -> Callable[..., T]:
    """*value*, if it can be called.

    Raises:
        ConfigurationError: It cannot.
    """
    if not callable(value):
        raise ConfigurationError(f"{name} must be a function that returns {returns}, not {value!r}")
    return value


def clock(value: T | None, default: Callable[[], T]) -> T:
    """*value*, if it has the methods of a `Clock`; a new *default* for ``None``.

    Raises:
        ConfigurationError: It has not.
    """
    if value is None:
        return default()
    methods = ("now", "utcnow", "random", "timeout_at", "call_at")
    if isinstance(value, type) or not all(callable(getattr(value, one, None)) for one in methods):
        raise ConfigurationError(f"clock must be a Clock, not {value!r}")
    return value


def api_key(value: object) -> str:
    """*value*, if it can be an API key.

    Raises:
        ConfigurationError: It cannot. The message does not hold it.
    """
    if not value:
        raise ConfigurationError("no API key: pass api_key=, or set BASETEN_API_KEY")
    if not isinstance(value, str):
        raise ConfigurationError(f"the API key must be a string, not {type(value).__name__}")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError("the API key holds a space, a line break or another odd character")
    return value


#: More looks a second than any program can make.
_HIGHEST_RATE = 1e9


def rate(name: str, value: float) -> float:
    """*value*, if it is a number above 0.

    Raises:
        ConfigurationError: It is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= _HIGHEST_RATE:
        raise ConfigurationError(f"{name} must be looks a second, above 0, not {value!r}")
    return float(value)


def base_url(value: object, name: str = "base_url") -> str:
    """*value* without a slash at its end, if the API key may be sent there.

    Args:
        value: The address of the management API.
        name: What the caller has set, for the message.

    Raises:
        ConfigurationError: It is not a URL, or plain http to another machine.
    """
    return _checked_url(name, value).rstrip("/")


def inference_url(value: object, management_url: str) -> str:
    """The address of models, with ``{model_id}`` in it.

    Args:
        value: The caller's; ``None`` to derive it.
        management_url: The base URL, checked.

    Raises:
        ConfigurationError: It is not a URL, lacks ``{model_id}``, or is plain http elsewhere.
    """
    if value is None:
        scheme, _, rest = management_url.partition("://")
        if rest.startswith("api."):
            return f"{scheme}://model-{{model_id}}.{rest}"
        # A stand-in for Baseten, such as the fake, serves models under its own address.
        return f"{management_url}/model-{{model_id}}"
    address = _text("inference_url", value)
    if "{model_id}" not in address:
        raise ConfigurationError("inference_url must have {model_id} in it")
    _checked_url("inference_url", address.replace("{model_id}", "model"))
    return address.rstrip("/")


def _text(name: str, value: object) -> str:
    """*value* as a string, if it is one or a URL object, such as httpx's."""
    if isinstance(value, str):
        return value
    if type(value).__name__ == "URL":
        return str(value).replace("%7Bmodel_id%7D", "{model_id}")
    raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")


def _checked_url(name: str, given: object) -> str:
    value = _text(name, given)
    try:
        url = urlsplit(value)
        host = url.hostname or ""
        _ = url.port
        host.encode("idna")
    except ValueError:
        # The reason repeats a part of it, which may be the API key.
        raise ConfigurationError(f"{name} is not a URL: its host or its port is invalid") from None
    if not value.isprintable() or " " in value or len(value) > _LONGEST_URL:
        raise ConfigurationError(f"{name} is not a URL: it holds a space or is too long")
    if "{" in value or "}" in value:
        raise ConfigurationError(f"{name} must hold no braces but those of {{model_id}}")
    if url.scheme not in ("https", "http") or not host:
        raise ConfigurationError(f"{name} must begin with https:// and name a host")
    if url.username is not None or url.query or url.fragment:
        raise ConfigurationError(f"{name} must hold no user, query or fragment")
    if url.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{name} must be https: over plain http the API key could be read on the way "
            "(only loopback addresses are excepted)"
        )
    return value


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine, so that nobody else can read what is sent there."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# --- times ----------------------------------------------------------------------------------------


def optional_millis(name: str, value: datetime | None) -> int | None:
    """*value* in milliseconds since 1970.

    Raises:
        ConfigurationError: It has no time zone.
    """
    at = optional_time(name, value)
    return None if at is None else int(at.timestamp() * 1000)
