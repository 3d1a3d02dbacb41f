"""Reports for the file: asked for, followed, fetched."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.errors import ApiError, Code
from dashboard.patients import Stretch
from dashboard.permissions import Permission
from dashboard.report.content import Asked
from dashboard.report.jobs import ReportJob
from dashboard.report.phrases import LANGUAGES
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.routes.stretches import US_MOST, check_length

router = APIRouter(prefix="/api/patients/{patient_id}/reports")

#: Of 31 days one may have an hour more: clocks are turned back.
_LONGEST_S: Final = 31 * 86_400 + 3600
_Us = Annotated[int, Meta(ge=0, le=US_MOST)]
WithExporter = Annotated[Viewer, Depends(needs(Permission.EXPORT))]


class AskedReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which time (UTC microseconds), and in which language; times are said in the zone of the patient's ward."""

    from_us: _Us
    to_us: _Us
    language: Annotated[str, Meta(max_length=8)] = "en"


class ReportJobs(msgspec.Struct, frozen=True):
    """A patient's last reports, the newest first."""

    reports: list[ReportJob]


@router.get("", responses=gives(ReportJobs))
async def reports(patient_id: Id, viewer: WithExporter, parts: WithParts) -> Response:
    """Return the patient's last reports."""
    return json_answer(ReportJobs(await parts.reports.of_patient(viewer, patient_id)))


@router.post("", responses=gives(ReportJob, 202), openapi_extra=takes(AskedReport), status_code=202)
async def ask(patient_id: Id, request: Request, viewer: WithExporter, parts: WithParts) -> Response:
    """Begin to make a report."""
    body = await read_body(request, AskedReport)
    if body.to_us <= body.from_us:
        raise ApiError(Code.INVALID, field="to_us")
    check_length(Stretch(body.from_us, body.to_us), _LONGEST_S)
    if body.language not in LANGUAGES:
        raise ApiError(Code.INVALID, field="language")
    wish = (body.from_us, body.to_us, body.language, viewer.name)
    return json_answer(await parts.reports.ask(viewer, Asked(patient_id, *wish)), 202)


@router.get("/{report_id}", responses=gives(ReportJob))
async def report(patient_id: Id, report_id: Id, viewer: WithExporter, parts: WithParts) -> Response:
    """Return how far a report is."""
    return json_answer(await parts.reports.find(viewer, patient_id, report_id))


@router.get(
    "/{report_id}/file",
    response_class=Response,
    responses={200: {"description": "The report", "content": {"application/pdf": {}}}},
)
async def file(patient_id: Id, report_id: Id, viewer: WithExporter, parts: WithParts) -> Response:
    """Return a report's file."""
    pdf, name = await parts.reports.fetch(viewer, patient_id, report_id)
    return Response(
        pdf, media_type="application/pdf", headers={"content-disposition": f'attachment; filename="{name}"'}
    )
