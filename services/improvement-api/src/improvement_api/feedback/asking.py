"""What the catalog is asked about feedback, before a request's transaction."""

from typing import Annotated

from fastapi import Depends

from improvement_api.feedback.schemas import FeedbackCreate, RequirementPut, ThemeCreate
from improvement_api.providers import Remotes, check_service
from improvement_api.references import answered
from shared.errors import Invalid


async def _checked_feedback(body: FeedbackCreate, remotes: Remotes) -> FeedbackCreate:
    if body.service is not None:
        await check_service(remotes, body.service, "/service")
    return body


async def _checked_theme(body: ThemeCreate, remotes: Remotes) -> ThemeCreate:
    await check_service(remotes, body.service, "/service")
    return body


async def _checked_requirement(body: RequirementPut, remotes: Remotes) -> RequirementPut:
    found = await answered(remotes.catalog.get_requirement(body.service, body.requirement))
    if found is None:
        raise Invalid(
            f"The service {body.service} has no requirement {body.requirement}",
            code="unknown_requirement",
            pointer="/requirement",
        )
    return body


CheckedFeedback = Annotated[FeedbackCreate, Depends(_checked_feedback)]
CheckedTheme = Annotated[ThemeCreate, Depends(_checked_theme)]
CheckedRequirement = Annotated[RequirementPut, Depends(_checked_requirement)]
