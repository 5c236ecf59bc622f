"""The commands of this program, and how each of them ends: 0 done, 1 refused or failed, 2 not understood."""

import argparse
import sys
from pathlib import Path
from typing import List

from trainer import training
from trainer.console import Console, printable
from trainer.errors import Refusal
from trainer.place import Place
from trainer.publish import Request, publish

FAILED = 1
USAGE = 2
INTERRUPTED = 130


def main(root: Path, words: List[str]) -> int:
    """Run a command in the folder that a training works in."""
    parser = _parser()
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_usage(sys.stderr)
        return USAGE
    place = Place(root, Path.home())
    return _training(place, arguments) if arguments.command == "training" else _publish(place, arguments)


def _publish(place: Place, arguments: argparse.Namespace) -> int:
    request = Request(arguments.model, arguments.version, arguments.files, arguments.notebook)
    try:
        console = Console(place.log, request.title, sys.stdout, sys.stderr)
    except OSError as error:
        return _complain(_told(error))
    try:
        console.note("begins")
        return publish(place, request, console)
    except Refusal as error:
        console.complain(str(error))
    except OSError as error:
        console.complain(_told(error))
    except KeyboardInterrupt:
        console.complain("interrupted; the same command goes on where this one ended")
        return INTERRUPTED
    return FAILED


def _training(place: Place, arguments: argparse.Namespace) -> int:
    try:
        sys.stdout.write("".join(line + "\n" for line in training.plan(place, arguments.version)))
    except Refusal as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(_told(error))
    return 0


def _told(error: OSError) -> str:
    return "%s: %s; mend that and run it again" % (error.filename or "this machine", error.strerror or error)


def _complain(text: str) -> int:
    sys.stderr.write(printable(text) + "\n")
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    publishing = commands.add_parser(
        "publish", prog="upload_and_deploy.sh", help="make a training's files the fleet's current version"
    )
    publishing.add_argument("model", metavar="MODEL")
    publishing.add_argument("version", metavar="VERSION")
    publishing.add_argument("files", metavar="FILE", nargs="+", help="a name in the models folder, or a path with a /")
    publishing.add_argument("--notebook", metavar="OUT.ipynb", help="the executed notebook, for its metrics")
    planning = commands.add_parser("training", prog="train_face_model.sh", help="what train_face_model.sh runs")
    planning.add_argument("version", metavar="VERSION")
    return parser
