# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of `stowage`: arguments in, one document or one message out.

With `--json`, standard output is exactly one JSON object with `changed`, `msg`, `warnings` and
`diff` (or `failed`, `msg` and `code`); progress goes to standard error. Exit codes: 0 done, 2 use,
3 bad input, 4 Docker, 5 the project's own code, 6 unhealthy and put back, 7 locked, 8 not fit to
publish, 10 other failures that were foreseen, 1 the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import nginx, register, release, status, wiring
from .errors import EngineError, StowageError
from .files import project_lock, remove_temporaries
from .inspection import documents
from .ledger import Ledger
from .project import Paths, choose, load, registered
from .prune import prune
from .repair import repair
from .rollback import roll_back
from .site import Site
from .switch import recover

Answer = dict[str, Any]
LOCK_SECONDS = 600.0
"""How long a run waits for another one of the same project by default."""


def parser() -> argparse.ArgumentParser:
    """The arguments; `verb` and `action` name the function in `VERBS`."""
    top = argparse.ArgumentParser(
        prog="stowage",
        description="Static and media files of Django projects that run with Docker Compose.",
    )
    top.add_argument(
        "-p", "--project", default="", help="the project (needed where the server has several)"
    )
    top.add_argument("--json", action="store_true", help="answer with one JSON object")
    top.add_argument(
        "--dry-run", action="store_true", help="say what would change, and change nothing"
    )
    top.add_argument(
        "--lock-wait",
        type=float,
        default=LOCK_SECONDS,
        metavar="SECONDS",
        help="how long to wait for another run of the same project (default: %(default)s)",
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (text, actions) in HELP.items():
        sub = verbs.add_parser(verb, help=text, description=text)
        if actions:
            choices = sub.add_subparsers(dest="action", required=True, metavar="ACTION")
            for action, action_text in actions.items():
                choice = choices.add_parser(action, help=action_text, description=action_text)
                if action in ("rollback", "repair"):
                    choice.add_argument("release", nargs="?", default="", metavar="RELEASE")
                if action == "publish":
                    choice.add_argument(
                        "--keep-rollback",
                        action="store_true",
                        help="do not release again what was rolled back",
                    )
    compose = verbs.add_parser(
        "compose", help="the project's docker compose, with the overlay", add_help=False
    )
    compose.add_argument("words", nargs=argparse.REMAINDER)
    return top


HELP: dict[str, tuple[str, dict[str, str]]] = {
    "project": (
        "the projects of this server",
        {
            "register": "check a project's description (JSON on standard input) and keep it",
            "list": "name the projects",
        },
    ),
    "wiring": (
        "the overlay over the user's Compose project",
        {
            "apply": "lay it and start what it describes",
            "remove": "take it away; the project runs as before, data stay",
        },
    ),
    "static": (
        "releases of static files",
        {
            "publish": "build, collect, publish and switch to a new release, if anything changed",
            "list": "name the releases",
            "rollback": "let an earlier release serve again (the one before, or a named one)",
            "prune": "drop old releases and all that only they need",
            "repair": "check every published file and mend those that rotted or were touched",
        },
    ),
    "nginx": (
        "the site's nginx",
        {
            "check": "let it read its configuration",
            "reload": "check, then reload",
        },
    ),
    "inspect": ("what the project says of itself", {}),
    "status": ("what runs, and what needs attention", {}),
}


def _site(name: str) -> Site:
    paths = Paths(choose(name))
    return Site.of(load(paths), paths)


def _locked(arguments: argparse.Namespace, work: Callable[[Site, bool], Answer]) -> Answer:
    """Do `work` under the project's lock, after undoing what a killed run left half done."""
    paths = Paths(choose(arguments.project))
    verb = f"{arguments.verb} {arguments.action}"
    with project_lock(paths.lock, verb, arguments.lock_wait):
        site = Site.of(load(paths), paths)
        word = ""
        if not arguments.dry_run:
            remove_temporaries(*paths.written)
            word = recover(site)
        answer = work(site, arguments.dry_run)
        if word:
            answer["changed"] = True
            answer.setdefault("warnings", []).append(word)
        return answer


def _register(arguments: argparse.Namespace) -> Answer:
    document = json.load(sys.stdin)
    return register.register(Paths(document["name"]), document, arguments.dry_run)


def _list_projects(_: argparse.Namespace) -> Answer:
    names = registered()
    return {"changed": False, "projects": names, "msg": "\n".join(names)}


def _remove(arguments: argparse.Namespace) -> Answer:
    if arguments.project not in registered():
        return {
            "changed": False,
            "msg": f"{arguments.project} is not registered; nothing to remove.",
        }
    return _locked(arguments, wiring.remove)


def _nginx(arguments: argparse.Namespace) -> Answer:
    site = _site(arguments.project)
    if arguments.action == "check":
        return nginx.check(site.compose, site.nginx_service)
    return nginx.reload(site.compose, site.paths, site.nginx_service, arguments.dry_run)


def _inspect(arguments: argparse.Namespace) -> Answer:
    serving = Ledger.load(Paths(choose(arguments.project))).serving
    if serving is None:
        raise StowageError("there is no release yet whose image could be asked: run deploy_site")
    answer = documents(serving.inspected())
    return {"changed": False, "inspections": answer, "msg": json.dumps(answer, indent=2)}


VERBS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "project register": _register,
    "project list": _list_projects,
    "wiring apply": lambda arguments: _locked(arguments, wiring.apply),
    "wiring remove": _remove,
    "static publish": lambda arguments: _locked(
        arguments, lambda site, dry_run: release.publish(site, dry_run, arguments.keep_rollback)
    ),
    "static rollback": lambda arguments: _locked(
        arguments, lambda site, dry_run: roll_back(site, arguments.release, dry_run)
    ),
    "static repair": lambda arguments: _locked(
        arguments, lambda site, dry_run: repair(site, arguments.release, dry_run)
    ),
    "static prune": lambda arguments: _locked(arguments, prune),
    "static list": lambda arguments: status.releases(_site(arguments.project)),
    "nginx check": _nginx,
    "nginx reload": _nginx,
    "inspect": _inspect,
    "status": lambda arguments: status.status(_site(arguments.project)),
}


