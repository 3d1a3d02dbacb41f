"""A report, set and rendered: to scale, readable without eyes, in three languages, and nobody's words are markup."""

import io
from typing import Any, Final

import msgspec
import numpy as np
import pypdf
import pypdfium2
import pytest
from numpy.typing import NDArray

from dashboard.report.chart import WIDTH_MM, draw_chart
from dashboard.report.choice import ROW_S, choose_strips
from dashboard.report.content import (
    HOUR_US,
    Asked,
    Bar,
    CallCount,
    Candidate,
    Extreme,
    Felt,
    Report,
    Reviewer,
    Spread,
    Strip,
    Whose,
    bar_of,
)
from dashboard.report.document import make_document
from dashboard.report.paper import MM_A_MV, MM_A_SECOND, PULSE_MM, Trace, draw_row
from dashboard.report.phrases import LANGUAGES, Phrases
from dashboard.report.typesetting import TypesettingError, make_pdf
from tests.conftest import ROOT
from tests.ecg import BASELINE, FS_HZ, GAIN, draw_ecg, regular_beats
from tests.servers.install import FONTS, find_fonts
from tests.servers.missing import ServerMissingError, skip_or_fail

_BEGIN_US: Final = 1_792_000_800_000_000  # 2026-10-14 18:00 UTC
_S: Final = 1_000_000
_DPI: Final = 508
#: Dots a millimetre: an edge is found to a twentieth of a millimetre.
_DOTS: Final = _DPI / 25.4
_TOLERANCE_MM: Final = 0.1


def _ecg(seconds: float, bpm: float = 75) -> NDArray[np.float32]:
    digital = draw_ecg(regular_beats(0.4, seconds, bpm), seconds).astype(np.float32)
    return (digital - BASELINE) / np.float32(GAIN)


def _strip(ecg_mv: NDArray[np.float32], **more: Any) -> Strip:  # noqa: ANN401
    given: dict[str, Any] = {
        "reason": "slowest",
        "begin_us": _BEGIN_US,
        "end_us": _BEGIN_US + round(ROW_S * _S),
        "alarm": None,
        "felt": None,
        "bpm": 47.2,
        "lead": "II",
        "t0_us": _BEGIN_US,
        "fs_hz": float(FS_HZ),
        "ecg_mv": ecg_mv,
        "beats": [(_BEGIN_US + 400_000 + 800_000 * beat, "N") for beat in range(8)],
    }
    return Strip(**given | more)


