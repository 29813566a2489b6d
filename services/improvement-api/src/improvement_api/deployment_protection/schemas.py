"""Rules and requests of deployment protection on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from improvement_api.deployment_protection.rules import Answer, RequestState
from shared.kit.patches import absent
from shared.schemas.common import Key, Out, ShortText, Storable, Wire
from shared.schemas.improvement import Gate

Repository = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$"),
    AfterValidator(str.lower),
    Field(description="owner/name; upper and lower case are the same", examples=["acme/shop"]),
]
Environment = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255),
    Storable,
    AfterValidator(str.lower),
    Field(description="of the repository, in any case", examples=["production"]),
]


class DeploymentRuleCreate(Wire):
    """Deployments to this environment need this service's verdict at this gate."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "repository": "acme/shop",
                    "environment": "production",
                    "service": "network-infrastructure",
                    "gate": "transition-to-operate",
                }
            ]
        }
    )

    repository: Repository
    environment: Environment
    service: Key
    gate: Gate
    allow_warning: bool = Field(False, description="approve also on the verdict warning")


class DeploymentRulePatch(Wire):
    """What is absent stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"allow_warning": True}]})

    service: Key = absent()
    gate: Gate = absent()
    allow_warning: bool = absent()


class DeploymentRuleOut(Out):
    id: str
    repository: str
    environment: str
    service: str
    gate: Gate
    allow_warning: bool
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class DeploymentRequestOut(Out):
    """A deployment that waits, or waited, for an answer."""

    delivery: str = Field(description="X-GitHub-Delivery")
    repository: str
    environment: str
    ref: str | None
    sha: str | None
    creator: str = Field(description="login of who deploys, as GitHub tells it")
    service: str | None = Field(description="null: there is no rule for it yet")
    gate: Gate | None
    state: RequestState
    answer: Answer | None
    evaluation: str | None = Field(description="that the answer, or the last report, is of")
    comment: str = Field(description="what GitHub shows, or will")
    attempts: int = Field(description="looks at the verdict")
    failure: str | None = Field(description="why the last call to GitHub failed")
    received_at: datetime
    answered_at: datetime | None


class WebhookReply(Out):
    """What became of a delivery; a repeat and what does not concern us are not taken."""

    taken: bool
    reason: str


class _Sent(BaseModel):
    """A part of what GitHub sends: of the rest nothing is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Repository(_Sent):
    full_name: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$")
    ]


class _Installation(_Sent):
    id: Annotated[int, Field(ge=1, lt=2**63)]


class _Person(_Sent):
    login: ShortText


class _Deployment(_Sent):
    ref: ShortText | None = None
    sha: ShortText | None = None
    creator: _Person | None = None


class ProtectionRequested(_Sent):
    """The webhook `deployment_protection_rule`, as far as an answer needs it."""

    environment: Annotated[str, StringConstraints(min_length=1, max_length=255), Storable]
    deployment_callback_url: Annotated[str, StringConstraints(max_length=1000), Storable]
    repository: _Repository
    installation: _Installation
    deployment: _Deployment | None = None
    sender: _Person | None = None

    @property
    def creator(self) -> str:
        """Login of who deploys."""
        created = self.deployment.creator if self.deployment is not None else None
        found = created or self.sender
        return "unknown" if found is None else found.login


WEBHOOK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "GitHub's deployment_protection_rule"}
            }
        },
    }
}
"""`openapi_extra` of the operation that receives it."""
