"""A Coral stack that is tried: what does not fit together is refused in one line, before anything is stopped."""

import os
import pwd
import time
from pathlib import Path

import pytest

from node.coral import trial
from node.errors import Refusal, Unfit
from node.machine import commands
from tests.unit.node.places import USER, uid
from tests.unit.node.stacks import Node, build, minor

IMPORTING = "importing pycoral.utils.edgetpu of coral_packages/2026-01-10"
OTHER = "lay it anew: deploys/coral.py --data verify=full, or give the host another stack with modelctl override"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path).lay()


def refusal(node: Node, *path: str) -> str:
    """Why it is refused, without the name of the interpreter; nothing when it is not."""
    try:
        trial.refuse_unfit(node.service(*path))
    except Unfit as refusal:
        tried, place, reason = str(refusal).split(": ", 2)
        assert (tried, place) == ("tried, and not chosen", str(node.python))
        assert reason.isprintable()
        return reason
    return ""


def pip(node: Node) -> str:
    return f"sudo -u {USER} {node.python} -m pip"


class TestFit:
    def test_what_fits_together(self, node: Node) -> None:
        assert refusal(node) == ""

    def test_a_set_without_a_stack_is_not_tried(self, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commands, "watch", lambda *_: pytest.fail("nothing is to be tried"))
        trial.refuse_unfit(node.service(stack=None))

    def test_it_runs_as_the_unit_would_run_it(self, node: Node) -> None:
        """As the service's user, in its folder, with its variables and no others."""
        said = node.folder / "said"
        said.touch()
        os.chown(said, uid(), -1)
        (node.root / "own").mkdir()
        node.run("{ id -u; id -G; pwd; env | LC_ALL=C sort; } >said", f'exec /usr/bin/python3 -S "$@" {node.site}')
        refusal(node, "", str(node.root / "own"))
        who, groups, folder, *variables = said.read_text().splitlines()
        assert (int(who), groups, folder) == (uid(), str(pwd.getpwnam(USER).pw_gid), str(node.folder))
        assert [each for each in variables if not each.startswith(("PWD=", "_=", "OLDPWD=", "SHLVL="))] == [
            f"HOME={pwd.getpwnam(USER).pw_dir}",
            "LANG=C.UTF-8",
            "LD_BIND_NOW=1",
            f"LD_LIBRARY_PATH={node.library.parent}",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            f"PYTHONPATH={node.packages}:{node.root}/own",
            f"USER={USER}",
        ]

    def test_nothing_is_written_to_the_environment(self, node: Node) -> None:
        for folder in (node.site / "numpy", node.folder):
            os.chown(folder, uid(), -1)
        assert refusal(node) == ""
        assert not list(node.root.rglob("__pycache__"))

    def test_root_runs_no_such_python(self, node: Node) -> None:
        with pytest.raises(Refusal, match=r"^engine.service: its user is root, whom no service's Python is for"):
            trial.refuse_unfit(node.service(files=[]))

    def test_an_unrelated_pycoral_in_the_environment_is_not_what_is_loaded(self, node: Node) -> None:
        node.module(node.site, "pycoral", "raise SystemExit")
        node.describe(node.site, "pycoral", "0.1")
        assert refusal(node) == ""

    def test_what_modules_print_is_not_taken_for_an_answer(self, node: Node) -> None:
        node.module(node.packages, "tflite_runtime", 'print(\'{"runtime": "x"}\' * 9999)')
        assert refusal(node) == ""