def _report(language: str = "en", **more: Any) -> Report:  # noqa: ANN401
    vt = Candidate("ventricular_tachycardia", _BEGIN_US, _BEGIN_US + 7 * _S, "true", "broke by itself", "Dr. Day", 0.93)
    felt = Felt(_BEGIN_US + HOUR_US, ["dizzy", "palpitations"], "on the stairs")
    bars = [
        Bar(_BEGIN_US + place * HOUR_US, 70.0, 52.0, 110.0, 4200, 12, 100 + place, HOUR_US, HOUR_US // 4)
        for place in range(23)
    ]
    given: dict[str, Any] = {
        "asked": Asked(7, _BEGIN_US, _BEGIN_US + 24 * HOUR_US, language, "Nora Nurse"),
        "whose": Whose(7, "Zoë Müller", "B2", "Europe/Paris"),
        "bars": [*bars, Bar(_BEGIN_US + 23 * HOUR_US, None, None, None, 0, 0, 0, 0, 0)],
        "bar_us": HOUR_US,
        "slowest": Extreme(47.2, _BEGIN_US),
        "fastest": Extreme(131.0, _BEGIN_US + HOUR_US),
        "hrv": {"sdnn_ms": Spread(48, 20, 120), "lf_ms2": Spread(1812, 120, 2210)},
        "hrv_hours": 19,
        "calls": [
            CallCount("ventricular_tachycardia", 3, 0, 3, 2, 1, 0, 7 * _S),
            CallCount("bradycardia", 38, 2, 30, 0, 12, 1, 61 * _S),
        ],
        "reviewers": [Reviewer("Dr. Day", "physician", 16, _BEGIN_US + 20 * HOUR_US)],
        "symptoms": [felt],
        "engines": ["engine-9"],
        "strips": [_strip(_ecg(7)), _strip(_ecg(14), reason="alarm", alarm=vt, end_us=_BEGIN_US + 14 * _S)],
        "made_us": _BEGIN_US + 25 * HOUR_US,
        "version": "0.1.0",
    }
    return Report(**given | more)


def _text(pdf: bytes) -> str:
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(words.replace("\u202f", " ").split())


def _render(pdf: bytes, page: int) -> NDArray[np.float64]:
    """Return a page as (height, width, 3), 0 to 1."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[page].render(scale=_DPI / 72, rev_byteorder=True).to_numpy()[..., :3].astype(np.float64) / 255
    finally:
        document.close()
    return np.asarray(image)


def _first_strip(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the paper of the first strip that fills the page's width."""
    pink = (image[..., 0] - image[..., 1] > 0.08) & (image[..., 0] > 0.7)
    rows = np.flatnonzero(pink.mean(axis=1) > 0.5)
    top = rows[0]
    gaps = np.flatnonzero(np.diff(rows) > 6 * _DOTS)
    bottom = rows[gaps[0]] if gaps.size else rows[-1]
    columns = np.flatnonzero(pink[top : bottom + 1].mean(axis=0) > 0.5)
    return image[top : bottom + 1, columns[0] : columns[-1] + 1]


def test_the_paper_is_to_scale_when_it_is_printed() -> None:
    pdf = make_pdf(make_document(_report(strips=[_strip(_ecg(7))])))
    paper = _first_strip(_render(pdf, 1))
    assert paper.shape[1] / _DOTS == pytest.approx(PULSE_MM + ROW_S * MM_A_SECOND, abs=0.3)
    # The bold lines of the grid, one every 5 mm, both ways.
    redness = paper[..., 0] - paper[..., 1]
    for axis, length_mm in ((0, PULSE_MM + ROW_S * MM_A_SECOND), (1, paper.shape[0] / _DOTS)):
        bold = np.flatnonzero(np.median(redness, axis=axis) > 0.23)
        lines = np.array([group.mean() for group in np.split(bold, np.flatnonzero(np.diff(bold) > 2) + 1)]) / _DOTS
        assert len(lines) >= length_mm // 5 - 1
        assert np.diff(lines) == pytest.approx(5.0, abs=_TOLERANCE_MM)
        assert lines[-1] - lines[0] == pytest.approx(5.0 * (len(lines) - 1), abs=_TOLERANCE_MM)
    # The pulse: what is ink in the first centimetre is 1 mV high and 0.2 s wide.
    ink = paper[:, : round(9.2 * _DOTS)].max(axis=2) < 0.35
    columns = np.flatnonzero(ink.sum(axis=0) > 5 * _DOTS)
    rows = np.flatnonzero(ink.any(axis=1))
    assert (columns[-1] - columns[0]) / _DOTS == pytest.approx(0.2 * MM_A_SECOND + 0.25, abs=_TOLERANCE_MM)
    assert (rows[-1] - rows[0]) / _DOTS == pytest.approx(MM_A_MV + 0.25, abs=_TOLERANCE_MM)


def test_beats_stand_where_they_were_and_as_high_as_they_were() -> None:
    # Spikes of 1.5 mV, one a second, on a line at 0 mV; one sample wide.
    ecg_mv = np.zeros(7 * FS_HZ, np.float32)
    ecg_mv[FS_HZ // 2 :: FS_HZ] = 1.5
    pdf = make_pdf(make_document(_report(strips=[_strip(ecg_mv, beats=[])])))
    ink = _first_strip(_render(pdf, 1)).max(axis=2) < 0.35
    ink = ink[:, round(PULSE_MM * _DOTS) :]
    spikes = np.flatnonzero(ink.sum(axis=0) > 10 * _DOTS)
    centres = [group.mean() / _DOTS for group in np.split(spikes, np.flatnonzero(np.diff(spikes) > _DOTS) + 1)]
    assert centres == pytest.approx([(0.5 + second) * MM_A_SECOND for second in range(7)], abs=2 * _TOLERANCE_MM)
    rows = np.flatnonzero(ink.any(axis=1))
    assert (rows[-1] - rows[0]) / _DOTS == pytest.approx(1.5 * MM_A_MV + 0.25, abs=2 * _TOLERANCE_MM)


def test_a_gap_is_not_bridged_and_what_is_too_high_is_said_to_be_cut() -> None:
    ecg_mv = _ecg(7)
    ecg_mv[2 * FS_HZ : 3 * FS_HZ] = np.nan
    trace = Trace(_BEGIN_US, float(FS_HZ), ecg_mv, [], None)
    assert draw_row(trace, _BEGIN_US, ROW_S).svg.count('stroke-linejoin="round"') == 2
    assert not draw_row(trace, _BEGIN_US, ROW_S).is_cut
    high = draw_row(trace._replace(ecg_mv=ecg_mv * 4), _BEGIN_US, ROW_S)
    assert high.is_cut
    assert high.height_mm == 50
    flat = draw_row(trace._replace(ecg_mv=np.full(7 * FS_HZ, np.nan, np.float32)), _BEGIN_US, ROW_S)
    assert (flat.is_cut, flat.height_mm) == (False, 25)
    document = make_document(_report(strips=[_strip(ecg_mv * 4), _strip(ecg_mv[:0], lead="", fs_hz=0.0)]))
    assert [row.caption for row in document.strips[0].rows] == [
        "from 20:00:00 · the trace is cut at the edge of the paper"
    ]
    assert document.strips[1].rows == []
    assert "No ECG is stored of this time." in document.strips[1].facts


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["ECG report", "3.3 % of all", "96 600", "Of 4.2 % of the period there is no ECG", "25 of 41 alarms",
                "2026-10-14 20:00:00", "Europe/Paris, UTC+02:00", "reviewed: true, by Dr. Day",
                "not a certified medical device", "Page 1 of"]),
        ("fr", ["Rapport d'ECG", "Tachycardie ventriculaire", "vertige, palpitations", "médecin", "4,2 %",
                "relue : vraie, par Dr. Day"]),
        ("de", ["EKG-Bericht", "Ventrikuläre Tachykardie", "Schwindel, Herzklopfen", "beurteilt: richtig, von Dr. Day",
                "kein zertifiziertes Medizin"]),
    ],
)  # fmt: skip
def test_it_says_all_in_the_language(language: str, words: list[str]) -> None:
    bars = _report().bars
    bars = [msgspec.structs.replace(bar, n_v=139) for bar in bars[:23]] + bars[23:]
    text = _text(make_pdf(make_document(_report(language, bars=bars)))).replace("\u2019", "'")
    for each in [*words, "Zoë Müller", "Dr. Day", "engine-9", "on the stairs", "broke by itself"]:
        assert each in text, each


