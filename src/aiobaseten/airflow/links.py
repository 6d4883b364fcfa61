"""The link from a task to Baseten's pages.

Airflow stores the class path: do not rename it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

from ._resources import PAGES, page

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey

#: The key of the XCom with the address of the page.
URL_KEY = "url"


class BasetenLink(BaseOperatorLink):
    """A link to the deployment or the model in Baseten's pages, also of a task that fails.

    The operator pushes the address as the XCom ``url`` before it sends anything.
    """

    name = "Baseten"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """The address; that of all pages if the task failed before it had found its model."""
        url = XCom.get_value(ti_key=ti_key, key=URL_KEY)
        return url if isinstance(url, str) else PAGES


def push_page(
    context: Context, kind: str, resource_id: str, deployment_id: str | None = None
) -> None:
    """Push the address of the page of a deployment, or else of its model or chain."""
    context["ti"].xcom_push(key=URL_KEY, value=page(kind, resource_id, deployment_id))
