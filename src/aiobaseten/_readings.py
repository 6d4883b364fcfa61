"""From what the API answers to what waits read. No I/O."""

from __future__ import annotations

from ._waits import DeploymentReading, EnvironmentReading, Part, PromotionReading
from .schemas import ChainDeployment, ChainEnvironment, Chainlet, Deployment, Environment


def read_deployment(
    deployment: Deployment | ChainDeployment, *, promoting: bool = False
) -> DeploymentReading:
    """A deployment: itself first, then its chainlets."""
    chainlets = deployment.chainlets if isinstance(deployment, ChainDeployment) else []
    parts = [_part("chainlet", chainlet.name, chainlet) for chainlet in chainlets]
    own = (
        _part("deployment", deployment.id, deployment)
        if isinstance(deployment, Deployment)
        else Part(
            subject="deployment",
            name=deployment.id,
            status=deployment.status,
            deployed=all(part.deployed for part in parts),
        )
    )
    return DeploymentReading(
        id=deployment.id, parts=(own, *parts), value=deployment, promoting=promoting
    )


def _part(subject: str, name: str, of: Deployment | Chainlet) -> Part:
    return Part(
        subject=subject, name=name, status=of.status, deployed=of.autoscaling_settings is not None
    )


def read_environment(environment: Environment | ChainEnvironment) -> EnvironmentReading:
    """An environment. What the API may leave out reads like what it says is not there."""
    current = environment.current_deployment
    candidate = environment.candidate_deployment or None
    promotion = environment.in_progress_promotion or None
    return EnvironmentReading(
        current=read_deployment(current) if current else None,
        candidate=read_deployment(candidate) if candidate else None,
        promotion=PromotionReading(
            status=promotion.status,
            percent=promotion.percent_traffic_to_new_version,
            message=promotion.error_message or None,
        )
        if promotion
        else None,
        value=environment,
    )
