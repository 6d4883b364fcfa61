"""How `make docs` builds these pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes

import aiobaseten
from aiobaseten import schemas

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "aiobaseten"
author = "the aiobaseten developers"
copyright = f"2026, {author}"  # noqa: A001 - sphinx wants it under this name
version = release = aiobaseten.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# Links to headings as a forge makes them, so that a page works in both places.
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"aiobaseten {version}"
html_copy_source = False
html_show_sphinx = False

# A name in single backticks, in a docstring, is a link.
default_role = "py:obj"
add_module_names = False
autodoc_class_signature = "separated"  # handles are not made by their constructors
autodoc_default_options = {"exclude-members": "__init__, __new__"}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# --nitpicky: a name that leads nowhere is a warning. Other people's do, without a network.
nitpick_ignore_regex = [
    (r"py:.*", r"(asyncio|collections|datetime|enum|httpx|random|starlette|typing)\..*"),
    (r"py:.*", r"timedelta"),
]

#: Generated classes by their own names, and the names that users know them by.
PUBLIC = {getattr(schemas, name).__name__: name for name in schemas.__all__}

#: What they are made of, and of what it is enough to know the name.
NO_PAGE = {
    "ChainletEnvironmentSettings",
    "DeploymentLabels",
    "InstanceTypeV1",
    "PromotionSettingsV1",
    "Reading",
    "Unset",
}


def name_what_is_returned(*said: Any) -> tuple[str | None, str | None] | None:
    """What chains and models share returns a type variable, of which a reader makes nothing."""
    _app, _what, name, _obj, _options, signature, returns = said
    variable = (returns or "").rpartition("_owner.")[2]
    if variable not in {"D", "E"}:
        return None
    chain = "Chain" if ".Chain" in name else ""
    kind = "Deployment" if variable == "D" else "Environment"
    return signature, f"~aiobaseten.schemas.{chain}{kind}"


def look_further(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.Node | None:
    """Link to a generated class under its public name, and to what lives in another module."""
    module, _, name = node["reftarget"].rpartition(".")
    if name in PUBLIC:
        shown = nodes.Text(PUBLIC[name])
    elif module.startswith("aiobaseten_generated") or name in NO_PAGE:
        return shown
    elif module and not module.startswith("aiobaseten"):
        return None
    node["refspecific"] = True  # anything that ends so
    target = PUBLIC.get(name, node["reftarget"])
    domain = env.domains.python_domain
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, shown)


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-signature", name_what_is_returned)
    app.connect("missing-reference", look_further)