class TestNumpy:
    def test_numpy_2(self, node: Node) -> None:
        node.numpy("2.1.0", "raise ImportError('never')")
        assert refusal(node) == (
            f"found numpy 2.1.0, expected one below 2 for tflite_runtime 2.17.1; {pip(node)} install 'numpy<2'"
        )

    def test_it_is_told_whatever_happens_then(self, node: Node) -> None:
        node.numpy("2.0", "import os; os.abort()")
        assert refusal(node).startswith("found numpy 2.0, expected one below 2 for tflite_runtime 2.17.1;")

    def test_numpy_too_old_for_the_wheel(self, node: Node) -> None:
        node.numpy("1.19.5", "raise ImportError('compiled against API version 0x10 but this\\nversion is 0xe')")
        assert refusal(node) == (
            "importing tflite_runtime.interpreter of coral_packages/2026-01-10: ImportError: compiled against API "
            "version 0x10 but this version is 0xe; found numpy 1.19.5, and tflite_runtime 2.17.1 asks for "
            f"numpy>=1.23.2; {pip(node)} install 'numpy>=1.23.2' 'numpy<2'"
        )

    def test_the_import_decides_and_not_the_metadata(self, node: Node) -> None:
        """pycoral's lower bound differs between its commits."""
        node.numpy("1.23.5")
        assert refusal(node) == ""

    def test_no_numpy(self, node: Node) -> None:
        for path in node.site.iterdir():
            path.rename(node.root / path.name)
        assert "ModuleNotFoundError: No module named 'numpy'; found no numpy, and tflite_runtime 2.17.1 asks for" in (
            refusal(node)
        )

    def test_a_damaged_one(self, node: Node) -> None:
        node.numpy("1.24.4", "raise ImportError('numpy.core.multiarray failed to import')")
        assert refusal(node) == (
            "importing tflite_runtime.interpreter of coral_packages/2026-01-10 with numpy 1.24.4: ImportError: "
            f"numpy.core.multiarray failed to import; {pip(node)} install another numpy below 2"
        )

    @pytest.mark.parametrize(
        ("version", "asked", "meets"),
        [
            ("1.24.4", ">=1.24", True), ("1.24", ">=1.24.0", True), ("1.9", ">=1.24", False), ("1.26", "<1.25", False),
            ("1.24.0", "==1.24", True), ("1.24", ">1.24", False), ("1.24", "<=1.24", True),
        ],
    )  # fmt: skip
    def test_how_versions_compare(self, version: str, asked: str, meets: bool) -> None:
        [(how, number)] = trial._NEEDS.findall(asked)
        assert trial._meets(trial._numbers(version) or (), how, number) == meets


class TestPlace:
    def test_tensorflow_in_the_same_environment(self, node: Node) -> None:
        path = node.module(node.site, "tensorflow", "raise SystemExit('it is not imported')")
        node.describe(node.site, "tensorflow", "2.15.0")
        assert refusal(node) == (
            f"found tensorflow 2.15.0 ({path}) beside tflite_runtime 2.17.1, expected one of them; "
            f"{pip(node)} uninstall tensorflow"
        )

    def test_a_folder_named_tensorflow_is_none(self, node: Node) -> None:
        (node.folder / "tensorflow").mkdir()
        assert refusal(node) == ""

    def test_a_folder_named_pycoral_beside_the_script(self, node: Node) -> None:
        path = node.module(node.folder, "pycoral", "open('ran', 'w')")
        assert refusal(node) == f"pycoral is that of {path}, expected that of {node.stack}; move that away"
        assert not (node.folder / "ran").exists()

    def test_an_unrelated_pycoral_that_comes_first(self, node: Node) -> None:
        path = node.module(node.site, "pycoral")
        node.run(f'PYTHONPATH="{node.site}:$PYTHONPATH" exec /usr/bin/python3 -S "$@"')
        assert refusal(node) == (
            f"pycoral is that of {path}, expected that of {node.stack}; {pip(node)} uninstall pycoral"
        )

    def test_a_module_that_comes_from_elsewhere(self, node: Node) -> None:
        """A part of the package that leads out of it."""
        path = node.module(node.root, "other")
        utils = node.packages / "pycoral" / "utils"
        utils.rename(node.packages / "pycoral" / "away")
        node.module(node.packages, "pycoral", f"__path__.append({str(node.root)!r} + '/more')")
        path = node.module(node.root / "more", "utils", "", edgetpu="get_runtime_version = str")
        assert refusal(node) == f"pycoral.utils is that of {path}, expected that of {node.stack}; move that away"

    def test_a_library_that_comes_from_elsewhere(self, node: Node) -> None:
        other = node.root / "libedgetpu.so.1.0"
        build(other, "int edgetpu_version(void) { return 13; }")
        node.edgetpu(f"import ctypes; get_runtime_version = lambda: ctypes.CDLL({str(other)!r})")
        assert refusal(node) == f"libedgetpu is that of {other}, expected that of {node.stack}; move that away"

    def test_a_stack_without_a_module(self, node: Node) -> None:
        (node.packages / "pycoral" / "utils" / "edgetpu.py").unlink()
        assert refusal(node) == (f"{IMPORTING}: ModuleNotFoundError: No module named 'pycoral.utils.edgetpu'; {OTHER}")