def _compose(arguments: argparse.Namespace) -> None:
    """Become `docker compose` on the project's files; does not return."""
    site = _site(arguments.project)
    if not site.paths.overlay.exists():
        raise EngineError("the overlay is not there yet: run deploy_site")
    words = [*site.compose.arguments(site.paths.overlay), *arguments.words]
    os.chdir(site.project.directory)
    os.execvp(words[0], words)


def _tell(answer: Answer, as_json: bool) -> None:
    answer.setdefault("warnings", [])
    answer.setdefault("diff", [])
    if as_json:
        print(json.dumps(answer, sort_keys=True))
        return
    for warning in answer["warnings"]:
        print(f"Warning: {warning}", file=sys.stderr)
    print(answer["msg"])


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code is the process's."""
    arguments = parser().parse_args(words)
    os.umask(0o022)  # nginx, another user, reads what is published; secrets have modes of their own
    try:
        if arguments.verb == "compose":
            _compose(arguments)
        name = " ".join(filter(None, [arguments.verb, getattr(arguments, "action", "")]))
        _tell(VERBS[name](arguments), arguments.json)
    except StowageError as error:
        return _fail(str(error), error.code, arguments.json)
    except OSError as error:  # a full disk, a read-only file system: no fault of the code's
        return _fail(f"the server refused: {error}", 1, arguments.json)
    return 0


def _fail(message: str, code: int, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"failed": True, "msg": message, "code": code}))
    else:
        print(f"stowage: {message}", file=sys.stderr)
    return code
