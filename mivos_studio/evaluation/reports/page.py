"""One measurement as a page: its tables for the terminal, and a folder with plots, strips and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mivos_studio.evaluation.figures import Figures
from mivos_studio.evaluation.interactive.run import InteractiveResult
from mivos_studio.evaluation.interactive.summary import report_csv
from mivos_studio.evaluation.machine import describe_machine, format_machine
from mivos_studio.evaluation.reports.plots import (
    Plot,
    plot_advice,
    plot_clips,
    plot_curves,
    plot_stills,
    write_plot,
)
from mivos_studio.evaluation.reports.tables import (
    advice_report,
    clip_report,
    confidence_report,
    interactive_report,
    still_report,
)
from mivos_studio.evaluation.run import ClipResult
from mivos_studio.evaluation.strips import Strip
from mivos_studio.media.output.folder import FolderOutput

SESSION_ID = "mivos"


@dataclass(frozen=True)
class Page:
    """The report of a measurement.

    text    Markdown tables.
    plots   by their file's name without its ending, as are strips (by the clip's name).
    files   further text files, by their names.
    """

    title: str
    text: str
    figures: Figures
    plots: Mapping[str, Plot] = field(default_factory=dict)
    strips: Mapping[str, Strip] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the report to a folder, completely or not at all.

        An earlier report in it is replaced, other files stay. Raises a MediaError where they conflict.
        """
        with FolderOutput(folder, replaces=True) as output:
            self.write_to(output)

    def write_to(self, output: FolderOutput) -> None:
        """Write report.md and its files to an output folder that is open, completely or not at all."""
        with output.writing() as beside:
            body = self.write_plots(beside)
            machine = format_machine(describe_machine())
            content = f"# {self.title}\n\n{machine}\n\n{body}"
            (beside / "report.md").write_text(content, encoding="utf-8")
            figures = json.dumps(self.figures, indent=1, allow_nan=False) + "\n"
            (beside / "figures.json").write_text(figures, encoding="utf-8")
            for name, text in self.files.items():
                (beside / name).write_text(text, encoding="utf-8")

    def write_plots(self, folder: Path, prefix: str = "", place: str = "") -> str:
        """Write plots and strips directly into a folder; return the page's Markdown.

        prefix of the files' names; place is the folder relative to the Markdown file, with its final /.
        """
        lines = [self.text]
        for name, plot in self.plots.items():
            write_plot(folder / f"{prefix}{name}.svg", plot)
            lines.append(f"\n![{name}]({place}{prefix}{name}.svg)\n")
        for clip, strip in self.strips.items():
            name = f"{prefix}{clip.replace('/', '-')}.jpg"
            strip.write(folder / name)
            shown = ", ".join(map(str, strip.frame_indices))
            lines.append(f"\n{clip}, frames {shown}:\n\n![{clip}]({place}{name})\n")
        return "".join(lines)


def clip_page(result: ClipResult) -> Page:
    """Return the page of first-mask evaluation."""
    figures = result.figures
    return Page(
        "First mask given",
        clip_report(figures),
        figures,
        {"clips": plot_clips(figures)},
        result.strips,
    )


def interactive_page(result: InteractiveResult) -> Page:
    """Return the page of interactive evaluation, with the protocol's own report and summary."""
    figures = result.figures
    return Page(
        f"Interactive, {figures['options']['interactive']} robot",
        interactive_report(figures),
        figures,
        {"curves": plot_curves(figures)},
        {record.name: record.strip for record in result.records if record.strip},
        {
            "report.csv": report_csv(result.records, SESSION_ID),
            "summary.json": json.dumps(figures["summary"], indent=1) + "\n",
        },
    )


def advice_page(figures: Figures) -> Page:
    """Return the page of the core's suggestions and confidence."""
    return Page("Advice", advice_report(figures), figures, {"advice": plot_advice(figures)})


def calibration_page(figures: Figures) -> Page:
    """Return the page of a fitted calibration, with the line for the family's module."""
    values = ", ".join(f"{name}={value}" for name, value in figures["calibration"].items())
    text = f"{confidence_report(figures['confidence'])}\nCALIBRATION = Calibration({values})\n"
    return Page("Calibration of confidence", text, figures)


def still_page(figures: Figures) -> Page:
    """Return the page of evaluation on stills."""
    return Page("Single images", still_report(figures), figures, {"stills": plot_stills(figures)})