class TestLibrary:
    def test_unresolved_symbols(self, node: Node) -> None:
        build(node.library, "extern int GLIBCXX_3_4_32(void); int edgetpu_version(void) { return GLIBCXX_3_4_32(); }")
        assert refusal(node) == (
            f"loading {node.library}: OSError: {node.library}: undefined symbol: GLIBCXX_3_4_32; {OTHER}"
        )

    def test_a_truncated_library(self, node: Node) -> None:
        build(node.library, WIDE)
        os.truncate(node.library, 100_000)
        assert refusal(node) == f"loading {node.library}: ended by SIGBUS (bus error: a file is cut short); {OTHER}"

    def test_an_empty_library(self, node: Node) -> None:
        os.truncate(node.library, 0)
        assert refusal(node) == f"loading {node.library}: OSError: {node.library}: file too short; {OTHER}"

    def test_a_missing_library(self, node: Node) -> None:
        node.library.unlink()
        assert refusal(node).startswith(f"loading {node.library}: OSError: {node.library}: cannot open shared object")

    def test_a_segmentation_fault(self, node: Node) -> None:
        build(node.library, "int edgetpu_version(void) { return *(volatile int *) 0; }")
        assert refusal(node) == (
            "calling get_runtime_version(): ended by SIGSEGV (segmentation fault: built for another TensorFlow, or "
            f"damaged); {OTHER}"
        )

    def test_an_illegal_instruction(self, node: Node) -> None:
        node.edgetpu("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
        assert refusal(node) == (
            f"{IMPORTING}: ended by SIGILL (illegal instruction: built for another processor); {OTHER}"
        )

    def test_an_abort(self, node: Node) -> None:
        node.edgetpu("import os; os.abort()")
        assert refusal(node) == f"{IMPORTING}: ended by SIGABRT (aborted); {OTHER}"

    def test_a_runtime_that_does_not_answer(self, node: Node) -> None:
        node.edgetpu("def get_runtime_version():\n raise RuntimeError('no \\033[31m\\nlibrary')")
        assert refusal(node) == f"calling get_runtime_version(): RuntimeError: no ?[31m library; {OTHER}"

    def test_a_runtime_without_that_question(self, node: Node) -> None:
        node.edgetpu("")
        assert "has no attribute 'get_runtime_version'" in refusal(node)


WIDE = "static char wide[200000] = {1}; char *edgetpu_version(void) { return wide; }"


class TestInterpreter:
    def test_none(self, node: Node) -> None:
        node.python.unlink()
        assert refusal(node) == (
            f"found no Python that runs (exit status 127: /usr/bin/env: ‘{node.python}’: No such file or directory), "
            "expected the service's; mend it, or name another one"
        )

    def test_another_program(self, node: Node) -> None:
        node.run("echo hello")
        assert refusal(node) == (
            "found no Python that runs (exit status 0: hello), expected the service's; mend it, or name another one"
        )

    def test_one_that_dies(self, node: Node) -> None:
        node.run("kill -SEGV $$")
        assert refusal(node).startswith("found no Python that runs (SIGSEGV), expected the service's;")

    def test_a_folder_that_is_not_there(self, node: Node) -> None:
        node.folder.rmdir()
        assert "(exit status 125: /usr/bin/env: cannot change directory to " in refusal(node)

    def test_another_python_than_the_wheels_are_for(self, node: Node) -> None:
        node.describe(node.packages, "tflite_runtime", "2.17.1", "cp39-cp39-linux_aarch64")
        assert refusal(node) == (
            f"is Python 3.{minor()}, and tflite_runtime 2.17.1 is built for cp39-cp39-linux_aarch64; name the right "
            "one, or give the host another stack with modelctl override"
        )

    @pytest.mark.parametrize("tag", ["py3-none-any", "cp37-abi3-linux_aarch64"])
    def test_wheels_for_any_python(self, node: Node, tag: str) -> None:
        node.describe(node.packages, "tflite_runtime", "2.17.1", tag)
        assert refusal(node) == ""


class TestTime:
    def test_one_that_hangs_is_ended_with_its_children(self, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "SECONDS", 3)
        said = node.folder / "said"
        said.touch()
        os.chown(said, uid(), -1)
        node.edgetpu(
            "import os, subprocess, time\n"
            "for apart in (False, True):\n"
            "    child = subprocess.Popen(['sleep', '600'], start_new_session=apart)\n"
            "    print(child.pid, file=open('said', 'a'))\n"
            "time.sleep(600)\n"
        )
        assert refusal(node) == f"{IMPORTING}: not done within 3 s; look what holds it up, and run again"
        assert len(said.read_text().split()) == 2
        for pid in said.read_text().split():
            assert is_gone(int(pid))

    def test_what_it_leaves_behind_holds_nothing_up(self, node: Node) -> None:
        said = node.folder / "said"
        said.touch()
        os.chown(said, uid(), -1)
        start = f'PYTHONPATH="$PYTHONPATH:{node.site}" exec /usr/bin/python3 -S "$@"'
        node.run("sleep 600 &", "echo $! >said", start)
        begun = time.monotonic()
        assert refusal(node) == ""
        assert time.monotonic() - begun < 30
        assert is_gone(int(said.read_text()))

    def test_one_that_does_not_start(self, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "SECONDS", 0.5)
        node.run("exec sleep 600")
        assert refusal(node) == "did not start within 0.5 s; look what holds it up, and run again"

    def test_one_that_says_too_much(self, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "SECONDS", 1)
        node.run("exec cat /dev/zero")
        assert refusal(node) == "did not start within 1 s; look what holds it up, and run again"


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


class TestHostile:
    @pytest.mark.parametrize(
        "answer",
        [
            "[]", "{", "[" * 50_000, '{"python": 7}', '{"python": "3.11", "versions": 3, "tags": {"pycoral": [1, {}]}}',
            '{"python": "3.11", "foreign": 7}', '{"python": "3.11", "foreign": ["\\u001b[31m"]}',
            '{"python": "3.11", "tensorflow": null}', '{"python": "3.11", "failed": "\\ud800"}',
            '{"python": "3.11", "versions": {"numpy": "' + "9" * 5000 + '"}}',
            '{"python": "3.11", "options": {"pycoral": ["numpy>=' + "1." * 200 + '1"]}, "versions": {"numpy": "1.2"}}',
        ],
    )  # fmt: skip
    def test_what_it_says_is_bounded_and_printable(self, node: Node, answer: str) -> None:
        """The mark is no secret to who runs: it is a word of the command."""
        (node.folder / "answer").write_text(answer)
        node.run("printf '\\n%s' \"$4\"", "cat answer")
        said = refusal(node)
        assert said != ""
        assert said.isprintable()
        assert len(said) < 1500

    def test_a_lie_is_believed(self, node: Node) -> None:
        """Nothing but a reason to refuse is taken from it: a service's user may break their own service."""
        node.run('printf \'\\n%s{"python": "3.11", "runtime": "x"}\\n\' "$4"')
        assert refusal(node) == ""