def test_who_cannot_see_it_hears_it() -> None:
    pdf = pypdf.PdfReader(io.BytesIO(make_pdf(make_document(_report("de")))))
    root: Any = pdf.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("de")
    assert pdf.metadata is not None
    assert pdf.metadata.title == "EKG-Bericht – Zoë Müller"  # noqa: RUF001 # as it is set
    resources: list[Any] = [page["/Resources"] for page in pdf.pages]
    fonts = [font.get_object() for one in resources for font in one["/Font"].values()]
    for font in fonts:
        (inner,) = font["/DescendantFonts"]
        assert {"/FontFile2", "/FontFile3"} & inner.get_object()["/FontDescriptor"].get_object().keys()
    alternatives = [part["/Alt"] for part in _parts(root["/StructTreeRoot"]) if "/Alt" in part]
    assert "EKG-Streifen, 7 s, Ableitung II: 8 Schläge, 8 N" in alternatives
    assert sum(text.startswith("Diagramm aus 24 Teilen zu je 1\N{NO-BREAK SPACE}h") for text in alternatives) == 1
    kinds = {str(part.get("/S")) for part in _parts(root["/StructTreeRoot"])}
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/Figure"} <= kinds


def _parts(of: Any) -> list[Any]:  # noqa: ANN401
    of = of.get_object() if hasattr(of, "get_object") else of
    if not isinstance(of, dict):
        return []
    below = of.get("/K", [])
    below = below if isinstance(below, list) else [below]
    return [of, *(part for each in below for part in _parts(each))]


@pytest.mark.parametrize(
    "hostile", ['#read("/etc/passwd")', "*bold* $x$ \\ <b>&amp; @cite", "</svg><script>", "{all}{"]
)
def test_nobodys_words_are_markup(hostile: str) -> None:
    report = _report(
        whose=Whose(7, hostile, hostile, "UTC"), symptoms=[Felt(_BEGIN_US, [hostile], hostile)], engines=[hostile],
        strips=[_strip(_ecg(7), lead=hostile, beats=[(_BEGIN_US + _S, "<")])],
    )  # fmt: skip
    text = _text(make_pdf(make_document(report)))
    assert text.count(hostile) >= 4
    assert "root:" not in text


@pytest.mark.parametrize(
    "name",
    [
        "山田 太郎", "李小龍", "김철수", "Наталья Щукина", "Ναταλία", "محمد", "משה",
        "अनन्या", "สมชาย", "ሰላም", "Թատևսիկ", "გიორგი",
    ],
)  # fmt: skip
def test_a_name_is_written_in_its_own_script(name: str) -> None:
    try:
        find_fonts()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    report = _report(whose=Whose(7, name, "B", "UTC"), strips=[])
    pdf = make_pdf(make_document(report))
    # The name itself is on the paper: as much ink as it has letters, and another name looks otherwise.
    drawn, other = (_head_of(each) for each in (pdf, make_pdf(make_document(_report(strips=[])))))
    assert (drawn < 0.5).sum() > 40 * len(name)
    assert not np.array_equal(drawn, other)


