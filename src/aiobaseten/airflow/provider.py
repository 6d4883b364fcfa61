"""The provider's description, for the entry point ``apache_airflow_provider``."""

from __future__ import annotations

from typing import Any

_INTEGRATION = "Baseten"


def get_provider_info() -> dict[str, Any]:
    """The provider's description, which follows Airflow's ``provider_info`` schema."""
    return {
        "package-name": "aiobaseten",
        "name": _INTEGRATION,
        "description": "Promote Baseten chains and models, and know when they are really live.",
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://docs.baseten.co",
                "tags": ["service"],
            }
        ],
        "operators": [_modules("operators")],
        "sensors": [_modules("sensors")],
        "hooks": [_modules("hook")],
        "triggers": [_modules("triggers")],
        "connection-types": [_connection_type()],
        "extra-links": ["aiobaseten.airflow.links.BasetenLink"],
        "asset-uris": [{"schemes": ["baseten"], "handler": "aiobaseten.airflow.assets.normalized"}],
    }


def _modules(module: str) -> dict[str, Any]:
    return {
        "integration-name": _INTEGRATION,
        "python-modules": [f"aiobaseten.airflow.{module}"],
    }


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": "baseten",
        "hook-class-name": "aiobaseten.airflow.hook.BasetenHook",
        "hook-name": _INTEGRATION,
        "ui-field-behaviour": {
            "hidden-fields": ["login", "schema", "port", "extra"],
            "relabeling": {"password": "API key", "host": "Base URL"},
            "placeholders": {"host": "https://api.baseten.co"},
        },
        "conn-fields": {
            "auth_scheme": {
                "label": "Authorization scheme",
                "schema": {"type": ["string", "null"], "enum": ["Api-Key", "Bearer", None]},
                "description": "Default: Api-Key. OAuth access tokens need Bearer.",
            },
            "polling_rate": {
                "label": "Looks per second",
                "schema": {"type": ["number", "null"]},
                "description": "For all waits in one triggerer together. Default: 5.",
            },
        },
    }
