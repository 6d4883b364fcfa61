"""The state of the fake: chains, models, their changes, and the time. No HTTP and no JSON.

Where to look, from the top down; each module imports only modules below its own line:

==========================  ======================================================================
``world``                   All chains and models of one fake, and its time
``chain``, ``model``        One chain or one model: makes its deployments and environments
``resource``                Everything that chains and models have in common
``environment``             The deployment that serves, and the rules for replacing it
``environment_settings``    The options of an environment
``environment_history``     An environment over time, as reads show it
``promotion``               A promotion as tests see it
``rollout``                 A promotion is stepped here, from 0 % of the traffic to its end
``deployment``              A deployment is moved on here: statuses, actions of people, log
``plan``                    Timelines for a whole deployment, and reactions to actions
``status_track``            One status over time
``progress``                Runs the changes that happen by themselves, in order
``agenda``                  Actions planned for a later time
``audit_log``               Who changed what, and when
``history``                 A value over time
``clock``                   The fake's time, taken from the event loop
``startup``                 Startups of replicas: attempts to become ready, with their phases
``traffic``                 Requests over time, and how they were answered: for the metrics
``log``                     Log lines, and the part of a log that a request asks for
``refusal``                 The exception for actions that Baseten refuses
``identifier``              Valid ids, and advice about unknown ones
``status``                  The table of statuses
==========================  ======================================================================
"""

from .audit_log import SOURCES, Actor, AuditEntry
from .chain import FakeChain
from .clock import STARTED, FakeClock
from .deployment import FakeDeployment
from .environment import FakeEnvironment
from .environment_history import EnvironmentSnapshot
from .environment_settings import AUTOSCALING, ChainletSettings, EnvironmentSettings
from .log import DEFAULT_RANGE_S, LEVELS, LONGEST_RANGE_S, FakeLogLine, LogFilter, LogRange
from .model import FakeModel
from .promotion import FakePromotion
from .refusal import Refused, find, forbidden, not_found, not_possible
from .resource import FakeResource
from .startup import PHASES, FakePhase, FakeStartup
from .status import CANCELED, INACTIVE, NOT_DEPLOYED, RUNNING
from .traffic import Flow, Measured
from .world import World

__all__ = [
    "AUTOSCALING",
    "CANCELED",
    "DEFAULT_RANGE_S",
    "INACTIVE",
    "LEVELS",
    "LONGEST_RANGE_S",
    "NOT_DEPLOYED",
    "PHASES",
    "RUNNING",
    "SOURCES",
    "STARTED",
    "Actor",
    "AuditEntry",
    "ChainletSettings",
    "EnvironmentSettings",
    "EnvironmentSnapshot",
    "FakeChain",
    "FakeClock",
    "FakeDeployment",
    "FakeEnvironment",
    "FakeLogLine",
    "FakeModel",
    "FakePhase",
    "FakePromotion",
    "FakeResource",
    "FakeStartup",
    "Flow",
    "LogFilter",
    "LogRange",
    "Measured",
    "Refused",
    "World",
    "find",
    "forbidden",
    "not_found",
    "not_possible",
]