def _head_of(pdf: bytes) -> NDArray[np.float64]:
    """Return where the patient's name stands on the first page, (height, width), 0 to 1."""
    image = _render(pdf, 0)
    return image[round(24 * _DOTS) : round(32 * _DOTS), round(24 * _DOTS) : round(95 * _DOTS), 0]


def test_the_image_has_the_fonts_that_the_tests_have() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    for package in FONTS:
        assert package in dockerfile, package


def test_a_letter_that_no_font_has_is_an_error_not_a_box() -> None:
    with pytest.raises(TypesettingError) as caught:
        make_pdf(make_document(_report(whose=Whose(7, "\U000f0000", "B", "UTC"))))
    assert caught.value.unknown


def test_a_period_without_any_signal_says_so() -> None:
    empty = [Bar(_BEGIN_US + place * HOUR_US, None, None, None, 0, 0, 0, 0, 0) for place in range(24)]
    nothing: dict[str, Any] = {
        "bars": empty, "slowest": None, "fastest": None, "hrv": {}, "hrv_hours": 0, "calls": [], "reviewers": [],
        "symptoms": [], "engines": [], "strips": [],
    }  # fmt: skip
    document = make_document(_report(**nothing))
    assert document.warnings == [
        "Of this period no ECG is stored: nothing can be said about the heart.",
    ]
    assert document.chart is None
    text = _text(make_pdf(document))
    assert "No alarm was raised in this period." in text
    assert "Atrial fibrillation or flutter" not in text


def test_times_over_the_night_in_which_clocks_are_turned_say_which_of_two_they_are() -> None:
    begin_us = 1_792_857_600_000_000  # 2026-10-24 16:00 UTC
    turned = begin_us + round(8.5 * HOUR_US)
    report = _report(
        asked=Asked(7, begin_us, begin_us + 24 * HOUR_US, "en", "Nora Nurse"),
        slowest=Extreme(47.2, turned),
        fastest=Extreme(131.0, turned + HOUR_US),
        strips=[],
    )
    text = _text(make_pdf(make_document(report)))
    assert "Europe/Paris, UTC+02:00 at the beginning, UTC+01:00 at the end" in text
    assert "47 bpm 2026-10-25 02:30 CEST" in text
    assert "131 bpm 2026-10-25 02:30 CET" in text
    assert "2026-10-25 17:00 (Europe/Paris)" in text
    assert "UTC+02:00 at the beginning" not in _text(make_pdf(make_document(_report()))), "where nothing is turned"


def test_nothing_is_rounded_to_none_or_all() -> None:
    say = Phrases("en", "UTC")

    def bare(words: str) -> str:
        assert " " not in words, "a number and its unit stay on one line"
        return words.replace("\N{NO-BREAK SPACE}", " ")

    assert [bare(say.share(part)) for part in (0, 0.0002, 0.1234, 0.99999, 1)] == [
        "0 %",
        "< 0.1 %",
        "12.3 %",
        "99.9 %",
        "100 %",
    ]
    assert [bare(say.length(us)) for us in (700_000, 11 * _S, 150 * _S, HOUR_US * 26 + 120 * _S)] == [
        "0.7 s", "11 s", "2 min", "26 h 2 min",
    ]  # fmt: skip


def test_strips_are_few_the_gravest_first_and_none_that_was_judged_false() -> None:
    calls = ["bradycardia", "ventricular_tachycardia", "couplet", "bradycardia", "ventricular_tachycardia", "pause"]
    candidates = [
        Candidate(call, _BEGIN_US + number * HOUR_US, None, None, "", None, None) for number, call in enumerate(calls)
    ]
    chosen = choose_strips(candidates, [Felt(_BEGIN_US, [], "")] * 9, Extreme(40, _BEGIN_US), None, _BEGIN_US)
    assert [each.alarm.call for each in chosen if each.alarm] == [
        "ventricular_tachycardia", "ventricular_tachycardia", "bradycardia", "pause", "couplet",
    ]  # fmt: skip
    assert [each.reason for each in chosen][5:] == ["symptom"] * 6 + ["slowest"]
    assert chosen[0].end_us - chosen[0].begin_us == 14 * _S
    assert choose_strips([], [], None, None, _BEGIN_US)[0].reason == "first"
    assert choose_strips([], [], None, None, None) == []


def test_a_chart_has_at_most_as_many_bars_as_can_be_told_apart() -> None:
    assert [bar_of(0, days * 24 * HOUR_US) // HOUR_US for days in (1, 3, 4, 7, 31)] == [1, 1, 2, 4, 12]
    drawn = draw_chart(_report(), Phrases("en", "UTC"))
    assert f'width="{WIDTH_MM:g}mm"' in drawn
    assert LANGUAGES == ("en", "fr", "de")
