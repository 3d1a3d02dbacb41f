"""A document as a PDF: tagged for screen readers (PDF/UA-1), every font within, nothing read from anywhere."""

from functools import cache
from importlib import resources
from typing import Final

import msgspec
import typst

from dashboard.report.document import Document

_TEMPLATE: Final = resources.files("dashboard.report").joinpath("report.typ").read_bytes()


class TypesettingError(Exception):
    """A document that cannot be set; `unknown` are letters that no font has."""

    def __init__(self, message: str, unknown: str = "") -> None:
        super().__init__(message)
        self.unknown: Final = unknown


def make_pdf(document: Document) -> bytes:
    """Return the PDF. Computes for a tenth of a second without holding other threads up.

    Raises
    ------
    TypesettingError
        Where a letter is in none of the machine's fonts: a name with a box in it is not the name.
    """
    given = {"document": msgspec.json.encode(document).decode()}
    try:
        pdf = typst.compile(_TEMPLATE, format="pdf", font_paths=_fonts(), sys_inputs=given, pdf_standards=["ua-1"])
    except typst.TypstError as error:
        unknown = error.message.split("`")[1].strip('"') if "could not be displayed" in error.message else ""
        raise TypesettingError(error.message, unknown) from None
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """Return the typesetter's own fonts and, for letters that those lack, the machine's."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)
